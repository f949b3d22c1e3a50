/* SPDX-License-Identifier: Apache-2.0 */
/* Lists cut into pages, with links to the next one, in the form of both APIs. */
#include "cc.h"

#include "netman/http_client.h"

#define V2_PAGE     50
#define V2_PAGE_MAX 100
#define V3_PAGE     50
#define V3_PAGE_MAX 5000

/** struct cut - Which part of a list a request asks for */
struct cut {
        size_t number, size, total, pages;
};

/** number_of() - A number of the query; false when it is none or out of range */
static bool number_of(struct http_request *rq, const char *name, int64_t max, int64_t *ret)
{
        const char *text = http_request_query(rq, name);

        return !text || str_to_int(text, 1, max, ret, NULL) == 0;
}

static bool cut_list(struct visit *v, const json_t *all, const char *size_name, int64_t size,
                     int64_t max, struct cut *c)
{
        json_int_t cap = json_integer_value(json_object_get(v->world, "page_max"));
        int64_t number = 1;

        if (!number_of(v->rq, "page", INT32_MAX, &number) ||
            !number_of(v->rq, size_name, max, &size))
                return false;
        if (cap > 0 && size > cap)
                size = cap;
        c->number = (size_t)number;
        c->size = (size_t)size;
        c->total = json_array_size(all);
        c->pages = c->total ? (c->total + c->size - 1) / c->size : 1;
        return true;
}

static json_t *slice(const json_t *all, const struct cut *c)
{
        json_t *part = json_array();

        for (size_t i = (c->number - 1) * c->size; i < c->number * c->size && i < c->total; i++)
                (void)json_array_append(part, json_array_get(all, i));
        return part;
}

/** struct link - A link to another page, in the making */
struct link {
        struct str text;
        const char *size_name;
};

/** keep_arg() - Filters stay in the link, page number and size are ours */
static void keep_arg(void *arg, const char *name, const char *value)
{
        struct link *l = arg;

        if (str_eq(name, "page") || str_eq(name, l->size_name))
                return;
        str_addf(&l->text, "&%s=", name);
        http_escape(&l->text, value);
}

static json_t *page_link(struct visit *v, const char *base, const char *size_name,
                         const struct cut *c, size_t number)
{
        struct link l = { .size_name = size_name };
        json_t *text;

        if (number < 1 || number > c->pages)
                return json_null();
        str_addf(&l.text, "%s%s?page=%zu&%s=%zu", base, http_request_path(v->rq), number, size_name,
                 c->size);
        http_request_query_each(v->rq, keep_arg, &l);
        text = json_string(str_text(&l.text));
        str_done(&l.text);
        return text;
}

/** href() - In v3 a link is an object, and null stays null */
static json_t *href(json_t *link)
{
        return json_is_null(link) ? link : json_pack("{s:o}", "href", link);
}

void answer_page_v2(struct visit *v, json_t *all)
{
        static const char size_name[] = "results-per-page";
        OWN(json) json_t *list = all;
        struct cut c;

        if (!cut_list(v, list, size_name, V2_PAGE, V2_PAGE_MAX, &c)) {
                answer_json(v->rq, 400,
                            json_pack("{s:i, s:s}", "code", 10005, "error_code",
                                      "CF-BadQueryParameter"));
                return;
        }
        answer_json(v->rq, 200,
                    json_pack("{s:I, s:I, s:o, s:o, s:o}", "total_results", (json_int_t)c.total,
                              "total_pages", (json_int_t)c.pages, "prev_url",
                              page_link(v, "", size_name, &c, c.number - 1), "next_url",
                              page_link(v, "", size_name, &c, c.number + 1), "resources",
                              slice(list, &c)));
}

void answer_page_v3(struct visit *v, json_t *all)
{
        static const char size_name[] = "per_page";
        const char *base = v->cc->standin.public_url;
        OWN(json) json_t *list = all;
        json_t *pagination;
        struct cut c;

        if (!cut_list(v, list, size_name, V3_PAGE, V3_PAGE_MAX, &c)) {
                answer_json(v->rq, 400,
                            json_pack("{s:[{s:i, s:s, s:s}]}", "errors", "code", 10005, "title",
                                      "CF-BadQueryParameter", "detail",
                                      "The query parameter is invalid"));
                return;
        }
        pagination = json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "total_results",
                               (json_int_t)c.total, "total_pages", (json_int_t)c.pages, "first",
                               href(page_link(v, base, size_name, &c, 1)), "last",
                               href(page_link(v, base, size_name, &c, c.pages)), "next",
                               href(page_link(v, base, size_name, &c, c.number + 1)), "previous",
                               href(page_link(v, base, size_name, &c, c.number - 1)));
        answer_json(
                v->rq, 200,
                json_pack("{s:o, s:o}", "pagination", pagination, "resources", slice(list, &c)));
}

json_t *wanted(struct http_request *rq, const char *name)
{
        const char *text = http_request_query(rq, name);
        json_t *set;

        if (!text)
                return NULL;
        set = json_object();
        while (*text) {
                size_t len = strcspn(text, ",");
                OWN(str) struct str one = { 0 };

                str_add_mem(&one, text, len);
                (void)json_object_set_new(set, str_text(&one), json_true());
                text += len + (text[len] == ',');
        }
        return set;
}
