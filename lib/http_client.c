/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: One easy handle and one multi handle per client. The easy handle is set
 * up afresh for each call, so no option survives into the next; the
 * connections live in the multi handle, so they do. The multi interface is
 * used for its poll, which another thread or a file descriptor can wake.
 */
#include "netman/http_client.h"

#include "http_internal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONNECT_MS 5000
#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_BODY_MAX   ((size_t)16 << 20)
#define POLL_MS            60000

/* libcurl wants one call per process before its first use, at a time when no
 * other thread is inside it; this is the one place. */
static void init_libcurl(void)
{
        (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* failing, curl_easy_init() fails too */
}

/**
 * url_check() - http or https, and no password in it, which errors would tell
 */
static int url_check(const char *url, struct err *e)
{
        const char *host = strstr(url, "://");
        size_t len;

        if (!str_starts(url, "http://") && !str_starts(url, "https://"))
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.100s' is no http or https URL", url);
        host += strlen("://");
        len = strcspn(host, "/?#");
        if (len == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.100s' names no host", url);
        if (memchr(host, '@', len))
                return err_set(e, FAULT_BAD_INPUT, 0, "the URL must not hold a user or password");
        return 0;
}

static int file_check(const char *path, struct err *e)
{
        if (path && access(path, R_OK) != 0)
                return err_set(e, FAULT_BAD_INPUT, errno, "cannot read %s", path);
        return 0;
}

static int conf_check(const struct http_client_conf *conf, struct err *e)
{
        if (!conf->cert_file != !conf->key_file)
                return err_set(e, FAULT_BAD_INPUT, 0, "a certificate and its key go together");
        if (url_check(conf->base_url, e) < 0 || file_check(conf->ca_file, e) < 0 ||
            file_check(conf->cert_file, e) < 0 || file_check(conf->key_file, e) < 0)
                return -1;
        return 0;
}

static int copy_text(const char *text, char **ret, struct err *e)
{
        if (text && !(*ret = strdup(text)))
                return err_oom(e);
        return 0;
}

static int fill(struct http_client *c, const struct http_client_conf *conf, struct err *e)
{
        c->skip_verify = conf->skip_verify;
        c->use_env_proxy = conf->use_env_proxy;
        c->connect_timeout_ms =
                conf->connect_timeout_ms > 0 ? conf->connect_timeout_ms : DEFAULT_CONNECT_MS;
        c->timeout_ms = conf->timeout_ms > 0 ? conf->timeout_ms : DEFAULT_TIMEOUT_MS;
        c->body_max = conf->body_max ? conf->body_max : DEFAULT_BODY_MAX;
        if (copy_text(conf->base_url, &c->base_url, e) < 0 ||
            copy_text(conf->ca_file, &c->ca_file, e) < 0 ||
            copy_text(conf->cert_file, &c->cert_file, e) < 0 ||
            copy_text(conf->key_file, &c->key_file, e) < 0)
                return -1;
        c->easy = curl_easy_init();
        c->multi = curl_multi_init();
        if (!c->easy || !c->multi)
                return err_set(e, FAULT_SYSTEM, 0, "cannot set up libcurl");
        return 0;
}

int http_client_new(const struct http_client_conf *conf, struct http_client **ret, struct err *e)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        OWN(http_client) struct http_client *c = NULL;

        (void)pthread_once(&once, init_libcurl);
        if (conf_check(conf, e) < 0)
                return -1;
        c = calloc(1, sizeof *c);
        if (!c)
                return err_oom(e);
        if (fill(c, conf, e) < 0)
                return -1; /* NOLINT(clang-analyzer-unix.Malloc): OWN frees it */
        *ret = GIVE(c);
        return 0;
}

void http_client_free(struct http_client *c)
{
        if (!c)
                return;
        if (c->easy)
                curl_easy_cleanup(c->easy);
        if (c->multi)
                (void)curl_multi_cleanup(c->multi); /* nothing is left in it */
        free(c->base_url);
        free(c->ca_file);
        free(c->cert_file);
        free(c->key_file);
        free(c);
}

/**
 * result_error() - What curl's verdict means to a caller
 */
static int result_error(struct http_client *c, CURLcode rc, struct err *e)
{
        const char *why = c->reason[0] ? c->reason : curl_easy_strerror(rc);

        switch (rc) {
        case CURLE_OUT_OF_MEMORY:
                return err_oom(e);
        case CURLE_URL_MALFORMAT:
                return err_set(e, FAULT_BAD_INPUT, 0, "%s", curl_easy_strerror(rc));
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
                return err_set(e, FAULT_BAD_INPUT, 0, "%s", why);
        case CURLE_OPERATION_TIMEDOUT:
                return err_set(e, FAULT_UPSTREAM, ETIMEDOUT, "%s", why);
        default:
                return err_set(e, FAULT_UPSTREAM, 0, "%s", why);
        }
}

/**
 * wait_for_more() - Sleep until there is something to do, or somebody calls it off
 */
static int wait_for_more(struct http_client *c, const struct http_call *call, struct err *e)
{
        struct curl_waitfd wake = { .fd = call->wake_fd, .events = CURL_WAIT_POLLIN };
        CURLMcode rc = curl_multi_poll(c->multi, &wake, call->wake_fd > 0 ? 1 : 0, POLL_MS, NULL);

        if (rc != CURLM_OK)
                return err_set(e, FAULT_SYSTEM, 0, "%s", curl_multi_strerror(rc));
        if (wake.revents && (!call->on_wake || !call->on_wake(call->wake_arg)))
                return err_set(e, FAULT_UPSTREAM, ECANCELED, "called off");
        if (atomic_load(&c->aborted))
                return err_set(e, FAULT_UPSTREAM, ECANCELED, "called off");
        return 0;
}

/**
 * drive() - Run the transfer that is in the multi handle to its end
 * @ret_rc: curl's verdict
 */
static int drive(struct http_client *c, const struct http_call *call, CURLcode *ret_rc,
                 struct err *e)
{
        int running, left;
        CURLMcode rc;
        CURLMsg *msg;

        for (;;) {
                rc = curl_multi_perform(c->multi, &running);
                if (rc != CURLM_OK)
                        return err_set(e, FAULT_SYSTEM, 0, "%s", curl_multi_strerror(rc));
                if (!running)
                        break;
                if (wait_for_more(c, call, e) < 0)
                        return -1;
        }
        while ((msg = curl_multi_info_read(c->multi, &left))) {
                if (msg->msg == CURLMSG_DONE) {
                        *ret_rc = msg->data.result;
                        return 0;
                }
        }
        return err_set(e, FAULT_SYSTEM, 0, "libcurl ended without a result");
}

/**
 * run() - The transfer from start to end, all options set
 */
static int run(struct http_client *c, const struct http_call *call, struct http_transfer *t,
               struct err *e)
{
        CURLcode rc = CURLE_OK;
        int failed;

        if (c->opt_rc != CURLE_OK)
                return result_error(c, c->opt_rc, e);
        if (atomic_load(&c->aborted))
                return err_set(e, FAULT_UPSTREAM, ECANCELED, "called off");
        if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
                return err_set(e, FAULT_SYSTEM, 0, "cannot start the transfer");
        failed = drive(c, call, &rc, e);
        (void)curl_multi_remove_handle(c->multi, c->easy); /* ends it where it is not over */
        if (failed)
                return -1;
        if (http_transfer_end(t, rc == CURLE_OK, e) < 0)
                return -1;
        return rc == CURLE_OK || t->stopped ? 0 : result_error(c, rc, e);
}

/**
 * attempt() - Set everything up for one call and make it
 */
static int attempt(struct http_client *c, const struct http_call *call, const char *url,
                   const char *method, struct http_transfer *t, struct err *e)
{
        OWN(slist) struct curl_slist *headers = NULL;
        int timeout_ms = call->timeout_ms > 0 ? call->timeout_ms : t->on_line ? 0 : c->timeout_ms;

        if (url_check(url, e) < 0 || http_headers(call, &headers, e) < 0)
                return -1;
        http_options(c, call, url, method, headers, timeout_ms);
        http_transfer_attach(t, c->easy);
        return run(c, call, t, e);
}

/**
 * make_call() - Both kinds of call; names the request in its error
 */
static int make_call(struct http_client *c, const struct http_call *call, struct http_transfer *t,
                     struct err *e)
{
        const char *method = call->method ? call->method : call->body ? "POST" : "GET";
        const char *path = call->path ? call->path : "";
        OWN(str) struct str url = { 0 };

        if (!strstr(path, "://") || path[0] == '/')
                str_add(&url, c->base_url);
        str_add(&url, path);
        if (str_ok(&url, e) < 0)
                return -1;
        if (attempt(c, call, url.data, method, t, e) == 0)
                return 0;
        http_answer_done(t->answer);
        return err_add(e, "%s %.*s", method, (int)strcspn(url.data, "?#"), url.data);
}

int http_client_call(struct http_client *c, const struct http_call *call, struct http_answer *a,
                     struct err *e)
{
        OWN(http_transfer) struct http_transfer t = { .answer = a, .body_max = c->body_max };

        return make_call(c, call, &t, e);
}

int http_client_stream(struct http_client *c, const struct http_call *call, http_line_fn *on_line,
                       void *arg, struct http_answer *a, struct err *e)
{
        OWN(http_transfer)
        struct http_transfer t = {
                .answer = a, .body_max = c->body_max, .on_line = on_line, .arg = arg
        };

        return make_call(c, call, &t, e);
}

void http_client_abort(struct http_client *c)
{
        atomic_store(&c->aborted, true);
        (void)curl_multi_wakeup(c->multi); /* fails only where a wake-up is already pending */
}

void http_client_rearm(struct http_client *c)
{
        atomic_store(&c->aborted, false);
}
