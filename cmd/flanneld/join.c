/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/join.h"

#include "cmd/flanneld/claim.h"
#include "cmd/flanneld/patience.h"
#include "cmd/flanneld/subnet_env.h"
#include "cmd/flanneld/wait.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RACE_MS = 20, RACES_MAX = 100 };

void joined_drop(struct joined *j)
{
        leases_drop(&j->all);
}

static int read_conf(struct store *s, struct netconf *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };

        if (store_config(s, &text, e) < 0)
                return -1;
        if (netconf_parse(str_text(&text), text.len, ret, e) < 0)
                return err_add(e, "network configuration");
        return 0;
}

/* Things that are right for JSON but not for us. */
static int check_conf(const struct netconf *c, bool no_gbp, struct err *e)
{
        if (c->other[0])
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "network configuration: Backend.Type is '%s', only 'vxlan' is "
                               "known here",
                               c->other);
        if (!c->gbp && !no_gbp)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "network configuration: Backend.GBP is not true: no packet would "
                               "say which app it comes from and policies could not be enforced; "
                               "set it (on all cells), or use --allow-no-gbp");
        if (c->direct)
                log_error("direct-routing-ignored",
                          LOG_STR("why", "packets outside VXLAN carry no group policy"));
        return 0;
}

int join_check(const struct options *o, struct err *e)
{
        OWN(store) struct store *s = NULL;
        OWN(leases) struct leases all = { 0 };
        struct netconf conf;
        int64_t rev;

        if (store_open(&o->store, &s, e) < 0)
                return -1;
        if (o->store.api != STORE_FILE)
                return 0;
        if (read_conf(s, &conf, e) < 0 || check_conf(&conf, o->no_gbp, e) < 0)
                return -1;
        return store_list(s, &all, &rev, e);
}

void joined_describe(struct joined *j)
{
        struct vtep *v = &j->vtep;

        (void)snprintf(v->name, sizeof v->name, "flannel.%u", j->conf.vni);
        v->vxlan = (struct nlx_vxlan){
                .vni = j->conf.vni,
                .port = j->conf.port,
                .local_be = htonl(j->underlay.local),
                .link = j->underlay.link.index,
                .gbp = j->conf.gbp,
        };
        v->mtu = underlay_mtu(&j->underlay, &j->conf);
        v->network = j->conf.network;
}

/**
 * take_lease() - One attempt: list, make the device, claim
 *
 * The device comes before the lease, which tells its MAC address. If it must be
 * made, it gets the address that the lease we have already tells other cells.
 */
static int take_lease(struct store *s, const struct options *o, struct nlx *nl, struct joined *j,
                      struct err *e)
{
        struct claim c = { .conf = &j->conf, .ttl_s = o->ttl_s };
        const struct lease *known;

        if (store_list(s, &j->all, &j->rev, e) < 0)
                return -1;
        known = leases_of(&j->all, j->underlay.public_ip);
        if (known && known->vxlan)
                memcpy(j->vtep.mac, known->mac, sizeof j->vtep.mac);
        j->made |= nlx_link_get(nl, j->vtep.name, &j->device, NULL) < 0;
        if (vtep_ensure(nl, &j->vtep, &j->device, e) < 0) {
                e->fault = FAULT_SYSTEM; /* nothing that waiting for the store would mend */
                return -1;
        }
        memcpy(j->vtep.mac, j->device.mac, sizeof j->vtep.mac);
        c.previous = subnet_env_previous(o->subnet_file);
        c.cell.public_ip = j->underlay.public_ip;
        c.cell.vxlan = true;
        c.cell.vni = j->conf.vni;
        memcpy(c.cell.mac, j->device.mac, sizeof c.cell.mac);
        return claim_lease(s, &c, &j->all, &j->lease, &j->left_s, e);
}

/**
 * give_up() - After a failure: wait and say no, or say yes
 *
 * Return: 1: try again; 0: told to end; -1: trying again is no use
 */
static int give_up(struct patience *p, const char *doing, const struct err *why, int end_fd)
{
        bool said = p->pause_ms > 0;

        if (why->fault == FAULT_CONFLICT && why->sys == EAGAIN) /* a race */
                return wait_for(end_fd, wait_jitter(RACE_MS)) ? 0 : 1;
        if (why->fault != FAULT_UPSTREAM && why->fault != FAULT_ABSENT)
                return -1;
        /* Said once: etcd's words differ from try to try. */
        (void)patience_fail(p, why);
        if (!said)
                log_error("waiting-for-store", LOG_STR("doing", doing), LOG_WHY(why));
        return wait_for(end_fd, wait_jitter(p->pause_ms)) ? 0 : 1;
}

/* The network's configuration, once there is one. Return: as join_network() */
static int await_conf(struct store *s, struct netconf *ret, int end_fd, struct err *e)
{
        struct patience p = { 0 };
        struct err why = { 0 };

        while (read_conf(s, ret, &why) < 0) {
                int rc = give_up(&p, "read the network configuration", &why, end_fd);

                if (rc > 0)
                        continue;
                if (rc < 0)
                        *e = why;
                return rc;
        }
        return 1;
}

static int await_lease(struct store *s, const struct options *o, struct nlx *nl, int end_fd,
                       struct joined *j, struct err *e)
{
        struct patience p = { 0 };
        struct err why = { 0 };

        for (int races = 0; take_lease(s, o, nl, j, &why) < 0; races++) {
                int rc = races < RACES_MAX ? give_up(&p, "take a lease", &why, end_fd) : -1;

                if (rc > 0)
                        continue;
                if (rc < 0)
                        *e = why;
                return rc;
        }
        return 1;
}

int join_network(const struct options *o, struct nlx *nl, struct store *s, int end_fd,
                 struct joined *ret, struct err *e)
{
        int rc;

        if (underlay_find(nl, &o->underlay, &ret->underlay, e) < 0)
                return -1;
        rc = await_conf(s, &ret->conf, end_fd, e);
        if (rc <= 0)
                return rc;
        if (check_conf(&ret->conf, o->no_gbp, e) < 0)
                return -1;
        joined_describe(ret);
        return underlay_check(nl, &ret->underlay, &ret->conf, ret->vtep.name, e) < 0 ? -1 : 1;
}

int join_lease(const struct options *o, struct nlx *nl, struct store *s, int end_fd,
               struct joined *j, struct err *e)
{
        int rc = await_lease(s, o, nl, end_fd, j, e);

        if (rc <= 0 && j->made && j->device.index)
                (void)nlx_link_del(nl, j->device.index, NULL); /* of no use without a lease */
        if (rc <= 0)
                return rc;
        j->vtep.address = j->lease.subnet.ip;
        return vtep_ensure(nl, &j->vtep, &j->device, e) < 0 ? -1 : 1;
}
