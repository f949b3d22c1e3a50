# A network that swallows packets to the database, a failover, a failover to nothing, one to
# a copy that lacks the last write, a database that hangs.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json" ".database.timeout = 120"
external_config "$T/near.json" '.listen_port = 4012 | .database = {type: "postgres", connection_string: "host=\(env.T)/pg.sock port=5432 user=postgres dbname=network_policy"}'
internal_config "$T/internal.json" ".database.timeout = 120"
launch external policy-server "$T/external.json"
launch near policy-server "$T/near.json"
launch internal policy-server-internal "$T/internal.json"
check "three servers start, one on the database's own machine" eval \
    'wait_started external && wait_started near && wait_started internal'
root=$(token_of root)
EXT=/networking/v0/external/policies INT=/networking/v0/internal/policies
create() { api "$root" POST $EXT "$(v0 "$@")" | tail -1; }
ports() { internal "$INT?id=$1" -m 30 "${@:2}" | jq -c '[.policies[].destination.port]'; }
status() { internal "$INT?id=$1" -m 30 -o /dev/null -w '%{http_code}' "${@:2}"; }
health() { curl -s -m 60 -o /dev/null -w '%{http_code}' "$1/health"; }

# --- packets are swallowed ---------------------------------------------------------------
same "a policy" 200 "$(create app-1 app-2 tcp 1)"
tag=$(internal "$INT?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
internal "$INT?id=app-1" -m 60 -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" -H 'Prefer: wait=4' >"$T/waited" &
waited=$!
check "a cell waits" wait_for 20 eval 'curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked 1"'
iptables -I INPUT -p tcp --dport 5432 -j DROP
health $PS >"$T/health.external" & h=$!
health http://127.0.0.1:4004 >"$T/health.internal" & i=$!
create app-1 app-2 tcp 2 >"$T/written" & w=$!
PS=http://127.0.0.1:4012
same "the server that is not cut off writes" 200 "$(create app-1 app-2 tcp 3)"
PS=http://127.0.0.1:4002
same "who is cut off does not serve what it had" "500 503" "$(status app-1) $(status app-1 -H "If-None-Match: $tag")"
wait $waited $h $i $w
same "nor does it say that nothing is new" 503 "$(cat "$T/waited")"
same "health of both says so" "500 500" "$(cat "$T/health.external") $(cat "$T/health.internal")"
same "a write is not claimed" 500 "$(cat "$T/written")"
iptables -F
check "when packets flow again, it serves what is newest" wait_for 30 eval '[ "$(ports app-1)" = "[1,3]" ]'
check "all are well" wait_for 30 eval '[ "$(health $PS) $(health http://127.0.0.1:4004)" = "200 200" ]'
same "and write" 200 "$(create app-1 app-2 tcp 4)"
check "the near server ends" stop_server near

# --- failover to a standby ------------------------------------------------------------------
pg=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
standby() {
    install -d -o postgres -g postgres -m 0700 "$T/pg2" "$T/pg2.sock" &&
        echo 'host replication all 127.0.0.1/32 trust' >>"$T/pg/pg_hba.conf" && sql 'SELECT pg_reload_conf()' &&
        setpriv --reuid postgres --regid postgres --init-groups "$pg/pg_basebackup" -R -X stream -c fast -h 127.0.0.1 -U postgres -D "$T/pg2" &&
        sed -i "s/^port = .*/port = 5433/; s|pg.sock|pg2.sock|" "$T/pg2/postgresql.conf" && postgres_up "$T/pg2"
}
check "a standby follows the database" standby
same "a policy more" 200 "$(create app-1 app-2 tcp 5)"
sql2() { psql -qAtX "host=$T/pg2.sock port=5433 user=postgres dbname=network_policy" -c "$1"; }
check "it has it" wait_for 20 eval '[ "$(sql2 "SELECT count(*) FROM policies")" = 4 ]'
check "the database is lost" postgres_down "$T/pg" immediate
same "health says so" "500 500" "$(health $PS) $(health http://127.0.0.1:4004)"
check "its address goes to the standby, which takes over" eval \
    'sql2 "SELECT pg_promote()" && iptables -t nat -A OUTPUT -p tcp --dport 5432 -j REDIRECT --to-ports 5433'
check "the servers find it by themselves" wait_for 30 eval '[ "$(ports app-1)" = "[1,3,4,5]" ]'
same "write to it" "200 [1,3,4,5,6]" "$(create app-1 app-2 tcp 6) $(ports app-1)"
check "and are well" wait_for 30 eval '[ "$(health $PS) $(health http://127.0.0.1:4004)" = "200 200" ]'
tag=$(internal "$INT?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')

# --- failover to a database that knows nothing -------------------------------------------------
check "the standby is lost too, and an empty database comes in its place" eval \
    'postgres_down "$T/pg2" immediate && iptables -t nat -F && start_postgres "$T/pg3" 5432'
same "health of both says that this is not it" "500 500" "$(health $PS) $(health http://127.0.0.1:4004)"
same "cells are not told that all policies are gone" "500 503" "$(status app-1) $(status app-1 -H "If-None-Match: $tag")"
same "people get an error" $'{"error": "database read failed"}\n500' "$(api "$root" GET $EXT)"
same "writing too" $'{"error": "database create failed"}\n500' "$(api "$root" POST $EXT "$(v0 app-1 app-2 tcp 7)")"
check "somebody says that it is meant to be" "$BIN/migrate-db" -config-file "$T/external.json"
check "then it is served" wait_for 30 eval '[ "$(ports app-1)" = "[]" ]'
same "an old tag does not hold there" 200 "$(status app-1 -H "If-None-Match: $tag")"
same "and written to" "200 [8]" "$(create app-1 app-2 tcp 8) $(ports app-1)"
check "the servers are well" wait_for 30 eval '[ "$(health $PS) $(health http://127.0.0.1:4004)" = "200 200" ]'
# --- failover to a copy that lacks the last write, and goes on before we notice ---------------
check "the internal server is started anew, and knows one cell" eval \
    'stop_server internal && start_server internal policy-server-internal "$T/internal.json"'
CELL+=(-H 'X-Agent-Id: cell')
PG_URL="host=$T/pg3.sock port=5432 user=postgres dbname=network_policy"
same "a policy" "200 [8,9]" "$(create app-1 app-2 tcp 9) $(ports app-1)"
check "a copy is taken" eval 'postgres_down "$T/pg3" && cp -a "$T/pg3" "$T/pg4" && postgres_up "$T/pg3"'
check "and the database goes on" wait_for 30 eval '[ "$(create app-1 app-2 tcp 666) $(ports app-1)" = "200 [8,9,666]" ]'
tag=$(internal "$INT?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
internal "$INT?id=app-1" -m 60 -H "If-None-Match: $tag" -H 'Prefer: wait=60' >"$T/waited" &
waited=$!
check "a cell waits" wait_for 20 eval 'curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked 1"'
passed() { sql "SELECT s.revision = r.passed FROM policy_state s, policy_readers r WHERE agents = 1 ORDER BY seen DESC LIMIT 1"; }
check "and counts as having enforced all" wait_for 20 eval '[ "$(passed)" = t ]'
check "the database is lost" postgres_down "$T/pg3" immediate
kill -STOP "$(cat "$T/internal.pid")"
check "the copy takes its place" eval 'mv "$T/pg3" "$T/pg.lost" && mv "$T/pg4" "$T/pg3" && postgres_up "$T/pg3"'
check "another policy gets the lost one's revision" wait_for 30 eval '[ "$(create app-1 app-2 tcp 10)" = 200 ]'
kill -CONT "$(cat "$T/internal.pid")"
wait $waited
same "the cell that waits is told what holds now" "[8,9,10]" "$(jq -c '[.policies[].destination.port]' "$T/waited")"
check "and does not count as having come anywhere, whatever number it had" wait_for 20 eval \
    '[ "$(sql "SELECT passed FROM policy_readers WHERE agents = 1 ORDER BY seen DESC LIMIT 1")" = -1 ]'
check "who asks is told the same" wait_for 20 eval '[ "$(ports app-1)" = "[8,9,10]" ]'
same "what it had holds no more" 200 "$(status app-1 -H "If-None-Match: $tag")"
tag=$(internal "$INT?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
same "what it was told does" 304 "$(status app-1 -H "If-None-Match: $tag")"
check "then it counts as having enforced all" wait_for 20 eval '[ "$(passed)" = t ]'

# --- a database that takes connections and answers nothing -------------------------------------
frozen=$(pgrep -u postgres)
kill -STOP $frozen
create app-1 app-2 tcp 11 >"$T/written" & w=$!
health $PS >"$T/health.external" & h=$!
health http://127.0.0.1:4004 >"$T/health.internal" & i=$!
status app-1 >"$T/asked" & a=$!
status app-1 -H "If-None-Match: $tag" >"$T/asked.tag" & b=$!
wait $w $h $i $a $b
same "health of both says so" "500 500" "$(cat "$T/health.external") $(cat "$T/health.internal")"
same "cells are told to come back" "500 503" "$(cat "$T/asked") $(cat "$T/asked.tag")"
same "a write is not claimed" 500 "$(cat "$T/written")"
create app-1 app-2 tcp 11 >"$T/written" & w=$!
health $PS >"$T/health.external" & h=$!
health http://127.0.0.1:4004 >"$T/health.internal" & i=$!
status app-1 >"$T/asked" & a=$!
wait $w $h $i $a
same "and again, now that connections must be made anew" "500 500 500 500" \
    "$(cat "$T/written") $(cat "$T/health.external") $(cat "$T/health.internal") $(cat "$T/asked")"
same "what needs no database is served" 200 "$(curl -s -m 60 -o /dev/null -w '%{http_code}' $PS/)"
kill -CONT $frozen
check "when it goes on, all are well" wait_for 60 eval '[ "$(health $PS) $(health http://127.0.0.1:4004)" = "200 200" ]'
check "and write" wait_for 30 eval '[ "$(create app-1 app-2 tcp 12)" = 200 ]'
check "and read" wait_for 30 eval '[ "$(status app-1)" = 200 ]'
check "the servers end" eval 'stop_server external && stop_server internal'
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
