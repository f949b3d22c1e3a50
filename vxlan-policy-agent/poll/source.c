/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/source.h"

#include "netman/own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX ((size_t)64 << 20) /* 100,000 policies take some 25 MB */

int source_init(struct source *s, const char *url, const char *ca, const char *cert,
                const char *key, int timeout_s, struct err *e)
{
        const struct http_client_conf conf = { .base_url = url,
                                               .ca_file = ca,
                                               .cert_file = cert,
                                               .key_file = key,
                                               .connect_timeout_ms = timeout_s * 1000,
                                               .timeout_ms = timeout_s * 1000,
                                               .body_max = BODY_MAX };

        if (gethostname(s->agent_id, sizeof s->agent_id - 1) < 0)
                (void)snprintf(s->agent_id, sizeof s->agent_id, "unknown");
        return http_client_new(&conf, &s->client, e);
}

void source_done(struct source *s)
{
        http_client_free(s->client);
        s->client = NULL;
}

void source_news_done(struct source_news *n)
{
        policy_list_done(&n->policies);
        str_done(&n->body);
        *n = (struct source_news){ 0 };
}

/* ---- Judging an answer ---- */

/** struct pair - An app's id and a tag that goes with it */
struct pair {
        const char *id;
        uint32_t tag;
};

static int by_id_then_tag(const void *a, const void *b)
{
        const struct pair *x = a, *y = b;
        int cmp = strcmp(x->id, y->id);

        return cmp ? cmp : (x->tag > y->tag) - (x->tag < y->tag);
}

static int by_tag(const void *a, const void *b)
{
        const struct pair *x = a, *y = b;

        return (x->tag > y->tag) - (x->tag < y->tag);
}

/**
 * unique() - Drop repeated pairs; sorted by id
 * Return: how many are left
 */
static size_t unique(struct pair *pairs, size_t count)
{
        size_t n = 0;

        qsort(pairs, count, sizeof *pairs, by_id_then_tag);
        for (size_t i = 0; i < count; i++)
                if (!n || by_id_then_tag(&pairs[n - 1], &pairs[i]) != 0)
                        pairs[n++] = pairs[i];
        return n;
}

static int judge_ports(const struct policy_list *list, struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                if (!p->start || p->start > p->end)
                        return err_set(e, FAULT_UPSTREAM, 0, "policy %zu: ports %u to %u", i,
                                       p->start, p->end);
        }
        return 0;
}

int source_judge(const struct policy_list *list, struct err *e)
{
        OWN(mem) struct pair *pairs = NULL;
        size_t n = 0;

        if (list->count > SOURCE_POLICIES_MAX)
                return err_set(e, FAULT_UPSTREAM, 0,
                               "%zu policies, more than the %d that one cell takes", list->count,
                               SOURCE_POLICIES_MAX);
        pairs = calloc(2 * list->count + 1, sizeof *pairs);
        if (!pairs)
                return err_oom(e);
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                pairs[n++] = (struct pair){ p->source, p->source_tag };
                pairs[n++] = (struct pair){ p->destination, p->destination_tag };
        }
        n = unique(pairs, n);
        for (size_t i = 1; i < n; i++)
                if (strcmp(pairs[i - 1].id, pairs[i].id) == 0)
                        return err_set(e, FAULT_UPSTREAM, 0, "app %.64s has two tags, %x and %x",
                                       pairs[i].id, pairs[i - 1].tag, pairs[i].tag);
        if (n)
                qsort(pairs, n, sizeof *pairs, by_tag);
        for (size_t i = 1; i < n; i++)
                if (pairs[i].tag && pairs[i - 1].tag == pairs[i].tag)
                        return err_set(e, FAULT_UPSTREAM, 0, "tag %x has two apps, %.64s and %.64s",
                                       pairs[i].tag, pairs[i - 1].id, pairs[i].id);
        return judge_ports(list, e);
}

/* ---- Asking ---- */

static void write_path(const struct source *s, const struct source_ask *ask, struct str *path)
{
        str_addf(path, "/networking/v%d/internal/policies?id=", s->old_api ? 0 : 1);
        for (size_t i = 0; i < ask->id_count; i++) {
                if (i)
                        str_add(path, ",");
                http_escape(path, ask->ids[i]);
        }
}

static int call(struct source *s, const struct source_ask *ask, struct http_answer *a,
                struct err *e)
{
        OWN(str) struct str path = { 0 };
        struct http_call_header headers[3] = { { "X-Agent-Id", s->agent_id } };
        size_t n = 1;
        char prefer[32];

        write_path(s, ask, &path);
        if (ask->enforced[0])
                headers[n++] = (struct http_call_header){ "If-None-Match", ask->enforced };
        if (ask->wait_s > 0) {
                (void)snprintf(prefer, sizeof prefer, "wait=%d", ask->wait_s);
                headers[n++] = (struct http_call_header){ "Prefer", prefer };
        }
        if (str_ok(&path, e) < 0)
                return -1;
        return http_client_call(
                s->client,
                &(struct http_call){ .path = str_text(&path),
                                     .headers = headers,
                                     .header_count = n,
                                     .timeout_ms = (ask->wait_s + ask->timeout_s) * 1000,
                                     .wake_fd = ask->wake_fd,
                                     .on_wake = ask->on_wake,
                                     .wake_arg = ask->wake_arg },
                a, e);
}

static void take_revision(const struct http_answer *a, struct source_news *ret)
{
        const char *etag = http_answer_header(a, "ETag");

        if (etag && strlen(etag) <= SOURCE_ETAG_MAX)
                memcpy(ret->revision, etag, strlen(etag) + 1);
}

/**
 * take_answer() - Read a 200
 */
static int take_answer(struct http_answer *a, const struct saved_sum *known,
                       struct source_news *ret, struct err *e)
{
        take_revision(a, ret);
        if (saved_sum(str_text(&a->body), a->body.len, &ret->sum, e) < 0)
                return -1;
        if (known && saved_sum_eq(known, &ret->sum))
                return 0;
        if (policy_list_parse_answer(str_text(&a->body), a->body.len, &ret->policies, e) < 0 ||
            source_judge(&ret->policies, e) < 0)
                return -1;
        ret->changed = true;
        ret->body = a->body;
        a->body = (struct str){ 0 };
        return 0;
}

/**
 * parked_us() - From "Server-Timing: parked;dur=MILLISECONDS"; 0 without
 */
static int64_t parked_us(const struct http_answer *a)
{
        static const char key[] = "parked;dur=";
        const char *timing = http_answer_header(a, "Server-Timing");
        const char *at = timing ? strstr(timing, key) : NULL;
        double ms = at ? strtod(at + sizeof key - 1, NULL) : 0;

        return ms > 0 && ms < INT32_MAX ? (int64_t)(ms * 1e3) : 0;
}

int source_ask(struct source *s, const struct source_ask *ask, struct source_news *ret,
               struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };

        source_news_done(ret);
        if (call(s, ask, &a, e) < 0)
                return -1;
        if ((a.status == 404 || a.status == 406) && !s->old_api) {
                s->old_api = true;
                return err_set(e, FAULT_UPSTREAM, ECANCELED, "the server knows only v0");
        }
        ret->parked_us = parked_us(&a);
        if (a.status == 304 && ask->enforced[0]) {
                memcpy(ret->revision, ask->enforced, strlen(ask->enforced) + 1);
                return 0;
        }
        if (a.status != 200)
                return err_set(e, FAULT_UPSTREAM, 0, "policy server answered %d: %.120s", a.status,
                               str_text(&a.body));
        if (take_answer(&a, ask->known, ret, e) < 0) {
                source_news_done(ret);
                return err_add(e, "policy server's answer");
        }
        return 0;
}
