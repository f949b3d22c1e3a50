/* SPDX-License-Identifier: Apache-2.0 */
#include "cc.h"

static json_t *space_v2(const json_t *space)
{
        return json_pack("{s:{s:s, s:s+}, s:{s:s, s:s}}", "metadata", "guid",
                         text_of(space, "guid"), "url", "/v2/spaces/", text_of(space, "guid"),
                         "entity", "name", text_of(space, "name"), "organization_guid",
                         text_of(space, "org"));
}

void v2_space(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        const char *guid = http_request_param(rq, "guid");
        const json_t *space;

        if (!visit_begin(&v, rq))
                return;
        space = find_by(world_list(v.world, "spaces"), "guid", guid);
        if (space && sees_space(&v, space))
                answer_json(rq, 200, space_v2(space));
        else
                not_found_v2(rq, 40004, "CF-SpaceNotFound", "The app space could not be found");
}

/** struct space_filter - What the "q" arguments ask for; NULL: anything */
struct space_filter {
        struct str developer, name, org;
        bool unknown;
};

static void space_filter_drop(struct space_filter *f)
{
        str_done(&f->developer);
        str_done(&f->name);
        str_done(&f->org);
}

static void read_q(void *arg, const char *name, const char *value)
{
        struct space_filter *f = arg;

        if (!str_eq(name, "q"))
                return;
        if (str_starts(value, "developer_guid:"))
                str_add(&f->developer, strchr(value, ':') + 1);
        else if (str_starts(value, "name:"))
                str_add(&f->name, strchr(value, ':') + 1);
        else if (str_starts(value, "organization_guid:"))
                str_add(&f->org, strchr(value, ':') + 1);
        else
                f->unknown = true;
}

static bool fits(const struct space_filter *f, const json_t *space)
{
        return (!f->developer.len ||
                list_holds(json_object_get(space, "developers"), f->developer.data)) &&
               (!f->name.len || str_eq(text_of(space, "name"), f->name.data)) &&
               (!f->org.len || str_eq(text_of(space, "org"), f->org.data));
}

static void answer_spaces(struct visit *v, const struct space_filter *f)
{
        json_t *found = json_array(), *space;
        size_t i;

        json_array_foreach(world_list(v->world, "spaces"), i, space) {
                if (sees_space(v, space) && fits(f, space))
                        (void)json_array_append_new(found, space_v2(space));
        }
        answer_page_v2(v, found);
}

void v2_spaces(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(space_filter) struct space_filter f = { 0 };

        if (!visit_begin(&v, rq))
                return;
        http_request_query_each(rq, read_q, &f);
        if (f.unknown)
                answer_json(rq, 400,
                            json_pack("{s:i, s:s}", "code", 10005, "error_code",
                                      "CF-BadQueryParameter"));
        else
                answer_spaces(&v, &f);
}

/* The spaces that a user develops in. */
void v2_user_spaces(struct http_request *rq)
{
        OWN(visit) struct visit v = { 0 };
        OWN(space_filter) struct space_filter f = { 0 };
        const char *guid = http_request_param(rq, "guid");

        if (!visit_begin(&v, rq))
                return;
        if (!find_by(world_list(v.world, "users"), "id", guid)) {
                not_found_v2(rq, 20003, "CF-UserNotFound", "The user could not be found");
                return;
        }
        str_add(&f.developer, guid);
        answer_spaces(&v, &f);
}
