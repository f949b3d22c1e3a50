/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/log.h"

#include "netman/jsonx.h"
#include "netman/own.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const level_names[] = { "debug", "info", "error", "fatal" };
static_assert(sizeof level_names / sizeof *level_names == LOG_LEVEL_FATAL + 1, "a name per level");

/* The one piece of static state the project allows itself. */
static struct {
        char source[96];
        int fd;
        _Atomic int level;
} sink = { .source = "netman", .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO };

void log_init(const char *prefix, const char *job, int fd)
{
        bool named = prefix && *prefix;

        (void)snprintf(sink.source, sizeof sink.source, "%s%s%s", named ? prefix : "",
                       named ? "." : "", job);
        sink.fd = fd;
}

void log_set_level(enum log_level level)
{
        atomic_store(&sink.level, (int)level);
}

enum log_level log_get_level(void)
{
        return (enum log_level)atomic_load(&sink.level);
}

int log_level_parse(const char *text, enum log_level *ret, struct err *e)
{
        for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
                if (strcasecmp(text, level_names[i]) == 0) {
                        *ret = (enum log_level)i;
                        return 0;
                }
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "unknown log level '%s'", text);
}

/**
 * timestamp() - Now, as RFC 3339 in UTC with nanoseconds
 */
static void timestamp(char *buf, size_t size)
{
        struct timespec now;
        struct tm tm;
        size_t used;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        used = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
        (void)snprintf(buf + used, size - used, ".%09ldZ", now.tv_nsec);
}

/**
 * pair_value() - A pair's value as JSON; text that is no UTF-8 becomes a note
 */
static json_t *pair_value(const struct log_pair *p)
{
        json_t *text;

        switch (p->kind) {
        case LOG_KIND_INT:
                return json_integer(p->num);
        case LOG_KIND_BOOL:
                return json_boolean(p->num);
        case LOG_KIND_REAL:
                return json_real(p->real);
        case LOG_KIND_STR:
                if (!p->str)
                        return json_null();
                text = json_string(p->str);
                return text ? text : json_string("(not UTF-8)");
        case LOG_KIND_JSON:
                return p->json ? json_incref(p->json) : json_null();
        case LOG_KIND_END:
                break;
        }
        return json_null();
}

void log_event(enum log_level level, const char *event, const struct log_pair *pairs)
{
        OWN(json) json_t *data = json_object();
        OWN(json) json_t *line = NULL;
        OWN(mem) char *text = NULL;
        char when[40], message[256];
        size_t len;

        if ((int)level < atomic_load(&sink.level))
                return;
        for (; pairs->kind != LOG_KIND_END; pairs++)
                (void)json_object_set_new(data, pairs->key, pair_value(pairs));
        timestamp(when, sizeof when);
        (void)snprintf(message, sizeof message, "%s.%s", sink.source, event);
        line = json_pack("{s:s, s:s, s:s, s:s, s:O}", "timestamp", when, "level",
                         level_names[level], "source", sink.source, "message", message, "data",
                         data);
        text = line ? json_dumps(line, JSON_COMPACT) : NULL;
        if (!text)
                return; /* out of memory: losing a line is better than dying of it */
        len = strlen(text);
        text[len] = '\n'; /* in place of the terminator: one write keeps lines whole */
        if (write(sink.fd, text, len + 1) < 0)
                return; /* nobody is left to tell */
}
