/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three files of the HTTP client share: http_client.c makes calls,
 * http_options.c tells libcurl what to send and how, http_transfer.c takes what
 * arrives, bounded and cut into lines.
 */
#ifndef NETMAN_LIB_HTTP_INTERNAL_H
#define NETMAN_LIB_HTTP_INTERNAL_H

#include "netman/http_client.h"

#include <curl/curl.h>
#include <stdatomic.h>

/**
 * struct http_client - What the configuration said, and libcurl's two handles
 * @opt_rc:  The first option of this call that libcurl refused
 * @reason:  libcurl's own words about the last failure
 * @aborted: http_client_abort() was called, maybe by another thread
 */
struct http_client {
        char *base_url, *ca_file, *cert_file, *key_file;
        bool skip_verify, use_env_proxy;
        int connect_timeout_ms, timeout_ms;
        size_t body_max;
        CURL *easy;
        CURLM *multi;
        CURLcode opt_rc;
        char reason[CURL_ERROR_SIZE];
        atomic_bool aborted;
};

OWN_DROP(slist, struct curl_slist *, curl_slist_free_all)

/**
 * http_headers() - All headers of a call
 * @list: Grows; freed by the caller after the call
 * @e:    A name or value holds what would make it two headers
 */
int http_headers(const struct http_call *call, struct curl_slist **list, struct err *e);

/** http_options() - Set the easy handle up afresh; see @opt_rc for the outcome */
void http_options(struct http_client *c, const struct http_call *call, const char *url,
                  const char *method, struct curl_slist *headers, int timeout_ms);

/**
 * struct http_transfer - One answer while it arrives
 * @answer:   Where it goes
 * @body_max: Most bytes of body, or of one line of a stream
 * @on_line:  Set for a stream
 * @line:     The line that is not complete yet
 * @stopped:  @on_line has seen enough
 * @why:      What was wrong with the answer, if anything; told instead of
 *            curl's own reason, which is only that we refused to go on
 */
struct http_transfer {
        struct http_answer *answer;
        size_t body_max;
        http_line_fn *on_line;
        void *arg;
        CURL *easy;
        struct str line;
        bool stopped;
        struct err why;
};

/** http_transfer_attach() - Empty the answer and have @easy deliver to @t */
void http_transfer_attach(struct http_transfer *t, CURL *easy);

/**
 * http_transfer_end() - Status and last line, once curl has ended
 * @whole: It ended well; else the line begun is a torn one and stays here
 * @e:     The answer was not acceptable
 */
int http_transfer_end(struct http_transfer *t, bool whole, struct err *e);

static inline void http_transfer_drop(struct http_transfer *t)
{
        str_done(&t->line);
}

#endif
