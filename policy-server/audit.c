/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/audit.h"

#include "netman/jsonx.h"
#include "netman/log.h"

/** one() - Members as the reference writes them into its log */
static json_t *one(const struct policy *p)
{
        return json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s, s:i, s:{s:i, s:i}}}", "Source", "ID",
                         p->source, "Tag", "", "Destination", "ID", p->destination, "Tag", "",
                         "Protocol", policy_proto_name(p->proto), "Port",
                         p->start == p->end ? p->start : 0, "Ports", "Start", p->start, "End",
                         p->end);
}

void audit(const char *event, const char *request_id, const struct policy_list *list,
           int64_t revision, const char *user)
{
        OWN(json) json_t *policies = json_array();

        for (size_t i = 0; i < list->count && i < AUDIT_POLICIES_MAX; i++)
                (void)json_array_append_new(policies, one(&list->items[i])); /* NULL is left out */
        if (request_id)
                log_info(event, LOG_STR("request_guid", request_id), LOG_INT("count", list->count),
                         LOG_INT("revision", revision), LOG_STR("userName", user),
                         LOG_JSON("policies", policies));
        else
                log_info(event, LOG_INT("count", list->count), LOG_INT("revision", revision),
                         LOG_JSON("policies", policies));
}
