/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the Cloud Controller: names to ids and back. Every page is read. */
#ifndef NETMAN_PLUGIN_CC_H
#define NETMAN_PLUGIN_CC_H

#include "cli-plugin/session.h"

/**
 * cc_id_by_name() - The id of the one thing of that name
 * @kind:    "apps", "spaces" or "organizations"
 * @belongs: What @parent is: "space_guids", "organization_guids"; NULL for anywhere
 * @ret:     NULL where the user sees none of that name
 */
int cc_id_by_name(struct session *s, const char *kind, const char *belongs, const char *parent,
                  const char *name, char **ret, struct err *e);

/** cc_app_id() - The id of the app of that name in a space; FAULT_ABSENT "App X not found" */
int cc_app_id(struct session *s, const char *space, const char *name, char **ret, struct err *e);

/** cc_apps_of_space() - All apps of a space, sorted */
int cc_apps_of_space(struct session *s, const char *space, struct app_list *ret, struct err *e);

/**
 * cc_by_ids() - Things of one kind by their ids, as far as the user may see them
 * @kind: "apps", "spaces" or "organizations"
 * @ids:  Asked for in pieces, because an address has a greatest length
 * @ret:  Sorted; an app's parent is its space, a space's its organisation
 */
int cc_by_ids(struct session *s, const char *kind, const char *const *ids, size_t count,
              struct app_list *ret, struct err *e);

#endif
