/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/policy.h"

#include "netman/jsonx.h"

#include <ctype.h>
#include <string.h>

#define ITEMS_MIN 16

int policy_compare(const struct policy *a, const struct policy *b)
{
        int by = strcmp(a->source, b->source);

        by = by ? by : strcmp(a->destination, b->destination);
        by = by ? by : (int)a->proto - (int)b->proto;
        by = by ? by : (int)a->start - (int)b->start;
        return by ? by : (int)a->end - (int)b->end;
}

static int compare_items(const void *a, const void *b)
{
        return policy_compare(a, b);
}

static void free_item(struct policy *p)
{
        free(p->source);
        free(p->destination);
}

static int make_room(struct policy_list *list, size_t more, struct err *e)
{
        size_t cap = list->cap ? list->cap * 2 : ITEMS_MIN;
        struct policy *items;

        if (list->count + more <= list->cap)
                return 0;
        if (cap < list->count + more)
                cap = list->count + more;
        items = reallocarray(list->items, cap, sizeof *items);
        if (!items)
                return err_oom(e);
        list->items = items;
        list->cap = cap;
        return 0;
}

int policy_list_add(struct policy_list *list, const struct policy *p, struct err *e)
{
        struct policy copy = *p;

        if (make_room(list, 1, e) < 0)
                return -1;
        copy.source = strdup(p->source);
        copy.destination = strdup(p->destination);
        if (!copy.source || !copy.destination) {
                free_item(&copy);
                return err_oom(e);
        }
        list->items[list->count++] = copy;
        return 0;
}

int policy_list_append(struct policy_list *list, struct policy_list *more, struct err *e)
{
        if (make_room(list, more->count, e) < 0)
                return -1;
        if (more->count)
                memcpy(list->items + list->count, more->items, more->count * sizeof *more->items);
        list->count += more->count;
        more->count = 0; /* its items have a new owner */
        policy_list_done(more);
        return 0;
}

void policy_list_sort(struct policy_list *list)
{
        size_t kept = 0;

        if (!list->count)
                return;
        qsort(list->items, list->count, sizeof *list->items, compare_items);
        for (size_t i = 1; i < list->count; i++) {
                if (policy_compare(&list->items[kept], &list->items[i]) == 0)
                        free_item(&list->items[i]);
                else
                        list->items[++kept] = list->items[i];
        }
        list->count = kept + 1;
}

void policy_list_done(struct policy_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free_item(&list->items[i]);
        free(list->items);
        *list = (struct policy_list){ 0 };
}

bool policy_id_ok(const char *id)
{
        size_t len = id ? strlen(id) : 0;

        if (!len || len > POLICY_ID_MAX)
                return false;
        for (; *id; id++) {
                if (!isalnum((unsigned char)*id) && !strchr("._:-", *id))
                        return false;
        }
        return true;
}

const char *policy_proto_name(enum policy_proto proto)
{
        return proto == POLICY_UDP ? "udp" : "tcp";
}

int policy_proto_parse(const char *name, enum policy_proto *ret, struct err *e)
{
        if (str_eq(name, "tcp"))
                *ret = POLICY_TCP;
        else if (str_eq(name, "udp"))
                *ret = POLICY_UDP;
        else
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "invalid destination protocol, specify either udp or tcp");
        return 0;
}

const char *policy_tag_print(uint32_t tag, unsigned int tag_length, char buf[POLICY_TAG_TEXT])
{
        (void)snprintf(buf, POLICY_TAG_TEXT, "%0*X", (int)tag_length * 2, (unsigned int)tag);
        return buf;
}

int policy_tag_parse(const char *text, uint32_t *ret, struct err *e)
{
        size_t len = strlen(text);

        if (!len || len >= POLICY_TAG_TEXT || strspn(text, "0123456789abcdefABCDEF") != len)
                return err_set(e, FAULT_BAD_INPUT, 0, "'%.20s' is no tag", text);
        *ret = (uint32_t)strtoul(text, NULL, 16);
        return 0;
}

uint32_t policy_tag_max(unsigned int tag_length)
{
        return (uint32_t)((UINT64_C(1) << (8 * tag_length)) - 1);
}

/** add_number() - A port in decimal: printing must keep up with 100,000 policies */
static void add_number(struct str *out, unsigned int n)
{
        char digits[12];
        size_t at = sizeof digits;

        do {
                digits[--at] = (char)('0' + n % 10);
                n /= 10;
        } while (n);
        str_add_mem(out, digits + at, sizeof digits - at);
}

/** add_member() - Ids of a database that others have filled may hold anything */
static void add_member(struct str *out, const char *before, const char *text)
{
        str_add(out, before);
        jsonx_quote(out, text);
}

static void add_tag(struct str *out, uint32_t tag, unsigned int tag_length)
{
        char buf[POLICY_TAG_TEXT];

        if (tag)
                add_member(out, ",\"tag\":", policy_tag_print(tag, tag_length, buf));
}

static void add_ports(struct str *out, const struct policy *p)
{
        str_add(out, ",\"ports\":{\"start\":");
        add_number(out, p->start);
        str_add(out, ",\"end\":");
        add_number(out, p->end);
        str_add_mem(out, "}", 1);
}

bool policy_print(const struct policy *p, enum policy_version v, enum policy_form form,
                  unsigned int tag_length, struct str *out)
{
        bool internal = form == POLICY_INTERNAL;

        if (v == POLICY_V0 && p->start != p->end)
                return false;
        add_member(out, "{\"source\":{\"id\":", p->source);
        add_tag(out, internal ? p->source_tag : 0, tag_length);
        add_member(out, "},\"destination\":{\"id\":", p->destination);
        add_tag(out, internal ? p->destination_tag : 0, tag_length);
        add_member(out, ",\"protocol\":", policy_proto_name(p->proto));
        if (v == POLICY_V0) {
                str_add(out, ",\"port\":");
                add_number(out, p->start);
        }
        if (v == POLICY_V1 || internal)
                add_ports(out, p);
        str_add_mem(out, "}}", 2);
        return true;
}

void policy_list_print(const struct policy_list *list, enum policy_version v, enum policy_form form,
                       unsigned int tag_length, struct str *out)
{
        size_t shown = 0, printed = 0;

        for (size_t i = 0; i < list->count; i++)
                shown += v == POLICY_V1 || list->items[i].start == list->items[i].end;
        str_addf(out, "{\"total_policies\":%zu,\"policies\":[", shown);
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                if (v == POLICY_V0 && p->start != p->end)
                        continue;
                if (printed++)
                        str_add_mem(out, ",", 1);
                (void)policy_print(p, v, form, tag_length, out);
        }
        str_add(out, "]}");
}
