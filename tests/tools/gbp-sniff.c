/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Show the group policy id of VXLAN packets that pass an interface, in or out.
 *
 *   gbp-sniff --iface eth0 [--port 8472] [--count 1] [--timeout SECONDS] [--inner IP]
 *
 * Says "listening" on standard error once no packet can be missed, then prints
 * a line for each packet:
 *
 *   group=3 vni=1 from=10.0.0.1 to=10.0.0.2 inner-from=10.255.1.2 inner-to=10.255.2.2 proto=6
 *
 * group=none: the header carries no group policy. --inner shows only packets
 * from or to that inner address. Exit status 0 after --count packets, 1 when
 * the time (10 s) is over before.
 */
#include "netman/clock.h"
#include "netman/own.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { VXLAN_HEAD = 8, VXLAN_GROUP = 0x80, VXLAN_HAS_VNI = 0x08 };

/** struct want - What is asked for */
struct want {
        const char *iface;
        uint16_t port;
        int64_t count;
        int64_t timeout_s;
        uint32_t inner_be; /* 0: any */
};

/** struct cut - A packet not yet looked at */
struct cut {
        const uint8_t *at;
        size_t left;
};

/* The next @len bytes into @to, and go on behind them. */
static int take(struct cut *c, void *to, size_t len)
{
        if (c->left < len)
                return -1;
        memcpy(to, c->at, len);
        c->at += len;
        c->left -= len;
        return 0;
}

/* An IPv4 header with its options. */
static int take_ip(struct cut *c, struct iphdr *ip)
{
        size_t options;

        if (take(c, ip, sizeof *ip) < 0 || ip->version != 4 || ip->ihl < 5)
                return -1;
        options = (size_t)ip->ihl * 4 - sizeof *ip;
        if (c->left < options)
                return -1;
        c->at += options;
        c->left -= options;
        return 0;
}

static const char *ip_text(uint32_t ip_be, char buf[INET_ADDRSTRLEN])
{
        return inet_ntop(AF_INET, &ip_be, buf, INET_ADDRSTRLEN);
}

static void print(const uint8_t *vx, const struct iphdr *out, const struct iphdr *in)
{
        char a[4][INET_ADDRSTRLEN];
        char group[16] = "none";

        if (vx[0] & VXLAN_GROUP)
                (void)snprintf(group, sizeof group, "%d", vx[2] << 8 | vx[3]);
        printf("group=%s vni=%d from=%s to=%s inner-from=%s inner-to=%s proto=%d\n", group,
               vx[4] << 16 | vx[5] << 8 | vx[6], ip_text(out->saddr, a[0]),
               ip_text(out->daddr, a[1]), ip_text(in->saddr, a[2]), ip_text(in->daddr, a[3]),
               in->protocol);
        (void)fflush(stdout);
}

/**
 * look() - Print one packet if it is a VXLAN packet that is asked for
 *
 * Return: how many were printed
 */
static int look(const struct want *w, struct cut c)
{
        struct iphdr outer, inner;
        struct ethhdr eth;
        struct udphdr udp;
        uint8_t vx[VXLAN_HEAD];

        if (take_ip(&c, &outer) < 0 || outer.protocol != IPPROTO_UDP ||
            take(&c, &udp, sizeof udp) < 0 || ntohs(udp.dest) != w->port ||
            take(&c, vx, sizeof vx) < 0 || !(vx[0] & VXLAN_HAS_VNI) ||
            take(&c, &eth, sizeof eth) < 0 || ntohs(eth.h_proto) != ETH_P_IP ||
            take_ip(&c, &inner) < 0)
                return 0;
        if (w->inner_be && inner.saddr != w->inner_be && inner.daddr != w->inner_be)
                return 0;
        print(vx, &outer, &inner);
        return 1;
}

static int capture(const struct want *w)
{
        struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
        /* SOCK_DGRAM: the kernel takes the underlay's Ethernet header off. */
        OWN(fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
        int64_t end = clock_ms() + w->timeout_s * 1000, left;
        int64_t seen = 0;

        at.sll_ifindex = (int)if_nametoindex(w->iface);
        if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
                perror("gbp-sniff");
                return 1;
        }
        (void)fprintf(stderr, "listening\n");
        while (seen < w->count && (left = end - clock_ms()) > 0) {
                struct pollfd p = { fd, POLLIN, 0 };
                uint8_t packet[2048];
                ssize_t n;

                if (poll(&p, 1, (int)left) <= 0)
                        continue;
                n = recv(fd, packet, sizeof packet, 0);
                if (n > 0)
                        seen += look(w, (struct cut){ packet, (size_t)n });
        }
        return seen >= w->count ? 0 : 1;
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "iface", required_argument, NULL, 'i' },
                                                 { "port", required_argument, NULL, 'p' },
                                                 { "count", required_argument, NULL, 'c' },
                                                 { "timeout", required_argument, NULL, 't' },
                                                 { "inner", required_argument, NULL, 'n' },
                                                 { 0 } };
        struct want w = { .port = 8472, .count = 1, .timeout_s = 10 };
        struct err e = { 0 };
        int64_t port;
        int c, bad = 0;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (c == 'i') {
                        w.iface = optarg;
                } else if (c == 'p') {
                        bad |= str_to_int(optarg, 1, 65535, &port, &e);
                        w.port = bad ? 0 : (uint16_t)port;
                } else if (c == 'c') {
                        bad |= str_to_int(optarg, 1, 1000000, &w.count, &e);
                } else if (c == 't') {
                        bad |= str_to_int(optarg, 1, 3600, &w.timeout_s, &e);
                } else if (c != 'n' || inet_pton(AF_INET, optarg, &w.inner_be) != 1) {
                        bad = 1;
                }
        }
        if (bad || !w.iface) {
                (void)fprintf(stderr, "gbp-sniff: --iface NAME is needed; %s\n", e.msg);
                return 2;
        }
        return capture(&w);
}
