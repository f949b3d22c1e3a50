/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/datastore.h"
#include "netman/file.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static char dir[] = "/tmp/datastore-test.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
        (void)state;
        if (!mkdtemp(dir))
                return -1;
        (void)snprintf(path, sizeof path, "%s/store", dir);
        return 0;
}

static void forget(const char *suffix)
{
        char file[96];

        (void)snprintf(file, sizeof file, "%s%s", path, suffix);
        (void)unlink(file);
}

static int empty(void **state)
{
        (void)state;
        forget("");
        forget("_version");
        forget("_lock");
        return 0;
}

static int remove_dir(void **state)
{
        (void)empty(state);
        return rmdir(dir);
}

static const struct datastore *store(void)
{
        static struct datastore ds;

        ds = (struct datastore){ .path = path, .wait_ms = 1000 };
        return &ds;
}

static void write_store(const char *text)
{
        struct err e;

        assert_int_equal(file_replace(path, text, strlen(text), 0600, (uid_t)-1, (gid_t)-1, &e), 0);
}

static void what_is_added_is_read_back_sorted(void **state)
{
        OWN(ds_list) struct ds_list list = { 0 };
        OWN(json)
        json_t *meta =
                json_pack("{s:s, s:s, s:i}", "policy_group_id", "app", "ports", "", "odd", 1);
        struct err e;

        (void)state;
        assert_int_equal(datastore_add(store(), "b", "10.255.7.3", NULL, &e), 0);
        assert_int_equal(datastore_add(store(), "a", "10.255.7.2", meta, &e), 0);
        assert_int_equal(datastore_read(path, &list, &e), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.items[0].handle, "a");
        assert_string_equal(list.items[0].ip, "10.255.7.2");
        assert_int_equal(ntohl(list.items[0].ip_be), 0x0aff0702);
        assert_string_equal(ds_container_meta(&list.items[0], "policy_group_id"), "app");
        assert_null(ds_container_meta(&list.items[0], "ports"));
        assert_null(ds_container_meta(&list.items[0], "odd"));
        assert_null(ds_container_meta(&list.items[1], "policy_group_id"));
        assert_ptr_equal(ds_list_find(&list, "b"), &list.items[1]);
        assert_null(ds_list_find(&list, "c"));
}

static void every_change_is_noticed_and_nothing_else(void **state)
{
        struct ds_stamp none, one, two, three;
        struct err e;

        (void)state;
        assert_int_equal(datastore_stamp(path, &none, &e), 0);
        assert_int_equal(none.version, 0);
        assert_int_equal(datastore_add(store(), "a", "10.255.7.2", NULL, &e), 0);
        assert_int_equal(datastore_stamp(path, &one, &e), 0);
        assert_int_equal(one.version, 1);
        assert_int_equal(datastore_remove(store(), "never", NULL, &e), 0);
        assert_int_equal(datastore_stamp(path, &two, &e), 0);
        assert_true(ds_stamp_eq(&one, &two));
        assert_int_equal(datastore_remove(store(), "a", NULL, &e), 0);
        assert_int_equal(datastore_stamp(path, &two, &e), 0);
        assert_int_equal(two.version, 2);
        assert_false(ds_stamp_eq(&one, &two));
        /* A writer that died before it counted: */
        write_store("{\"x\":{\"handle\":\"x\",\"ip\":\"10.255.7.9\"}}");
        assert_int_equal(datastore_stamp(path, &three, &e), 0);
        assert_int_equal(three.version, 2);
        assert_false(ds_stamp_eq(&two, &three));
}

static void a_removed_container_gives_its_address_back(void **state)
{
        OWN(mem) char *ip = NULL;
        OWN(mem) char *again = NULL;
        struct err e;

        (void)state;
        assert_int_equal(datastore_add(store(), "a", "10.255.7.2", NULL, &e), 0);
        assert_int_equal(datastore_remove(store(), "a", &ip, &e), 0);
        assert_string_equal(ip, "10.255.7.2");
        assert_int_equal(datastore_remove(store(), "a", &again, &e), 0);
        assert_null(again);
}

static void damaged_files_are_named_and_left_alone(void **state)
{
        static const char *const texts[] = { "{\"a\":", "[]", "{} x", "7" };

        (void)state;
        for (size_t i = 0; i < COUNT(texts); i++) {
                OWN(ds_list) struct ds_list list = { 0 };
                OWN(str) struct str now = { 0 };
                struct err e;

                write_store(texts[i]);
                assert_int_equal(datastore_read(path, &list, &e), -1);
                assert_non_null(strstr(e.msg, path));
                assert_int_equal(datastore_add(store(), "a", "10.255.7.2", NULL, &e), -1);
                assert_int_equal(e.fault, FAULT_BAD_INPUT);
                assert_int_equal(datastore_remove(store(), "a", NULL, &e), -1);
                assert_int_equal(file_read(path, 100, &now, &e), 0);
                assert_string_equal(str_text(&now), texts[i]);
        }
}

static void one_bad_record_does_not_hide_the_others(void **state)
{
        OWN(ds_list) struct ds_list list = { 0 };
        struct err e;

        (void)state;
        write_store("{\"a\":{\"ip\":\"10.255.7.2\",\"metadata\":null},\"b\":{\"ip\":\"fd00::1\"},"
                    "\"c\":{},\"d\":7,\"e\":{\"ip\":\"10.255.7.3\",\"metadata\":[]}}");
        assert_int_equal(datastore_read(path, &list, &e), 0);
        assert_int_equal(list.count, 1);
        assert_int_equal(list.skipped, 4);
        assert_non_null(strstr(list.why, "container b"));
}

static void nonsense_is_not_recorded(void **state)
{
        static const struct {
                const char *handle, *ip, *msg;
        } cases[] = {
                { "", "10.255.7.2", "invalid handle" },
                { "a", "", "invalid ip: " },
                { "a", "10.255.7", "invalid ip: 10.255.7" },
                { "a", "fd00::1", "invalid ip: fd00::1" },
                { "a\xff", "10.255.7.2", "handle or metadata is not UTF-8" },
        };
        struct stat st;

        (void)state;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct err e = { 0 };

                assert_int_equal(datastore_add(store(), cases[i].handle, cases[i].ip, NULL, &e),
                                 -1);
                assert_string_equal(e.msg, cases[i].msg);
        }
        assert_int_equal(stat(path, &st), -1);
}

static void files_go_to_the_owner_and_group_asked_for(void **state)
{
        struct datastore ds = *store();
        struct stat st;
        struct err e;

        (void)state;
        ds.owner = "nobody";
        ds.group = "65533";
        if (geteuid() != 0)
                skip();
        assert_int_equal(datastore_add(&ds, "a", "10.255.7.2", NULL, &e), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 65534);
        assert_int_equal(st.st_gid, 65533);
        assert_int_equal(st.st_mode & 0777, 0640);
        ds.owner = "no-such-user";
        assert_int_equal(datastore_add(&ds, "b", "10.255.7.3", NULL, &e), -1);
        assert_string_equal(e.msg, "datastore_file_owner: no user 'no-such-user'");
}

static void a_lock_that_stays_taken_is_told_in_time(void **state)
{
        OWN(fd) int fd = -1;
        struct datastore ds = *store();
        char lock[96];
        struct err e;

        (void)state;
        ds.wait_ms = 20;
        (void)snprintf(lock, sizeof lock, "%s_lock", path);
        assert_int_equal(file_lock(lock, 0, &fd, &e), 0);
        assert_int_equal(datastore_add(&ds, "a", "10.255.7.2", NULL, &e), -1);
        assert_int_equal(e.fault, FAULT_CONFLICT);
        assert_non_null(strstr(e.msg, lock));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(what_is_added_is_read_back_sorted, empty),
                cmocka_unit_test_setup(every_change_is_noticed_and_nothing_else, empty),
                cmocka_unit_test_setup(a_removed_container_gives_its_address_back, empty),
                cmocka_unit_test_setup(damaged_files_are_named_and_left_alone, empty),
                cmocka_unit_test_setup(one_bad_record_does_not_hide_the_others, empty),
                cmocka_unit_test_setup(nonsense_is_not_recorded, empty),
                cmocka_unit_test_setup(files_go_to_the_owner_and_group_asked_for, empty),
                cmocka_unit_test_setup(a_lock_that_stays_taken_is_told_in_time, empty),
        };

        return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
