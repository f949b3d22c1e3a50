/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: who does what
 *
 * This thread owns the kernel's tables and sleeps in poll() until there is mail
 * from the threads that talk to the store, a notification from the kernel, or a
 * signal. One thread keeps our lease alive (keep.c), one follows those of the
 * other cells (follow.c). So neither a slow store nor a silent one keeps this one
 * from repairing what somebody else deletes.
 */
#include "cmd/flanneld/daemon.h"

#include "cmd/flanneld/follow.h"
#include "cmd/flanneld/join.h"
#include "cmd/flanneld/keep.h"
#include "cmd/flanneld/peers.h"
#include "cmd/flanneld/rules.h"
#include "cmd/flanneld/serve.h"
#include "cmd/flanneld/stats.h"
#include "cmd/flanneld/subnet_env.h"
#include "netman/clock.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Between two repairs: somebody who deletes as fast as we set must not take all
 * of the machine's time. */
enum { REPAIR_PAUSE_MS = 200 };

/**
 * struct daemon - Everything
 * @device_stray: The device may differ from what it is to be: look
 * @repaired_ms:  When we last looked at everything
 * @looked_ms:    When we last looked at the iptables rules
 * @watchdog_ms:  How often systemd wants to hear from us; 0: never
 * @lost:         Another cell holds our subnet
 */
struct daemon {
        const struct options *o;
        struct nlx *nl;
        struct nlx_watch *watch;
        struct mailbox *box;
        struct keep *keep;
        struct follow *follow;
        struct joined j;
        struct peers peers;
        struct rules rules;
        struct metrics *metrics;
        struct serve serve;
        int signals;
        bool device_stray;
        bool lost;
        int64_t repaired_ms, looked_ms;
        int64_t watchdog_ms, alive_ms;
};

static void daemon_drop(struct daemon *d)
{
        serve_drop(&d->serve);
        follow_stop(d->follow);
        keep_stop(d->keep);
        mailbox_free(d->box);
        nlx_watch_close(d->watch);
        nlx_close(d->nl);
        joined_drop(&d->j);
        peers_drop(&d->peers);
        rules_drop(&d->rules);
        metrics_free(d->metrics);
        fd_drop(&d->signals);
}

/* Signals come by a file descriptor; blocked before any thread starts. */
static int take_signals(struct daemon *d, struct err *e)
{
        sigset_t set;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGTERM);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "block signals");
        d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return d->signals < 0 ? err_set(e, FAULT_SYSTEM, errno, "signalfd") : 0;
}

static int write_subnet_env(struct daemon *d, struct err *e)
{
        struct subnet_env env = {
                .network = d->j.conf.network,
                .subnet = d->j.lease.subnet,
                .mtu = d->j.device.mtu,
                .ip_masq = d->o->ip_masq,
        };

        return subnet_env_write(d->o->subnet_file, &env, e);
}

/* Without the filter all is the same, only that we wake more often. */
static void hear_neighbours(struct daemon *d)
{
        struct err e;

        if (nlx_watch_neighbours(d->watch, d->peers.dev, &e) < 0)
                log_error("filter-failed", LOG_WHY(&e));
}

/* What is known of the other cells so far, into the kernel. */
static int begin_peers(struct daemon *d, struct err *e)
{
        int64_t start = clock_us();
        size_t changes = 0;

        d->peers.dev = d->j.device.index;
        d->peers.vni = d->j.conf.vni;
        d->peers.network = d->j.conf.network;
        d->peers.self = d->j.lease.subnet;
        d->peers.self_ip = d->j.underlay.public_ip;
        hear_neighbours(d);
        if (peers_set(&d->peers, &d->j.all, e) < 0)
                return -1;
        if (peers_repair(&d->peers, d->nl, &changes, e) < 0) {
                if (!d->peers.stray)
                        return -1;
                log_error("programming-failed", LOG_WHY(e)); /* tried again in the loop */
        }
        leases_drop(&d->j.all);
        d->looked_ms = clock_ms();
        if (rules_begin(&d->rules, d->o, &d->j, &d->peers.wanted, e) < 0)
                return -1;
        underlay_warn_neighbours(d->peers.wanted.count);
        metrics_set(d->metrics, STATS_CELLS, (double)d->peers.wanted.count, NULL);
        metrics_add(d->metrics, STATS_CHANGES, (double)changes, NULL);
        log_info("overlay-joined", LOG_STR("subnet", ip4_net_text(d->j.lease.subnet).s),
                 LOG_STR("public_ip", ip4_text(d->j.underlay.public_ip).s),
                 LOG_STR("device", d->j.vtep.name), LOG_INT("mtu", d->j.device.mtu),
                 LOG_INT("cells", d->peers.wanted.count), LOG_INT("changes", changes),
                 LOG_INT("programming_us", clock_us() - start));
        return 0;
}

static int start_threads(struct daemon *d, struct err *e)
{
        struct keep_conf k = {
                .lease = d->j.lease,
                .left_s = d->j.left_s,
                .ttl_s = d->o->ttl_s,
                .margin_s = d->o->margin_min * 60,
                .metrics = d->metrics,
        };

        if (mailbox_new(&d->box, e) < 0 || keep_start(&d->o->store, &k, d->box, &d->keep, e) < 0)
                return -1;
        return follow_start(&d->o->store, d->j.rev, d->box, d->metrics, &d->follow, e);
}

/* Is a route by another interface to a subnet of a peer's? It has taken ours away. */
static bool took_a_route(const struct daemon *d, const struct nlx_change *note)
{
        struct ip4_net dst = { ntohl(note->route.dst_be), note->route.len };

        return note->what == NLX_ROUTE && !note->del && leases_find(&d->peers.wanted, dst);
}

static void on_note(const struct nlx_change *note, void *arg)
{
        struct daemon *d = arg;

        bool ours = nlx_change_dev(note) == d->peers.dev;

        if (note->what == NLX_LOST || (ours && (note->what == NLX_LINK || note->what == NLX_ADDR)))
                d->device_stray = true;
        else if (!ours)
                d->peers.stray |= took_a_route(d, note);
        else if (!d->peers.stray)
                d->peers.stray = !peers_agrees(&d->peers, note);
}

/* Have the iptables rules follow the peers. */
static void sync_rules(struct daemon *d, bool all)
{
        int64_t start = clock_us();
        struct err e = { 0 };

        if (rules_sync(&d->rules, &d->peers.wanted, all, &e) < 0)
                log_error("rules-failed", LOG_WHY(&e)); /* tried again in the loop */
        metrics_observe_us(d->metrics, STATS_GUARD, clock_us() - start, NULL);
}

/**
 * repair() - Look at the device and the tables, set right what differs
 */
static void repair(struct daemon *d)
{
        struct err e = { 0 };
        size_t changes = 0;

        d->repaired_ms = clock_ms();
        if (d->rules.stray)
                sync_rules(d, true);
        if (!d->device_stray && !d->peers.stray)
                return;
        if (d->device_stray) {
                int before = d->peers.dev;

                if (vtep_ensure(d->nl, &d->j.vtep, &d->j.device, &e) < 0) {
                        log_error("device-repair-failed", LOG_WHY(&e));
                        return;
                }
                d->device_stray = false;
                d->peers.dev = d->j.device.index;
                if (d->peers.dev != before)
                        hear_neighbours(d);
        }
        if (peers_repair(&d->peers, d->nl, &changes, &e) < 0)
                log_error("repair-failed", LOG_WHY(&e));
        else if (changes > 0)
                log_info("repaired", LOG_INT("changes", changes));
        metrics_add(d->metrics, STATS_REPAIRS, changes > 0, NULL);
        metrics_add(d->metrics, STATS_CHANGES, (double)changes, NULL);
}

/* A lease of our own subnet, as the store has it now; NULL: none. */
static void see_ours(struct daemon *d, const struct lease *l)
{
        if (!l)
                keep_check(d->keep);
        else if (l->public_ip != d->j.lease.public_ip)
                d->lost = true;
}

static int read_mail(struct daemon *d, const struct mail *m, struct err *e)
{
        bool ours = ip4_net_same(m->lease.subnet, d->j.lease.subnet);

        switch (m->kind) {
        case MAIL_ALL:
                see_ours(d, leases_find(&m->all, d->j.lease.subnet));
                return peers_set(&d->peers, &m->all, e);
        case MAIL_PUT:
                if (ours)
                        see_ours(d, &m->lease);
                log_debug("lease-seen", LOG_STR("subnet", ip4_net_text(m->lease.subnet).s));
                return peers_put(&d->peers, &m->lease, e);
        case MAIL_GONE:
                if (ours)
                        see_ours(d, NULL);
                log_debug("lease-gone", LOG_STR("subnet", ip4_net_text(m->lease.subnet).s));
                return peers_remove(&d->peers, m->lease.subnet, e);
        case MAIL_LOST:
                d->lost = true;
                break;
        }
        return 0;
}

static void read_all_mail(struct daemon *d)
{
        int64_t start = clock_us(), programmed;
        size_t cells = d->peers.wanted.count, changes;
        struct err e = { 0 };
        struct mail *next;

        while ((next = mailbox_take(d->box))) {
                OWN(mail) struct mail *m = next;

                if (read_mail(d, m, &e) < 0) {
                        log_error("lease-not-taken-in", LOG_WHY(&e));
                        d->peers.stray = true;
                }
        }
        changes = d->peers.count;
        if (peers_flush(&d->peers, d->nl, &e) < 0)
                log_error("programming-failed", LOG_WHY(&e));
        programmed = clock_us();
        if (changes > 0) {
                metrics_observe_us(d->metrics, STATS_PROGRAMMING, programmed - start, NULL);
                metrics_add(d->metrics, STATS_CHANGES, (double)changes, NULL);
                metrics_set(d->metrics, STATS_CELLS, (double)d->peers.wanted.count, NULL);
                sync_rules(d, false);
                log_info("leases-changed", LOG_INT("changes", changes),
                         LOG_INT("cells", d->peers.wanted.count),
                         LOG_INT("programming_us", programmed - start),
                         LOG_INT("guard_us", clock_us() - programmed));
        }
        if (d->peers.wanted.count > cells)
                underlay_warn_neighbours(d->peers.wanted.count);
}

/* Milliseconds until there is something to do without being asked; -1: never. */
static int until_due(const struct daemon *d)
{
        int64_t now = clock_ms(), due = INT64_MAX;

        if (d->peers.stray || d->device_stray || d->rules.stray)
                due = d->repaired_ms + REPAIR_PAUSE_MS;
        else if (rules_any(&d->rules))
                due = d->looked_ms + d->o->resync_s * 1000;
        if (d->watchdog_ms && d->alive_ms + d->watchdog_ms < due)
                due = d->alive_ms + d->watchdog_ms;
        if (due == INT64_MAX)
                return -1;
        return due > now ? (int)(due - now) : 0;
}

/* What there is to do by now. */
static void do_due(struct daemon *d)
{
        int64_t now = clock_ms();

        if (d->watchdog_ms && now >= d->alive_ms + d->watchdog_ms) {
                (void)sd_notify(0, "WATCHDOG=1"); /* who does not hear it restarts us */
                d->alive_ms = now;
        }
        if (now >= d->looked_ms + d->o->resync_s * 1000) {
                rules_look(&d->rules);
                d->looked_ms = now;
        }
        if (now >= d->repaired_ms + REPAIR_PAUSE_MS)
                repair(d);
}

static int follow_overlay(struct daemon *d, struct err *e)
{
        while (!d->lost) {
                struct pollfd p[] = { { d->signals, POLLIN, 0 },
                                      { nlx_watch_fd(d->watch), POLLIN, 0 },
                                      { mailbox_fd(d->box), POLLIN, 0 } };

                if (until_due(d) == 0)
                        do_due(d);
                if (poll(p, 3, until_due(d)) < 0 && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "poll");
                if (p[0].revents)
                        return 0;
                if (p[1].revents && nlx_watch_read(d->watch, on_note, d, e) < 0)
                        return -1;
                if (p[2].revents)
                        read_all_mail(d);
        }
        return err_set(
                e, FAULT_CONFLICT, 0,
                "subnet %s belongs to another cell now: restart to get another one, and make "
                "this cell's containers anew",
                ip4_net_text(d->j.lease.subnet).s);
}

/* Tell systemd, if it is the one who started us. */
static void tell_ready(struct daemon *d)
{
        uint64_t watchdog_us = 0;

        if (sd_watchdog_enabled(0, &watchdog_us) > 0)
                d->watchdog_ms = (int64_t)(watchdog_us / 2000);
        d->alive_ms = clock_ms();
        (void)sd_notifyf(0, "READY=1\nSTATUS=Subnet %s, %zu other cells",
                         ip4_net_text(d->j.lease.subnet).s, d->peers.wanted.count);
}

static int run(struct daemon *d, struct err *e)
{
        int rc = join_overlay(d->o, d->nl, d->signals, &d->j, e);

        if (rc <= 0)
                return rc;
        if (begin_peers(d, e) < 0 || write_subnet_env(d, e) < 0 || start_threads(d, e) < 0)
                return -1;
        tell_ready(d);
        return follow_overlay(d, e);
}

int daemon_run(const struct options *o, struct err *e)
{
        OWN(daemon) struct daemon d = { .o = o, .signals = -1 };

        /* We hear of changes from before our first look on. */
        if (take_signals(&d, e) < 0 || stats_new(&d.metrics, e) < 0 ||
            serve_start(o, d.metrics, &d.serve, e) < 0 || nlx_open(&d.nl, e) < 0 ||
            nlx_watch_open(&d.watch, e) < 0 || run(&d, e) < 0)
                return -1;
        (void)sd_notify(0, "STOPPING=1");
        log_info("ending", LOG_STR("effect", "the data plane stays as it is"));
        return 0;
}
