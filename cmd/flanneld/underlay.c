/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/underlay.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* The first usable address of an interface. */
static int first_address(struct nlx *nl, const struct nlx_link *l, uint32_t *ret, struct err *e)
{
        OWN(mem) struct nlx_addr *all = NULL;
        size_t count;

        if (nlx_addrs(nl, l->index, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (all[i].scope == 0 && ip4_usable(ntohl(all[i].ip_be))) {
                        *ret = ntohl(all[i].ip_be);
                        return 0;
                }
        return err_set(e, FAULT_ABSENT, 0, "interface %s has no IPv4 address", l->name);
}

/* Which interface has this address? @ret: its index, 0 for none. */
static int by_address(struct nlx *nl, uint32_t ip, int *ret, struct err *e)
{
        OWN(mem) struct nlx_addr *all = NULL;
        size_t count;

        *ret = 0;
        if (nlx_addrs(nl, 0, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (ntohl(all[i].ip_be) == ip)
                        *ret = all[i].dev;
        return 0;
}

/* An interface by its address or name. */
static int try_iface(struct nlx *nl, const char *iface, struct underlay *u, struct err *e)
{
        int dev = 0;

        if (!ip4_parse(iface, &u->local))
                return nlx_link_get(nl, iface, &u->link, e) < 0
                               ? -1
                               : first_address(nl, &u->link, &u->local, e);
        if (by_address(nl, u->local, &dev, e) < 0)
                return -1;
        if (!dev)
                return err_set(e, FAULT_ABSENT, 0, "no interface has the address %s", iface);
        return nlx_link_get_index(nl, dev, &u->link, e);
}

/* The interface of the default route with the least metric. */
static int default_iface(struct nlx *nl, struct underlay *u, struct err *e)
{
        OWN(mem) struct nlx_route *all = NULL;
        const struct nlx_route *best = NULL;
        size_t count;

        if (nlx_routes(nl, 0, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (all[i].len == 0 && (!best || all[i].metric < best->metric))
                        best = &all[i];
        if (!best)
                return err_set(e, FAULT_ABSENT, 0,
                               "there is no default route to tell the underlay: use --iface");
        if (nlx_link_get_index(nl, best->dev, &u->link, e) < 0)
                return -1;
        return first_address(nl, &u->link, &u->local, e);
}

/* The first interface that has an address, or else the first name, that @re matches. */
static int by_regex(struct nlx *nl, const regex_t *re, struct underlay *u, struct err *e)
{
        OWN(mem) struct nlx_link *links = NULL;
        size_t count;

        if (nlx_links(nl, &links, &count, e) < 0)
                return -1;
        for (int names = 0; names < 2; names++)
                for (size_t i = 0; i < count; i++) {
                        struct underlay here = { .link = links[i] };

                        if (first_address(nl, &links[i], &here.local, NULL) < 0 ||
                            regexec(re, names ? links[i].name : ip4_text(here.local).s, 0, NULL,
                                    0) != 0)
                                continue;
                        *u = here;
                        return 0;
                }
        return err_set(e, FAULT_ABSENT, 0, "no interface with an IPv4 address matches");
}

int underlay_regex(const char *text, regex_t *ret, struct err *e)
{
        /* In Go's expressions, which flannel takes, a digit; here it would be a 'd'. */
        if (strstr(text, "\\d"))
                return err_set(e, FAULT_BAD_INPUT, 0, "--iface-regex %s: write [0-9] for \\d",
                               text);
        if (regcomp(ret, text, REG_EXTENDED | REG_NOSUB) != 0)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "--iface-regex %s: no extended regular expression", text);
        return 0;
}

static int try_regex(struct nlx *nl, const char *text, struct underlay *u, struct err *e)
{
        regex_t re;
        int rc;

        if (underlay_regex(text, &re, e) < 0)
                return -1;
        rc = by_regex(nl, &re, u, e);
        regfree(&re);
        return rc < 0 ? err_add(e, "--iface-regex %s", text) : 0;
}

/* The interface by which packets to @text leave. */
static int try_reach(struct nlx *nl, const char *text, struct underlay *u, struct err *e)
{
        uint32_t ip, src_be;
        int dev;

        if (!ip4_parse(text, &ip))
                return err_set(e, FAULT_BAD_INPUT, 0, "--iface-can-reach %s is no IPv4 address",
                               text);
        if (nlx_route_get(nl, htonl(ip), &dev, &src_be, e) < 0 ||
            nlx_link_get_index(nl, dev, &u->link, e) < 0)
                return err_add(e, "--iface-can-reach %s", text);
        u->local = ntohl(src_be);
        return 0;
}

/* As flannel does it: names and addresses, then expressions, then what is reached. */
static int find_interface(struct nlx *nl, const struct underlay_wish *w, struct underlay *u,
                          struct err *e)
{
        uint32_t public_ip;
        int rc = -1;

        for (size_t i = 0; i < w->iface_count && rc < 0; i++)
                rc = try_iface(nl, w->ifaces[i], u, e);
        for (size_t i = 0; i < w->regex_count && rc < 0; i++)
                rc = try_regex(nl, w->regexes[i], u, e);
        if (rc < 0 && w->can_reach)
                rc = try_reach(nl, w->can_reach, u, e);
        if (rc == 0 || w->iface_count || w->regex_count || w->can_reach)
                return rc;
        if (w->public_ip && ip4_parse(w->public_ip, &public_ip) &&
            try_iface(nl, w->public_ip, u, NULL) == 0)
                return 0;
        return default_iface(nl, u, e);
}

int underlay_find(struct nlx *nl, const struct underlay_wish *w, struct underlay *ret,
                  struct err *e)
{
        struct underlay u = { 0 };
        int dev = 0;

        if (find_interface(nl, w, &u, e) < 0)
                return -1;
        u.public_ip = u.local;
        if (w->public_ip && !ip4_parse(w->public_ip, &u.public_ip))
                return err_set(e, FAULT_BAD_INPUT, 0, "--public-ip %s is no IPv4 address",
                               w->public_ip);
        /* Behind address translation the public address is not ours to send from. */
        if (by_address(nl, u.public_ip, &dev, e) < 0)
                return -1;
        if (dev)
                u.local = u.public_ip;
        *ret = u;
        return 0;
}
