/* SPDX-License-Identifier: Apache-2.0 */
/* What the ids in policies are called: names of apps, of their spaces and organisations. */
#ifndef NETMAN_PLUGIN_NAMES_H
#define NETMAN_PLUGIN_NAMES_H

#include "cli-plugin/session.h"

#include "netman/policy.h"

/**
 * struct names - Names, found by id
 * @all: Apps of all spaces, with names of spaces and organisations; else those
 *       of the targeted space alone
 */
struct names {
        bool all;
        struct app_list apps, spaces, orgs;
};

/** names_get() - Ask for the names of all that @policies are about */
int names_get(struct session *s, const struct policy_list *policies, struct names *n,
              struct err *e);

/** struct place - Where an app is, as far as that is known; borrowed, or NULL */
struct place {
        const struct app *app, *space, *org;
};
struct place names_place(const struct names *n, const char *id);

/** names_text() - The name; "" for NULL */
const char *names_text(const struct app *a);

void names_done(struct names *n);
static inline void names_drop(struct names *n)
{
        names_done(n);
}

#endif
