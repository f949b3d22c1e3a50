/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens, up to the signature and, with no keys at all, never beyond. */
#include "policy-server/auth/jwt.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const audiences[] = { "network", NULL };
        const struct jwt_rules rules = { .issuer = "i", .audiences = audiences, .now = 1 };
        OWN(mem) char *text = strndup((const char *)data, size);
        OWN(json) json_t *answer = json_loadb((const char *)data, size, 0, NULL);
        OWN(json) json_t *none = json_pack("{s:[]}", "keys");
        OWN(jwt_keys) struct jwt_keys *keys = NULL;
        OWN(jwt_keys) struct jwt_keys *read = NULL;
        struct token t = { 0 };
        struct err e;

        if (jwt_keys_parse(none, &keys, &e) < 0)
                return 0;
        if (jwt_verify(keys, &rules, text, &t, &e) == 0)
                __builtin_trap();
        if (answer)
                (void)jwt_keys_parse(answer, &read, &e);
        return 0;
}
