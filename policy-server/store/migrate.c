/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: schema
 *
 * groups        one row per tag: id is the tag, guid the app that has it (null:
 *               free), freed_revision when it was last freed (null: never used)
 * destinations  what may be connected to: app, protocol, ports
 * policies      who (group_id) may connect to which destination
 * policy_state  one row: revision counts transactions that changed policies;
 *               epoch names this database, so that a counter that starts over
 *               is not taken for the old one
 * policy_changes  what each of the latest revisions changed, complete for those
 *               after policy_state.changes_from: readers catch up from here
 * policy_readers  how many cells each instance serves, and how far they have come
 *
 * The first three have the shape of cf-networking-release, so that its database
 * can be taken over: a step never assumes that it made a table itself.
 */
#include "policy-server/store/migrate.h"

#include "policy-server/store/db.h"

#include <string.h>

/* Any number will do that no other program locks on this database. */
#define MIGRATION_LOCK "7305816220146"

static const char *const steps[] = {
        /* 1: as the reference has it */
        "CREATE TABLE IF NOT EXISTS groups ("
        "  id SERIAL PRIMARY KEY, guid text, type text DEFAULT 'app', UNIQUE (guid));"
        "CREATE TABLE IF NOT EXISTS destinations ("
        "  id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), port int,"
        "  start_port int, end_port int, protocol text,"
        "  CONSTRAINT unique_destination UNIQUE (group_id, start_port, end_port, protocol));"
        "CREATE TABLE IF NOT EXISTS policies ("
        "  id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id),"
        "  destination_id int REFERENCES destinations(id), UNIQUE (group_id, destination_id));",
        /* 2: its early releases had single ports only, and apps only */
        "ALTER TABLE groups ADD COLUMN IF NOT EXISTS type text DEFAULT 'app';"
        "ALTER TABLE destinations ADD COLUMN IF NOT EXISTS start_port int;"
        "ALTER TABLE destinations ADD COLUMN IF NOT EXISTS end_port int;"
        "UPDATE destinations SET start_port = port, end_port = port WHERE start_port IS NULL;"
        "ALTER TABLE destinations DROP CONSTRAINT IF EXISTS"
        "  destinations_group_id_port_protocol_key;"
        "DO $$ BEGIN"
        "  IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'unique_destination') THEN"
        "    ALTER TABLE destinations ADD CONSTRAINT unique_destination"
        "      UNIQUE (group_id, start_port, end_port, protocol);"
        "  END IF;"
        "END $$;",
        /* 3: tags are given again in the order they were freed */
        "ALTER TABLE groups ADD COLUMN IF NOT EXISTS freed_at timestamptz;"
        "ALTER TABLE groups ADD COLUMN IF NOT EXISTS freed_revision bigint;"
        "CREATE INDEX IF NOT EXISTS groups_free"
        "  ON groups (freed_revision NULLS FIRST, id) WHERE guid IS NULL;"
        "CREATE INDEX IF NOT EXISTS policies_by_destination ON policies (destination_id);",
        /* 4: a revision, and what each one changed */
        "CREATE TABLE policy_state ("
        "  only_row bool PRIMARY KEY DEFAULT true CHECK (only_row),"
        "  epoch text NOT NULL, revision bigint NOT NULL, changes_from bigint NOT NULL);"
        "INSERT INTO policy_state (epoch, revision, changes_from) VALUES"
        "  (substr(md5(random()::text || clock_timestamp()::text), 1, 12), 1, 1);"
        "CREATE TABLE policy_changes ("
        "  revision bigint NOT NULL, policy_id int NOT NULL, added bool NOT NULL,"
        "  source text NOT NULL, source_tag int NOT NULL,"
        "  destination text NOT NULL, destination_tag int NOT NULL,"
        "  protocol text NOT NULL, start_port int NOT NULL, end_port int NOT NULL);"
        "CREATE INDEX policy_changes_by_revision ON policy_changes (revision);",
        /* 5: how far the cells have come, told by each instance about its own */
        "CREATE TABLE policy_readers ("
        "  instance text PRIMARY KEY, seen timestamptz NOT NULL, revision bigint NOT NULL,"
        "  agents int NOT NULL, enforced int NOT NULL, oldest bigint NOT NULL);",
        /* 6: quarantine. The reference does not note when it freed a tag: those below the
         * highest it has given may be fresh. It gives the lowest first. */
        "ALTER TABLE policy_readers ADD COLUMN passed bigint NOT NULL DEFAULT -1;"
        "UPDATE groups SET freed_at = now(), freed_revision = 0"
        "  WHERE guid IS NULL AND freed_revision IS NULL"
        "  AND id < (SELECT max(id) FROM groups WHERE guid IS NOT NULL);",
};

#define STEP_COUNT ((int)(sizeof steps / sizeof *steps))

static int command(PGconn *pg, const char *sql, struct err *e)
{
        OWN(pgresult) PGresult *res = PQexec(pg, sql);
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
                return 0;
        return err_set(e, FAULT_UPSTREAM, 0, "%.*s", (int)strcspn(PQerrorMessage(pg), "\n"),
                       PQerrorMessage(pg));
}

static int current(PGconn *pg, int *ret, struct err *e)
{
        OWN(pgresult)
        PGresult *res = PQexec(pg, "SELECT coalesce(max(step), 0) FROM netman_migrations");

        if (PQresultStatus(res) != PGRES_TUPLES_OK)
                return err_set(e, FAULT_UPSTREAM, 0, "read migrations: %s", PQerrorMessage(pg));
        *ret = (int)db_int(res, 0, 0);
        return 0;
}

static int apply(PGconn *pg, int step, struct err *e)
{
        char note[80];

        (void)snprintf(note, sizeof note, "INSERT INTO netman_migrations (step) VALUES (%d)", step);
        if (command(pg, "BEGIN", e) < 0 || command(pg, steps[step - 1], e) < 0 ||
            command(pg, note, e) < 0 || command(pg, "COMMIT", e) < 0) {
                (void)command(pg, "ROLLBACK", NULL); /* the first error is the one to tell */
                return err_add(e, "migration %d", step);
        }
        return 0;
}

int migrate(const struct ps_config *c, int *ret_applied, struct err *e)
{
        OWN(pgconn) PGconn *pg = NULL;
        char timeout[80];
        int at = 0;

        if (db_connect(c, 0, &pg, e) < 0)
                return -1;
        /* Another instance's migration is waited for as long as one's own may take. */
        (void)snprintf(timeout, sizeof timeout,
                       "SET statement_timeout = '%llds'; SET lock_timeout = 0",
                       (long long)c->database_migration_timeout);
        if (command(pg, timeout, e) < 0 ||
            command(pg, "SELECT pg_advisory_lock(" MIGRATION_LOCK ")", e) < 0 ||
            command(pg, "SET client_min_messages = warning", e) < 0 ||
            command(pg,
                    "CREATE TABLE IF NOT EXISTS netman_migrations "
                    "(step int PRIMARY KEY, applied_at timestamptz DEFAULT now())",
                    e) < 0 ||
            current(pg, &at, e) < 0)
                return err_add(e, "migrate");
        /* A newer program has been here: its schema is a superset of ours. */
        *ret_applied = at < STEP_COUNT ? STEP_COUNT - at : 0;
        while (at < STEP_COUNT) {
                if (apply(pg, ++at, e) < 0)
                        return -1;
        }
        return 0; /* the session's end unlocks */
}
