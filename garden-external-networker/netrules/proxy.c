/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/proxy.h"

#include "garden-external-networker/netrules/netrules.h"
#include "netman/fw_dispatch.h"
#include "netman/netns.h"
#include "netman/own.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/** struct redirecting - What the child works with */
struct redirecting {
        const struct config *c;
        int netns;
};

/**
 * be_owner() - Enter the user namespace that the network namespace belongs to
 *
 * Only from there does the kernel take rules about users: an unprivileged
 * container has users of its own.
 */
static int be_owner(int netns, struct err *e)
{
        OWN(fd) int owner = ioctl(netns, NS_GET_USERNS); /* CLOEXEC by itself */
        struct stat theirs, ours;

        if (owner < 0 || fstat(owner, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "owner of the network namespace");
        if (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev)
                return 0;
        if (setns(owner, CLONE_NEWUSER) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "enter user namespace");
        return 0;
}

static int edit(struct fw_table *t, void *ctx, struct err *e)
{
        const struct config *c = ctx;
        const uint16_t port = (uint16_t)c->proxy_port;
        const struct fw_rule in = { .proto = FW_TCP, .verb = FW_REDIRECT, .nat_port = port };
        struct fw_rule out = in;

        if (c->proxy_redirect_cidr) {
                if (fw_net_parse(c->proxy_redirect_cidr, &out.dst, e) < 0)
                        return -1;
                if (c->proxy_uid >= 0)
                        out.owner = (struct fw_owner){ true, true, (uint32_t)c->proxy_uid };
                if (fw_jump_ensure(t, "OUTPUT", SIZE_MAX, &out, e) < 0)
                        return -1;
        }
        return c->proxy_ingress ? fw_jump_ensure(t, "PREROUTING", SIZE_MAX, &in, e) : 0;
}

/**
 * redirect() - Inside the container; the locks are taken while we still may
 */
static int redirect(void *arg, void *result, struct err *e)
{
        OWN(fw_locks) struct fw_locks held = FW_LOCKS_NONE;
        const struct redirecting *r = arg;
        const struct fw_where where = netrules_where(&r->c->rules);
        struct config c = *r->c;

        (void)result;
        if (fw_locks_take(&where, &held, e) < 0 || be_owner(r->netns, e) < 0)
                return -1;
        return fw_edit_held(&held, "nat", edit, &c, NULL, e);
}

int proxy_redirect(const struct config *c, const char *netns, struct err *e)
{
        struct redirecting r = { .c = c, .netns = -1 };
        OWN(fd) int fd = -1;

        if (!c->proxy_redirect_cidr && !c->proxy_ingress)
                return 0;
        if (netns_open(netns, &fd, e) < 0)
                return -1;
        r.netns = fd;
        /* The child gives up on the locks by itself: it must not be killed before. */
        return netns_run(fd, redirect, &r, NULL, 0, c->rules.wait_ms + 30000, e);
}
