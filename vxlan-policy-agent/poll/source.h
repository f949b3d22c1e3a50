/* SPDX-License-Identifier: Apache-2.0 */
/* Policies from the internal API: asked for, or waited for. */
#ifndef VXLAN_POLICY_AGENT_SOURCE_H
#define VXLAN_POLICY_AGENT_SOURCE_H

#include "netman/err.h"
#include "netman/http_client.h"
#include "netman/policy.h"
#include "vxlan-policy-agent/poll/saved.h"

#include <stdbool.h>
#include <stddef.h>

#define SOURCE_ETAG_MAX     255    /* characters of a revision's name that we keep */
#define SOURCE_POLICIES_MAX 100000 /* in an answer: a cell's rules have to fit into its kernel */

/**
 * struct source - The server, as we know it
 * @client:   Keeps the connection
 * @agent_id: How we name ourselves to it
 * @old_api:  It knows only v0
 */
struct source {
        struct http_client *client;
        char agent_id[128];
        bool old_api;
};

/**
 * source_init() - Prepare; connects to nothing yet
 * @timeout_s: For a call that does not wait
 */
int source_init(struct source *s, const char *url, const char *ca, const char *cert,
                const char *key, int timeout_s, struct err *e);
void source_done(struct source *s);

/**
 * struct source_ask - One question
 * @ids:      Apps, sorted
 * @enforced: Revision that is in the kernel, "" for none
 * @known:    Checksum of the answer that is known; NULL where none is
 * @wait_s:   Park at the server for so long while nothing is new; 0: answer at once
 * @wake_fd:  Readable: ask @on_wake, with @wake_arg, whether to go on; @ids may have
 *            changed when it returns
 */
struct source_ask {
        const char *const *ids;
        size_t id_count;
        const char *enforced;
        const struct saved_sum *known;
        int wait_s, timeout_s;
        int wake_fd;
        bool (*on_wake)(void *arg);
        void *wake_arg;
};

/**
 * struct source_news - One answer
 * @changed:  False: what is known still holds, @policies and @body are empty
 * @policies: All that touch one of the ids
 * @revision: The answer's ETag; "" from a server without
 * @body:     The answer's text, to be kept on disk; @sum: its checksum
 * @parked_us: How long the server let us wait for news, as it says
 */
struct source_news {
        int64_t parked_us;
        bool changed;
        struct policy_list policies;
        char revision[SOURCE_ETAG_MAX + 1];
        struct str body;
        struct saved_sum sum;
};
void source_news_done(struct source_news *n);

static inline void source_news_drop(struct source_news *n)
{
        source_news_done(n);
}

/**
 * source_ask() - Ask
 * @ret: Emptied, then filled in
 * @e:   FAULT_UPSTREAM; sys is ECANCELED if @on_wake ended it, or if the server knows
 *       only the older API: it has to be asked again
 *
 * An answer that contradicts itself (an app with two tags, a tag with two apps,
 * ports that end before they start) is no answer. One that is word for word the
 * known one is not read again.
 */
int source_ask(struct source *s, const struct source_ask *ask, struct source_news *ret,
               struct err *e);

/** source_judge() - Is such a set of policies possible? */
int source_judge(const struct policy_list *list, struct err *e);

#endif
