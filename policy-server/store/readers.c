/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/store/readers.h"

#include <inttypes.h>

#define NUMBER_TEXT 24

/** struct publication - What readers_publish() writes */
struct publication {
        const char *instance;
        const struct readers *readers;
};

static int publish(struct db_conn *c, void *arg, struct err *e)
{
        const struct publication *p = arg;
        char revision[NUMBER_TEXT], agents[NUMBER_TEXT], enforced[NUMBER_TEXT], oldest[NUMBER_TEXT];
        const char *params[] = { p->instance, revision, agents, enforced, oldest };

        (void)snprintf(revision, sizeof revision, "%" PRId64, p->readers->revision);
        (void)snprintf(agents, sizeof agents, "%" PRId64, p->readers->agents);
        (void)snprintf(enforced, sizeof enforced, "%" PRId64, p->readers->enforced);
        (void)snprintf(oldest, sizeof oldest, "%" PRId64, p->readers->oldest);
        return db_run(c, ST_PUBLISH_READERS, params, NULL, e);
}

int readers_publish(struct db *db, const char *instance, const struct readers *r, struct err *e)
{
        struct publication p = { instance, r };

        return db_transaction(db, publish, &p, e);
}

static int sum(struct db_conn *c, void *arg, struct err *e)
{
        struct readers *r = arg;
        OWN(pgresult) PGresult *res = NULL;

        if (db_run(c, ST_READERS, NULL, &res, e) < 0)
                return -1;
        *r = (struct readers){ .revision = db_int(res, 0, 0),
                               .agents = db_int(res, 0, 1),
                               .enforced = db_int(res, 0, 2),
                               .oldest = db_int(res, 0, 3) };
        return 0;
}

int readers_sum(struct db *db, struct readers *ret, struct err *e)
{
        return db_transaction(db, sum, ret, e);
}
