/* SPDX-License-Identifier: Apache-2.0 */
/* The network that carries the overlay: which interface, which address, does it fit? */
#ifndef FLANNELD_UNDERLAY_H
#define FLANNELD_UNDERLAY_H

#include "cmd/flanneld/netconf.h"
#include "netman/nl.h"

#include <regex.h>
#include <stddef.h>

/**
 * struct underlay - What was found
 * @local:  Address that our tunnel packets come from
 * @public: Address under which other cells reach us, told in the lease
 */
struct underlay {
        struct nlx_link link;
        uint32_t local;
        uint32_t public_ip;
};

enum { UNDERLAY_IFACES_MAX = 8 };

/**
 * struct underlay_wish - What the operator said; texts are borrowed
 * @ifaces:    Names or addresses, the first that is there wins
 * @regexes:   After those: extended regular expressions for addresses, then names
 * @can_reach: After those: the interface by which this address is reached
 * @public_ip: How other cells reach this one, or NULL
 *
 * With nothing said: the interface that has @public_ip, else that of the default route.
 */
struct underlay_wish {
        const char *ifaces[UNDERLAY_IFACES_MAX], *regexes[UNDERLAY_IFACES_MAX];
        size_t iface_count, regex_count;
        const char *can_reach;
        const char *public_ip;
};

/** underlay_regex() - One of @regexes. @ret: for regfree() */
int underlay_regex(const char *text, regex_t *ret, struct err *e);

/** underlay_find() - Choose interface and address */
int underlay_find(struct nlx *nl, const struct underlay_wish *w, struct underlay *ret,
                  struct err *e);

/**
 * underlay_check() - Would this overlay cut the cell off, or not fit?
 * @device: Name of our VXLAN device, whose routes are no obstacle
 * @e:      FAULT_CONFLICT with the remedy
 */
int underlay_check(struct nlx *nl, const struct underlay *u, const struct netconf *c,
                   const char *device, struct err *e);

/** underlay_mtu() - MTU of the overlay */
uint32_t underlay_mtu(const struct underlay *u, const struct netconf *c);

/**
 * underlay_warn_neighbours() - Warn if the kernel keeps too few neighbours for @leases cells
 *
 * Return: true if it was said
 */
bool underlay_warn_neighbours(size_t leases);

#endif
