/* SPDX-License-Identifier: Apache-2.0 */
/* Policies from clients and from the server; entity tags from cells. */
#include "netman/policy.h"
#include "policy-server/snapshot/etag.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted and printed must be accepted again, and be the same. */
static void and_back(const struct policy_list *list)
{
        OWN(policy_list) struct policy_list back = { 0 };
        OWN(str) struct str text = { 0 };
        struct err e;

        policy_list_print(list, POLICY_V1, POLICY_INTERNAL, 2, &text);
        if (policy_list_parse_answer(text.data, text.len, &back, &e) < 0 ||
            back.count != list->count)
                __builtin_trap();
        for (size_t i = 0; i < back.count; i++) {
                if (policy_compare(&back.items[i], &list->items[i]) != 0)
                        __builtin_trap();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(policy_list) struct policy_list v0 = { 0 };
        OWN(policy_list) struct policy_list v1 = { 0 };
        OWN(policy_list) struct policy_list answer = { 0 };
        OWN(mem) char *text = strndup((const char *)data, size);
        struct etag t;
        struct err e;

        if (policy_list_parse_request((const char *)data, size, POLICY_V0, &v0, &e) == 0)
                and_back(&v0);
        if (policy_list_parse_request((const char *)data, size, POLICY_V1, &v1, &e) == 0)
                and_back(&v1);
        if (policy_list_parse_answer((const char *)data, size, &answer, &e) == 0)
                and_back(&answer);
        (void)etag_parse(text, &t);
        return 0;
}
