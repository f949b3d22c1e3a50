/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: leases in etcd's v2 key API
 *
 * As flannel's own daemon up to 0.20 keeps them: a key lives for as long as it
 * was given when it was last set. A subnet is taken by "set, if the key does not
 * exist", changed by "set, if it is still at the index I saw". Renewing is a set
 * that only refreshes: etcd (since 2.3) tells no watcher of it.
 *
 * A watch is one request for one event. Nothing is lost between two of them,
 * as long as less than a thousand events pass anywhere in etcd; else it says so
 * and all is read again.
 */
#include "cmd/flanneld/etcd.h"
#include "cmd/flanneld/etcd2_json.h"
#include "cmd/flanneld/store_ops.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/**
 * struct etcd2 - The state
 * @silence_ms: A member that hangs tells nothing: after so long without an event ask another
 */
struct etcd2 {
        struct etcd *cluster; /* owned */
        int64_t silence_ms;
        struct str base; /* owned, "/v2/keys/coreos.com/network" */
};

static void v2_close(void *s)
{
        struct etcd2 *d = s;

        etcd_close(d->cluster);
        str_done(&d->base);
        free(d);
}

static int v2_open(const struct store_conf *conf, void **ret, struct err *e)
{
        struct etcd2 *d = calloc(1, sizeof *d);

        if (!d)
                return err_oom(e);
        d->silence_ms = conf->silence_s * 1000;
        str_add(&d->base, "/v2/keys");
        for (const char *at = conf->prefix; *at; at++) {
                char one[] = { *at, '\0' };

                if (*at == '/')
                        str_add(&d->base, "/");
                else
                        http_escape(&d->base, one);
        }
        if (str_ok(&d->base, e) < 0 || etcd_open(conf, &d->cluster, e) < 0) {
                v2_close(d);
                return -1;
        }
        *ret = d;
        return 0;
}

/** struct reply - What came back: JSON, or NULL where it was none; etcd's index then */
struct reply {
        json_t *root; /* owned */
        int64_t index;
};

static void reply_drop(struct reply *r)
{
        json_decref(r->root);
}

/**
 * ask() - One request
 * @key:  Below the prefix, with its query
 * @form: To PUT; NULL: GET
 * @call: What else is to be said of the request
 * @ret:  The answer, also where it is a refusal: see etcd2_refusal()
 */
static int ask(struct etcd2 *d, const char *key, const struct str *form, struct http_call call,
               struct reply *ret, struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(str) struct str path = { 0 };
        const char *index;

        str_addf(&path, "%s/%s", str_text(&d->base), key);
        if (str_ok(&path, e) < 0 || (form && str_ok(form, e) < 0))
                return -1;
        call.path = str_text(&path);
        call.user = etcd_user(d->cluster);
        call.password = etcd_password(d->cluster);
        if (form) {
                call.method = "PUT";
                call.content_type = "application/x-www-form-urlencoded";
                call.body = str_text(form);
                call.body_len = form->len;
        }
        if (etcd_call(d->cluster, &call, true, &a, e) < 0)
                return -1;
        index = http_answer_header(&a, "X-Etcd-Index");
        if (index)
                (void)str_to_int(index, 0, INT64_MAX, &ret->index, NULL);   /* else it stays 0 */
        (void)jsonx_parse(str_text(&a.body), a.body.len, &ret->root, NULL); /* else it stays NULL */
        return 0;
}

static int get(struct etcd2 *d, const char *key, struct reply *ret, struct err *e)
{
        if (ask(d, key, NULL, (struct http_call){ 0 }, ret, e) < 0)
                return -1;
        return etcd2_refusal(ret->root, e);
}

static int v2_config(void *s, struct str *ret, struct err *e)
{
        OWN(reply) struct reply r = { 0 };
        struct etcd2 *d = s;
        const char *value = NULL;

        if (get(d, "config?quorum=true", &r, e) < 0) {
                if (e->fault != FAULT_ABSENT)
                        return -1;
                return err_set(e, FAULT_ABSENT, 0, "etcd (v2 API) has no key %s/config",
                               str_text(&d->base) + sizeof "/v2/keys" - 1);
        }
        if (jsonx_str(json_object_get(r.root, "node"), "value", &value, e) < 0)
                return err_add(e, "etcd's answer");
        str_add(ret, value);
        return str_ok(ret, e);
}

static int v2_list(void *s, struct leases *ret, int64_t *ret_rev, struct err *e)
{
        OWN(reply) struct reply r = { 0 };
        struct err why = { 0 };

        /* Without a first lease there is no folder of leases. */
        if (get(s, "subnets?quorum=true&recursive=true", &r, &why) < 0 &&
            why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        if (why.fault != FAULT_ABSENT && etcd2_leases(r.root, ret, e) < 0)
                return -1;
        if (r.index == 0)
                return err_set(e, FAULT_UPSTREAM, 0, "etcd's answer has no X-Etcd-Index");
        *ret_rev = r.index;
        return 0;
}

/* Have @l's id and index be those in the answer's node. */
static int take_in(const struct reply *r, struct lease *l, struct err *e)
{
        struct lease is;

        if (!etcd2_lease(r->root, &is))
                return err_set(e, FAULT_UPSTREAM, 0, "etcd's answer shows no lease");
        l->id = is.id;
        l->rev = is.rev;
        return 0;
}

/**
 * already_ours() - Is what made a request fail our own doing?
 *
 * One that was sent, carried out and never answered is sent again, to another
 * member perhaps; it then finds the key as it was to be.
 */
static bool already_ours(struct etcd2 *d, struct lease *l, int64_t *ret_ttl_s)
{
        OWN(reply) struct reply r = { 0 };
        OWN(str) struct str key = { 0 };
        struct lease is;

        str_addf(&key, "subnets/%s?quorum=true", lease_key(l->subnet).s);
        if (str_ok(&key, NULL) < 0 || get(d, str_text(&key), &r, NULL) < 0 ||
            !etcd2_lease(r.root, &is) || !lease_same_cell(&is, l))
                return false;
        l->id = is.id;
        l->rev = is.rev;
        *ret_ttl_s = etcd2_ttl(r.root);
        return true;
}

/**
 * put_if() - Set @l's key under a condition
 * @condition: The query that says it
 * @form:      What is set
 * @ret_ttl_s: Seconds that it lives then
 */
static int put_if(struct etcd2 *d, struct lease *l, const char *condition, const struct str *form,
                  int64_t *ret_ttl_s, struct err *e)
{
        OWN(reply) struct reply r = { 0 };
        OWN(str) struct str key = { 0 };
        struct err why = { 0 };

        str_addf(&key, "subnets/%s?%s", lease_key(l->subnet).s, condition);
        if (str_ok(&key, e) < 0 || ask(d, str_text(&key), form, (struct http_call){ 0 }, &r, e) < 0)
                return -1;
        if (etcd2_refusal(r.root, &why) == 0) {
                *ret_ttl_s = etcd2_ttl(r.root);
                return take_in(&r, l, e);
        }
        if (why.fault == FAULT_CONFLICT && already_ours(d, l, ret_ttl_s))
                return 0;
        if (e)
                *e = why;
        return -1;
}

static void value_form(struct str *form, const struct lease *l, int64_t ttl_s)
{
        OWN(str) struct str value = { 0 };

        lease_value_print(l, &value);
        form->bad |= value.bad;
        str_add(form, "value=");
        http_escape(form, str_text(&value));
        if (ttl_s)
                str_addf(form, "&ttl=%" PRId64, ttl_s);
}

static int v2_create(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        OWN(str) struct str form = { 0 };
        int64_t ttl;

        value_form(&form, l, ttl_s);
        return put_if(s, l, "prevExist=false", &form, &ttl, e);
}

/* "prevIndex=17" */
static struct ip4_text unchanged(const struct lease *l)
{
        struct ip4_text t;

        (void)snprintf(t.s, sizeof t.s, "prevIndex=%" PRId64, l->rev);
        return t;
}

static int v2_update(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        OWN(str) struct str form = { 0 };
        struct err why = { 0 };
        int64_t ttl;

        value_form(&form, l, l->id ? ttl_s : 0);
        if (put_if(s, l, unchanged(l).s, &form, &ttl, &why) == 0)
                return 0;
        if (why.fault == FAULT_ABSENT)
                why.fault = FAULT_CONFLICT; /* it was there a moment ago */
        *e = why;
        return -1;
}

static int v2_renew(void *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e)
{
        OWN(str) struct str form = { 0 };

        *ret_ttl_s = 0;
        if (l->id == 0)
                return 0;
        str_addf(&form, "refresh=true&ttl=%" PRId64, ttl_s);
        if (put_if(s, l, unchanged(l).s, &form, ret_ttl_s, e) == 0)
                return 0;
        /* Another cell's now, perhaps: whoever wants to know lists. */
        if (e->fault == FAULT_CONFLICT)
                e->fault = FAULT_ABSENT;
        return -1;
}

/* An etcd that was restored, or lost its data, would have us wait for events of long ago. */
static int check_index(struct etcd2 *d, int64_t rev, struct err *e)
{
        OWN(reply) struct reply r = { 0 };

        /* Any key will do, there or not: each answer tells the index. */
        if (ask(d, "config?quorum=true", NULL, (struct http_call){ 0 }, &r, e) < 0)
                return -1;
        if (r.index && r.index < rev)
                return err_set(e, FAULT_CONFLICT, 0,
                               "etcd went back from index %lld to %lld: was it restored?",
                               (long long)rev, (long long)r.index);
        return 0;
}

static int v2_watch(void *s, int64_t *rev, const struct store_news *news, int wake_fd,
                    struct err *e)
{
        struct etcd2 *d = s;
        struct http_call wait = { .timeout_ms = (int)d->silence_ms, .wake_fd = wake_fd };

        if (check_index(d, *rev, e) < 0)
                return -1;
        for (;;) {
                OWN(reply) struct reply r = { 0 };
                OWN(str) struct str key = { 0 };
                struct err why = { 0 };

                str_addf(&key, "subnets?wait=true&recursive=true&waitIndex=%" PRId64, *rev + 1);
                if (str_ok(&key, e) < 0)
                        return -1;
                if (ask(d, str_text(&key), NULL, wait, &r, &why) < 0) {
                        if (why.sys == ECANCELED)
                                return 0;
                        if (why.sys == ETIMEDOUT)
                                continue; /* nothing has happened */
                        *e = why;
                        return -1;
                }
                if (!r.root)
                        return err_set(e, FAULT_UPSTREAM, 0, "etcd ended the watch");
                if (etcd2_event(r.root, news, rev, e) < 0)
                        return -1;
        }
}

const struct store_ops store_etcd_v2 = {
        .open = v2_open,
        .close = v2_close,
        .config = v2_config,
        .list = v2_list,
        .create = v2_create,
        .update = v2_update,
        .renew = v2_renew,
        .watch = v2_watch,
};
