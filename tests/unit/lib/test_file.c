/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/file.h"

#include "netman/clock.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Each test works in a directory of its own. */
static int make_dir(void **state)
{
        char dir[] = "/tmp/netman-file-XXXXXX";

        *state = mkdtemp(dir) ? strdup(dir) : NULL;
        return *state ? 0 : -1;
}

static int remove_dir(void **state)
{
        OWN(dir) DIR *d = opendir(*state);
        const struct dirent *entry;

        while (d && (entry = readdir(d)))
                (void)unlinkat(dirfd(d), entry->d_name, 0); /* "." and ".." refuse by themselves */
        (void)rmdir(*state);
        free(*state);
        return 0;
}

static const char *in(const char *dir, const char *name)
{
        static char path[PATH_MAX];

        (void)snprintf(path, sizeof path, "%s/%s", dir, name);
        return path;
}

static void replaced_file_is_whole_and_has_its_mode(void **state)
{
        OWN(str) struct str got = { 0 };
        const char *path = in(*state, "f");
        struct err e = { 0 };
        struct stat st;

        assert_int_equal(file_replace(path, "old", 3, 0644, (uid_t)-1, (gid_t)-1, &e), 0);
        assert_int_equal(file_replace(path, "newer", 5, 0640, (uid_t)-1, (gid_t)-1, &e), 0);
        assert_int_equal(file_read(path, 100, &got, &e), 0);
        assert_string_equal(str_text(&got), "newer");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
}

static void failed_replacement_leaves_no_litter(void **state)
{
        const char *path = in(*state, "dir");
        struct err e = { 0 };
        OWN(dir) DIR *d = NULL;
        int names = 0;

        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(file_replace(path, "x", 1, 0644, (uid_t)-1, (gid_t)-1, &e), -1);
        assert_non_null(strstr(e.msg, path));
        assert_int_equal(rmdir(path), 0);
        d = opendir(*state);
        while (readdir(d))
                names++;
        assert_int_equal(names, 2); /* . and .. */
}

static void overlarge_and_absent_files_are_refused(void **state)
{
        OWN(str) struct str got = { 0 };
        const char *path = in(*state, "f");
        struct err e = { 0 };

        assert_int_equal(file_read(path, 10, &got, &e), -1);
        assert_int_equal(e.fault, FAULT_ABSENT);
        assert_int_equal(file_replace(path, "0123456789A", 11, 0644, (uid_t)-1, (gid_t)-1, &e), 0);
        assert_int_equal(file_read(path, 10, &got, &e), -1);
        assert_int_equal(e.fault, FAULT_BAD_INPUT);
}

static void second_holder_waits_no_longer_than_told(void **state)
{
        const char *path = in(*state, "lock");
        OWN(fd) int first = -1;
        OWN(fd) int second = -1;
        struct err e = { 0 };

        assert_int_equal(file_lock(path, 0, &first, &e), 0);
        assert_int_equal(file_lock(path, 20, &second, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_int_equal(second, -1);
        fd_drop(&first);
        first = -1;
        assert_int_equal(file_lock(path, 0, &second, &e), 0);
}

static void lock_of_a_dead_process_is_free(void **state)
{
        const char *path = in(*state, "lock");
        OWN(fd) int ours = -1;
        struct err e = { 0 };
        int status, fd;
        pid_t pid = fork();

        if (pid == 0)
                _exit(file_lock(path, 1000, &fd, NULL) == 0 ? 0 : 1);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(file_lock(path, 0, &ours, &e), 0);
}

static void nested_directories_are_made(void **state)
{
        char path[PATH_MAX];
        struct err e = { 0 };
        struct stat st;

        (void)snprintf(path, sizeof path, "%s/a/b", (char *)*state);
        assert_int_equal(file_make_dirs(path, &e), 0);
        assert_int_equal(file_make_dirs(path, &e), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rmdir(in(*state, "a")), 0);
        assert_int_equal(file_make_dirs("/dev/null/x", &e), -1);
}

#define in_dir(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
        const struct CMUnitTest tests[] = {
                in_dir(replaced_file_is_whole_and_has_its_mode),
                in_dir(failed_replacement_leaves_no_litter),
                in_dir(overlarge_and_absent_files_are_refused),
                in_dir(second_holder_waits_no_longer_than_told),
                in_dir(lock_of_a_dead_process_is_free),
                in_dir(nested_directories_are_made),
        };
        return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
