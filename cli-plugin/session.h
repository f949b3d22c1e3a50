/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the user is and how to reach the platform. There are two ways to know:
 * the cf CLI that started us (cf.c), or, run by hand, its configuration file
 * (hand.c). Commands see this interface only.
 */
#ifndef NETMAN_PLUGIN_SESSION_H
#define NETMAN_PLUGIN_SESSION_H

#include "cli-plugin/apps.h"
#include "cli-plugin/progress.h"

#include "netman/err.h"
#include "netman/http_client.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>

struct session;

/** struct target - The targeted space; borrowed from the session */
struct target {
        const char *org, *org_id, *space, *space_id;
};

/**
 * struct session_ops - One way to know; texts returned are the caller's to free
 * @api:      Address of the API
 * @insecure: Was verification of certificates turned off?
 * @username: For messages
 * @token:    "bearer …"; @fresh: the last one was refused, get another if that
 *            can be done
 * @app:      Id of an app of the targeted space; FAULT_ABSENT "App X not found"
 * @apps:     All apps of the targeted space
 * @target:   Where commands work; NULL where cf started us: its commands need it not
 * @help:     What "cf help COMMAND" prints
 * @done:     Free @impl
 */
struct session_ops {
        int (*api)(struct session *s, char **ret, struct err *e);
        int (*insecure)(struct session *s, bool *ret, struct err *e);
        int (*username)(struct session *s, char **ret, struct err *e);
        int (*token)(struct session *s, bool fresh, char **ret, struct err *e);
        int (*app)(struct session *s, const char *name, char **ret, struct err *e);
        int (*apps)(struct session *s, struct app_list *ret, struct err *e);
        int (*target)(struct session *s, struct target *ret, struct err *e);
        int (*help)(struct session *s, const char *command, struct str *ret, struct err *e);
        void (*done)(struct session *s);
};

/**
 * struct session - The user's session
 * @ops, @impl: One of the two ways, and its state
 * @api, @http: Where the API is; known once session_connect() ran
 * @trace:      Requests and answers are printed
 * @token:      As last used
 * @progress:   How far we are, for a terminal
 */
struct session {
        const struct session_ops *ops;
        void *impl;
        char *api;
        struct http_client *http;
        bool trace;
        char *token;
        struct progress progress;
};

void session_done(struct session *s);
static inline void session_drop(struct session *s)
{
        session_done(s);
}

/**
 * session_connect() - Find out where the API is; no request is sent yet
 * @e: In the words of the reference: "getting api endpoint: …"
 */
int session_connect(struct session *s, struct err *e);

/** session_copy() - A text for the caller of one of the @ops to own */
int session_copy(const char *text, char **ret, struct err *e);

/**
 * session_request() - A request to the API with the user's token
 * @body: JSON to send, or NULL
 * @a:    The answer, of any status but 401: then the token is renewed, once
 */
int session_request(struct session *s, const char *method, const char *path, const char *body,
                    struct http_answer *a, struct err *e);

/** session_get() - A GET; @timeout_ms: what it may take at most */
int session_get(struct session *s, const char *path, int timeout_ms, struct http_answer *a,
                struct err *e);

/**
 * session_refused() - An answer that is no success, as an error: "403 Forbidden: …"
 * @e: FAULT_UPSTREAM: the server failed, and what it did is not known
 * Return: always -1
 */
int session_refused(const struct http_answer *a, struct err *e);

#endif
