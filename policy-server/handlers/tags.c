/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/jsonx.h"
#include "policy-server/handlers/handlers.h"
#include "policy-server/http/call.h"
#include "policy-server/store/store.h"

static json_t *tag_json(const struct call *c, const char *id, const char *type, uint32_t tag)
{
        char text[POLICY_TAG_TEXT];

        return json_pack("{s:s, s:s, s:s}", "id", id, "tag",
                         policy_tag_print(tag, (unsigned int)c->ps->config.tag_length, text),
                         "type", type);
}

void handle_tags(struct call *c)
{
        OWN(store_tags) struct store_tags tags = { 0 };
        OWN(json) json_t *list = NULL;
        struct err why = { 0 };

        if (store_tags(c->ps->db, &tags, &why) < 0) {
                call_fail(c, "database read failed", &why);
                return;
        }
        list = json_array();
        for (size_t i = 0; i < tags.count; i++)
                (void)json_array_append_new(
                        list, tag_json(c, tags.items[i].id, tags.items[i].type, tags.items[i].tag));
        call_document(c, json_pack("{s:O}", "tags", list));
}
