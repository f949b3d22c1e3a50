/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/plugin.h"

int main(int argc, char **argv)
{
        return plugin_main(argc, argv);
}
