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
#include "cmd/flanneld/keep.h"
#include "cmd/flanneld/overlay.h"
#include "cmd/flanneld/serve.h"
#include "cmd/flanneld/stats.h"
#include "netman/clock.h"
#include "netman/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/**
 * struct daemon - Everything
 * @watchdog_ms:  How often systemd wants to hear from us; 0: never
 * @lost:         Another cell holds our subnet
 */
struct daemon {
        const struct options *o;
        struct overlay ov;
        struct mailbox *box;
        struct keep *keep;
        struct follow *follow;
        struct metrics *metrics;
        struct serve serve;
        int signals;
        bool lost;
        int64_t watchdog_ms, alive_ms;
};

static void daemon_drop(struct daemon *d)
{
        serve_drop(&d->serve);
        follow_stop(d->follow);
        keep_stop(d->keep);
        mailbox_free(d->box);
        overlay_drop(&d->ov);
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
        /* Whoever means "read your files again" by it: there is none that we do not
         * watch. */
        (void)signal(SIGHUP, SIG_IGN);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "block signals");
        d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return d->signals < 0 ? err_set(e, FAULT_SYSTEM, errno, "signalfd") : 0;
}

static int start_threads(struct daemon *d, struct err *e)
{
        struct keep_conf k = {
                .lease = d->ov.j.lease,
                .left_s = d->ov.j.left_s,
                .ttl_s = d->o->ttl_s,
                .margin_s = d->o->margin_min * 60,
                .metrics = d->metrics,
        };

        if (mailbox_new(&d->box, e) < 0 || keep_start(&d->o->store, &k, d->box, &d->keep, e) < 0)
                return -1;
        return follow_start(&d->o->store, d->ov.j.rev, d->box, d->metrics, &d->follow, e);
}

/*
 * A lease of our own subnet, as the store has it now; NULL: none. One that names
 * nobody, or us in another way, was not written by another cell.
 */
static void see_ours(struct daemon *d, const struct lease *l)
{
        const struct lease *ours = &d->ov.j.lease;

        if (l && l->public_ip && l->public_ip != ours->public_ip)
                d->lost = true;
        else if (!l || !lease_same_cell(l, ours))
                keep_check(d->keep);
}

static int read_mail(struct daemon *d, const struct mail *m, struct err *e)
{
        struct ip4_net subnet = d->ov.j.lease.subnet;
        bool ours = ip4_net_same(m->lease.subnet, subnet);

        switch (m->kind) {
        case MAIL_ALL:
                see_ours(d, leases_find(&m->all, subnet));
                return peers_set(&d->ov.peers, &m->all, e);
        case MAIL_PUT:
                if (ours)
                        see_ours(d, &m->lease);
                log_debug("lease-seen", LOG_STR("subnet", ip4_net_text(m->lease.subnet).s));
                return peers_put(&d->ov.peers, &m->lease, e);
        case MAIL_GONE:
                if (ours)
                        see_ours(d, NULL);
                log_debug("lease-gone", LOG_STR("subnet", ip4_net_text(m->lease.subnet).s));
                return peers_remove(&d->ov.peers, m->lease.subnet, e);
        case MAIL_LOST:
                d->lost = true;
                break;
        }
        return 0;
}

static void read_all_mail(struct daemon *d)
{
        int64_t start = clock_us();
        struct mail *next;

        while ((next = mailbox_take(d->box))) {
                OWN(mail) struct mail *m = next;
                struct err e = { 0 };

                if (read_mail(d, m, &e) < 0) {
                        log_error("lease-not-taken-in", LOG_WHY(&e));
                        d->ov.peers.stray = true;
                }
        }
        overlay_flush(&d->ov, start);
}

/* Milliseconds until there is something to do without being asked; -1: never. */
static int until_due(const struct daemon *d)
{
        int64_t now = clock_ms(), due = overlay_due_ms(&d->ov);

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
        overlay_do_due(&d->ov);
}

static int follow_overlay(struct daemon *d, struct err *e)
{
        while (!d->lost) {
                struct pollfd p[] = { { d->signals, POLLIN, 0 },
                                      { overlay_fd(&d->ov), POLLIN, 0 },
                                      { mailbox_fd(d->box), POLLIN, 0 } };

                if (until_due(d) == 0)
                        do_due(d);
                if (poll(p, 3, until_due(d)) < 0 && errno != EINTR)
                        return err_set(e, FAULT_SYSTEM, errno, "poll");
                if (p[0].revents)
                        return 0;
                if (p[1].revents && overlay_hear(&d->ov, e) < 0)
                        return -1;
                if (p[2].revents)
                        read_all_mail(d);
        }
        return err_set(
                e, FAULT_CONFLICT, 0,
                "subnet %s belongs to another cell now: restart to get another one, and make "
                "this cell's containers anew",
                ip4_net_text(d->ov.j.lease.subnet).s);
}

/* Tell systemd, if it is the one who started us. */
static void tell_ready(struct daemon *d)
{
        uint64_t watchdog_us = 0;

        if (sd_watchdog_enabled(0, &watchdog_us) > 0)
                d->watchdog_ms = (int64_t)(watchdog_us / 2000);
        d->alive_ms = clock_ms();
        (void)sd_notifyf(0, "READY=1\nSTATUS=Subnet %s, %zu other cells",
                         ip4_net_text(d->ov.j.lease.subnet).s, d->ov.peers.wanted.count);
}

static int run(struct daemon *d, struct err *e)
{
        int rc = overlay_join(&d->ov, d->signals, e);

        if (rc <= 0)
                return rc;
        if (start_threads(d, e) < 0)
                return -1;
        tell_ready(d);
        return follow_overlay(d, e);
}

int daemon_run(const struct options *o, struct err *e)
{
        OWN(daemon) struct daemon d = { .o = o, .signals = -1 };

        /* We hear of changes from before our first look on. */
        if (take_signals(&d, e) < 0 || stats_new(&d.metrics, e) < 0 ||
            serve_start(o, d.metrics, &d.serve, e) < 0 ||
            overlay_open(&d.ov, o, d.metrics, e) < 0 || run(&d, e) < 0)
                return -1;
        (void)sd_notify(0, "STOPPING=1");
        log_info("ending", LOG_STR("effect", "the data plane stays as it is"));
        return 0;
}
