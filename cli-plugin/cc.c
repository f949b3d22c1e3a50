/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/cc.h"

#include "netman/jsonx.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE "1000"
#define IDS_MAX   100   /* in one question: 37 bytes each */
#define PAGES_MAX 10000 /* a server whose links go round in circles */

/** parent_of() - Id of what a resource belongs to, from v3's relationships */
static const char *parent_of(const json_t *resource)
{
        static const char *const kinds[] = { "space", "organization" };
        json_t *rel = json_object_get(resource, "relationships");

        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
                json_t *data = json_object_get(json_object_get(rel, kinds[i]), "data");
                const char *id = json_string_value(json_object_get(data, "guid"));

                if (id)
                        return id;
        }
        return "";
}

static int take_page(json_t *page, struct app_list *ret, struct err *e)
{
        json_t *list = NULL, *item;
        size_t i;

        if (jsonx_opt_array(page, "resources", &list, e) < 0)
                return -1;
        json_array_foreach(list, i, item) {
                const char *id, *name;

                if (jsonx_str(item, "guid", &id, e) < 0 || jsonx_str(item, "name", &name, e) < 0 ||
                    app_list_add(ret, id, name, parent_of(item), e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * next_page() - Where a page's link leads
 * @path: The query part is replaced; emptied at the end of the list
 *
 * Only the link's query is taken over: the token goes to the API's address and
 * to no other, whatever the link says.
 */
static void next_page(const json_t *page, struct str *path)
{
        json_t *next = json_object_get(json_object_get(page, "pagination"), "next");
        const char *href = json_string_value(json_object_get(next, "href"));
        const char *query = href ? strchr(href, '?') : NULL;
        size_t base = strcspn(str_text(path), "?");

        path->len = query ? base : 0;
        path->data[path->len] = '\0';
        if (query)
                str_add(path, query);
}

static int read_page(struct session *s, struct str *path, struct app_list *ret, struct err *e)
{
        OWN(http_answer) struct http_answer a = { 0 };
        OWN(json) json_t *page = NULL;

        if (session_request(s, "GET", path->data, NULL, &a, e) < 0)
                return -1;
        if (a.status != 200)
                return session_refused(&a, e);
        if (jsonx_parse(str_text(&a.body), a.body.len, &page, e) < 0 || take_page(page, ret, e) < 0)
                return err_add(e, "cloud controller's answer");
        next_page(page, path);
        return str_ok(path, e);
}

/**
 * read_pages() - All pages from @path on
 * @kind: What is read, for the progress line, which the caller takes away
 * @all:  How many there may be; 0: not known
 */
static int read_pages(struct session *s, const char *kind, size_t all, struct str *path,
                      struct app_list *ret, struct err *e)
{
        OWN(str) struct str what = { 0 };

        str_addf(&what, "Reading %s", kind);
        if (str_ok(path, e) < 0 || str_ok(&what, e) < 0)
                return -1;
        for (int i = 0; path->len; i++) {
                if (i == PAGES_MAX)
                        return err_set(e, FAULT_UPSTREAM, 0, "more than %d pages", PAGES_MAX);
                progress_show(&s->progress, what.data, ret->count, all);
                if (read_page(s, path, ret, e) < 0)
                        return -1;
        }
        return 0;
}

int cc_id_by_name(struct session *s, const char *kind, const char *belongs, const char *parent,
                  const char *name, char **ret, struct err *e)
{
        OWN(app_list) struct app_list found = { 0 };
        OWN(str) struct str path = { 0 };

        str_addf(&path, "/v3/%s?per_page=" PAGE_SIZE, kind);
        /* A comma separates names: one that holds it cannot be asked for. */
        if (!strchr(name, ',')) {
                str_add(&path, "&names=");
                http_escape(&path, name);
        }
        if (belongs) {
                str_addf(&path, "&%s=", belongs);
                http_escape(&path, parent);
        }
        if (read_pages(s, kind, 0, &path, &found, e) < 0)
                return -1;
        progress_clear(&s->progress);
        for (size_t i = 0; i < found.count; i++) {
                if (strcmp(found.items[i].name, name) == 0) {
                        *ret = GIVE(found.items[i].id);
                        return 0;
                }
        }
        *ret = NULL;
        return 0;
}

int cc_app_id(struct session *s, const char *space, const char *name, char **ret, struct err *e)
{
        char *id = NULL;

        if (cc_id_by_name(s, "apps", "space_guids", space, name, &id, e) < 0)
                return -1;
        if (!id)
                return err_set(e, FAULT_ABSENT, 0, "App %.100s not found", name);
        *ret = id;
        return 0;
}

int cc_apps_of_space(struct session *s, const char *space, struct app_list *ret, struct err *e)
{
        OWN(str) struct str path = { 0 };

        str_add(&path, "/v3/apps?per_page=" PAGE_SIZE "&space_guids=");
        http_escape(&path, space);
        if (read_pages(s, "apps", 0, &path, ret, e) < 0)
                return -1;
        progress_clear(&s->progress);
        app_list_sort(ret);
        return 0;
}

int cc_by_ids(struct session *s, const char *kind, const char *const *ids, size_t count,
              struct app_list *ret, struct err *e)
{
        for (size_t at = 0; at < count; at += IDS_MAX) {
                OWN(str) struct str path = { 0 };

                str_addf(&path, "/v3/%s?per_page=" PAGE_SIZE "&guids=", kind);
                for (size_t i = at; i < count && i < at + IDS_MAX; i++) {
                        str_add(&path, i > at ? "%2C" : "");
                        http_escape(&path, ids[i]);
                }
                if (read_pages(s, kind, count, &path, ret, e) < 0)
                        return -1;
        }
        progress_clear(&s->progress);
        app_list_sort(ret);
        return 0;
}
