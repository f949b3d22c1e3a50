/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/store/readers.h"

#include <inttypes.h>

#define NUMBER_TEXT 24

/** struct publication - What readers_publish() writes */
struct publication {
        const char *instance, *epoch;
        const struct readers *readers;
};

static int publish(struct db_conn *c, void *arg, struct err *e)
{
        const struct publication *p = arg;
        const struct readers *r = p->readers;
        const int64_t numbers[] = { r->revision, r->agents, r->enforced, r->oldest, r->passed };
        char texts[sizeof numbers / sizeof *numbers][NUMBER_TEXT];
        const char *params[2 + sizeof numbers / sizeof *numbers] = { p->instance };

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                (void)snprintf(texts[i], sizeof texts[i], "%" PRId64, numbers[i]);
                params[1 + i] = texts[i];
        }
        params[1 + sizeof numbers / sizeof *numbers] = p->epoch;
        return db_run(c, ST_PUBLISH_READERS, params, NULL, e);
}

int readers_publish(struct db *db, const char *instance, const char *epoch, const struct readers *r,
                    struct err *e)
{
        struct publication p = { instance, epoch, r };

        return db_transaction(db, NULL, publish, &p, e);
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
        return db_transaction(db, NULL, sum, ret, e);
}
