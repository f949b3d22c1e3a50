/* SPDX-License-Identifier: Apache-2.0 */
/* One function per endpoint; each fills in the call's answer. */
#ifndef NETMAN_POLICY_SERVER_HANDLERS_H
#define NETMAN_POLICY_SERVER_HANDLERS_H

struct call;

void handle_uptime(struct call *c);
void handle_health(struct call *c);
void handle_health_port(struct call *c); /* an empty body: load balancers read the status */
void handle_whoami(struct call *c);
void handle_create(struct call *c);
void handle_delete(struct call *c);
void handle_index(struct call *c);
void handle_cleanup(struct call *c);
void handle_status(struct call *c);
void handle_tags(struct call *c);
void handle_internal_index(struct call *c);
void handle_last_updated(struct call *c);
void handle_tag_make(struct call *c);

#endif
