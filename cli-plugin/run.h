/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, each one function: what is asked for, with whose session, printed where. */
#ifndef NETMAN_PLUGIN_RUN_H
#define NETMAN_PLUGIN_RUN_H

#include "cli-plugin/args.h"
#include "cli-plugin/out.h"
#include "cli-plugin/policies.h"
#include "cli-plugin/session.h"

/** run_change() - allow-access and remove-access */
int run_change(struct session *s, const struct args *a, struct out *o, struct err *e);

/** run_list() - list-access */
int run_list(struct session *s, const struct args *a, struct out *o, struct err *e);

/** say_user() - " as USER..." and a line break */
int say_user(struct session *s, struct out *o, struct err *e);

/** say_ok() - OK, and the two line breaks that have always followed it */
void say_ok(struct out *o);

/** wait_for_cells() - After a change, if --wait was given */
int wait_for_cells(struct session *s, const struct args *a, struct out *o, struct err *e);

#endif
