/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/lost.h"

#include "netman/str.h"

#include <string.h>

static bool same_tags(const struct policy *a, const struct policy *b)
{
        return a->source_tag == b->source_tag && a->destination_tag == b->destination_tag;
}

bool lost_policy(struct policy_list *old, struct policy_list *fresh)
{
        size_t at = 0;

        policy_list_sort(old);
        policy_list_sort(fresh);
        for (size_t i = 0; i < old->count; i++) {
                while (at < fresh->count && policy_compare(&fresh->items[at], &old->items[i]) < 0)
                        at++;
                if (at == fresh->count || policy_compare(&fresh->items[at], &old->items[i]) != 0 ||
                    !same_tags(&fresh->items[at], &old->items[i]))
                        return true;
        }
        return false;
}

bool lost_container(const struct containers *old, const struct containers *fresh)
{
        size_t at = 0;

        for (size_t i = 0; i < old->count; i++) {
                const struct plan_container *was = &old->items[i], *is;

                while (at < fresh->count && strcmp(fresh->items[at].handle, was->handle) < 0)
                        at++;
                is = at < fresh->count ? &fresh->items[at] : NULL;
                if (!is || strcmp(is->handle, was->handle) != 0 || is->ip != was->ip ||
                    !str_eq(is->app, was->app))
                        return true;
        }
        return false;
}
