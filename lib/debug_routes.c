/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/debug_routes.h"

#include "netman/log.h"

#include <string.h>

/** read_level() - In words, or in the short forms that operators' scripts use */
static int read_level(const char *text, enum log_level *ret, struct err *e)
{
        static const char letters[] = "dief", digits[] = "0123";
        const char *at;

        if (strlen(text) != 1)
                return log_level_parse(text, ret, e);
        at = strchr(letters, text[0]);
        if (at)
                *ret = LOG_LEVEL_DEBUG + (enum log_level)(at - letters);
        else if ((at = strchr(digits, text[0])))
                *ret = LOG_LEVEL_DEBUG + (enum log_level)(at - digits);
        return at ? 0 : log_level_parse(text, ret, e);
}

void debug_log_level(struct http_request *rq)
{
        enum log_level level;
        struct err e;

        if (read_level(http_request_body(rq, NULL), &level, &e) < 0) {
                http_answer_text(rq, 400, "text/plain", "want debug, info, error or fatal\n");
                return;
        }
        log_set_level(level);
        http_answer_text(rq, 200, "text/plain", "");
}

void debug_metrics(struct http_request *rq, struct metrics *m)
{
        OWN(http_reply) struct http_reply reply = { .status = 200 };

        metrics_print(m, &reply.body);
        http_reply_header(&reply, "Content-Type", METRICS_CONTENT_TYPE);
        http_answer(rq, &reply);
}
