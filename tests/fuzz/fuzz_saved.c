/* SPDX-License-Identifier: Apache-2.0 */
/* The policies that the agent keeps on disk: what was not written so is not believed. */
#include "folder.h"

#include "vxlan-policy-agent/poll/saved.h"

#define NAME "policies.saved"

static void must_be_same(const struct policy_list *a, const struct policy_list *b)
{
        if (a->count != b->count)
                __builtin_trap();
        for (size_t i = 0; i < a->count; i++)
                if (policy_compare(&a->items[i], &b->items[i]) != 0)
                        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(policy_list) struct policy_list wanted = { 0 }, kept = { 0 }, torn = { 0 };
        OWN(str) struct str body = { 0 };
        OWN(saved) struct saved saved = { .dir = folder };
        struct saved_sum sum, told;
        char path[PATH_MAX];
        struct stat st;
        struct err e;
        bool good;

        folder_open(NULL);
        folder_put(NAME, data, size, path);
        (void)saved_read(&saved, &kept, &told, &e);

        /* No fuzzer finds a checksum: write one to what it found. */
        str_add_mem(&body, data, size);
        good = policy_list_parse_answer(str_text(&body), body.len, &wanted, &e) == 0;
        policy_list_done(&kept);
        if (saved_sum(str_text(&body), body.len, &sum, &e) < 0 ||
            saved_put(&saved, &body, &sum, &e) < 0)
                __builtin_trap();
        if ((saved_read(&saved, &kept, &told, &e) == 0) != good)
                __builtin_trap();
        if (good && !saved_sum_eq(&sum, &told))
                __builtin_trap();
        if (good)
                must_be_same(&wanted, &kept);
        if (size && (stat(path, &st) < 0 || truncate(path, st.st_size - 1) < 0 ||
                     saved_read(&saved, &torn, &told, &e) == 0))
                __builtin_trap();
        return 0;
}
