/* SPDX-License-Identifier: Apache-2.0 */
/* The file of apply-access, as a person or a program may write it. */
#include "cli-plugin/wishes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(policy_list) struct policy_list list = { 0 };

        (void)wishes_parse((const char *)data, size, &list, NULL);
        return 0;
}
