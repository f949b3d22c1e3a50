/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: one JSON file per program, described by one table. Each entry
 * names a key, its type, where it goes in the program's struct, whether it must
 * be there, its default and its limits. The whole file is checked and every
 * problem told at once.
 */
#ifndef NETMAN_CONF_H
#define NETMAN_CONF_H

#include "netman/err.h"
#include "netman/jsonx.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
        CONF_STR,  /* char *, owned; NULL where absent without default */
        CONF_INT,  /* int64_t */
        CONF_REAL, /* double */
        CONF_BOOL, /* bool */
        CONF_STRS, /* struct conf_strs: a list of strings */
        CONF_JSON, /* json_t *, owned: an object or array that the program reads itself */
};

struct conf_strs {
        char **items; /* owned */
        size_t count;
};

/**
 * struct conf_key - One line of a program's table
 * @name:     The key in the JSON object
 * @at:       offsetof() the field in the program's struct
 * @required: Absent, null or "" is a problem
 * @def_str:  Default of a CONF_STR, or NULL; of a CONF_REAL, in digits
 * @def_int:  Default of a CONF_INT or CONF_BOOL
 * @min:      Least value of a CONF_INT or CONF_REAL
 * @max:      Greatest value of one; @min and @max both 0: no limits
 */
struct conf_key {
        const char *name;
        enum conf_type type;
        size_t at;
        bool required;
        const char *def_str;
        int64_t def_int, min, max;
};

/**
 * struct conf_spec - A program's whole table
 * @keys:         Ends with an element without a name
 * @missing_text: printf format with one %s for a missing key's name; NULL for
 *                "invalid config: %s: missing"
 * @within:       Name of the key whose object has these keys, for the text of
 *                problems; NULL for a file's
 * @check:        Checks between keys, adding a line to @problems for each with
 *                conf_problem(); may be NULL. It runs also where keys are wrong or
 *                missing: a wrong one's field holds the default, a missing one's
 *                nothing; what it says of a key that was told is dropped
 */
struct conf_spec {
        const struct conf_key *keys;
        const char *missing_text;
        const char *within;
        void (*check)(const void *conf, struct str *problems);
};

/**
 * conf_load() - Read and check a configuration file
 * @path:     The file
 * @conf:     The program's struct, zeroed by the caller; filled in on success,
 *            empty again on failure
 * @problems: Gets one line per problem, each "invalid config: <key>: <why>"
 * @e:        Why, in one line: the file cannot be read, is no JSON object, or
 *            the first problem
 *
 * Unknown keys are logged at info as "unknown-config-key" and ignored.
 */
int conf_load(const char *path, const struct conf_spec *spec, void *conf, struct str *problems,
              struct err *e);

/** conf_from_json() - The same from a document in memory (tests, fuzzing) */
int conf_from_json(const json_t *root, const struct conf_spec *spec, void *conf,
                   struct str *problems, struct err *e);

/** conf_problem() - Add "invalid config: KEY: WHY" and a newline */
void conf_problem(struct str *problems, const char *key, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/** conf_done() - Free what conf_load() put into @conf, and empty it */
void conf_done(const struct conf_spec *spec, void *conf);

#endif
