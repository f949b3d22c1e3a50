/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/overlay.h"

#include "cmd/flanneld/stats.h"
#include "cmd/flanneld/subnet_env.h"
#include "cmd/flanneld/wait.h"
#include "netman/clock.h"
#include "netman/log.h"

int overlay_open(struct overlay *ov, const struct options *o, struct metrics *m, struct err *e)
{
        ov->o = o;
        ov->metrics = m;
        return nlx_open(&ov->nl, e) < 0 ? -1 : nlx_watch_open(&ov->watch, e);
}

void overlay_drop(struct overlay *ov)
{
        nlx_watch_close(ov->watch);
        nlx_close(ov->nl);
        joined_drop(&ov->j);
        peers_drop(&ov->peers);
        rules_drop(&ov->rules);
}

int overlay_write_env(const struct overlay *ov, struct err *e)
{
        struct subnet_env env = {
                .network = ov->j.conf.network,
                .subnet = ov->j.lease.subnet,
                .mtu = ov->j.device.mtu,
                .ip_masq = ov->o->ip_masq,
        };

        return subnet_env_write(ov->o->subnet_file, &env, e);
}

/* Without the filter all is the same, only that we wake more often. */
void overlay_hear_neighbours(struct overlay *ov)
{
        struct err e;

        if (nlx_watch_neighbours(ov->watch, ov->peers.dev, &e) < 0)
                log_error("filter-failed", LOG_WHY(&e));
}

/* What is known of the other cells so far, into the kernel. @ret: changes that took */
static int begin_peers(struct overlay *ov, size_t *ret, struct err *e)
{
        ov->peers.dev = ov->j.device.index;
        ov->peers.vni = ov->j.conf.vni;
        ov->peers.network = ov->j.conf.network;
        ov->peers.self = ov->j.lease.subnet;
        ov->peers.self_ip = ov->j.underlay.public_ip;
        overlay_hear_neighbours(ov);
        if (peers_set(&ov->peers, &ov->j.all, e) < 0)
                return -1;
        if (peers_repair(&ov->peers, ov->nl, ret, e) < 0) {
                if (!ov->peers.stray)
                        return -1;
                log_error("programming-failed", LOG_WHY(e)); /* tried again in the loop */
        }
        leases_drop(&ov->j.all);
        return 0;
}

int overlay_sync_rules(struct overlay *ov, bool all, struct err *e)
{
        int64_t start = clock_us();
        int rc = rules_sync(&ov->rules, &ov->peers.wanted, all, e);

        metrics_observe_us(ov->metrics, STATS_GUARD, clock_us() - start, NULL);
        return rc;
}

/**
 * await_rules() - Set the rules, or before there is a lease (@close) the least of them
 *
 * Somebody may hold the lock for longer than we wait for it at a time.
 *
 * Return: as overlay_join()
 */
static int await_rules(struct overlay *ov, bool close, int end_fd, struct err *e)
{
        struct patience p = { 0 };

        for (;;) {
                struct err why = { 0 };

                if ((close ? guard_close(&ov->rules.guard, &why)
                           : overlay_sync_rules(ov, true, &why)) == 0)
                        return 1;
                if (why.fault != FAULT_CONFLICT) {
                        *e = why;
                        return -1;
                }
                if (patience_fail(&p, &why))
                        log_error("waiting-for-iptables", LOG_WHY(&why));
                if (wait_for(end_fd, wait_jitter(p.pause_ms)))
                        return 0;
        }
}

/* Once: cells that come while the machine is not seen to would make a log of it. */
static void warn_neighbours(struct overlay *ov)
{
        if (!ov->warned)
                ov->warned = underlay_warn_neighbours(ov->peers.wanted.count);
}

static void tell_joined(struct overlay *ov, size_t changes, int64_t programming_us)
{
        warn_neighbours(ov);
        metrics_set(ov->metrics, STATS_CELLS, (double)ov->peers.wanted.count, NULL);
        metrics_add(ov->metrics, STATS_CHANGES, (double)changes, NULL);
        log_info("overlay-joined", LOG_STR("subnet", ip4_net_text(ov->j.lease.subnet).s),
                 LOG_STR("public_ip", ip4_text(ov->j.underlay.public_ip).s),
                 LOG_STR("device", ov->j.vtep.name), LOG_INT("mtu", ov->j.device.mtu),
                 LOG_INT("cells", ov->peers.wanted.count), LOG_INT("changes", changes),
                 LOG_INT("programming_us", programming_us));
}

/* A device that is not up yet must not come up before its guard stands. */
static int join_guarded(struct overlay *ov, struct store *s, int end_fd, struct err *e)
{
        int rc = join_network(ov->o, ov->nl, s, end_fd, &ov->j, e);

        if (rc <= 0)
                return rc;
        rules_init(&ov->rules, ov->o, &ov->j);
        rc = vtep_is_up(ov->nl, &ov->j.vtep) ? 1 : await_rules(ov, true, end_fd, e);
        return rc <= 0 ? rc : join_lease(ov->o, ov->nl, s, end_fd, &ov->j, e);
}

int overlay_join(struct overlay *ov, int end_fd, struct err *e)
{
        OWN(store) struct store *s = NULL;
        size_t changes = 0;
        int64_t start, programmed;
        int rc;

        if (store_open(&ov->o->store, &s, e) < 0)
                return -1;
        rc = join_guarded(ov, s, end_fd, e);
        if (rc <= 0)
                return rc;
        start = clock_us();
        if (begin_peers(ov, &changes, e) < 0)
                return -1;
        programmed = clock_us() - start;
        rules_set_subnet(&ov->rules, ov->j.lease.subnet);
        ov->looked_ms = clock_ms();
        rc = await_rules(ov, false, end_fd, e);
        if (rc <= 0)
                return rc;
        if (overlay_write_env(ov, e) < 0)
                return -1;
        tell_joined(ov, changes, programmed);
        return 1;
}

void overlay_flush(struct overlay *ov, int64_t start_us)
{
        size_t changes = ov->peers.count;
        int64_t programmed;
        struct err e = { 0 };

        if (changes == 0)
                return;
        if (peers_flush(&ov->peers, ov->nl, &e) < 0)
                log_error("programming-failed", LOG_WHY(&e));
        programmed = clock_us();
        metrics_observe_us(ov->metrics, STATS_PROGRAMMING, programmed - start_us, NULL);
        metrics_add(ov->metrics, STATS_CHANGES, (double)changes, NULL);
        metrics_set(ov->metrics, STATS_CELLS, (double)ov->peers.wanted.count, NULL);
        if (overlay_sync_rules(ov, false, &e) < 0)
                log_error("rules-failed", LOG_WHY(&e)); /* tried again in the loop */
        log_info("leases-changed", LOG_INT("changes", changes),
                 LOG_INT("cells", ov->peers.wanted.count),
                 LOG_INT("programming_us", programmed - start_us),
                 LOG_INT("guard_us", clock_us() - programmed));
        warn_neighbours(ov);
}
