/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for Cloud Foundry's Cloud Controller, and for the router before it:
 *
 *   cc --world FILE --signing-key FILE --url URL [--uaa URL] [--networking URL]
 *      [--host H] [--port P] [--cert F --key F]
 *
 * Of the world it reads "orgs" [{guid, name}], "spaces" [{guid, name, org,
 * developers: [user ids]}], "apps" [{guid, name, space}], "users", and
 * "page_max", which makes pages smaller than asked for. Who may see what is
 * decided by the token, which must be signed with the key.
 */
#include "cc.h"

static void info(struct http_request *rq)
{
        struct cc *cc = http_request_app(rq);
        const char *uaa = cc->standin.uaa ? cc->standin.uaa : "";

        answer_json(rq, 200,
                    json_pack("{s:s, s:s, s:s, s:s}", "name", "stand-in", "authorization_endpoint",
                              uaa, "token_endpoint", uaa, "api_version", "2.200.0"));
}

static void root(struct http_request *rq)
{
        struct cc *cc = http_request_app(rq);
        const char *base = cc->standin.public_url, *uaa = cc->standin.uaa ? cc->standin.uaa : "";

        answer_json(rq, 200,
                    json_pack("{s:{s:{s:s}, s:{s:s+}, s:{s:s+}, s:{s:s+}, s:{s:s}, s:{s:s}}}",
                              "links", "self", "href", base, "cloud_controller_v3", "href", base,
                              "/v3", "network_policy_v0", "href", base, "/networking/v0/external",
                              "network_policy_v1", "href", base, "/networking/v1/external", "uaa",
                              "href", uaa, "login", "href", uaa));
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/", .handler = root },
        { .method = "GET", .pattern = "/v2/info", .handler = info },
        { .method = "GET", .pattern = "/v2/spaces", .handler = v2_spaces },
        { .method = "GET", .pattern = "/v2/spaces/:guid", .handler = v2_space },
        { .method = "GET", .pattern = "/v2/users/:guid/spaces", .handler = v2_user_spaces },
        { .method = "GET", .pattern = "/v3/apps", .handler = v3_apps },
        { .method = "GET", .pattern = "/v3/apps/:guid", .handler = v3_app },
        { .method = "GET", .pattern = "/v3/spaces", .handler = v3_spaces },
        { .method = "GET", .pattern = "/v3/organizations", .handler = v3_orgs },
        { .method = "GET", .pattern = "/networking/*", .handler = router_forward },
        { .method = "POST", .pattern = "/networking/*", .handler = router_forward },
        { .method = "PUT", .pattern = "/networking/*", .handler = router_forward },
        { .method = "OPTIONS", .pattern = "/networking/*", .handler = router_forward },
        { 0 },
};

int main(int argc, char **argv)
{
        struct cc cc = { .standin.lock = PTHREAD_MUTEX_INITIALIZER,
                         .lock = PTHREAD_MUTEX_INITIALIZER };
        struct err e;
        int rc;

        rc = standin_options(argc, argv, &cc.standin, &e) < 0 ||
             standin_run(&cc.standin, routes, &e) < 0;
        if (rc)
                (void)fprintf(stderr, "cc: %s\n", e.msg);
        json_decref(cc.standin.world);
        EVP_PKEY_free(cc.key);
        return rc;
}
