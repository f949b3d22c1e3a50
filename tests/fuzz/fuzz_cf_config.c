/* SPDX-License-Identifier: Apache-2.0 */
/* The cf CLI's configuration file, of whatever version, and our tokens into it. */
#include "folder.h"

#include "cli-plugin/cf_config.h"

#include <string.h>

/** OWN(cf_config) is not wanted anywhere else */
static inline void cf_config_drop(struct cf_config *c)
{
        cf_config_done(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(cf_config) struct cf_config c = { 0 }, again = { 0 };
        char path[PATH_MAX];
        struct err e;

        folder_open(".cf");
        (void)setenv("CF_HOME", folder, 1);
        folder_put(".cf/config.json", data, size, path);
        if (cf_config_load(&c, &e) < 0 || !json_is_object(c.root) || !*c.client)
                return 0;
        if (cf_config_set_tokens(&c, "bearer new", "fresh", &e) < 0 || cf_config_save(&c, &e) < 0 ||
            cf_config_load(&again, &e) < 0 || !json_equal(c.root, again.root))
                __builtin_trap();
        return 0;
}
