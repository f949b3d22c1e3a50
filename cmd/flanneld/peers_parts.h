/* SPDX-License-Identifier: Apache-2.0 */
/* What changing and repairing share; no business of those who use peers.h. */
#ifndef FLANNELD_PEERS_PARTS_H
#define FLANNELD_PEERS_PARTS_H

#include "cmd/flanneld/peers.h"

/** peers_collect() - Have a change made with the next peers_flush() */
int peers_collect(struct peers *p, const struct nlx_change *c, struct err *e);

/** peers_collect_del() - The same for the deletion of what @c names */
int peers_collect_del(struct peers *p, struct nlx_change c, struct err *e);

/** peers_route(), peers_neigh(), peers_fdb() - A peer's entries */
struct nlx_change peers_route(const struct peers *p, const struct lease *l);
struct nlx_change peers_neigh(const struct peers *p, const struct lease *l);
struct nlx_change peers_fdb(const struct peers *p, const struct lease *l);

/** peers_at_address() - Which peer has its VTEP at this address? Borrowed, or NULL */
const struct lease *peers_at_address(const struct peers *p, uint32_t ip_be);

/** peers_route_right(), peers_neigh_right() - Is an entry of our device's as it is wanted? */
bool peers_route_right(const struct peers *p, const struct nlx_route *r);
bool peers_neigh_right(const struct peers *p, const struct nlx_neigh *n);

/** peers_route_ours() - Does a route by our device lead into the overlay? */
bool peers_route_ours(const struct peers *p, const struct nlx_route *r);

#endif
