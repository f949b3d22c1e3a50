/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs' rules as the kernel gives them: 32 bytes of the target's label as libiptc
 * tells it, then the entry. How long the entry is the kernel never gets wrong.
 */
#include "netman/fw_encode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LABEL 32

static void must_be_that_rule(const struct ipt_entry *entry, const char *label,
                              const struct fw_rule *r)
{
        struct fw_entry normal, again;

        if (!fw_normalise(entry, label, &normal) || fw_encode(r, &again, NULL) < 0 ||
            !fw_entry_same(&normal, &again))
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(mem) struct ipt_entry *entry = NULL;
        OWN(str) struct str text = { 0 };
        char label[LABEL + 1] = { 0 };
        struct fw_rule rule;

        if (size < LABEL + sizeof *entry || size > UINT16_MAX || !(entry = malloc(size - LABEL)))
                return 0;
        memcpy(label, data, LABEL);
        memcpy(entry, data + LABEL, size - LABEL);
        entry->next_offset = (uint16_t)(size - LABEL);
        fw_decode(entry, label, &rule);
        if (rule.verb != FW_FOREIGN)
                must_be_that_rule(entry, label, &rule);
        fw_rule_print(&rule, &text);
        return text.len ? 0 : -1;
}
