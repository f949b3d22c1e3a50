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

/** run_explain() - explain-access; o->status 1 where the answer is no */
int run_explain(struct session *s, const struct args *a, struct out *o, struct err *e);

/** run_apply() - apply-access */
int run_apply(struct session *s, const struct args *a, struct out *o, struct err *e);

/** run_add_policy(), run_remove_policy(), run_policies() - By cf's own, newer names */
int run_add_policy(struct session *s, const struct args *a, struct out *o, struct err *e);
int run_remove_policy(struct session *s, const struct args *a, struct out *o, struct err *e);
int run_policies(struct session *s, const struct args *a, struct out *o, struct err *e);

/** say_user() - " as USER..." and a line break */
int say_user(struct session *s, struct out *o, struct err *e);

/** print_ports() - "8080" or "8080-8090" */
void print_ports(const struct policy *p, struct str *s);

/** say_still_allowed() - After a removal: what other policies allow some of the ports, if any do */
void say_still_allowed(struct session *s, const struct policy *removed, struct out *o);

/** say_ok() - OK, and the two line breaks that have always followed it */
void say_ok(struct out *o);

/** check_wait() - Before a change: if --wait was given, can the server tell? */
int check_wait(struct session *s, const struct args *a, struct err *e);

/** wait_for_cells() - After a change, if --wait was given */
int wait_for_cells(struct session *s, const struct args *a, struct out *o, struct err *e);

#endif
