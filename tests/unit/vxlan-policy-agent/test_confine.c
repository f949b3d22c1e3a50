/* SPDX-License-Identifier: Apache-2.0 */
/* Each case runs in a child of its own: what is given up stays given up. Needs root. */
#include "vxlan-policy-agent/confine.h"

#include "netman/file.h"
#include "netman/fw_tx.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD 42

/**
 * confined() - Does @what return true in a process that has confined itself?
 */
static bool confined(bool (*what)(void))
{
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                struct err e = { 0 };

                if (unshare(CLONE_NEWNET) < 0 || confine_self(&e) < 0)
                        _exit(1);
                _exit(what() ? GOOD : 2);
        }
        return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
               WEXITSTATUS(status) == GOOD;
}

static bool refused(long rc)
{
        return rc == -1 && errno == EPERM;
}

static bool run_a_program(void)
{
        char *const argv[] = { (char[]){ "true" }, NULL };

        return refused(execv("/bin/true", argv));
}

static bool make_a_namespace(void)
{
        return refused(unshare(CLONE_NEWNET)) &&
               refused(syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL));
}

static bool mount_something(void)
{
        return refused(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static bool open_a_packet_socket(void)
{
        return refused(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool call_what_it_never_needs(void)
{
        return refused(syscall(SYS_io_uring_setup, 1, NULL)) &&
               refused(syscall(SYS_bpf, 0, 0, 0)) && refused(syscall(SYS_keyctl, 0, 0)) &&
               refused(syscall(SYS_chroot, "/")) && refused(syscall(SYS_setuid, 0)) &&
               refused(syscall(SYS_memfd_create, "x", 0));
}

static void *nothing(void *arg)
{
        return arg;
}

static bool do_its_work(void)
{
        char path[] = "/tmp/confine-test.XXXXXX";
        OWN(fd) int fd = mkstemp(path);
        struct addrinfo *list = NULL;
        unsigned int rules, bytes;
        pthread_t thread;
        bool good;

        good = fd >= 0 && file_replace(path, "x", 1, 0600, (uid_t)-1, (gid_t)-1, NULL) == 0;
        good = good && unlink(path) == 0 && fw_size("filter", &rules, &bytes, NULL) == 0;
        good = good && pthread_create(&thread, NULL, nothing, NULL) == 0 &&
               pthread_join(thread, NULL) == 0;
        good = good && getaddrinfo("localhost", "80", NULL, &list) == 0;
        if (list)
                freeaddrinfo(list);
        return good;
}

static void a_confined_process_does_its_work_and_nothing_else(void **state)
{
        (void)state;
        assert_true(confined(do_its_work));
        assert_true(confined(run_a_program));
        assert_true(confined(make_a_namespace));
        assert_true(confined(mount_something));
        assert_true(confined(open_a_packet_socket));
        assert_true(confined(call_what_it_never_needs));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_confined_process_does_its_work_and_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
