/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/wishes.h"

#include "netman/own.h"

#include <string.h>
#include <yaml.h>

#define WISHES_MAX 100000

static void yaml_drop(yaml_document_t *d)
{
        yaml_document_delete(d); /* an empty one too */
}

static void parser_drop(yaml_parser_t *p)
{
        yaml_parser_delete(p);
}

static int wrong(const yaml_node_t *node, struct err *e, const char *what)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "line %zu: %s",
                       node ? node->start_mark.line + 1 : (size_t)1, what);
}

/** scalar() - A node's text; NULL for what is none, or holds a zero byte: no name does */
static const char *scalar(const yaml_node_t *node)
{
        const char *text;

        if (!node || node->type != YAML_SCALAR_NODE)
                return NULL;
        text = (const char *)node->data.scalar.value;
        return strlen(text) == node->data.scalar.length ? text : NULL;
}

/** struct wish - One entry of the list while it is read; nodes are borrowed */
struct wish {
        const char *source, *destination, *protocol;
        yaml_node_t *ports;
};

static int take_pair(const yaml_node_t *key, yaml_node_t *value, struct wish *w, struct err *e)
{
        const char *name = scalar(key);
        const struct {
                const char *name;
                const char **at;
        } texts[] = { { "source", &w->source },
                      { "destination", &w->destination },
                      { "protocol", &w->protocol } };

        if (str_eq(name, "ports") || str_eq(name, "port")) {
                if (w->ports)
                        return wrong(key, e, "ports are given twice");
                w->ports = value;
                return 0;
        }
        for (size_t i = 0; name && i < sizeof texts / sizeof *texts; i++) {
                if (strcmp(name, texts[i].name) != 0)
                        continue;
                if (*texts[i].at)
                        return wrong(key, e, "the same key twice");
                *texts[i].at = scalar(value);
                return *texts[i].at && **texts[i].at ? 0 : wrong(value, e, "need a text here");
        }
        return wrong(key, e, "unknown key: know source, destination, protocol, ports");
}

/** add_ports() - One policy for "80" or "80-90" */
static int add_ports(const struct wish *w, const yaml_node_t *node, enum policy_proto proto,
                     struct policy_list *ret, struct err *e)
{
        /* Only compared and copied. */
        struct policy p = { .source = (char *)w->source,
                            .destination = (char *)w->destination,
                            .proto = proto };
        const char *text = scalar(node), *dash = text ? strchr(text, '-') : NULL;
        OWN(str) struct str first = { 0 };
        int64_t start, end;

        if (!text)
                return wrong(node, e, "a port is a number or a range like 8080-8090");
        str_add_mem(&first, text, dash ? (size_t)(dash - text) : strlen(text));
        if (str_ok(&first, e) < 0)
                return -1;
        if (str_to_int(str_text(&first), 1, UINT16_MAX, &start, NULL) < 0 ||
            str_to_int(dash ? dash + 1 : str_text(&first), 1, UINT16_MAX, &end, NULL) < 0 ||
            start > end)
                return wrong(node, e, "a port is a number of 1-65535 or a range like 8080-8090");
        if (ret->count >= WISHES_MAX)
                return wrong(node, e, "too many policies");
        p.start = (uint16_t)start;
        p.end = (uint16_t)end;
        return policy_list_add(ret, &p, e);
}

static int add_wish(yaml_document_t *d, const yaml_node_t *node, const struct wish *w,
                    struct policy_list *ret, struct err *e)
{
        enum policy_proto proto = POLICY_TCP;

        if (!w->source || !w->destination || !w->ports)
                return wrong(node, e, "need source, destination and ports");
        if (w->protocol && policy_proto_parse(w->protocol, &proto, NULL) < 0)
                return wrong(node, e, "protocol must be tcp or udp");
        if (w->ports->type == YAML_SEQUENCE_NODE &&
            w->ports->data.sequence.items.start == w->ports->data.sequence.items.top)
                return wrong(w->ports, e, "need at least one port");
        if (w->ports->type != YAML_SEQUENCE_NODE)
                return add_ports(w, w->ports, proto, ret, e);
        for (const yaml_node_item_t *i = w->ports->data.sequence.items.start;
             i < w->ports->data.sequence.items.top; i++) {
                if (add_ports(w, yaml_document_get_node(d, *i), proto, ret, e) < 0)
                        return -1;
        }
        return 0;
}

static int take_wish(yaml_document_t *d, const yaml_node_t *node, struct policy_list *ret,
                     struct err *e)
{
        struct wish w = { 0 };

        if (!node || node->type != YAML_MAPPING_NODE)
                return wrong(node, e, "a policy is a mapping of source, destination, ports");
        for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
             p < node->data.mapping.pairs.top; p++) {
                if (take_pair(yaml_document_get_node(d, p->key),
                              yaml_document_get_node(d, p->value), &w, e) < 0)
                        return -1;
        }
        return add_wish(d, node, &w, ret, e);
}

/** find_list() - The list below "policies", the only key of the file */
static int find_list(yaml_document_t *d, const yaml_node_t **ret, struct err *e)
{
        const yaml_node_t *root = yaml_document_get_root_node(d), *list;
        const yaml_node_pair_t *pair;
        const char *key;

        if (!root || root->type != YAML_MAPPING_NODE)
                return wrong(root, e, "need 'policies:' and a list below it");
        pair = root->data.mapping.pairs.start;
        if (root->data.mapping.pairs.top - pair != 1)
                return wrong(root, e, "need 'policies:' and nothing beside it");
        key = scalar(yaml_document_get_node(d, pair->key));
        list = yaml_document_get_node(d, pair->value);
        if (!key || strcmp(key, "policies") != 0 || !list || list->type != YAML_SEQUENCE_NODE)
                return wrong(root, e, "need 'policies:' and a list below it");
        *ret = list;
        return 0;
}

static int load(yaml_parser_t *parser, yaml_document_t *doc, struct err *e)
{
        if (!yaml_parser_load(parser, doc))
                return err_set(e, FAULT_BAD_INPUT, 0, "line %zu: %s", parser->problem_mark.line + 1,
                               parser->problem ? parser->problem : "not YAML");
        return 0;
}

/** check_end() - Is there nothing behind the document? With --prune it would be removed */
static int check_end(yaml_parser_t *parser, struct err *e)
{
        OWN(yaml) yaml_document_t next = { 0 };

        if (load(parser, &next, e) < 0)
                return -1;
        if (yaml_document_get_root_node(&next))
                return err_set(e, FAULT_BAD_INPUT, 0, "line %zu: only one document can be applied",
                               next.start_mark.line + 1);
        return 0;
}

int wishes_parse(const char *text, size_t len, struct policy_list *ret, struct err *e)
{
        OWN(parser) yaml_parser_t parser = { 0 };
        OWN(yaml) yaml_document_t doc = { 0 };
        const yaml_node_t *list = NULL;

        if (!yaml_parser_initialize(&parser))
                return err_oom(e);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
        if (load(&parser, &doc, e) < 0 || find_list(&doc, &list, e) < 0 ||
            check_end(&parser, e) < 0)
                return -1;
        for (const yaml_node_item_t *i = list->data.sequence.items.start;
             i < list->data.sequence.items.top; i++) {
                if (take_wish(&doc, yaml_document_get_node(&doc, *i), ret, e) < 0)
                        return -1;
        }
        return 0;
}
