/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Cloud Controller answers the cf plugin: the input's lines, one to each question, a
 * status and a body. This file stands in for http_client.c, so the linker takes no other.
 */
#include "cli-plugin/cc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct http_client {
        int unused;
};

/* The answers that are left. */
static const char *at, *end;

int http_client_new(const struct http_client_conf *conf, struct http_client **ret, struct err *e)
{
        (void)conf;
        *ret = calloc(1, sizeof **ret);
        return *ret ? 0 : err_oom(e);
}

void http_client_free(struct http_client *c)
{
        free(c);
}

int http_client_call(struct http_client *c, const struct http_call *call, struct http_answer *a,
                     struct err *e)
{
        const char *line = at, *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

        (void)c;
        http_answer_done(a);
        if (strncmp(call->path, "http://api/v3/", 14) != 0 && strncmp(call->path, "/v3/", 4) != 0)
                __builtin_trap(); /* wherever a link leads, the token goes to the API */
        if (at >= end)
                return err_set(e, FAULT_UPSTREAM, 0, "no answer");
        stop = stop ? stop : end;
        at = stop + 1;
        a->status = (int)strtol(line, NULL, 10);
        line += strspn(line, "0123456789 ");
        if (line < stop)
                str_add_mem(&a->body, line, (size_t)(stop - line));
        return 0;
}

static int say_api(struct session *s, char **ret, struct err *e)
{
        (void)s;
        return session_copy("http://api", ret, e);
}

static int say_secure(struct session *s, bool *ret, struct err *e)
{
        (void)s;
        (void)e;
        *ret = false;
        return 0;
}

static int say_token(struct session *s, bool fresh, char **ret, struct err *e)
{
        (void)s;
        return session_copy(fresh ? "bearer fresh" : "bearer old", ret, e);
}

static void no_more(struct session *s)
{
        (void)s;
}

static void must_be_whole(const struct app_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                if (!list->items[i].id || !list->items[i].name)
                        __builtin_trap();
}

/** ask() - One of the questions, with the answers from the start */
static void ask(int which, const char *answers, size_t size)
{
        static const struct session_ops ops = {
                .api = say_api, .insecure = say_secure, .token = say_token, .done = no_more
        };
        static const char *const ids[] = { "app-1", "app-2" };
        OWN(session) struct session s = { .ops = &ops, .progress = { .quiet = true } };
        OWN(app_list) struct app_list list = { 0 };
        OWN(mem) char *id = NULL;
        struct err e;

        at = answers;
        end = at + size;
        if (which == 0)
                (void)cc_apps_of_space(&s, "space-1", &list, &e);
        else if (which == 1)
                (void)cc_by_ids(&s, "apps", ids, 2, &list, &e);
        else if (cc_app_id(&s, "space-1", "frontend", &id, &e) == 0 && !id)
                __builtin_trap();
        must_be_whole(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(mem) char *text = strndup((const char *)data, size);

        for (int which = 0; text && which < 3; which++)
                ask(which, text, strlen(text));
        return 0;
}
