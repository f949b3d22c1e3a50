/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/handlers/creating.h"

#include "netman/log.h"
#include "policy-server/http/call.h"

#define FAILED "database create failed"

struct store_limits creating_limits(const struct call *c)
{
        const struct ps_config *conf = &c->ps->config;

        return (struct store_limits){ .tag_max = policy_tag_max((unsigned int)conf->tag_length),
                                      .quarantine_s = conf->tag_quarantine_seconds,
                                      .max_policies = conf->max_policies };
}

void creating_warn(const struct call *c, int64_t tags_early)
{
        if (tags_early)
                log_error("tags-given-in-quarantine", LOG_STR("request_guid", c->id),
                          LOG_INT("count", tags_early),
                          LOG_STR("hint", "no other tag is left, and cells may still hold rules "
                                          "for the app that had it: is tag_length too small?"));
}

void creating_failed(struct call *c, const struct err *why)
{
        OWN(str) struct str text = { 0 };

        str_add(&text, FAILED);
        if (why->fault == FAULT_CONFLICT)
                str_addf(&text, ": %s", why->msg);
        call_fail(c, text.bad ? FAILED : text.data, why);
}
