/* SPDX-License-Identifier: Apache-2.0 */
/* What CNI plugins print, and what configuration files hold. */
#include "cni/subnet_env.h"
#include "netman/cni.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever came in, a result that was converted has the address it had before. */
static void convert(const json_t *result, const char *version)
{
        OWN(json) json_t *out = NULL;
        struct cni_ip4 before, after;
        struct err e;

        if (cni_result_ip4(result, &before, &e) < 0 ||
            cni_result_convert(result, version, &out, &e) < 0)
                return;
        if (cni_result_ip4(out, &after, &e) == 0 && after.addr.s_addr != before.addr.s_addr)
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(cni_network) struct cni_network net = { 0 };
        OWN(json) json_t *root = NULL;
        OWN(mem) char *text = NULL;
        struct subnet_env env;
        struct err e;

        text = malloc(size + 1);
        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        (void)subnet_env_parse("subnet.env", text, &env, &e);
        (void)cni_network_parse("net.conf", text, size, &net, &e);
        if (jsonx_parse(text, size, &root, &e) < 0)
                return 0;
        for (const char *const *v = cni_versions(); *v; v++)
                convert(root, *v);
        return 0;
}
