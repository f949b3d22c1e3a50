/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/conf.h"

#include "netman/file.h"
#include "netman/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define CONF_SIZE_MAX (4U << 20)
#define PROBLEM       "invalid config: "

void conf_problem(struct str *problems, const char *key, const char *fmt, ...)
{
        char why[200];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(why, sizeof why, fmt, ap);
        va_end(ap);
        str_addf(problems, PROBLEM "%s: %s\n", key, why);
}

static void *field(void *conf, const struct conf_key *k)
{
        return (char *)conf + k->at;
}

/**
 * dup_or_note() - strdup(), with the lack of memory noted in @problems
 */
static char *dup_or_note(const char *text, struct str *problems)
{
        char *copy = strdup(text);

        if (!copy)
                problems->bad = true;
        return copy;
}

static void set_default(void *conf, const struct conf_key *k, struct str *problems)
{
        if (k->type == CONF_STR && k->def_str)
                *(char **)field(conf, k) = dup_or_note(k->def_str, problems);
        else if (k->type == CONF_INT)
                *(int64_t *)field(conf, k) = k->def_int;
        else if (k->type == CONF_REAL)
                *(double *)field(conf, k) = k->def_str ? strtod(k->def_str, NULL) : 0;
        else if (k->type == CONF_BOOL)
                *(bool *)field(conf, k) = k->def_int != 0;
}

static void read_int(const json_t *v, const struct conf_key *k, int64_t *at, struct str *problems)
{
        json_int_t n = json_integer_value(v);
        bool limited = k->min || k->max;

        if (!json_is_integer(v))
                conf_problem(problems, k->name, "must be an integer");
        else if (limited && (n < k->min || n > k->max))
                conf_problem(problems, k->name,
                             "%" JSON_INTEGER_FORMAT " is out of range, must be %" PRId64
                             " to %" PRId64,
                             n, k->min, k->max);
        else
                *at = n;
}

static void read_real(const json_t *v, const struct conf_key *k, double *at, struct str *problems)
{
        double n = json_number_value(v);
        bool limited = k->min || k->max;

        if (!json_is_number(v))
                conf_problem(problems, k->name, "must be a number");
        else if (limited && (n < (double)k->min || n > (double)k->max))
                conf_problem(problems, k->name,
                             "%g is out of range, must be %" PRId64 " to %" PRId64, n, k->min,
                             k->max);
        else
                *at = n;
}

static void read_str(const json_t *v, const struct conf_key *k, char **at, struct str *problems)
{
        if (!json_is_string(v)) {
                conf_problem(problems, k->name, "must be a string");
                return;
        }
        free(*at); /* the default */
        *at = dup_or_note(json_string_value(v), problems);
}

static void read_strs(const json_t *v, const struct conf_key *k, struct conf_strs *at,
                      struct str *problems)
{
        size_t i;
        json_t *item;

        if (!json_is_array(v)) {
                conf_problem(problems, k->name, "must be a list of strings");
                return;
        }
        at->items = calloc(json_array_size(v) + 1, sizeof *at->items);
        if (!at->items) {
                problems->bad = true;
                return;
        }
        json_array_foreach(v, i, item) {
                if (!json_is_string(item)) {
                        conf_problem(problems, k->name, "must be a list of strings");
                        return;
                }
                at->items[at->count++] = dup_or_note(json_string_value(item), problems);
        }
}

static void read_value(const json_t *v, const struct conf_key *k, void *at, struct str *problems)
{
        switch (k->type) {
        case CONF_STR:
                read_str(v, k, at, problems);
                break;
        case CONF_INT:
                read_int(v, k, at, problems);
                break;
        case CONF_REAL:
                read_real(v, k, at, problems);
                break;
        case CONF_BOOL:
                if (json_is_boolean(v))
                        *(bool *)at = json_is_true(v);
                else
                        conf_problem(problems, k->name, "must be true or false");
                break;
        case CONF_STRS:
                read_strs(v, k, at, problems);
                break;
        case CONF_JSON:
                if (json_is_object(v) || json_is_array(v))
                        *(json_t **)at = json_deep_copy(v);
                else
                        conf_problem(problems, k->name, "must be an object or a list");
                break;
        }
}

static bool is_blank(const json_t *v)
{
        return !v || json_is_null(v) || (json_is_string(v) && !json_string_length(v));
}

static void tell_missing(const struct conf_spec *spec, const char *name, struct str *problems)
{
        char line[200];

        if (!spec->missing_text) {
                conf_problem(problems, name, "missing");
                return;
        }
        /* The format is the program's own constant, checked at its definition. */
        (void)snprintf(line, sizeof line, spec->missing_text, name);
        str_addf(problems, "%s\n", line);
}

static void read_key(const json_t *root, const struct conf_spec *spec, const struct conf_key *k,
                     void *conf, struct str *problems)
{
        const json_t *v = json_object_get(root, k->name);
        struct conf_key named = *k;
        char name[96];

        (void)snprintf(name, sizeof name, "%s%s%s", spec->within ? spec->within : "",
                       spec->within ? "." : "", k->name);
        named.name = name;
        if (is_blank(v) && k->required) {
                tell_missing(spec, name, problems);
                return;
        }
        set_default(conf, k, problems);
        if (!is_blank(v))
                read_value(v, &named, field(conf, k), problems);
}

/**
 * is_told() - Does one of @lines, of @len bytes, name the key that @line names?
 */
static bool is_told(const char *lines, size_t len, const char *line)
{
        size_t named = sizeof PROBLEM - 1;
        const char *end = lines + len;

        if (!str_starts(line, PROBLEM))
                return false;
        named += strcspn(line + named, " ");
        while (lines < end) {
                if (strncmp(lines, line, named) == 0)
                        return true;
                lines += strcspn(lines, "\n") + 1;
        }
        return false;
}

/**
 * check_between() - spec->check, but a key that was told from @before on is told once
 */
static void check_between(const struct conf_spec *spec, const void *conf, size_t before,
                          struct str *problems)
{
        OWN(str) struct str more = { 0 };
        size_t told = problems->len - before, len;

        spec->check(conf, &more);
        problems->bad |= more.bad;
        for (const char *line = str_text(&more); *line; line += len) {
                len = strcspn(line, "\n") + 1;
                if (!is_told(str_text(problems) + before, told, line))
                        str_add_mem(problems, line, len);
        }
}

static void warn_unknown(json_t *root, const struct conf_spec *spec)
{
        const char *name;
        json_t *v;

        json_object_foreach(root, name, v) {
                const struct conf_key *k = spec->keys;

                while (k->name && strcmp(k->name, name) != 0)
                        k++;
                if (!k->name)
                        log_info("unknown-config-key", LOG_STR("key", name));
        }
}

int conf_from_json(const json_t *root, const struct conf_spec *spec, void *conf,
                   struct str *problems, struct err *e)
{
        size_t before = problems->len;

        for (const struct conf_key *k = spec->keys; k->name; k++)
                read_key(root, spec, k, conf, problems);
        if (spec->check && !problems->bad)
                check_between(spec, conf, before, problems);
        if (problems->len == before && !problems->bad)
                return 0;

        conf_done(spec, conf);
        if (str_ok(problems, e) < 0)
                return -1;
        return err_set(e, FAULT_BAD_INPUT, 0, "%.*s", (int)strcspn(problems->data + before, "\n"),
                       problems->data + before);
}

int conf_load(const char *path, const struct conf_spec *spec, void *conf, struct str *problems,
              struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(json) json_t *root = NULL;

        if (file_read(path, CONF_SIZE_MAX, &text, e) < 0)
                return -1;
        if (jsonx_parse(str_text(&text), text.len, &root, e) < 0)
                return err_add(e, "%s", path);
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: must be a JSON object", path);
        warn_unknown(root, spec);
        return conf_from_json(root, spec, conf, problems, e);
}

static void free_strs(struct conf_strs *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
        free(list->items);
        *list = (struct conf_strs){ 0 };
}

void conf_done(const struct conf_spec *spec, void *conf)
{
        for (const struct conf_key *k = spec->keys; k->name; k++) {
                if (k->type == CONF_STR) {
                        mem_drop(field(conf, k));
                        *(char **)field(conf, k) = NULL;
                } else if (k->type == CONF_STRS) {
                        free_strs(field(conf, k));
                } else if (k->type == CONF_JSON) {
                        json_decref(*(json_t **)field(conf, k));
                        *(json_t **)field(conf, k) = NULL;
                }
        }
}
