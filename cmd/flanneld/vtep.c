/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/vtep.h"

#include "cmd/flanneld/wait.h"
#include "netman/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the kernel cannot change in a device; "" if nothing of it differs. */
static const char *unchangeable(const struct vtep *want, const struct nlx_link *is)
{
        if (strcmp(is->kind, "vxlan") != 0)
                return "it is no VXLAN device";
        if (is->vxlan.vni != want->vxlan.vni)
                return "VNI";
        if (is->vxlan.port != want->vxlan.port)
                return "port";
        if (is->vxlan.gbp != want->vxlan.gbp)
                return "group policy";
        return "";
}

/* Another VXLAN device with our VNI or port: its name into @e's text. */
static int name_rival(struct nlx *nl, const struct vtep *want, struct err *e)
{
        OWN(mem) struct nlx_link *all = NULL;
        size_t count = 0;

        if (nlx_links(nl, &all, &count, NULL) < 0)
                count = 0; /* the reason we have is told without it */
        for (size_t i = 0; i < count; i++) {
                const struct nlx_link *l = &all[i];

                if (strcmp(l->kind, "vxlan") != 0 || strcmp(l->name, want->name) == 0 ||
                    l->vxlan.port != want->vxlan.port)
                        continue;
                return err_set(e, FAULT_CONFLICT, 0,
                               "device %s already uses VNI %u on port %u: delete it ('ip link del "
                               "%s') or give the overlay another port in its configuration",
                               l->name, l->vxlan.vni, l->vxlan.port, l->name);
        }
        return err_set(e, FAULT_CONFLICT, 0,
                       "UDP port %u is in use: stop the program that has it ('ss -ulnp sport = "
                       ":%u' shows it) or give the overlay another port in its configuration",
                       want->vxlan.port, want->vxlan.port);
}

static bool has_mac(const struct vtep *v)
{
        static const uint8_t none[NLX_MAC_LEN];

        return memcmp(v->mac, none, sizeof none) != 0;
}

/* One host's, locally administered. */
static void random_mac(uint8_t mac[NLX_MAC_LEN])
{
        uint32_t dice[] = { wait_dice(), wait_dice() };

        memcpy(mac, dice, NLX_MAC_LEN);
        mac[0] = (uint8_t)((mac[0] & ~1U) | 2);
}

/*
 * The MAC address is always given: one of the kernel's choice counts as random,
 * and systemd-udevd gives such a device another one after we have told it to the
 * other cells.
 */
static int create(struct nlx *nl, const struct vtep *want, struct err *e)
{
        struct vtep v = *want;
        struct err why = { 0 };

        if (!has_mac(&v))
                random_mac(v.mac);
        if (nlx_vxlan_add(nl, v.name, &v.vxlan, v.mtu, v.mac, &why) == 0)
                return 0;
        if (why.sys == EEXIST || why.sys == EADDRINUSE)
                return name_rival(nl, want, e);
        if (e)
                *e = why;
        return -1;
}

/**
 * fetch() - The device, made if it was not there or not to be corrected
 * @made: Whether it was made
 */
static int fetch(struct nlx *nl, const struct vtep *want, struct nlx_link *ret, bool *made,
                 struct err *e)
{
        struct vtep anew = *want;
        struct err why = { 0 };
        const char *wrong;

        if (nlx_link_get(nl, want->name, ret, &why) == 0) {
                wrong = unchangeable(want, ret);
                if (!*wrong)
                        return 0;
                log_info("device-made-anew", LOG_STR("device", want->name),
                         LOG_STR("wrong", wrong));
                if (!has_mac(want) && strcmp(ret->kind, "vxlan") == 0)
                        memcpy(anew.mac, ret->mac, sizeof anew.mac);
                if (nlx_link_del(nl, ret->index, e) < 0)
                        return -1;
        } else if (why.fault != FAULT_ABSENT) {
                *e = why;
                return -1;
        }
        if (create(nl, &anew, e) < 0)
                return -1;
        *made = true;
        log_info("device-created", LOG_STR("device", want->name));
        return nlx_link_get(nl, want->name, ret, e);
}

/* What the kernel can change. */
static int correct(struct nlx *nl, const struct vtep *want, struct nlx_link *is, struct err *e)
{
        const struct nlx_vxlan *w = &want->vxlan, *v = &is->vxlan;

        if (v->local_be != w->local_be || v->link != w->link || v->learning != w->learning) {
                log_info("device-corrected", LOG_STR("device", want->name));
                if (nlx_vxlan_set(nl, is->index, w, e) < 0)
                        return -1;
        }
        if (has_mac(want) && memcmp(is->mac, want->mac, sizeof is->mac) != 0) {
                log_info("mac-address-corrected", LOG_STR("device", want->name));
                if (nlx_link_set_mac(nl, is->index, want->mac, e) < 0)
                        return err_add(e, "device %s", want->name);
        }
        if (is->mtu != want->mtu && nlx_link_set_mtu(nl, is->index, want->mtu, e) < 0)
                return err_add(e, "device %s, MTU %u", want->name, want->mtu);
        if (!(is->flags & IFF_UP)) {
                struct err why = { 0 };

                if (nlx_link_set_up(nl, is->index, true, &why) < 0) {
                        if (why.sys == EADDRINUSE)
                                return name_rival(nl, want, e);
                        *e = why;
                        return -1;
                }
        }
        return nlx_link_get_index(nl, is->index, is, e);
}

/**
 * ensure_address() - The subnet's .0 as a /32, and no other of the overlay
 *
 * A /32 makes no route. It is what the cell itself speaks to containers with.
 */
static int ensure_address(struct nlx *nl, const struct vtep *want, int dev, struct err *e)
{
        OWN(mem) struct nlx_addr *all = NULL;
        struct nlx_change set = { .what = NLX_ADDR };
        bool there = false;
        size_t count;

        if (nlx_addrs(nl, dev, &all, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                struct nlx_change del = { .what = NLX_ADDR, .del = true, .addr = all[i] };

                if (ntohl(all[i].ip_be) == want->address && all[i].len == 32) {
                        there = true;
                        continue;
                }
                if (ip4_net_has(want->network, ntohl(all[i].ip_be)) &&
                    nlx_apply(nl, &del, 1, e) < 0)
                        return -1;
        }
        if (there)
                return 0;
        set.addr = (struct nlx_addr){ .dev = dev, .ip_be = htonl(want->address), .len = 32 };
        return nlx_apply(nl, &set, 1, e);
}

/* Write a setting of the device's where the kernel has it and it differs. */
static void setting(const char *name, const char *which)
{
        char path[128], is = '\0';
        int fd;

        (void)snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/%s", name, which);
        fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return; /* a kernel without IPv6 needs none */
        if ((read(fd, &is, 1) != 1 || is != '0') && pwrite(fd, "0", 1, 0) != 1)
                log_error("setting-failed", LOG_STR("file", path));
        (void)close(fd);
}

bool vtep_is_up(struct nlx *nl, const struct vtep *want)
{
        struct nlx_link l;

        return nlx_link_get(nl, want->name, &l, NULL) == 0 && (l.flags & IFF_UP) &&
               !*unchangeable(want, &l);
}

int vtep_ensure(struct nlx *nl, const struct vtep *want, struct nlx_link *ret, struct err *e)
{
        struct nlx_link l = { 0 };
        struct err why = { 0 };
        bool made = false;

        if (fetch(nl, want, &l, &made, &why) < 0 || correct(nl, want, &l, &why) < 0 ||
            (want->address && ensure_address(nl, want, l.index, &why) < 0)) {
                if (made && l.index)
                        (void)nlx_link_del(nl, l.index, NULL); /* the reason is what counts */
                *e = why;
                return -1;
        }
        setting(want->name, "accept_ra");
        setting(want->name, "forwarding");
        *ret = l;
        return 0;
}
