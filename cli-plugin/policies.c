/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/policies.h"

#include "netman/clock.h"
#include "netman/jsonx.h"

#include <inttypes.h>
#include <string.h>

#define POLICIES_V0 "/networking/v0/external/policies"
#define POLICIES_V1 "/networking/v1/external/policies"
#define POLL_MS     100
#define TROUBLE_MS  500  /* between two questions to a server in trouble */
#define STATUS_MS   5000 /* for one of them: another instance may answer the next */

/** wants_v1() - v0 cannot say a range; it can say all else, to every server there is */
static bool wants_v1(const struct policy_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                if (list->items[i].start != list->items[i].end)
                        return true;
        }
        return false;
}

static int send_policies(struct session *s, const struct policy_list *list, const char *what,
                         struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(str) struct str body = { 0 };
        OWN(str) struct str path = { 0 };
        bool v1 = wants_v1(list);

        str_addf(&path, "%s%s", v1 ? POLICIES_V1 : POLICIES_V0, what);
        str_add(&body, "{\"policies\":[");
        for (size_t i = 0; i < list->count; i++) {
                str_add(&body, i ? "," : "");
                (void)policy_print(&list->items[i], v1 ? POLICY_V1 : POLICY_V0, POLICY_EXTERNAL,
                                   POLICY_TAG_LENGTH, &body); /* no range in v0, see above */
        }
        str_add(&body, "]}");
        if (str_ok(&body, e) < 0 || str_ok(&path, e) < 0 ||
            session_request(s, "POST", path.data, body.data, &a, e) < 0)
                return -1;
        return a.status > 299 ? session_refused(&a, e) : 0;
}

int policies_create(struct session *s, const struct policy_list *list, struct err *e)
{
        return send_policies(s, list, "", e) < 0 ? err_add(e, "adding policies") : 0;
}

int policies_delete(struct session *s, const struct policy_list *list, struct err *e)
{
        return send_policies(s, list, "/delete", e) < 0 ? err_add(e, "deleting policies") : 0;
}

static void add_filter(struct str *path, const char *name, const char *value)
{
        if (!value || path->bad)
                return;
        str_addf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
        http_escape(path, value);
}

static int fetch_list(struct session *s, const char *base, const struct policy_filter *f,
                      struct http_answer *a, struct err *e)
{
        OWN(str) struct str path = { 0 };

        str_add(&path, base);
        add_filter(&path, "id", f->either);
        add_filter(&path, "source_id", f->source);
        add_filter(&path, "dest_id", f->destination);
        if (str_ok(&path, e) < 0)
                return -1;
        return session_request(s, "GET", path.data, NULL, a, e);
}

/** wants() - Servers of the first generation ignore filters but for @either */
static bool wants(const struct policy_filter *f, const struct policy *p)
{
        return (!f->source || str_eq(f->source, p->source)) &&
               (!f->destination || str_eq(f->destination, p->destination));
}

int policies_list(struct session *s, const struct policy_filter *f, struct policy_list *ret,
                  struct err *e)
{
        const char *what = f->either ? "getting policies by id" : "getting policies";
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(policy_list) struct policy_list all = { 0 };

        progress_show(&s->progress, "Reading policies", 0, 0);
        if (fetch_list(s, POLICIES_V1, f, &a, e) < 0)
                return err_add(e, "%s", what);
        /* Servers of the first generation know v0 alone. */
        if ((a.status == 404 || a.status == 406) && fetch_list(s, POLICIES_V0, f, &a, e) < 0)
                return err_add(e, "%s", what);
        if (a.status != 200) {
                (void)session_refused(&a, e);
                return err_add(e, "%s", what);
        }
        progress_clear(&s->progress);
        if (policy_list_parse_answer(str_text(&a.body), a.body.len, &all, e) < 0)
                return err_add(e, "%s", what);
        if (!f->source && !f->destination)
                return policy_list_append(ret, &all, e);
        for (size_t i = 0; i < all.count; i++) {
                if (wants(f, &all.items[i]) && policy_list_add(ret, &all.items[i], e) < 0)
                        return -1;
        }
        return 0;
}

static int parse_status(const struct http_answer *a, struct policies_status *ret, struct err *e)
{
        OWN(json) json_t *root = NULL;
        struct policies_status st = { .known = true };

        if (jsonx_parse(str_text(&a->body), a->body.len, &root, e) < 0 ||
            jsonx_int(root, "revision", 0, INT64_MAX, &st.revision, e) < 0 ||
            jsonx_int(root, "agents", 0, INT64_MAX, &st.agents, e) < 0 ||
            jsonx_int(root, "enforced", 0, INT64_MAX, &st.enforced, e) < 0 ||
            jsonx_opt_int(root, "oldest_enforced", 0, INT64_MAX, &st.oldest_enforced, e) < 0)
                return err_add(e, "policy server's status");
        *ret = st;
        return 0;
}

int policies_status(struct session *s, int timeout_ms, struct policies_status *ret, struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        int at_most = timeout_ms > 0 && timeout_ms < STATUS_MS ? timeout_ms : STATUS_MS;

        if (session_get(s, POLICIES_V1 "/status", at_most, &a, e) < 0)
                return err_add(e, "getting status");
        if (a.status == 404 || a.status == 405 || a.status == 406) {
                *ret = (struct policies_status){ 0 };
                return 0;
        }
        if (a.status != 200) {
                (void)session_refused(&a, e);
                return err_add(e, "getting status");
        }
        return parse_status(&a, ret, e);
}

/** look() - The status, at the latest at @end; FAULT_UPSTREAM where it is worth another try */
static int look(struct session *s, int64_t end, struct policies_status *ret, struct err *e)
{
        int64_t left = end - clock_ms();

        left = left < 1 ? 1 : left > STATUS_MS ? STATUS_MS : left; /* fits an int */
        if (policies_status(s, (int)left, ret, e) < 0)
                return -1;
        if (!ret->known)
                return err_set(e, FAULT_UPSTREAM, 0, "the policy server cannot tell");
        return 0;
}

static int time_is_over(int seconds, const struct policies_status *st, const struct err *why,
                        struct err *e)
{
        if (why->fault)
                return err_set(e, FAULT_UPSTREAM, 0,
                               "after %d s it is not known which cells enforce it (%.180s)",
                               seconds, why->msg);
        return err_set(e, FAULT_UPSTREAM, 0,
                       "after %d s %" PRId64 " of %" PRId64 " cells do not enforce it yet", seconds,
                       st->agents - st->enforced, st->agents);
}

int policies_wait(struct session *s, int seconds, struct policies_status *ret, struct err *e)
{
        int64_t end = clock_ms() + (int64_t)seconds * 1000, wanted = -1;
        struct err why = { 0 };

        do {
                struct err now = { 0 };

                if (look(s, end, ret, &now) < 0) {
                        if (now.fault != FAULT_UPSTREAM) {
                                *e = now;
                                return -1;
                        }
                        if (clock_ms() >= end && wanted >= 0 && !why.fault)
                                break; /* cut off by the end: the answer before is the news */
                        why = now;
                        clock_sleep_ms(TROUBLE_MS);
                        continue;
                }
                why = now;
                if (wanted < 0)
                        wanted = ret->revision; /* ours is in it: the write has been answered */
                if (ret->enforced >= ret->agents || ret->oldest_enforced >= wanted) {
                        progress_clear(&s->progress);
                        return 0;
                }
                progress_show(&s->progress, "Cells that enforce it", (size_t)ret->enforced,
                              (size_t)ret->agents);
                clock_sleep_ms(POLL_MS);
        } while (clock_ms() < end);
        return time_is_over(seconds, ret, &why, e);
}
