/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to one connection, for the pool and for who needs its own. */
#include "policy-server/store/db.h"

#include <stdio.h>
#include <string.h>

#define PARAMS_MAX 16

/* A dead server must not hold a thread for longer: these bound what TCP would
 * otherwise take minutes to notice. */
#define ALIVE_MS "5000"

/** struct conninfo - Keywords and values for PQconnectdbParams() */
struct conninfo {
        const char *keys[PARAMS_MAX], *values[PARAMS_MAX];
        int count;
};

static void add(struct conninfo *ci, const char *key, const char *value)
{
        if (!value)
                return;
        ci->keys[ci->count] = key;
        ci->values[ci->count++] = value;
}

static const char *ssl_mode(const struct ps_database *d)
{
        if (!d->require_ssl)
                return "disable";
        return d->skip_hostname_validation ? (d->ca_cert ? "verify-ca" : "require") : "verify-full";
}

static void fill(struct conninfo *ci, const struct ps_database *d, int limit_s, char port[8],
                 char timeout[8])
{
        int64_t wait_s = limit_s && limit_s < d->timeout_s ? limit_s : d->timeout_s;

        (void)snprintf(port, 8, "%d", (int)d->port);
        (void)snprintf(timeout, 8, "%d", (int)(wait_s < 2 ? 2 : wait_s)); /* libpq's least */
        add(ci, "application_name", "netman-policy-server");
        add(ci, "tcp_user_timeout", ALIVE_MS);
        add(ci, "keepalives_idle", "10");
        add(ci, "keepalives_interval", "5");
        add(ci, "keepalives_count", "2");
        if (d->connection_string) {
                add(ci, "dbname", d->connection_string);
        } else {
                add(ci, "host", d->host);
                add(ci, "port", port);
                add(ci, "user", d->user);
                add(ci, "password", d->password);
                add(ci, "dbname", d->name);
                add(ci, "sslmode", ssl_mode(d));
                add(ci, "sslrootcert", d->ca_cert);
        }
        /* After a connection string: those of Go programs count it in milliseconds. */
        add(ci, "connect_timeout", timeout);
}

/** check_string() - libpq's own complaints quote the string, and the password in it */
static int check_string(const char *text, struct err *e)
{
        PQconninfoOption *options = text ? PQconninfoParse(text, NULL) : NULL;

        if (text && !options)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "database.connection_string cannot be understood");
        PQconninfoFree(options);
        return 0;
}

int db_connect(const struct ps_config *c, int limit_s, PGconn **ret, struct err *e)
{
        OWN(pgconn) PGconn *pg = NULL;
        struct conninfo ci = { .count = 0 };
        char port[8], timeout[8];

        if (check_string(c->db.connection_string, e) < 0)
                return -1;
        fill(&ci, &c->db, limit_s, port, timeout);
        pg = PQconnectdbParams(ci.keys, ci.values, 1);
        if (!pg)
                return err_oom(e);
        if (PQstatus(pg) != CONNECTION_OK) {
                const char *why = PQerrorMessage(pg);

                return err_set(e, FAULT_UPSTREAM, 0, "%.*s", (int)strcspn(why, "\n"), why);
        }
        if (PQsetnonblocking(pg, 1) < 0)
                return err_oom(e);
        if (db_exec_on(pg,
                       "SET statement_timeout = '30s'; SET lock_timeout = '10s'; "
                       "SET client_min_messages = warning; SET synchronous_commit = on",
                       DB_ALIVE_MS, NULL, e) < 0)
                return -1;
        *ret = GIVE(pg);
        return 0;
}
