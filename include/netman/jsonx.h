/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jansson leaves to its users: ownership, and members taken from an object
 * with an error that names the member.
 */
#ifndef NETMAN_JSONX_H
#define NETMAN_JSONX_H

#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

OWN_DROP(json, json_t *, json_decref)

/**
 * jsonx_parse() - One JSON document from @len bytes of @text
 * @ret: New reference
 * @e:   FAULT_BAD_INPUT with line, column and reason
 *
 * Nothing but white space may follow the document. Depth is bounded by jansson
 * (2048), size by the caller.
 */
int jsonx_parse(const char *text, size_t len, json_t **ret, struct err *e);

/**
 * jsonx_wrong_type() - Say that a value is of a type that it must not be
 * @path: Where it stands, "policies.source.id"
 * @want: What it must be, "string"
 *
 * In the words that clients of the reference's API know. A macro, so that analysers
 * see what err_set() lets them see.
 *
 * Return: always -1, with @e set: FAULT_BAD_INPUT
 */
#define jsonx_wrong_type(...) (jsonx_wrong_type_(__VA_ARGS__), -1)
void jsonx_wrong_type_(const json_t *v, const char *path, const char *want, struct err *e);

/**
 * jsonx_str() - A member that must be a string
 * @ret: Borrowed from @obj
 * @e:   "missing 'KEY'" or "'KEY' must be a string"
 */
int jsonx_str(const json_t *obj, const char *key, const char **ret, struct err *e);

/** jsonx_opt_str() - The same, but absent or null leaves @ret as it was */
int jsonx_opt_str(const json_t *obj, const char *key, const char **ret, struct err *e);

/** jsonx_int() - A member that must be an integer in [@min, @max] */
int jsonx_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret,
              struct err *e);

/** jsonx_opt_int() - The same, but absent or null leaves @ret as it was */
int jsonx_opt_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret,
                  struct err *e);

/**
 * jsonx_opt_array() - A member that must be an array where it is present
 * @ret: Borrowed; NULL where the member is absent or null
 */
int jsonx_opt_array(const json_t *obj, const char *key, json_t **ret, struct err *e);

/** jsonx_quote() - Append @text as a JSON string; what is no UTF-8 becomes a note */
void jsonx_quote(struct str *out, const char *text);

#endif
