/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/store/statements.h"

#include <assert.h>

/*
 * Which history a revision belongs to. The database's own epoch alone does not tell:
 * a copy that takes its place has the same, and may have lacked its last revisions.
 * But to take it the copy's server was started, or restarted, at a time of its own.
 */
#define EPOCH "epoch || to_hex((extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint)"

#define POLICY_ROWS                                                                                \
        "SELECT p.id, sg.guid, sg.id, dg.guid, dg.id, d.protocol, d.start_port, d.end_port "       \
        "FROM policies p JOIN groups sg ON sg.id = p.group_id "                                    \
        "JOIN destinations d ON d.id = p.destination_id JOIN groups dg ON dg.id = d.group_id "

/* What policy_id_ok() says, in SQL. */
#define FIT "'^[A-Za-z0-9._:-]{1,255}$'"

static const struct statement_text texts[] = {
        [ST_PING] = { "ping", "SELECT revision FROM policy_state", 0 },
        [ST_STATE] = { "state", "SELECT " EPOCH ", revision, changes_from FROM policy_state", 0 },
        [ST_QUEUE_UP] = { "queue_up", "SELECT pg_advisory_xact_lock(7305816220147)", 0 },
        [ST_LOCK_STATE] = { "lock_state",
                            "SELECT epoch, revision, changes_from FROM policy_state FOR UPDATE",
                            0 },
        [ST_MISSING_GROUPS] = { "missing_groups",
                                "SELECT asked.guid FROM unnest($1::text[]) WITH ORDINALITY "
                                "  AS asked(guid, n) "
                                "WHERE NOT EXISTS (SELECT 1 FROM groups g "
                                "                  WHERE g.guid = asked.guid) "
                                "GROUP BY asked.guid ORDER BY min(asked.n)",
                                1 },
        [ST_GROW_GROUPS] = { "grow_groups",
                             "INSERT INTO groups (id, guid, type) "
                             "SELECT s, NULL, NULL FROM "
                             "(SELECT coalesce(max(id), 0) AS top FROM groups) t, "
                             "generate_series(t.top + 1, least($2::bigint, t.top + $1::bigint - "
                             "  (SELECT count(*) FROM (SELECT 1 FROM groups WHERE guid IS NULL "
                             "     AND freed_revision IS NULL LIMIT $1::bigint) f))) s",
                             2 },
        [ST_TAKE_GROUPS] = { "take_groups",
                             "WITH wanted AS (SELECT guid, n FROM unnest($1::text[]) "
                             "  WITH ORDINALITY AS w(guid, n)), "
                             "cells AS (SELECT CASE WHEN sum(agents) FILTER "
                             "      (WHERE seen > now() - interval '15 seconds') > 0 "
                             "    THEN min(passed) ELSE -1 END AS passed "
                             "  FROM policy_readers WHERE seen > now() - interval '2 minutes'), "
                             "free AS (SELECT id, row_number() OVER "
                             "    (ORDER BY freed_revision NULLS FIRST, id) AS n, "
                             "    coalesce(freed_at > now() - make_interval(secs => $4::int) "
                             "      AND freed_revision > cells.passed, false) AS early FROM "
                             "  (SELECT id, freed_at, freed_revision FROM groups "
                             "   WHERE guid IS NULL AND id BETWEEN 1 AND $3::bigint "
                             "   ORDER BY freed_revision NULLS FIRST, id "
                             "   LIMIT cardinality($1::text[])) f, cells) "
                             "UPDATE groups SET guid = wanted.guid, type = $2, "
                             "  freed_at = NULL, freed_revision = NULL "
                             "FROM wanted JOIN free USING (n) WHERE groups.id = free.id "
                             "RETURNING free.early",
                             4 },
        [ST_FREE_GROUPS] = { "free_groups",
                             "UPDATE groups g SET guid = NULL, type = NULL, freed_at = now(), "
                             "  freed_revision = $1::bigint "
                             "WHERE g.type = 'app' AND g.guid IN "
                             " (SELECT source FROM policy_changes WHERE revision = $1::bigint "
                             "  UNION SELECT destination FROM policy_changes "
                             "  WHERE revision = $1::bigint) "
                             "AND NOT EXISTS (SELECT 1 FROM policies p WHERE p.group_id = g.id) "
                             "AND NOT EXISTS (SELECT 1 FROM destinations d "
                             "                WHERE d.group_id = g.id)",
                             1 },
        [ST_GROUP] = { "group", "SELECT id, type FROM groups WHERE guid = $1", 1 },
        [ST_TAGS] = { "tags",
                      "SELECT guid, coalesce(type, 'app'), id FROM groups "
                      "WHERE guid IS NOT NULL ORDER BY id",
                      0 },
        [ST_TAG_COUNT] = { "tag_count", "SELECT count(*) FROM groups WHERE guid IS NOT NULL", 0 },
        [ST_ADD_DESTINATIONS] = { "add_destinations",
                                  "INSERT INTO destinations "
                                  "  (group_id, port, start_port, end_port, protocol) "
                                  "SELECT DISTINCT g.id, "
                                  "  CASE WHEN a.s = a.e THEN a.s ELSE 0 END, a.s, a.e, a.proto "
                                  "FROM unnest($1::text[], $2::text[], $3::int[], $4::int[]) "
                                  "  AS a(dest, proto, s, e) JOIN groups g ON g.guid = a.dest "
                                  "WHERE NOT EXISTS (SELECT 1 FROM destinations d "
                                  "  WHERE d.group_id = g.id AND d.start_port = a.s "
                                  "  AND d.end_port = a.e AND d.protocol = a.proto)",
                                  4 },
        [ST_ADD_POLICIES] = { "add_policies",
                              "WITH asked AS (SELECT src, dest, proto, s, e, min(n) AS n FROM "
                              "  unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[])"
                              "  WITH ORDINALITY AS a(src, dest, proto, s, e, n) "
                              "  GROUP BY src, dest, proto, s, e), "
                              "new AS (INSERT INTO policies (group_id, destination_id) "
                              "  SELECT sg.id, d.id FROM asked "
                              "  JOIN groups sg ON sg.guid = src "
                              "  JOIN groups dg ON dg.guid = dest "
                              "  JOIN destinations d ON d.group_id = dg.id AND d.start_port = s "
                              "    AND d.end_port = e AND d.protocol = proto "
                              "  WHERE NOT EXISTS (SELECT 1 FROM policies x WHERE "
                              "    x.group_id = sg.id AND x.destination_id = d.id) "
                              "  ORDER BY asked.n RETURNING id, group_id, destination_id) "
                              "INSERT INTO policy_changes (revision, policy_id, added, source, "
                              "  source_tag, destination, destination_tag, protocol, start_port, "
                              "  end_port) "
                              "SELECT $6::bigint, new.id, true, sg.guid, sg.id, dg.guid, dg.id, "
                              "  d.protocol, d.start_port, d.end_port FROM new "
                              "JOIN groups sg ON sg.id = new.group_id "
                              "JOIN destinations d ON d.id = new.destination_id "
                              "JOIN groups dg ON dg.id = d.group_id",
                              6 },
        [ST_OVER_QUOTA] = { "over_quota",
                            "SELECT c.source FROM (SELECT DISTINCT source, source_tag "
                            "  FROM policy_changes WHERE revision = $1::bigint) c "
                            "WHERE (SELECT count(*) FROM policies p "
                            "       WHERE p.group_id = c.source_tag) > $2::bigint LIMIT 1",
                            2 },
        [ST_DELETE_POLICIES] = { "delete_policies",
                                 "WITH asked AS (SELECT DISTINCT src, dest, proto, s, e FROM "
                                 "  unnest($1::text[], $2::text[], $3::text[], $4::int[], "
                                 "         $5::int[]) AS a(src, dest, proto, s, e)), "
                                 "gone AS (DELETE FROM policies p USING asked "
                                 "  JOIN groups sg ON sg.guid = src "
                                 "  JOIN groups dg ON dg.guid = dest "
                                 "  JOIN destinations d ON d.group_id = dg.id "
                                 "    AND d.start_port = s AND d.end_port = e "
                                 "    AND d.protocol = proto "
                                 "  WHERE p.group_id = sg.id AND p.destination_id = d.id "
                                 "  RETURNING p.id, p.group_id, p.destination_id) "
                                 "INSERT INTO policy_changes (revision, policy_id, added, source,"
                                 "  source_tag, destination, destination_tag, protocol, "
                                 "  start_port, end_port) "
                                 "SELECT $6::bigint, gone.id, false, sg.guid, sg.id, dg.guid, "
                                 "  dg.id, d.protocol, d.start_port, d.end_port FROM gone "
                                 "JOIN groups sg ON sg.id = gone.group_id "
                                 "JOIN destinations d ON d.id = gone.destination_id "
                                 "JOIN groups dg ON dg.id = d.group_id",
                                 6 },
        [ST_DELETE_DESTINATIONS] = { "delete_destinations",
                                     "DELETE FROM destinations d USING policy_changes c "
                                     "WHERE c.revision = $1::bigint "
                                     "AND d.group_id = c.destination_tag "
                                     "AND d.start_port = c.start_port "
                                     "AND d.end_port = c.end_port AND d.protocol = c.protocol "
                                     "AND NOT EXISTS (SELECT 1 FROM policies p "
                                     "                WHERE p.destination_id = d.id)",
                                     1 },
        [ST_COMMIT_REVISION] = { "commit_revision",
                                 "WITH moved AS (UPDATE policy_state SET revision = $1::bigint "
                                 "  RETURNING revision) "
                                 "SELECT pg_notify('policy_changes', revision::text) FROM moved",
                                 1 },
        [ST_PRUNE_CHANGES] = { "prune_changes",
                               "WITH gone AS (DELETE FROM policy_changes "
                               "  WHERE revision <= $1::bigint) "
                               "UPDATE policy_state SET changes_from = $1::bigint",
                               1 },
        [ST_POLICIES] = { "policies", POLICY_ROWS "ORDER BY p.id", 0 },
        [ST_UNFIT] = { "unfit",
                       POLICY_ROWS "WHERE sg.guid !~ " FIT " OR dg.guid !~ " FIT " ORDER BY p.id",
                       0 },
        [ST_CHANGES] = { "changes",
                         "SELECT " EPOCH ", s.revision, s.changes_from, c.added, c.policy_id, "
                         "  c.source, c.source_tag, c.destination, c.destination_tag, "
                         "  c.protocol, c.start_port, c.end_port "
                         "FROM policy_state s LEFT JOIN policy_changes c "
                         "  ON c.revision > $1::bigint AND c.revision <= s.revision "
                         "ORDER BY c.revision, c.policy_id",
                         1 },
        [ST_PUBLISH_READERS] = { "publish_readers",
                                 "WITH dead AS (DELETE FROM policy_readers "
                                 "  WHERE seen < now() - interval '1 hour') "
                                 "INSERT INTO policy_readers "
                                 "  (instance, seen, revision, agents, enforced, oldest, passed) "
                                 "SELECT $1, now(), $2::bigint, $3::int, $4::int, $5::bigint, "
                                 "  $6::bigint FROM policy_state WHERE " EPOCH " = $7 "
                                 "ON CONFLICT (instance) DO UPDATE SET seen = now(), "
                                 "  revision = excluded.revision, agents = excluded.agents, "
                                 "  enforced = excluded.enforced, oldest = excluded.oldest, "
                                 "  passed = excluded.passed",
                                 7 },
        [ST_READERS] = { "readers",
                         "SELECT s.revision, coalesce(sum(r.agents), 0), "
                         "  coalesce(sum(r.enforced) FILTER (WHERE r.revision >= s.revision), 0), "
                         "  coalesce(min(r.oldest) FILTER (WHERE r.agents > 0), s.revision) "
                         "FROM policy_state s LEFT JOIN policy_readers r "
                         "  ON r.seen > now() - interval '15 seconds' GROUP BY s.revision",
                         0 },
};
static_assert(sizeof texts / sizeof *texts == ST_COUNT_, "a text per statement");

const struct statement_text *statement_text(enum statement st)
{
        return &texts[st];
}
