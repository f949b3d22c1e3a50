/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/join.h"

#include "cmd/flanneld/claim.h"
#include "cmd/flanneld/subnet_env.h"
#include "cmd/flanneld/wait.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_FIRST_MS = 200, RETRY_MOST_MS = 5000, RACES_MAX = 100 };

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

/* The device as far as it can be known before there is a lease. */
static void describe_device(struct joined *j)
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
        if (vtep_ensure(nl, &j->vtep, &j->device, e) < 0)
                return -1;
        memcpy(j->vtep.mac, j->device.mac, sizeof j->vtep.mac);
        c.previous = subnet_env_previous(o->subnet_file);
        c.cell.public_ip = j->underlay.public_ip;
        c.cell.vxlan = true;
        c.cell.vni = j->conf.vni;
        memcpy(c.cell.mac, j->device.mac, sizeof c.cell.mac);
        return claim_lease(s, &c, &j->all, &j->lease, &j->left_s, e);
}

/** struct patience - How long to wait for the store, and whether that was said */
struct patience {
        int64_t pause_ms;
        bool said;
};

/**
 * give_up() - After a failure: wait and say no, or say yes
 *
 * Return: 1: try again; 0: told to end; -1: trying again is no use
 */
static int give_up(struct patience *p, const char *doing, const struct err *why, int end_fd)
{
        bool race = why->fault == FAULT_CONFLICT && why->sys == EAGAIN;
        int64_t pause = p->pause_ms ? p->pause_ms : RETRY_FIRST_MS;

        if (!race && why->fault != FAULT_UPSTREAM && why->fault != FAULT_ABSENT)
                return -1;
        if (!race && !p->said)
                log_error("waiting-for-store", LOG_STR("doing", doing), LOG_WHY(why));
        p->said |= !race;
        p->pause_ms = pause * 2 < RETRY_MOST_MS ? pause * 2 : RETRY_MOST_MS;
        return wait_for(end_fd, wait_jitter(race ? RETRY_FIRST_MS / 10 : pause)) ? 0 : 1;
}

/* The network's configuration, once there is one. Return: as join_overlay() */
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

int join_overlay(const struct options *o, struct nlx *nl, int end_fd, struct joined *ret,
                 struct err *e)
{
        OWN(store) struct store *s = NULL;
        int rc;

        if (store_open(&o->store, &s, e) < 0 ||
            underlay_find(nl, &o->underlay, &ret->underlay, e) < 0)
                return -1;
        rc = await_conf(s, &ret->conf, end_fd, e);
        if (rc <= 0)
                return rc;
        if (check_conf(&ret->conf, o->no_gbp, e) < 0)
                return -1;
        describe_device(ret);
        if (underlay_check(nl, &ret->underlay, &ret->conf, ret->vtep.name, e) < 0)
                return -1;
        rc = await_lease(s, o, nl, end_fd, ret, e);
        if (rc <= 0 && ret->made && ret->device.index)
                (void)nlx_link_del(nl, ret->device.index, NULL); /* of no use without a lease */
        if (rc <= 0)
                return rc;
        ret->vtep.address = ret->lease.subnet.ip;
        return vtep_ensure(nl, &ret->vtep, &ret->device, e) < 0 ? -1 : 1;
}
