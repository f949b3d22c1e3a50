/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/plugin.h"

int main(void)
{
        return plugin_main(&wrapper_plugin);
}
