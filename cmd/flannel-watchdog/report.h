/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the watchdog tells, besides by ending: metron, and who asks by HTTP. */
#ifndef FLANNEL_WATCHDOG_REPORT_H
#define FLANNEL_WATCHDOG_REPORT_H

#include "cmd/flannel-watchdog/watch.h"
#include "netman/dropsonde.h"
#include "netman/http_server.h"

/** struct report - Both; each NULL where the configuration has none */
struct report {
        struct dropsonde *metron;
        struct http_server *health;
};

/** report_start() - Begin, as far as it is configured */
int report_start(const struct watchdog_conf *c, struct report *ret, struct err *e);
void report_drop(struct report *r);

/** report_down() - Tell whether bridge and subnet file disagree */
void report_down(const struct report *r, bool down);

#endif
