/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/http_server_impl.h"

#include <string.h>

/**
 * match() - Does @path fit @pattern?
 * @found: Gets where in @path the values lie
 * @count: Gets their number
 */
static bool match(const char *pattern, const char *path, struct http_param *found,
                  size_t lens[HTTP_PARAMS_MAX], const char *starts[HTTP_PARAMS_MAX],
                  unsigned int *count)
{
        *count = 0;
        while (*pattern) {
                if (pattern[0] == '*' && !pattern[1] && *count < HTTP_PARAMS_MAX) {
                        found[*count] = (struct http_param){ .name = pattern, .name_len = 1 };
                        starts[*count] = path;
                        lens[(*count)++] = strlen(path);
                        return true;
                }
                if (*pattern == ':' && *count < HTTP_PARAMS_MAX) {
                        size_t len = strcspn(path, "/");

                        if (!len)
                                return false;
                        pattern++;
                        found[*count] = (struct http_param){ .name = pattern,
                                                             .name_len = strcspn(pattern, "/") };
                        starts[*count] = path;
                        lens[(*count)++] = len;
                        pattern += strcspn(pattern, "/");
                        path += len;
                } else if (*pattern++ != *path++) {
                        return false;
                }
        }
        return !*path;
}

/** answers() - Does a route's method serve this one? GET serves HEAD too. */
static bool answers(const char *route_method, const char *method)
{
        return strcmp(route_method, method) == 0 ||
               (strcmp(method, "HEAD") == 0 && strcmp(route_method, "GET") == 0);
}

static void add_allowed(struct str *allow, const char *method)
{
        str_addf(allow, "%s%s%s", allow->len ? ", " : "", method,
                 strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

const struct http_route *http_route_find(const struct http_route *routes, const char *method,
                                         const char *path,
                                         struct http_param params[HTTP_PARAMS_MAX],
                                         struct str *allow)
{
        struct http_param found[HTTP_PARAMS_MAX];
        const char *starts[HTTP_PARAMS_MAX];
        size_t lens[HTTP_PARAMS_MAX];
        unsigned int count;

        for (const struct http_route *r = routes; r && r->method; r++) {
                if (!match(r->pattern, path, found, lens, starts, &count))
                        continue;
                if (!answers(r->method, method)) {
                        add_allowed(allow, r->method);
                        continue;
                }
                for (unsigned int i = 0; i < count; i++) {
                        params[i] = found[i];
                        params[i].value = strndup(starts[i], lens[i]);
                }
                return r;
        }
        return NULL;
}
