/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STANDINS_CC_H
#define TESTS_STANDINS_CC_H

#include "../jwt.h"
#include "../standin.h"

struct cc {
        struct standin standin; /* first: the server's app pointer is both */
        pthread_mutex_t lock;   /* of @key, read when first needed */
        EVP_PKEY *key;
};

/**
 * struct visit - One request: the world, and what its token lets it see
 * @all:  A client or an administrator with the scope to see everything
 * @user: Otherwise: the user's id, who sees the spaces they develop in
 */
struct visit {
        struct http_request *rq;
        struct cc *cc;
        json_t *world;
        json_t *claims;
        bool all;
        const char *user;
};

/**
 * visit_begin() - Check the token
 * Return: false when the request was answered (no token, a bad one, told to fail)
 */
bool visit_begin(struct visit *v, struct http_request *rq);
void visit_drop(struct visit *v);

bool sees_space(const struct visit *v, const json_t *space);

/** not_found() - 404 in the words of either API */
void not_found_v2(struct http_request *rq, int code, const char *name, const char *what);
void not_found_v3(struct http_request *rq, const char *what);

/* page.c: @all is consumed */
void answer_page_v2(struct visit *v, json_t *all);
void answer_page_v3(struct visit *v, json_t *all);

/**
 * wanted() - A filter "a,b,c" of the query, as a set; NULL: not filtered
 */
json_t *wanted(struct http_request *rq, const char *name);

/* v2.c and v3.c: handlers */
void v2_space(struct http_request *rq);
void v2_spaces(struct http_request *rq);
void v2_user_spaces(struct http_request *rq);
void v3_app(struct http_request *rq);
void v3_apps(struct http_request *rq);
void v3_spaces(struct http_request *rq);
void v3_orgs(struct http_request *rq);

/* router.c: /networking goes to the policy server */
void router_forward(struct http_request *rq);

#endif
