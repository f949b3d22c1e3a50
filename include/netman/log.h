/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging: one JSON object a line, in the form that Cloud Foundry operators'
 * tools read (the "lager" format with RFC 3339 times):
 *
 *   {"timestamp":"2026-01-02T03:04:05.000000006Z","level":"info",
 *    "source":"cfnetworking.policy-server",
 *    "message":"cfnetworking.policy-server.created-policies","data":{"count":2}}
 *
 * An event is a fixed phrase plus data pairs, so that tests and operators can
 * match it:
 *
 *   log_info("rules-swapped", LOG_STR("chain", name), LOG_INT("rules", n));
 *
 * Secrets, tokens, keys and SQL values are never data.
 */
#ifndef NETMAN_LOG_H
#define NETMAN_LOG_H

#include "netman/err.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL };

enum log_kind {
        LOG_KIND_END = 0,
        LOG_KIND_STR,
        LOG_KIND_INT,
        LOG_KIND_BOOL,
        LOG_KIND_REAL,
        LOG_KIND_JSON
};

struct json_t;

struct log_pair {
        enum log_kind kind;
        const char *key;
        union {
                const char *str;
                int64_t num;
                double real;
                struct json_t *json; /* borrowed; NULL becomes null */
        };
};

#define LOG_STR(k, v)  ((struct log_pair){ .kind = LOG_KIND_STR, .key = (k), .str = (v) })
#define LOG_INT(k, v)  ((struct log_pair){ .kind = LOG_KIND_INT, .key = (k), .num = (int64_t)(v) })
#define LOG_BOOL(k, v) ((struct log_pair){ .kind = LOG_KIND_BOOL, .key = (k), .num = !!(v) })
#define LOG_REAL(k, v) ((struct log_pair){ .kind = LOG_KIND_REAL, .key = (k), .real = (v) })
#define LOG_JSON(k, v) ((struct log_pair){ .kind = LOG_KIND_JSON, .key = (k), .json = (v) })
/* The two pairs every failure carries: "error" and "fault". */
#define LOG_WHY(e) LOG_STR("error", (e)->msg), LOG_STR("fault", fault_name((e)->fault))

/**
 * log_init() - Name the program before the first event
 * @prefix: Deployment's prefix ("cfnetworking"); NULL or "" for none; copied
 * @job:    Program's name ("policy-server"); copied
 * @fd:     Where lines go: 1 for daemons, 2 for one-shot programs, whose
 *          standard output is their protocol
 *
 * Until then events go to standard error with the source "netman".
 */
void log_init(const char *prefix, const char *job, int fd);

/** log_set_level() - Events below @level are dropped; safe from any thread */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/** log_level_parse() - "debug", "info", "error", "fatal" in either case -> level */
int log_level_parse(const char *text, enum log_level *ret, struct err *e);

/**
 * log_event() - Write one line, in one write(2); use the macros below
 * @pairs: Ends with a LOG_KIND_END element
 */
void log_event(enum log_level level, const char *event, const struct log_pair *pairs);

/* Twelve pairs at the most; the rest of the array is zero, which ends the list. */
#define log_pairs_(...)       ((const struct log_pair[13]){ __VA_ARGS__ })
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, log_pairs_(__VA_ARGS__))
#define log_info(event, ...)  log_event(LOG_LEVEL_INFO, event, log_pairs_(__VA_ARGS__))
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, log_pairs_(__VA_ARGS__))
#define log_fatal(event, ...) log_event(LOG_LEVEL_FATAL, event, log_pairs_(__VA_ARGS__))

#endif
