/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/server.h"

int main(int argc, char **argv)
{
        return ps_main(argc, argv, "policy-server", PS_EXTERNAL);
}
