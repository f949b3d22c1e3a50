/* SPDX-License-Identifier: Apache-2.0 */
/* Apps as the user names them, found again by id. */
#ifndef NETMAN_PLUGIN_APPS_H
#define NETMAN_PLUGIN_APPS_H

#include "netman/err.h"

#include <stddef.h>

/**
 * struct app - An app, a space or an organisation: all have an id and a name
 * @parent: Id of an app's space, of a space's organisation; "" where not known
 */
struct app {
        char *id, *name, *parent;
};

/** struct app_list - All zero is an empty one; sorted by id once app_list_sort() ran */
struct app_list {
        struct app *items;
        size_t count, cap;
};

/** app_list_add() - Append copies */
int app_list_add(struct app_list *l, const char *id, const char *name, const char *parent,
                 struct err *e);

/** app_list_sort() - By id, the same id only once; app_list_find() needs it */
void app_list_sort(struct app_list *l);

/** app_list_find() - Return: borrowed; NULL where there is none */
const struct app *app_list_find(const struct app_list *l, const char *id);

void app_list_done(struct app_list *l);
static inline void app_list_drop(struct app_list *l)
{
        app_list_done(l);
}

#endif
