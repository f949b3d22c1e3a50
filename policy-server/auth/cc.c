/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/cc.h"

#include "policy-server/auth/upstream.h"

#include <string.h>

/* More pages than this are no list but a server gone wrong. */
#define PAGES_MAX 10000
/* The Cloud Controller's own limit for /v2 lists. */
#define V2_PAGE "100"

struct cc {
        struct upstream *server;
        struct uaa *uaa;
        size_t chunk;
};

int cc_new(const struct ps_config *c, struct uaa *uaa, struct cc **ret, struct err *e)
{
        OWN(cc) struct cc *cc = calloc(1, sizeof *cc);

        if (!cc)
                return err_oom(e);
        cc->uaa = uaa;
        cc->chunk = c->cc_app_request_chunk_size > 0 ? (size_t)c->cc_app_request_chunk_size : 100;
        if (upstream_new(c->cc_url, c->cc_ca_cert, c->skip_ssl_validation, &cc->server, e) < 0)
                return err_add(e, "cloud controller");
        *ret = GIVE(cc);
        return 0;
}

void cc_free(struct cc *cc)
{
        if (!cc)
                return;
        upstream_free(cc->server);
        free(cc);
}

void cc_stop(struct cc *cc)
{
        if (cc)
                upstream_stop(cc->server);
}

/** get() - GET with our own token; one that was refused is renewed once */
static int get(struct cc *cc, const char *path, json_t **ret, struct err *e)
{
        for (int again = 0;; again++) {
                OWN(mem) char *bearer = NULL;
                struct http_call call = { .path = path };
                struct err why = { 0 };

                if (uaa_own_token(cc->uaa, again, &bearer, e) < 0)
                        return -1;
                call.authorization = bearer;
                if (upstream_json(cc->server, &call, ret, &why) == 0)
                        return 0;
                if (why.fault != FAULT_DENIED || again) {
                        if (e)
                                *e = why;
                        return -1;
                }
        }
}

/** space_of() - An app's space: the last part of its link, or the relationship's guid */
static const char *space_of(const json_t *app)
{
        const char *guid = NULL, *href = NULL, *slash;

        (void)json_unpack((json_t *)(uintptr_t)app, "{s:{s:{s:s}}}", "links", "space", "href",
                          &href);
        slash = href ? strrchr(href, '/') : NULL;
        if (slash && slash[1])
                return slash + 1;
        (void)json_unpack((json_t *)(uintptr_t)app, "{s:{s:{s:{s:s}}}}", "relationships", "space",
                          "data", "guid", &guid);
        return guid;
}

static int take_apps(const json_t *page, json_t *spaces, struct err *e)
{
        const json_t *apps = json_object_get(page, "resources");
        size_t i;
        json_t *app;

        if (!json_is_array(apps))
                return err_set(e, FAULT_UPSTREAM, 0, "/v3/apps: no 'resources' in the answer");
        json_array_foreach(apps, i, app) {
                const char *guid = NULL, *space = space_of(app);

                if (jsonx_str(app, "guid", &guid, e) < 0 || !space)
                        return err_set(e, FAULT_UPSTREAM, 0, "/v3/apps: app without guid or space");
                if (json_object_set_new(spaces, guid, json_string(space)) < 0)
                        return err_oom(e);
        }
        return 0;
}

/**
 * next_page() - Path of the page after this one, "" after the last
 *
 * Only the query is taken from the link: its host may be an address that we are
 * not meant to use.
 */
static int next_page(const json_t *page, struct str *path, struct err *e)
{
        const json_t *pagination = json_object_get(page, "pagination");
        const json_t *next = json_object_get(pagination, "next");
        const char *href = "";

        str_clear(path);
        if (!json_is_object(pagination))
                return err_set(e, FAULT_UPSTREAM, 0, "/v3/apps: no 'pagination' in the answer");
        if (next && !json_is_null(next) && jsonx_opt_str(next, "href", &href, e) < 0)
                return -1;
        if (*href && !strchr(href, '?'))
                return err_set(e, FAULT_UPSTREAM, 0, "/v3/apps: next page without a query");
        if (*href)
                str_addf(path, "/v3/apps%s", strchr(href, '?'));
        return str_ok(path, e);
}

/** read_apps() - All pages of one question */
static int read_apps(struct cc *cc, struct str *path, json_t *spaces, struct err *e)
{
        for (int i = 0; i < PAGES_MAX; i++) {
                OWN(json) json_t *page = NULL;

                if (get(cc, path->data, &page, e) < 0 || take_apps(page, spaces, e) < 0 ||
                    next_page(page, path, e) < 0)
                        return -1;
                if (!path->len)
                        return 0;
        }
        return err_set(e, FAULT_UPSTREAM, 0, "/v3/apps: more than %d pages", PAGES_MAX);
}

/** ask_chunk() - One question for the ids collected so far */
static int ask_chunk(struct cc *cc, struct str *ids, size_t count, json_t *spaces, struct err *e)
{
        OWN(str) struct str path = { 0 };

        str_add(&path, "/v3/apps?guids=");
        http_escape(&path, str_text(ids));
        str_addf(&path, "&per_page=%zu", count);
        str_clear(ids);
        if (str_ok(ids, e) < 0 || str_ok(&path, e) < 0)
                return -1;
        return read_apps(cc, &path, spaces, e);
}

int cc_app_spaces(struct cc *cc, const json_t *apps, json_t **ret, struct err *e)
{
        OWN(json) json_t *spaces = json_object();
        OWN(str) struct str ids = { 0 };
        size_t in_chunk = 0;
        const char *id;
        json_t *v;

        if (!spaces)
                return err_oom(e);
        json_object_foreach((json_t *)(uintptr_t)apps, id, v) {
                str_addf(&ids, "%s%s", in_chunk ? "," : "", id);
                if (++in_chunk < cc->chunk)
                        continue;
                if (ask_chunk(cc, &ids, in_chunk, spaces, e) < 0)
                        return -1;
                in_chunk = 0;
        }
        if (in_chunk && ask_chunk(cc, &ids, in_chunk, spaces, e) < 0)
                return -1;
        *ret = GIVE(spaces);
        return 0;
}

/** take_spaces() - Add the guids of a /v2 list of spaces */
static int take_spaces(const json_t *page, json_t *set, struct err *e)
{
        const json_t *list = json_object_get(page, "resources");
        size_t i;
        json_t *space;

        if (!json_is_array(list))
                return err_set(e, FAULT_UPSTREAM, 0, "spaces: no 'resources' in the answer");
        json_array_foreach(list, i, space) {
                const char *guid = NULL;

                if (json_unpack(space, "{s:{s:s}}", "metadata", "guid", &guid) < 0)
                        return err_set(e, FAULT_UPSTREAM, 0, "spaces: one without a guid");
                if (json_object_set_new(set, guid, json_true()) < 0)
                        return err_oom(e);
        }
        return 0;
}

/** read_spaces() - All pages of a /v2 list of spaces */
static int read_spaces(struct cc *cc, struct str *path, json_t *set, struct err *e)
{
        for (int i = 0; i < PAGES_MAX; i++) {
                OWN(json) json_t *page = NULL;
                const char *next = "";

                if (str_ok(path, e) < 0 || get(cc, path->data, &page, e) < 0 ||
                    take_spaces(page, set, e) < 0 || jsonx_opt_str(page, "next_url", &next, e) < 0)
                        return -1;
                str_clear(path);
                if (!*next)
                        return 0;
                if (*next != '/')
                        return err_set(e, FAULT_UPSTREAM, 0, "spaces: next page is no path");
                str_add(path, next);
        }
        return err_set(e, FAULT_UPSTREAM, 0, "spaces: more than %d pages", PAGES_MAX);
}

int cc_user_spaces(struct cc *cc, const char *user, json_t **ret, struct err *e)
{
        OWN(json) json_t *set = json_object();
        OWN(str) struct str path = { 0 };

        if (!set)
                return err_oom(e);
        str_add(&path, "/v2/users/");
        http_escape(&path, user);
        str_add(&path, "/spaces?results-per-page=" V2_PAGE);
        if (read_spaces(cc, &path, set, e) < 0)
                return -1;
        *ret = GIVE(set);
        return 0;
}

/** add_filter() - "&q=KEY:VALUE" */
static void add_filter(struct str *path, const char *key, const char *value)
{
        str_addf(path, "%cq=%s%%3A", strchr(str_text(path), '?') ? '&' : '?', key);
        http_escape(path, value);
}

int cc_user_develops(struct cc *cc, const char *user, const char *space, bool *ret, struct err *e)
{
        OWN(json) json_t *found = NULL;
        OWN(json) json_t *set = json_object();
        OWN(str) struct str path = { 0 };
        const char *name = NULL, *org = NULL;
        struct err why = { 0 };

        if (!set)
                return err_oom(e);
        str_add(&path, "/v2/spaces/");
        http_escape(&path, space);
        *ret = false;
        if (str_ok(&path, e) < 0)
                return -1;
        if (get(cc, path.data, &found, &why) < 0) {
                if (why.fault == FAULT_ABSENT)
                        return 0;
                return err_set(e, why.fault, why.sys, "%s", why.msg);
        }
        if (json_unpack(found, "{s:{s:s, s:s}}", "entity", "name", &name, "organization_guid",
                        &org) < 0)
                return err_set(e, FAULT_UPSTREAM, 0, "space without name or organization");
        str_clear(&path);
        str_add(&path, "/v2/spaces");
        add_filter(&path, "developer_guid", user);
        add_filter(&path, "name", name);
        add_filter(&path, "organization_guid", org);
        if (read_spaces(cc, &path, set, e) < 0)
                return -1;
        *ret = json_object_get(set, space);
        return 0;
}
