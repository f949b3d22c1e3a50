/* SPDX-License-Identifier: Apache-2.0 */
#include "cc.h"

#include <strings.h>

static EVP_PKEY *signing_key(struct cc *cc)
{
        EVP_PKEY *key;

        (void)pthread_mutex_lock(&cc->lock);
        if (!cc->key)
                cc->key =
                        jwt_key_load(cc->standin.key_path); /* the UAA may have started after us */
        key = cc->key;
        (void)pthread_mutex_unlock(&cc->lock);
        return key;
}

static void unauthorized(struct http_request *rq, int code, const char *title, const char *detail)
{
        bool v2 = str_starts(http_request_path(rq), "/v2/");

        answer_json(rq, 401,
                    v2 ? json_pack("{s:i, s:s, s:s}", "code", code, "error_code", title,
                                   "description", detail)
                       : json_pack("{s:[{s:i, s:s, s:s}]}", "errors", "code", code, "title", title,
                                   "detail", detail));
}

static bool sees_all(const json_t *scopes)
{
        return list_holds(scopes, "cloud_controller.admin") ||
               list_holds(scopes, "cloud_controller.admin_read_only") ||
               list_holds(scopes, "cloud_controller.global_auditor");
}

/** identify() - Claims of the request's token; false when the request was answered */
static bool identify(struct visit *v)
{
        const char *header = http_request_header(v->rq, "Authorization");
        EVP_PKEY *key = signing_key(v->cc);

        if (!header || strncasecmp(header, "bearer ", 7) != 0) {
                unauthorized(v->rq, 10002, "CF-NotAuthenticated", "Authentication error");
                return false;
        }
        v->claims = key ? jwt_verify(key, header + 7) : NULL;
        if (!v->claims) {
                unauthorized(v->rq, 1000, "CF-InvalidAuthToken", "Invalid Auth Token");
                return false;
        }
        v->all = sees_all(json_object_get(v->claims, "scope"));
        v->user = text_of(v->claims, "user_id");
        return true;
}

bool visit_begin(struct visit *v, struct http_request *rq)
{
        v->rq = rq;
        v->cc = http_request_app(rq);
        v->world = standin_world(&v->cc->standin);
        return !standin_fails(rq, v->world) && identify(v);
}

void visit_drop(struct visit *v)
{
        json_decref(v->world);
        json_decref(v->claims);
}

bool sees_space(const struct visit *v, const json_t *space)
{
        return v->all || list_holds(json_object_get(space, "developers"), v->user);
}

void not_found_v2(struct http_request *rq, int code, const char *name, const char *what)
{
        answer_json(rq, 404,
                    json_pack("{s:i, s:s, s:s}", "code", code, "error_code", name, "description",
                              what));
}

void not_found_v3(struct http_request *rq, const char *what)
{
        answer_json(rq, 404,
                    json_pack("{s:[{s:i, s:s, s:s}]}", "errors", "code", 10010, "title",
                              "CF-ResourceNotFound", "detail", what));
}
