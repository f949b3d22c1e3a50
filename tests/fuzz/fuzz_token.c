/* SPDX-License-Identifier: Apache-2.0 */
/* An access token out of cf's configuration file. */
#include "cli-plugin/token.h"

#include "netman/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(str) struct str text = { 0 };
        OWN(mem) char *user = NULL;
        int64_t expires;

        str_add_mem(&text, data, size);
        if (!text.bad)
                (void)token_read(str_text(&text), &user, &expires, NULL);
        return 0;
}
