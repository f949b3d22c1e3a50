# Many writers, all tags used up, tags given again, a database of the reference.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

make_world
check "postgres, stand-ins and certificates are there" eval \
    'start_postgres "$T/pg" 5432 && start_standins && make_certs'
external_config "$T/external.json" '.log_level = "info"'
external_config "$T/second.json" '.log_level = "info" | .listen_port = 4012'
internal_config "$T/internal.json"

# --- an early database of the reference is taken over ----------------------------------
sql "CREATE TABLE groups (id SERIAL PRIMARY KEY, guid text, UNIQUE (guid));
     CREATE TABLE destinations (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), port int, protocol text, UNIQUE (group_id, port, protocol));
     CREATE TABLE policies (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), destination_id int REFERENCES destinations(id), UNIQUE (group_id, destination_id));
     INSERT INTO groups (guid) VALUES ('old-a'), ('old-b'), (NULL), (NULL);
     INSERT INTO destinations (group_id, port, protocol) VALUES (2, 8080, 'tcp');
     INSERT INTO policies (group_id, destination_id) VALUES (1, 1);"
# Another program is migrating, for longer than any other lock is waited for.
sql "SELECT pg_advisory_lock(7305816220146), pg_sleep(11)" >/dev/null &
check "a migration is under way" wait_for 20 eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = '"'advisory'"' AND granted")" = 1 ]'
launch external policy-server "$T/external.json"
launch second policy-server "$T/second.json"
launch internal policy-server-internal "$T/internal.json"
check "three servers start at once on it, when that is over" eval 'wait_started external && wait_started second && wait_started internal'
root=$(token_of root)
E=/networking/v0/external/policies
same "its policies and tags are served" \
    '{"total_policies":1,"policies":[{"source":{"id":"old-a","tag":"0001"},"destination":{"id":"old-b","tag":"0002","protocol":"tcp","port":8080,"ports":{"start":8080,"end":8080}}}]}' \
    "$(internal /networking/v0/internal/policies)"
same "and can be deleted" $'{}\n200' "$(api "$root" POST $E/delete "$(v0 old-a old-b tcp 8080)")"
same "ranges fit in" $'{}\n200' "$(api "$root" POST /networking/v1/external/policies "$(v1 old-a old-b tcp 1 9 old-a old-b tcp 1 10)")"
api "$root" POST /networking/v1/external/policies/delete "$(v1 old-a old-b tcp 1 9 old-a old-b tcp 1 10)" >/dev/null

# --- 16 writers at once -----------------------------------------------------------------
# Writer w makes its own 10 policies and the 10 that all share, deletes half of its own and
# fights over the rest; in the end all its even ones and the shared ones 0-4 are there.
writer() {
    local w=$1 i port=$((w % 2 ? 4012 : 4002))
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
check "the servers end" eval 'stop_server external && stop_server second && stop_server internal'

# --- one-byte tags: used up, freed, given again ------------------------------------------
sql 'DROP SCHEMA public CASCADE; CREATE SCHEMA public' 2>/dev/null
external_config "$T/external.json" '.tag_length = 1'
internal_config "$T/internal.json" '.tag_length = 1'
launch external policy-server "$T/external.json"
launch internal policy-server-internal "$T/internal.json"
check "servers with tags of one byte start" eval 'wait_started external && wait_started internal'
tag_of() { curl -s -H "Authorization: bearer $root" "$PS/networking/v0/external/tags" | jq -r --arg id "$1" '.tags[] | select(.id == $id).tag'; }
pairs=()
for i in $(seq 1 127); do pairs+=("s-$i" "t-$i" tcp 1); done
same "254 apps get tags" $'{}\n200' "$(api "$root" POST $E "$(v0 "${pairs[@]}")")"
same "the first is 01" 01 "$(tag_of s-1)"
same "the last is FE" FE "$(tag_of t-127)"
same "two more are too many" $'{"error": "database create failed"}\n500' "$(api "$root" POST $E "$(v0 u-1 u-2 tcp 1)")"
match "the log says why" 'all 255 tags are in use' "$(cat "$T/external.log")"
same "nothing has changed" 127 "$(curl -s -H "Authorization: bearer $root" "$PS$E" | jq .total_policies)"
same "one fits" $'{}\n200 FF' "$(api "$root" POST $E "$(v0 s-1 u-1 tcp 1)") $(tag_of u-1)"
api "$root" POST $E/delete "$(v0 s-20 t-20 tcp 1)" >/dev/null
api "$root" POST $E/delete "$(v0 s-10 t-10 tcp 1)" >/dev/null
same "of the freed tags the one free for longest is given first" $'{}\n200 27' "$(api "$root" POST $E "$(v0 n-1 s-1 tcp 1)") $(tag_of n-1)"
same "then the next" $'{}\n200 28' "$(api "$root" POST $E "$(v0 n-2 s-1 tcp 1)") $(tag_of n-2)"
same "then the younger ones" $'{}\n200 13' "$(api "$root" POST $E "$(v0 n-3 s-1 tcp 1)") $(tag_of n-3)"
same "an app that comes back gets no claim on its old tag" $'{}\n200 14' "$(api "$root" POST $E "$(v0 s-20 s-1 tcp 1)") $(tag_of s-20)"
same "cells see one-byte tags" 01 "$(internal /networking/v1/internal/policies?id=s-1 | jq -r '[.policies[] | select(.source.id == "s-1")][0].source.tag')"

# --- a server that was away while much happened ----------------------------------------
sql "UPDATE policy_state SET changes_from = revision + 5, revision = revision + 10"
same "a gap in the record makes the server read all anew" 130 "$(internal /networking/v1/internal/policies | jq .total_policies)"
check "and it says so" wait_for 10 eval '[ "$(grep -c policies-loaded "$T/internal.log")" -ge 2 ]'
sql "DELETE FROM policies; UPDATE policy_state SET revision = 1, epoch = 'restored'"
same "a database put back to an older state is believed" 0 "$(internal /networking/v1/internal/policies | jq .total_policies)"
check "the servers end" eval 'stop_server external && stop_server internal'
refuse "no sanitizer has complained" grep -E 'ERROR: |runtime error' "$T"/*.log
done_testing
