/* SPDX-License-Identifier: Apache-2.0 */
/* Lists as Postgres array literals, for parameters. */
#ifndef NETMAN_POLICY_SERVER_STORE_ARRAYS_H
#define NETMAN_POLICY_SERVER_STORE_ARRAYS_H

#include "netman/policy.h"

/** array_add() - Append a text to an array literal, quoted; start with an empty str */
void array_add(struct str *array, const char *text);
void array_add_int(struct str *array, int64_t n);

/** array_end() - Close it; also makes "{}" of an empty one. Return: its text */
const char *array_end(struct str *array);

/** struct policy_arrays - The columns of a list of policies */
struct policy_arrays {
        struct str sources, destinations, protocols, starts, ends;
};

/** policy_arrays_fill() - Columns of @list, ready to be parameters */
int policy_arrays_fill(struct policy_arrays *a, const struct policy_list *list, struct err *e);
void policy_arrays_done(struct policy_arrays *a);

static inline void policy_arrays_drop(struct policy_arrays *a)
{
        policy_arrays_done(a);
}

#endif
