/* SPDX-License-Identifier: Apache-2.0 */
/* Method and path of a request, as "METHOD PATH". */
#include "lib/http_server_impl.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path put together again from pattern and values. */
static void rebuild(const struct http_route *r, const struct http_param *params, struct str *out)
{
        unsigned int n = 0;

        for (const char *p = r->pattern; *p;) {
                if (*p == '*' || *p == ':') {
                        str_add(out, params[n++].value);
                        p += *p == '*' ? 1 : strcspn(p, "/");
                } else {
                        str_add_mem(out, p++, 1);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct http_route routes[] = {
                { .method = "GET", .pattern = "/" },
                { .method = "GET", .pattern = "/apps/:id/policies" },
                { .method = "POST", .pattern = "/apps/:id/policies" },
                { .method = "DELETE", .pattern = "/apps/:id/policies/:n" },
                { .method = "GET", .pattern = "/:a/:b/:c/:d" },
                { .method = "GET", .pattern = "/debug/*" },
                { 0 },
        };
        struct http_param params[HTTP_PARAMS_MAX] = { 0 };
        OWN(str) struct str allow = { 0 }, again = { 0 };
        OWN(mem) char *text = strndup((const char *)data, size);
        char *path = strchr(text, ' ');
        const struct http_route *r;

        if (!path)
                return 0;
        *path++ = '\0';
        r = http_route_find(routes, text, path, params, &allow);
        if (r) {
                rebuild(r, params, &again);
                if (strcmp(str_text(&again), path) != 0)
                        __builtin_trap();
        }
        for (unsigned int i = 0; i < HTTP_PARAMS_MAX; i++)
                free(params[i].value);
        return 0;
}
