/* SPDX-License-Identifier: Apache-2.0 */
#include "cc.h"

static json_t *app_v3(const struct visit *v, const json_t *app)
{
        const char *base = v->cc->standin.public_url, *space = text_of(app, "space");

        return json_pack("{s:s, s:s, s:s, s:{s:{s:{s:s}}}, s:{s:{s:s++}, s:{s:s++}}}", "guid",
                         text_of(app, "guid"), "name", text_of(app, "name"), "state", "STARTED",
                         "relationships", "space", "data", "guid", space, "links", "self", "href",
                         base, "/v3/apps/", text_of(app, "guid"), "space", "href", base,
                         "/v3/spaces/", space);
}

static json_t *space_v3(const json_t *space)
{
        return json_pack("{s:s, s:s, s:{s:{s:{s:s}}}}", "guid", text_of(space, "guid"), "name",
                         text_of(space, "name"), "relationships", "organization", "data", "guid",
                         text_of(space, "org"));
}

/** passes() - Is @value in the set, or the set not asked for? */
static bool passes(const json_t *set, const char *value)
{
        return !set || json_object_get(set, value);
}

/** seen_spaces() - A set of the spaces that the visitor sees */
static json_t *seen_spaces(const struct visit *v)
{
        json_t *set = json_object(), *space;
        size_t i;

        json_array_foreach(world_list(v->world, "spaces"), i, space) {
                if (sees_space(v, space))
                        (void)json_object_set_new(set, text_of(space, "guid"), json_true());
        }
        return set;
}

void v3_app(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(json) json_t *seen = NULL;
        const json_t *app;

        if (!visit_begin(&v, rq))
                return;
        seen = seen_spaces(&v);
        app = find_by(world_list(v.world, "apps"), "guid", http_request_param(rq, "guid"));
        if (app && passes(seen, text_of(app, "space")))
                answer_json(rq, 200, app_v3(&v, app));
        else
                not_found_v3(rq, "App not found");
}

void v3_apps(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(json) json_t *seen = NULL;
        OWN(json) json_t *guids = wanted(rq, "guids");
        OWN(json) json_t *names = wanted(rq, "names");
        OWN(json) json_t *spaces = wanted(rq, "space_guids");
        json_t *found, *app;
        size_t i;

        if (!visit_begin(&v, rq))
                return;
        seen = seen_spaces(&v);
        found = json_array();
        json_array_foreach(world_list(v.world, "apps"), i, app) {
                const char *space = text_of(app, "space");

                if (passes(seen, space) && passes(spaces, space) &&
                    passes(guids, text_of(app, "guid")) && passes(names, text_of(app, "name")))
                        (void)json_array_append_new(found, app_v3(&v, app));
        }
        answer_page_v3(&v, found);
}

void v3_spaces(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(json) json_t *guids = wanted(rq, "guids");
        OWN(json) json_t *names = wanted(rq, "names");
        OWN(json) json_t *orgs = wanted(rq, "organization_guids");
        json_t *found, *space;
        size_t i;

        if (!visit_begin(&v, rq))
                return;
        found = json_array();
        json_array_foreach(world_list(v.world, "spaces"), i, space) {
                if (sees_space(&v, space) && passes(guids, text_of(space, "guid")) &&
                    passes(names, text_of(space, "name")) && passes(orgs, text_of(space, "org")))
                        (void)json_array_append_new(found, space_v3(space));
        }
        answer_page_v3(&v, found);
}

/** sees_org() - Through any space in it */
static bool sees_org(const struct visit *v, const char *org)
{
        json_t *space;
        size_t i;

        json_array_foreach(world_list(v->world, "spaces"), i, space) {
                if (str_eq(text_of(space, "org"), org) && sees_space(v, space))
                        return true;
        }
        return v->all;
}

void v3_orgs(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(json) json_t *guids = wanted(rq, "guids");
        OWN(json) json_t *names = wanted(rq, "names");
        json_t *found, *org;
        size_t i;

        if (!visit_begin(&v, rq))
                return;
        found = json_array();
        json_array_foreach(world_list(v.world, "orgs"), i, org) {
                const char *guid = text_of(org, "guid"), *name = text_of(org, "name");

                if (sees_org(&v, guid) && passes(guids, guid) && passes(names, name))
                        (void)json_array_append_new(
                                found, json_pack("{s:s, s:s}", "guid", guid, "name", name));
        }
        answer_page_v3(&v, found);
}
