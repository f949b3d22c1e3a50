/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies and tags: the values that the policy server, the agent and the
 * plugin share, and their JSON in all its forms:
 *
 *   v0 external  {"source":{"id"},"destination":{"id","protocol","port"}}
 *   v1 external  {"source":{"id"},"destination":{"id","protocol","ports":{"start","end"}}}
 *   v0 internal  with tags, and "port" and "ports" both
 *   v1 internal  with tags
 *
 * v0 knows single ports only: a range does not show there.
 */
#ifndef NETMAN_POLICY_H
#define NETMAN_POLICY_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_ID_MAX     255 /* bytes in an app's id */
#define POLICY_TAG_TEXT   9   /* room for a printed tag */
#define POLICY_TAG_LENGTH 2   /* bytes in a tag, by default */

enum policy_proto { POLICY_TCP, POLICY_UDP };
enum policy_version { POLICY_V0, POLICY_V1 };
enum policy_form { POLICY_EXTERNAL, POLICY_INTERNAL };

/**
 * struct policy - Source may open connections to destination's ports
 * @source, @destination: Ids of apps
 * @source_tag, @destination_tag: Their tags; 0 where not known
 * @start, @end: Ports, both inclusive, host byte order
 */
struct policy {
        char *source, *destination;
        uint32_t source_tag, destination_tag;
        enum policy_proto proto;
        uint16_t start, end;
};

/** struct policy_list - Owns its items and their strings; all zero is empty */
struct policy_list {
        struct policy *items;
        size_t count, cap;
};

/** policy_list_add() - Append a copy of @p */
int policy_list_add(struct policy_list *list, const struct policy *p, struct err *e);

/** policy_list_append() - Move all of @more to the end of @list; @more is empty then */
int policy_list_append(struct policy_list *list, struct policy_list *more, struct err *e);

/** policy_list_sort() - Into policy_compare()'s order, equal ones dropped */
void policy_list_sort(struct policy_list *list);
void policy_list_done(struct policy_list *list);

/* OWN(policy_list) struct policy_list list = { 0 }; */
static inline void policy_list_drop(struct policy_list *list)
{
        policy_list_done(list);
}

/**
 * policy_compare() - By source, destination, protocol, start, end; not by tags
 *
 * Return: less than, equal to or greater than 0
 */
int policy_compare(const struct policy *a, const struct policy *b);

/**
 * policy_list_parse_request() - What a client asks the server to create or delete
 * @list: Gets the policies; as it was on failure
 * @e:    FAULT_BAD_INPUT; "unmarshal json: …" or "validate policies: …", in the
 *        words that clients of the API know
 */
int policy_list_parse_request(const char *text, size_t len, enum policy_version v,
                              struct policy_list *list, struct err *e);

/**
 * policy_list_parse_answer() - What the server told, in any of the four forms
 * @list: Gets the policies; as it was on failure
 * @e:    FAULT_UPSTREAM, naming the policy and the member that is wrong
 */
int policy_list_parse_answer(const char *text, size_t len, struct policy_list *list, struct err *e);

/**
 * policy_list_print() - {"total_policies":N,"policies":[…]}
 * @tag_length: Bytes in a tag; of use only for POLICY_INTERNAL
 *
 * Ranges are left out of v0 and not counted there.
 */
void policy_list_print(const struct policy_list *list, enum policy_version v, enum policy_form form,
                       unsigned int tag_length, struct str *out);

/**
 * policy_print() - One policy as a JSON object
 *
 * Return: true; false, and nothing added, for a range in v0
 */
bool policy_print(const struct policy *p, enum policy_version v, enum policy_form form,
                  unsigned int tag_length, struct str *out);

/** policy_id_ok() - May this be an app's id: 1 to 255 of A-Z a-z 0-9 . _ : - */
bool policy_id_ok(const char *id);

const char *policy_proto_name(enum policy_proto proto); /* "tcp", "udp" */

/** policy_proto_parse() - @e: FAULT_BAD_INPUT, in the words of the API */
int policy_proto_parse(const char *name, enum policy_proto *ret, struct err *e);

/**
 * policy_tag_print() - Upper-case hex, two digits per byte of @tag_length: "0001"
 * @buf: Gets the text; returned
 */
const char *policy_tag_print(uint32_t tag, unsigned int tag_length, char buf[POLICY_TAG_TEXT]);

/** policy_tag_parse() - Hex digits in either case; @e: FAULT_BAD_INPUT */
int policy_tag_parse(const char *text, uint32_t *ret, struct err *e);

/** policy_tag_max() - The greatest tag of @tag_length bytes: 65535 for 2 */
uint32_t policy_tag_max(unsigned int tag_length);

#endif
