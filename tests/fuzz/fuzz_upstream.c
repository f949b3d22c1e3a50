/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What UAA and the Cloud Controller answer: the input's lines, one to each question. This
 * file stands in for upstream.c, so the linker takes no other.
 */
#include "policy-server/auth/cc.h"
#include "policy-server/auth/upstream.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct upstream {
        int unused;
};

/* The answers that are left. */
static const char *at, *end;

int upstream_new(const char *base_url, const char *ca_file, bool skip_verify, struct upstream **ret,
                 struct err *e)
{
        (void)base_url;
        (void)ca_file;
        (void)skip_verify;
        *ret = calloc(1, sizeof **ret);
        return *ret ? 0 : err_oom(e);
}

void upstream_free(struct upstream *u)
{
        free(u);
}

void upstream_stop(struct upstream *u)
{
        (void)u;
}

int upstream_json(struct upstream *u, const struct http_call *call, json_t **ret, struct err *e)
{
        const char *line = at, *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        OWN(json) json_t *root = NULL;

        (void)u;
        if (!call->path || call->path[0] != '/')
                __builtin_trap();
        if (at >= end)
                return err_set(e, FAULT_UPSTREAM, 0, "no answer");
        stop = stop ? stop : end;
        at = stop + 1;
        if (line == stop)
                return err_set(e, FAULT_DENIED, 0, "an empty line is 401");
        if (jsonx_parse(line, (size_t)(stop - line), &root, e) < 0 || !json_is_object(root))
                return err_set(e, FAULT_UPSTREAM, 0, "no JSON object");
        *ret = GIVE(root);
        return 0;
}

/* Every value a string, as those who decide by it take for granted. */
static void must_be_strings(json_t *object)
{
        const char *key;
        json_t *value;

        json_object_foreach(object, key, value) {
                if (!json_is_string(value))
                        __builtin_trap();
        }
}

/** ask() - One of our questions, with the answers from the start */
static void ask(struct cc *cc, struct uaa *uaa, int which, const uint8_t *data, size_t size)
{
        OWN(json) json_t *apps = json_pack("{s:b, s:b, s:b}", "app-1", 1, "app-2", 1, "app-3", 1);
        OWN(json) json_t *found = NULL;
        OWN(token) struct token t = { 0 };
        bool develops = false;
        struct err e;

        at = (const char *)data;
        end = at + size;
        switch (which) {
        case 0:
                if (cc_app_spaces(cc, apps, &found, &e) == 0)
                        must_be_strings(found);
                break;
        case 1:
                (void)cc_user_spaces(cc, "u-1", &found, &e);
                break;
        case 2:
                (void)cc_user_develops(cc, "u-1", "space-1", &develops, &e);
                break;
        default:
                (void)uaa_check(uaa, "a.token", &t, &e);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct ps_config c = { .uaa_client = "network-policy",
                                     .uaa_client_secret = "s3cret",
                                     .uaa_url = "http://uaa",
                                     .cc_url = "http://cc",
                                     .cc_app_request_chunk_size = 2 };
        struct err e;

        if (memchr(data, '\0', size))
                return 0;
        for (int which = 0; which < 4; which++) {
                OWN(uaa) struct uaa *uaa = NULL;
                OWN(cc) struct cc *cc = NULL;

                if (uaa_new(&c, &uaa, &e) < 0 || cc_new(&c, uaa, &cc, &e) < 0)
                        return 0;
                ask(cc, uaa, which, data, size);
        }
        return 0;
}
