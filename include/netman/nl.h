/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink, request and acknowledgement: links, VXLAN devices, addresses,
 * routes, neighbours and forwarding entries of IPv4. libnl-3 builds and takes
 * apart the messages; sending, sequence numbers, acknowledgements and dumps are
 * done here, so that the kernel's own errno and words reach the caller and an
 * interrupted dump is read again.
 *
 * Addresses are in network byte order and end in _be. The prefix nlx_ leaves
 * nl_ to libnl.
 */
#ifndef NETMAN_NL_H
#define NETMAN_NL_H

#include "netman/err.h"
#include "netman/own.h"

#include <linux/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NLX_MAC_LEN = 6 };

/** struct nlx - A connection to the kernel, in the network namespace it was opened in */
struct nlx;

/** nlx_open() - Connect. @ret: closed with nlx_close() or OWN(nlx) */
int nlx_open(struct nlx **ret, struct err *e);
void nlx_close(struct nlx *nl);
OWN_DROP(nlx, struct nlx *, nlx_close)

/**
 * struct nlx_vxlan - What makes a VXLAN device
 * @vni:      VXLAN network identifier
 * @port:     UDP port of the tunnel
 * @local_be: Source address of the tunnel
 * @link:     Index of the underlay interface, or 0
 * @gbp:      Carry the group policy id, which is the low half of the packet mark
 * @learning: Learn forwarding entries from packets
 */
struct nlx_vxlan {
        uint32_t vni;
        uint16_t port;
        uint32_t local_be;
        int link;
        bool gbp;
        bool learning;
};

/**
 * struct nlx_link - A network interface as the kernel tells it
 * @flags: IFF_UP, …
 * @kind:  "vxlan", "bridge", "veth", …; "" for hardware and loopback
 * @peer:  Index of a veth's other end, in whatever namespace that is; 0 for none
 * @peer_ns: That namespace's number, see nlx_ns_number(); -1: ours
 * @vxlan: Filled in where @kind is "vxlan"
 */
struct nlx_link {
        int index;
        char name[IFNAMSIZ];
        char kind[16];
        unsigned int flags;
        uint32_t mtu;
        int master;
        int peer, peer_ns;
        uint8_t mac[NLX_MAC_LEN];
        struct nlx_vxlan vxlan;
        uint64_t rx_bytes, tx_bytes, rx_dropped, tx_dropped;
};

/** nlx_link_get() - One interface by name. @e: FAULT_ABSENT where there is none */
int nlx_link_get(struct nlx *nl, const char *name, struct nlx_link *ret, struct err *e);

/** nlx_link_get_index() - The same by index */
int nlx_link_get_index(struct nlx *nl, int index, struct nlx_link *ret, struct err *e);

/**
 * nlx_ns_number() - By which number our namespace knows another
 * @ns_fd: From netns_open()
 * @ret:   -1: by none. A link of ours whose peer is there, once read, has given it one
 */
int nlx_ns_number(struct nlx *nl, int ns_fd, int *ret, struct err *e);

/** nlx_links() - All interfaces. @ret: an array of @ret_count, the caller's to free() */
int nlx_links(struct nlx *nl, struct nlx_link **ret, size_t *ret_count, struct err *e);

/**
 * nlx_vxlan_add() - Create a VXLAN device, down, without IPv6 link-local address
 * @mac: Its MAC address, or NULL for one of the kernel's choice
 * @e:   FAULT_CONFLICT where the name, or the VNI and port, are taken
 */
int nlx_vxlan_add(struct nlx *nl, const char *name, const struct nlx_vxlan *vxlan, uint32_t mtu,
                  const uint8_t *mac, struct err *e);

/**
 * nlx_vxlan_set() - Change a VXLAN device in place
 *
 * The kernel changes @local_be, @link and @learning; VNI, port and group policy
 * must be what they are: for others the device must be made anew.
 */
int nlx_vxlan_set(struct nlx *nl, int index, const struct nlx_vxlan *vxlan, struct err *e);

/**
 * nlx_link_set_mtu(), nlx_link_set_mac(), nlx_link_set_up() - Change one property of an
 * interface
 * @mtu: In bytes
 * @e:   FAULT_ABSENT: no such interface; FAULT_SYSTEM with the kernel's errno
 */
int nlx_link_set_mtu(struct nlx *nl, int index, uint32_t mtu, struct err *e);
int nlx_link_set_mac(struct nlx *nl, int index, const uint8_t *mac, struct err *e);
int nlx_link_set_up(struct nlx *nl, int index, bool up, struct err *e);

/**
 * nlx_port_bind() - Let a bridge's port speak with one MAC address, and to no other such port
 * @dev: Index of the interface that is the port
 *
 * Frames with another source are dropped (before Linux 5.18: learned nothing from);
 * frames to @mac go there and nowhere else; bound ports reach the bridge's own host
 * and unbound ports only, whatever the frames carry.
 */
int nlx_port_bind(struct nlx *nl, int dev, const uint8_t *mac, struct err *e);

/** nlx_link_del() - Delete an interface; one that is not there is no error */
int nlx_link_del(struct nlx *nl, int index, struct err *e);

/**
 * struct nlx_addr - An IPv4 address of an interface
 * @scope: RT_SCOPE_UNIVERSE (0), RT_SCOPE_LINK, …
 */
struct nlx_addr {
        int dev;
        uint32_t ip_be;
        uint8_t len;
        uint8_t scope;
};

/**
 * struct nlx_route - An IPv4 route of the main table
 * @dst_be: Network; with @len 0 the default route
 * @via_be: Gateway, or 0 for none
 * @dev:    Interface's index; 0, only told by nlx_watch_read(): a route by none or by
 *          several (unreachable, blackhole, with many next hops)
 * @onlink: The gateway is taken to be on @dev although no route says so
 * @proto:  Who made it (RTPROT_*); 0 means RTPROT_STATIC when adding and any when deleting
 * @metric: Priority, 0 for none
 */
struct nlx_route {
        uint32_t dst_be;
        uint8_t len;
        uint32_t via_be;
        int dev;
        bool onlink;
        uint8_t proto;
        uint32_t metric;
};

/**
 * struct nlx_neigh - A neighbour (ARP) entry
 * @permanent: As dumped; entries are always added as permanent ones
 */
struct nlx_neigh {
        int dev;
        uint32_t ip_be;
        uint8_t mac[NLX_MAC_LEN];
        bool permanent;
};

/** struct nlx_fdb - Packets of VXLAN device @dev to @mac go to tunnel end @remote_be */
struct nlx_fdb {
        int dev;
        uint8_t mac[NLX_MAC_LEN];
        uint32_t remote_be;
};

enum nlx_what {
        NLX_ADDR,
        NLX_ROUTE,
        NLX_NEIGH,
        NLX_FDB,
        /* Only told by nlx_watch_read(): */
        NLX_LINK, /* an interface, named by its index, changed, or went where @del */
        NLX_LOST, /* changes were too many for the kernel to tell: any may be missing */
};

/**
 * struct nlx_change - One entry to set or to delete, as a value
 * @what: Which member of the union
 * @del:  Delete it (one that is not there is no error) rather than set it
 *        (one with the same key is replaced)
 * @sys:  Out: 0 or the kernel's errno
 */
struct nlx_change {
        enum nlx_what what;
        bool del;
        int sys;
        union {
                struct nlx_addr addr;
                struct nlx_route route;
                struct nlx_neigh neigh;
                struct nlx_fdb fdb;
                int link;
        };
};

/** nlx_change_dev() - Index of the interface it is about; 0 for none */
int nlx_change_dev(const struct nlx_change *c);

/**
 * nlx_apply() - Make changes, in their order, many to a system call
 * @changes: Each one's @sys is set
 * @e:       Tells the first that failed
 *
 * A change that fails does not stop those behind it.
 *
 * Return: 0 if all were made, else -1
 */
int nlx_apply(struct nlx *nl, struct nlx_change *changes, size_t count, struct err *e);

/**
 * nlx_addrs(), nlx_routes(), nlx_neighs(), nlx_fdbs() - All entries of an interface
 * @dev: Interface's index; 0 for those of all interfaces (not for forwarding entries)
 * @ret: An array of @ret_count, the caller's to free()
 *
 * Routes: unicast, main table, with one next hop. Forwarding entries: those with
 * a remote tunnel end.
 */
int nlx_addrs(struct nlx *nl, int dev, struct nlx_addr **ret, size_t *ret_count, struct err *e);
int nlx_routes(struct nlx *nl, int dev, struct nlx_route **ret, size_t *ret_count, struct err *e);
int nlx_neighs(struct nlx *nl, int dev, struct nlx_neigh **ret, size_t *ret_count, struct err *e);
int nlx_fdbs(struct nlx *nl, int dev, struct nlx_fdb **ret, size_t *ret_count, struct err *e);

/**
 * nlx_route_get() - How would a packet to @dst_be leave?
 * @ret_dev:    Interface's index
 * @ret_src_be: Source address it would have
 */
int nlx_route_get(struct nlx *nl, uint32_t dst_be, int *ret_dev, uint32_t *ret_src_be,
                  struct err *e);

/** nlx_sent() - Request messages sent on this connection so far, for measurements and tests */
uint64_t nlx_sent(const struct nlx *nl);

/** struct nlx_watch - A subscription to changes of links, addresses, routes and neighbours */
struct nlx_watch;

/** nlx_watch_open() - Subscribe, in the network namespace we are in */
int nlx_watch_open(struct nlx_watch **ret, struct err *e);
void nlx_watch_close(struct nlx_watch *w);
OWN_DROP(nlx_watch, struct nlx_watch *, nlx_watch_close)

/** nlx_watch_fd() - To poll() for reading */
int nlx_watch_fd(const struct nlx_watch *w);

/**
 * nlx_watch_neighbours() - Be told of this interface's neighbours and forwarding entries only
 *
 * The kernel drops the others, so that the caller is not woken for them: a busy
 * bridge has many. Called again for another interface.
 */
int nlx_watch_neighbours(struct nlx_watch *w, int dev, struct err *e);

/** typedef nlx_note_fn - Takes one change, made by anybody: also by ourselves */
typedef void (*nlx_note_fn)(const struct nlx_change *note, void *arg);

/** nlx_watch_read() - Take what has come, without waiting */
int nlx_watch_read(struct nlx_watch *w, nlx_note_fn fn, void *arg, struct err *e);

#endif
