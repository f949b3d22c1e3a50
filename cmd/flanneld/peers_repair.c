/* SPDX-License-Identifier: Apache-2.0 */
/* Compare the kernel's tables with what is wanted, and set right what differs. */
#include "cmd/flanneld/peers_parts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct survey - What of the wanted is there, by position in @wanted
 * @by_mac: Positions sorted by MAC address
 */
struct survey {
        bool *route, *neigh, *fdb;
        uint32_t *by_mac;
};

static void survey_drop(struct survey *s)
{
        free(s->route);
        free(s->neigh);
        free(s->fdb);
        free(s->by_mac);
}

static int compare_mac(const void *a, const void *b, void *arg)
{
        const struct lease *at = arg;

        return memcmp(at[*(const uint32_t *)a].mac, at[*(const uint32_t *)b].mac, LEASE_MAC_LEN);
}

static int survey_new(const struct peers *p, struct survey *s, struct err *e)
{
        size_t n = p->wanted.count + 1; /* calloc(0) may be NULL */

        s->route = calloc(n, sizeof *s->route);
        s->neigh = calloc(n, sizeof *s->neigh);
        s->fdb = calloc(n, sizeof *s->fdb);
        s->by_mac = calloc(n, sizeof *s->by_mac);
        if (!s->route || !s->neigh || !s->fdb || !s->by_mac)
                return err_oom(e);
        for (uint32_t i = 0; i < p->wanted.count; i++)
                s->by_mac[i] = i;
        qsort_r(s->by_mac, p->wanted.count, sizeof *s->by_mac, compare_mac, p->wanted.at);
        return 0;
}

static int survey_routes(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_route *all = NULL;
        size_t count;

        if (nlx_routes(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_ROUTE, .route = all[i] };
                struct ip4_net dst = { ntohl(all[i].dst_be), all[i].len };
                const struct lease *l = leases_find(&p->wanted, dst);

                if (peers_route_right(p, &all[i]))
                        s->route[l - p->wanted.at] = true;
                else if (peers_route_ours(p, &all[i]) && !(l && all[i].metric == 0) &&
                         peers_collect_del(p, del, e) < 0) /* that one is replaced instead */
                        return -1;
        }
        return 0;
}

static int survey_neighs(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_neigh *all = NULL;
        size_t count;

        if (nlx_neighs(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_NEIGH, .neigh = all[i] };
                const struct lease *l = peers_at_address(p, all[i].ip_be);

                if (peers_neigh_right(p, &all[i]))
                        s->neigh[l - p->wanted.at] = true;
                else if (!l && all[i].permanent && peers_collect_del(p, del, e) < 0)
                        return -1;
        }
        return 0;
}

/* By the sorted positions: which peer has this MAC address? */
static const struct lease *surveyed(const struct peers *p, const struct survey *s,
                                    const uint8_t *mac)
{
        size_t low = 0, high = p->wanted.count;
        const struct lease *at = p->wanted.at;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (memcmp(at[s->by_mac[mid]].mac, mac, LEASE_MAC_LEN) < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == p->wanted.count || memcmp(at[s->by_mac[low]].mac, mac, LEASE_MAC_LEN) != 0)
                return NULL;
        return &at[s->by_mac[low]];
}

static int survey_fdbs(struct peers *p, struct survey *s, struct nlx *nl, struct err *e)
{
        OWN(mem) struct nlx_fdb *all = NULL;
        size_t count;

        if (nlx_fdbs(nl, p->dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_FDB, .fdb = all[i] };
                const struct lease *l = surveyed(p, s, all[i].mac);

                if (l && htonl(l->public_ip) == all[i].remote_be)
                        s->fdb[l - p->wanted.at] = true;
                else if (!l && peers_collect_del(p, del, e) < 0) /* a wrong end is replaced */
                        return -1;
        }
        return 0;
}

int peers_repair(struct peers *p, struct nlx *nl, size_t *ret_changes, struct err *e)
{
        OWN(survey) struct survey s = { 0 };

        p->stray = false;
        p->count = 0; /* the comparison finds whatever was collected, too */
        if (survey_new(p, &s, e) < 0 || survey_routes(p, &s, nl, e) < 0 ||
            survey_neighs(p, &s, nl, e) < 0 || survey_fdbs(p, &s, nl, e) < 0) {
                p->stray = true;
                return -1;
        }
        for (size_t i = 0; i < p->wanted.count; i++) {
                const struct lease *l = &p->wanted.at[i];
                struct nlx_change n = peers_neigh(p, l), f = peers_fdb(p, l), r = peers_route(p, l);

                if ((!s.neigh[i] && peers_collect(p, &n, e) < 0) ||
                    (!s.fdb[i] && peers_collect(p, &f, e) < 0) ||
                    (!s.route[i] && peers_collect(p, &r, e) < 0))
                        return -1;
        }
        *ret_changes = p->count;
        return peers_flush(p, nl, e);
}
