/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/steps.h"

#include "netman/netns.h"
#include "netman/nl.h"

#include <string.h>

/**
 * struct shutting - What step_shut() works with
 * @ns: The container's namespace
 */
struct shutting {
        struct nlx *nl;
        int ns;
};

/**
 * shut_end() - Take an interface down, if it is the host's end of one in the container
 * @ret: Set where it is
 *
 * A result may well name the bridge, or what the cell itself hangs on.
 */
static int shut_end(const struct shutting *s, const char *name, bool *ret, struct err *e)
{
        struct nlx_link link;
        int number;

        if (nlx_link_get(s->nl, name, &link, e) < 0)
                return -1;
        if (strcmp(link.kind, "veth") != 0 || link.peer_ns < 0)
                return 0;
        if (nlx_ns_number(s->nl, s->ns, &number, e) < 0)
                return -1;
        if (number != link.peer_ns)
                return 0;
        *ret = true;
        return nlx_link_set_up(s->nl, link.index, false, e);
}

static bool shut_network(const struct shutting *s, const json_t *result)
{
        bool any = false;
        const json_t *end;
        size_t i;

        json_array_foreach(json_object_get(result, "interfaces"), i, end) {
                const char *name = json_string_value(json_object_get(end, "name"));
                const char *sandbox = json_string_value(json_object_get(end, "sandbox"));

                if (!name || (sandbox && *sandbox))
                        continue; /* the container's own end */
                if (shut_end(s, name, &any, &(struct err){ 0 }) < 0)
                        return false;
        }
        return any;
}

bool step_shut(const json_t *results, const char *netns)
{
        OWN(nlx) struct nlx *nl = NULL;
        OWN(fd) int ns = -1;
        struct err why = { 0 };
        struct shutting s;
        const json_t *note;
        size_t i;

        if (!json_array_size(results) || netns_open(netns, &ns, &why) < 0 ||
            nlx_open(&nl, &why) < 0)
                return false;
        s = (struct shutting){ nl, ns };
        json_array_foreach(results, i, note) {
                if (!shut_network(&s, json_object_get(note, "result")))
                        return false;
        }
        return true;
}
