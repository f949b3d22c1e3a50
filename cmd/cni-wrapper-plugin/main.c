/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/cni-wrapper-plugin/rules.h"

int main(void)
{
        struct plugin wrapper = wrapper_plugin;

        wrapper.rules = &networker_rules;
        return plugin_main(&wrapper);
}
