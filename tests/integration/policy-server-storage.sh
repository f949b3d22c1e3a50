# Many writers, all tags used up, tags given again, a database of the reference.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
E=/networking/v0/external/policies
external_config "$T/external.json" '.log_level = "info"'
external_config "$T/second.json" '.log_level = "info" | .listen_port = 4012'
internal_config "$T/internal.json"

# --- an early database of the reference is taken over ----------------------------------
sql "CREATE TABLE groups (id SERIAL PRIMARY KEY, guid text, UNIQUE (guid));
     CREATE TABLE destinations (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), port int, protocol text, UNIQUE (group_id, port, protocol));
     CREATE TABLE policies (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), destination_id int REFERENCES destinations(id), UNIQUE (group_id, destination_id));
     INSERT INTO groups (guid) VALUES ('old-a'), (NULL), (NULL), ('old-b'), (NULL);
     INSERT INTO destinations (group_id, port, protocol) VALUES (4, 8080, 'tcp');
     INSERT INTO policies (group_id, destination_id) VALUES (1, 1);"
# Another program is migrating, for longer than any other lock is waited for.
sql "SELECT pg_advisory_lock(7305816220146), pg_sleep(11)" >/dev/null &
check "a migration is under way" wait_for 20 eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = '"'advisory'"' AND granted")" = 1 ]'
launch external policy-server "$T/external.json"
launch second policy-server "$T/second.json"
launch internal policy-server-internal "$T/internal.json"

# --- meanwhile, on another database: tags of one byte, used up, freed, given again --------
root=$(token_of root)
sql 'CREATE DATABASE tags'
external_config "$T/tags.json" '.tag_length = 1 | .log_level = "info" | .database.database_name = "tags" | .listen_port = 4022'
internal_config "$T/tags-internal.json" '.tag_length = 1 | .log_level = "info" | .database.database_name = "tags" | .internal_listen_port = 4023 | .health_check_port = 0 | .debug_server_port = 0'
launch tags policy-server "$T/tags.json"
launch tags-internal policy-server-internal "$T/tags-internal.json"
check "servers with tags of one byte start" eval 'wait_started tags && wait_started tags-internal'
# tagged METHOD PATH BODY…: as api, of the server with short tags
tagged() { PS=http://127.0.0.1:4022 api "$root" "$@"; }
make_policy() { tagged POST $E "$(v0 "$@")"; }
delete_policy() { tagged POST $E/delete "$(v0 "$@")" >/dev/null; }
tag_of() { tagged GET /networking/v0/external/tags | head -1 | jq -r --arg id "$1" '.tags[] | select(.id == $id).tag'; }
warned() { grep -o '"message":"[^"]*tags-given-in-quarantine".*"count":[0-9]*' "$T/tags.log" | sed 's/.*://' | tr '\n' ' '; }
tags_sql() { psql -qAtX "${PG_URL/network_policy/tags}" -c "$1"; }

same "two apps get tags" $'{}\n200 01 02' "$(make_policy a b tcp 1) $(tag_of a) $(tag_of b)"
delete_policy a b tcp 1
same "freed, they are not given while there are others" $'{}\n200 03 04' "$(make_policy c d tcp 1) $(tag_of c) $(tag_of d)"
tags_sql "UPDATE groups SET freed_at = freed_at - interval '3601 seconds' WHERE guid IS NULL"
same "nor afterwards: one that nobody has had is older still" $'{}\n200 05 04' "$(make_policy e d tcp 1) $(tag_of e) $(tag_of d)"
pairs=()
for i in $(seq 1 124); do pairs+=("s-$i" "t-$i" tcp 1); done
same "248 apps get tags" $'{}\n200' "$(make_policy "${pairs[@]}")"
same "all but the two freed ones are taken then" "FD 01" "$(tag_of t-124) $(tags_sql "SELECT lpad(min(id)::text, 2, '0') FROM groups WHERE guid IS NULL")"
same "two more" $'{}\n200' "$(make_policy x-1 x-2 tcp 1)"
same "and two" $'{}\n200' "$(make_policy y-1 y-2 tcp 1)"
same "the freed ones came last: out of quarantine, nobody was warned" "01 02" "$(tag_of y-1) $(tag_of y-2)"
same "of that no warning" "" "$(warned)"
same "two more are too many" $'{"error": "database create failed: all 255 tags are in use: 2 more are needed, 0 are free"}\n500' "$(make_policy u-1 u-2 tcp 1)"
same "a tag for something else is too many" 500 "$(curl -s "${CELL[@]}" -X PUT -d '{"id":"r","type":"router"}' -o /dev/null -w '%{http_code}' https://127.0.0.1:4023/networking/v1/internal/tags)"
match "the log says why" 'all 255 tags are in use' "$(cat "$T/tags.log")"
same "nothing has changed" 128 "$(tagged GET $E | head -1 | jq .total_policies)"
delete_policy s-20 t-20 tcp 1
delete_policy s-10 t-10 tcp 1
tag_20=$(printf '%02X %02X' 44 45) tag_10=$(printf '%02X %02X' 24 25)
same "when no other is left one is taken out of quarantine: the one free for longest" $'{}\n200 '"${tag_20% *}" "$(make_policy n-1 s-1 tcp 1) $(tag_of n-1)"
check "and that is logged" wait_for 10 eval '[ "$(warned)" = "1 " ]'
same "then the next" $'{}\n200 '"${tag_20#* }" "$(make_policy n-2 s-1 tcp 1) $(tag_of n-2)"
tags_sql "UPDATE groups SET freed_at = freed_at - interval '3601 seconds' WHERE guid IS NULL"
same "an app that comes back gets no claim on its old tag" $'{}\n200 '"${tag_10% *}" "$(make_policy s-20 s-1 tcp 1) $(tag_of s-20)"
same "its quarantine was over: no third warning" "1 1 " "$(warned)"
delete_policy s-30 t-30 tcp 1
# A cell that has enforced the newest: quarantine is over before its time.
cell() { curl -s "${CELL[@]}" -H 'X-Agent-Id: cell-1' "$@" https://127.0.0.1:4023/networking/v1/internal/policies; }
passed() { tags_sql "SELECT max(passed) FROM policy_readers WHERE agents > 0"; }
old=$(cell -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
delete_policy s-31 t-31 tcp 1
cell -o /dev/null -H "If-None-Match: $old"
check "a cell has what was before the last deletion" wait_for 20 eval '[ "$(passed)" = "$(tags_sql "SELECT revision - 1 FROM policy_state")" ]'
same "what it has passed is out of quarantine" $'{}\n200 1 1 ' "$(make_policy q-1 q-2 tcp 1 q-3 s-1 tcp 1) $(warned)"
same "what it may hold is not" $'{}\n200 1 1 1 ' "$(make_policy q-4 s-1 tcp 1) $(warned)"
same "cells see one-byte tags" 06 "$(cell | jq -r '[.policies[] | select(.source.id == "s-1")][0].source.tag')"
new=$(cell -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
cell -o /dev/null -H "If-None-Match: $new"
check "a cell that names itself counts" wait_for 20 eval '[ "$(passed)" != -1 ]'
curl -s "${CELL[@]}" -o /dev/null -H $'X-Agent-Id: cell-\xff' -H "If-None-Match: $new" https://127.0.0.1:4023/networking/v1/internal/policies
check "one whose name cannot be kept counts as one that tells nothing" wait_for 20 eval '[ "$(passed)" = -1 ]'
check "these servers end" eval 'stop_server tags && stop_server tags-internal'

# --- what was begun on the first database ------------------------------------------------
check "three servers start at once on it, when that is over" eval 'wait_started external && wait_started second && wait_started internal'
same "its policies and tags are served" \
    '{"total_policies":1,"policies":[{"source":{"id":"old-a","tag":"0001"},"destination":{"id":"old-b","tag":"0004","protocol":"tcp","port":8080,"ports":{"start":8080,"end":8080}}}]}' \
    "$(internal /networking/v0/internal/policies)"
same "tags that the reference may just have freed are in quarantine, the untouched ones are not" "2 3" \
    "$(sql "SELECT string_agg(id::text, ' ' ORDER BY id) FROM groups WHERE freed_at IS NOT NULL")"
same "and can be deleted" $'{}\n200' "$(api "$root" POST $E/delete "$(v0 old-a old-b tcp 8080)")"
same "ranges fit in" $'{}\n200' "$(api "$root" POST /networking/v1/external/policies "$(v1 old-a old-b tcp 1 9 old-a old-b tcp 1 10)")"
api "$root" POST /networking/v1/external/policies/delete "$(v1 old-a old-b tcp 1 9 old-a old-b tcp 1 10)" >/dev/null

# --- 16 writers at once -----------------------------------------------------------------
# Writer w makes its own 10 policies and the 10 that all share, deletes half of its own and
# fights over the rest; in the end all its even ones and the shared ones 0-4 are there.
writer() {
    local w=$1 i port
    port=$((w % 2 ? 4012 : 4002))
    send() { curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: bearer $root" -d "$2" "http://127.0.0.1:$port$1"; }
    for i in 0 1 2 3 4 5 6 7 8 9; do
        send $E "$(v0 "w-$w" "d-$i" tcp $((i + 1)) "shared-$i" "d-$i" udp 1 "d-$i" "shared-$((9 - i))" tcp 2)"
        [ $((i % 2)) = 0 ] || send $E/delete "$(v0 "w-$w" "d-$i" tcp $((i + 1)))"
        [ "$i" -lt 5 ] || send $E/delete "$(v0 "d-$i" "shared-$((9 - i))" tcp 2 "shared-$i" "d-$i" udp 1)"
    done
}
pids=()
for w in $(seq 16); do writer "$w" >"$T/w.$w" & pids+=($!); done
wait "${pids[@]}"
same "no writer was refused" 200 "$(cat "$T"/w.* | sort -u)"
for i in 5 6 7 8 9; do api "$root" POST $E/delete "$(v0 "d-$i" "shared-$((9 - i))" tcp 2 "shared-$i" "d-$i" udp 1)" >/dev/null; done
expected=$(for w in $(seq 16); do for i in 0 2 4 6 8; do echo "w-$w d-$i tcp $((i + 1))"; done; done
    for i in 0 1 2 3 4; do echo "shared-$i d-$i udp 1"; echo "d-$i shared-$((9 - i)) tcp 2"; done)
stored() { curl -s -H "Authorization: bearer $root" "$PS$E" | jq -r '.policies[] | "\(.source.id) \(.destination.id) \(.destination.protocol) \(.destination.port)"' | sort; }
same "exactly the right rows are left" "$(sort <<<"$expected")" "$(stored)"
same "so cells see it" "$(sort <<<"$expected")" \
    "$(internal /networking/v0/internal/policies | jq -r '.policies[] | "\(.source.id) \(.destination.id) \(.destination.protocol) \(.destination.port)"' | sort)"
same "no tag is given twice, none without need" "$(cut -d' ' -f1,2 <<<"$expected" | tr ' ' '\n' | sort -u | wc -l) 0" \
    "$(sql "SELECT count(DISTINCT id) || ' ' || count(*) - count(DISTINCT id) FROM groups WHERE guid IS NOT NULL")"
same "no destination is left without a policy" 0 "$(sql 'SELECT count(*) FROM destinations d WHERE NOT EXISTS (SELECT 1 FROM policies WHERE destination_id = d.id)')"
same "no deadlock reached a log as an error" "" "$(grep -h '"level":"error"' "$T/external.log" "$T/second.log" | head -3)"
revisions=$(sql 'SELECT revision FROM policy_state')
same "every revision that changed something is on record" "$((revisions - 1))" "$(sql 'SELECT count(DISTINCT revision) FROM policy_changes')"
# --- ids that no API has let in ----------------------------------------------------------
sql "INSERT INTO groups (id, guid, type) VALUES (9000, 'we\"ird', 'app'), (9001, 'a,b', 'app');
     INSERT INTO policies (group_id, destination_id) SELECT g.id, d.id FROM groups g, destinations d JOIN groups dg ON dg.id = d.group_id
         WHERE g.id IN (9000, 9001) AND dg.guid = 'd-0' AND d.protocol = 'udp';
     UPDATE policy_state SET revision = revision + 1, changes_from = revision + 1"
same "policies of such apps are not served, all others are" 90 "$(internal /networking/v1/internal/policies | jq .total_policies)"
same "nor to people" 90 "$(api "$root" GET $E | head -1 | jq .total_policies)"
match "the log says that there are some" '"message":"[^"]*\.policies-left-out","data":\{"count":2,' "$(cat "$T/internal.log")"
same "tags are told as JSON" 'we"ird' "$(curl -s -H "Authorization: bearer $root" $PS/networking/v0/external/tags | jq -r '.tags[] | select(.tag == "2328").id')"
jq '.apps = [range(16) | {guid: "w-\(. + 1)", name: "w", space: "space-1"}] + [range(10) | {guid: "d-\(.)", name: "d", space: "space-1"}, {guid: "shared-\(.)", name: "s", space: "space-1"}]' \
    "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"
check "an admin's cleanup deletes them, and tells so in JSON" wait_for 20 eval \
    '[ "$(api "$root" POST $E/cleanup | head -1 | jq -r "[.policies[].source.id] | sort | join(\" \")")" = "a,b we\"ird" ]'
same "then they are gone" 0 "$(sql 'SELECT count(*) FROM policies WHERE group_id >= 9000')"
same "and the others are there" 90 "$(internal /networking/v1/internal/policies | jq .total_policies)"

# --- a server that was away while much happened ----------------------------------------
sql "UPDATE policy_state SET changes_from = revision + 5, revision = revision + 10"
same "a gap in the record makes the server read all anew" 90 "$(internal /networking/v1/internal/policies | jq .total_policies)"
check "and it says so" wait_for 10 eval '[ "$(grep -c policies-loaded "$T/internal.log")" -ge 2 ]'
sql "DELETE FROM policies; UPDATE policy_state SET revision = 1, epoch = 'restored'"
same "a database put back to an older state is believed" 0 "$(internal /networking/v1/internal/policies | jq .total_policies)"
check "the servers end" eval 'stop_server external && stop_server second && stop_server internal'
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
