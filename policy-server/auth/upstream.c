/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/upstream.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#define CLIENTS_MAX 16
#define TIMEOUT_MS  10000
#define CONNECT_MS  3000

struct upstream {
        pthread_mutex_t lock;
        struct http_client *idle[CLIENTS_MAX];
        unsigned int idle_count;
        char *base_url, *ca_file;
        bool skip_verify;
        int stop_fd; /* eventfd: every call looks at it */
};

static int new_client(const struct upstream *u, struct http_client **ret, struct err *e)
{
        const struct http_client_conf conf = { .base_url = u->base_url,
                                               .ca_file = u->ca_file,
                                               .skip_verify = u->skip_verify,
                                               .connect_timeout_ms = CONNECT_MS,
                                               .timeout_ms = TIMEOUT_MS };

        return http_client_new(&conf, ret, e);
}

int upstream_new(const char *base_url, const char *ca_file, bool skip_verify, struct upstream **ret,
                 struct err *e)
{
        OWN(upstream) struct upstream *u = calloc(1, sizeof *u);

        if (!u)
                return err_oom(e);
        (void)pthread_mutex_init(&u->lock, NULL);
        u->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (u->stop_fd < 0)
                return err_set(e, FAULT_SYSTEM, errno, "eventfd");
        u->base_url = strdup(base_url);
        u->ca_file = ca_file ? strdup(ca_file) : NULL;
        u->skip_verify = skip_verify;
        if (!u->base_url || (ca_file && !u->ca_file))
                return err_oom(e);
        /* The first one shows whether address and file are any good. */
        if (new_client(u, &u->idle[0], e) < 0)
                return err_add(e, "%s", base_url);
        u->idle_count = 1;
        *ret = GIVE(u);
        return 0;
}

void upstream_free(struct upstream *u)
{
        if (!u)
                return;
        while (u->idle_count)
                http_client_free(u->idle[--u->idle_count]);
        (void)pthread_mutex_destroy(&u->lock);
        if (u->stop_fd >= 0)
                (void)close(u->stop_fd);
        free(u->base_url);
        free(u->ca_file);
        free(u);
}

static int take(struct upstream *u, struct http_client **ret, struct err *e)
{
        struct http_client *c = NULL;

        (void)pthread_mutex_lock(&u->lock);
        if (u->idle_count)
                c = u->idle[--u->idle_count];
        (void)pthread_mutex_unlock(&u->lock);
        if (!c)
                return new_client(u, ret, e);
        *ret = c;
        return 0;
}

static void give(struct upstream *u, struct http_client *c)
{
        (void)pthread_mutex_lock(&u->lock);
        if (u->idle_count < CLIENTS_MAX) {
                u->idle[u->idle_count++] = c;
                c = NULL;
        }
        (void)pthread_mutex_unlock(&u->lock);
        http_client_free(c);
}

void upstream_stop(struct upstream *u)
{
        uint64_t one = 1;

        if (write(u->stop_fd, &one, sizeof one) < 0)
                return; /* it is full, hence set */
}

/** call_one() - As http_client_call(), from any thread */
static int call_one(struct upstream *u, const struct http_call *call, struct http_answer *a,
                    struct err *e)
{
        struct http_call stoppable = *call;
        struct http_client *c = NULL;
        int rc;

        if (take(u, &c, e) < 0)
                return -1;
        stoppable.wake_fd = u->stop_fd;
        rc = http_client_call(c, &stoppable, a, e);
        give(u, c);
        return rc;
}

static enum fault status_fault(int status)
{
        switch (status) {
        case 401:
                return FAULT_DENIED;
        case 404:
                return FAULT_ABSENT;
        default:
                return FAULT_UPSTREAM;
        }
}

int upstream_json(struct upstream *u, const struct http_call *call, json_t **ret, struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(json) json_t *root = NULL;

        if (call_one(u, call, &a, e) < 0)
                return -1;
        /* The path without its query: that may hold what must not be logged. */
        if (a.status != 200)
                return err_set(e, status_fault(a.status), 0, "%s%.*s: status %d", u->base_url,
                               (int)strcspn(call->path, "?"), call->path, a.status);
        if (jsonx_parse(str_text(&a.body), a.body.len, &root, e) < 0 || !json_is_object(root))
                return err_set(e, FAULT_UPSTREAM, 0, "%s%.*s: the answer is no JSON object",
                               u->base_url, (int)strcspn(call->path, "?"), call->path);
        *ret = GIVE(root);
        return 0;
}
