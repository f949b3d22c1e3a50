/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/store/arrays.h"

#include <inttypes.h>

void array_add(struct str *array, const char *text)
{
        str_add(array, array->len ? ",\"" : "{\"");
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        str_add_mem(array, "\\", 1);
                str_add_mem(array, text, 1);
        }
        str_add_mem(array, "\"", 1);
}

void array_add_int(struct str *array, int64_t n)
{
        str_addf(array, "%c%" PRId64, array->len ? ',' : '{', n);
}

const char *array_end(struct str *array)
{
        str_add(array, array->len ? "}" : "{}");
        return str_text(array);
}

int policy_arrays_fill(struct policy_arrays *a, const struct policy_list *list, struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                const struct policy *p = &list->items[i];

                array_add(&a->sources, p->source);
                array_add(&a->destinations, p->destination);
                array_add(&a->protocols, policy_proto_name(p->proto));
                array_add_int(&a->starts, p->start);
                array_add_int(&a->ends, p->end);
        }
        (void)array_end(&a->sources);
        (void)array_end(&a->destinations);
        (void)array_end(&a->protocols);
        (void)array_end(&a->starts);
        (void)array_end(&a->ends);
        if (str_ok(&a->sources, e) < 0 || str_ok(&a->destinations, e) < 0 ||
            str_ok(&a->protocols, e) < 0 || str_ok(&a->starts, e) < 0)
                return -1;
        return str_ok(&a->ends, e);
}

void policy_arrays_done(struct policy_arrays *a)
{
        str_done(&a->sources);
        str_done(&a->destinations);
        str_done(&a->protocols);
        str_done(&a->starts);
        str_done(&a->ends);
}
