/* SPDX-License-Identifier: Apache-2.0 */
/* The policy server: what its parts share, its start and its end. */
#ifndef NETMAN_POLICY_SERVER_SERVER_H
#define NETMAN_POLICY_SERVER_SERVER_H

#include "netman/http_server.h"
#include "policy-server/auth/cc.h"
#include "policy-server/config.h"
#include "policy-server/snapshot/feed.h"
#include "policy-server/store/db.h"

/**
 * struct ps - A running server; members not needed in its role are NULL
 * @external, @internal, @health, @debug: Its listeners
 * @started_us: clock_us()
 */
struct ps {
        struct ps_config config;
        enum ps_role role;
        struct db *db;
        struct feed *feed; /* the snapshot */
        struct uaa *uaa;
        struct cc *cc;
        struct cleanup *cleanup;
        struct agents *agents; /* the cells that ask us */
        struct metrics *metrics;
        struct dropsonde *metron; /* NULL: nobody is told */
        struct http_server *external, *internal, *health, *debug;
        int64_t started_us;
};

/**
 * ps_open() - See to it that the database is there and has our schema
 * @config: Given away
 *
 * It may wait for another's migration. No thread has been started when it returns.
 */
int ps_open(struct ps_config *config, enum ps_role role, struct ps **ret, struct err *e);

/** ps_start() - Load the policies, listen */
int ps_start(struct ps *ps, struct err *e);

/** ps_reload() - Read certificates again (SIGHUP) */
int ps_reload(struct ps *ps, struct err *e);

/**
 * ps_stop() - Finish what was begun, free; NULL is allowed
 *
 * What takes longer than PS_GRACE_MS is called off.
 */
#define PS_GRACE_MS 4000
void ps_stop(struct ps *ps);
OWN_DROP(ps, struct ps *, ps_stop)

/**
 * ps_main() - The whole of a program: arguments, configuration, run, signals
 * @job: "policy-server" …, for logs and messages
 *
 * Return: the exit status
 */
int ps_main(int argc, char **argv, const char *job, enum ps_role role);

#endif
