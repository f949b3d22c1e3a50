/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/auth/guard.h"

/** apps_of() - Object whose keys are the apps of a list */
static int apps_of(const struct policy_list *list, json_t **ret, struct err *e)
{
        OWN(json) json_t *set = json_object();

        for (size_t i = 0; i < list->count; i++) {
                if (json_object_set_new(set, list->items[i].source, json_true()) < 0 ||
                    json_object_set_new(set, list->items[i].destination, json_true()) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(set);
        return 0;
}

/** distinct() - Object whose keys are the values of @map */
static int distinct(json_t *map, json_t **ret, struct err *e)
{
        OWN(json) json_t *set = json_object();
        const char *key;
        json_t *v;

        json_object_foreach(map, key, v) {
                if (json_object_set_new(set, json_string_value(v), json_true()) < 0)
                        return err_oom(e);
        }
        *ret = GIVE(set);
        return 0;
}

int guard_may_touch(struct cc *cc, const struct token *t, const struct policy_list *list, bool *ret,
                    struct err *e)
{
        OWN(json) json_t *apps = NULL;
        OWN(json) json_t *spaces = NULL;
        OWN(json) json_t *wanted = NULL;
        const char *space;
        json_t *v;

        *ret = token_has_scope(t, SCOPE_ADMIN);
        if (*ret)
                return 0;
        if (apps_of(list, &apps, e) < 0 || cc_app_spaces(cc, apps, &spaces, e) < 0 ||
            distinct(spaces, &wanted, e) < 0)
                return -1;
        /* An app nobody knows is an app this user does not develop. */
        if (!*t->subject || json_object_size(spaces) < json_object_size(apps))
                return 0;
        json_object_foreach(wanted, space, v) {
                bool develops = false;

                if (cc_user_develops(cc, t->subject, space, &develops, e) < 0)
                        return -1;
                if (!develops)
                        return 0;
        }
        *ret = true;
        return 0;
}

static bool sees(const json_t *app_spaces, const json_t *user_spaces, const char *app)
{
        const char *space = json_string_value(json_object_get(app_spaces, app));

        return space && json_object_get(user_spaces, space);
}

int guard_filter(struct cc *cc, const struct token *t, struct policy_list *list, struct err *e)
{
        OWN(json) json_t *apps = NULL;
        OWN(json) json_t *app_spaces = NULL;
        OWN(json) json_t *user_spaces = NULL;
        OWN(policy_list) struct policy_list kept = { 0 };

        if (token_has_scope(t, SCOPE_ADMIN))
                return 0;
        if (apps_of(list, &apps, e) < 0 || cc_app_spaces(cc, apps, &app_spaces, e) < 0 ||
            cc_user_spaces(cc, t->subject, &user_spaces, e) < 0)
                return -1;
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                if (sees(app_spaces, user_spaces, p->source) &&
                    sees(app_spaces, user_spaces, p->destination) &&
                    policy_list_add(&kept, p, e) < 0)
                        return -1;
        }
        policy_list_done(list);
        return policy_list_append(list, &kept, e);
}
