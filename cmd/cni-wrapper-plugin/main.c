/* SPDX-License-Identifier: Apache-2.0 */
/* Two CNI plugins in one file; its name says which. */
#include "cmd/cni-wrapper-plugin/rules.h"

#include "netman/fw_tx.h"

#include <string.h>

int main(int argc, char **argv)
{
        const char *name = argc > 0 ? basename(argv[0]) : "";
        struct plugin wrapper = wrapper_plugin;

        if (strcmp(name, flannel_plugin.name) == 0)
                return plugin_main(&flannel_plugin);
        fw_keep_memory();
        wrapper.rules = &networker_rules;
        return plugin_main(&wrapper);
}
