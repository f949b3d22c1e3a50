# Signals: to stop, in the middle of work; to read files again.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
certs=$T/certs
E=/networking/v0/external INT=/networking/v1/internal
world() { jq "$1" "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"; }
term() { kill "$(cat "$T/$1.pid")"; }
# ended_well NAME: within 10 s, while what it waits for takes a minute
ended_well() { wait_for 10 test -s "$T/$1.exit" && [ "$(cat "$T/$1.exit")" = 0 ]; }

# --- before it serves ------------------------------------------------------------------
external_config "$T/external.json"
sql "SELECT pg_advisory_lock(7305816220146), pg_sleep(60)" >/dev/null 2>&1 &
migrating=$!
check "another program migrates" wait_for 20 eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = '"'advisory'"' AND granted")" = 1 ]'
launch waiting policy-server "$T/external.json"
check "the server waits for it" wait_for 20 eval '[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = '"'advisory'"'")" = 2 ]'
term waiting
check "TERM ends it all the same, with status 0" ended_well waiting
kill $migrating
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null

# --- with requests under way, both listeners in one program ------------------------------
export CA=$certs/ca.crt CERT=$certs/server.crt KEY=$certs/server.key
external_config "$T/both.json" '.internal_listen_port = 4003 | .debug_server_port = 7933 | .ca_cert_file = env.CA | .server_cert_file = env.CERT | .server_key_file = env.KEY'
check "a server with both listeners starts" start_server both policy-server "$T/both.json"
root=$(token_of root)
tag=$(internal "$INT/policies?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
internal "$INT/policies?id=app-1" -o /dev/null -w '%{http_code}' -H "If-None-Match: $tag" -H 'Prefer: wait=60' >"$T/parked" &
parked=$!
check "a cell waits" wait_for 20 eval 'curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked 1"'
world '.delay_ms = {"/check_token": 1500}'
curl -s -H "Authorization: bearer $root" -H 'X-Vcap-Request-Id: last-one' -d "$(v0 app-1 app-2 tcp 80)" -w '%{http_code}' $PS$E/policies >"$T/last" &
last=$!
check "and a slow request is on its way" wait_for 20 grep -q 'request_last-one.serving' "$T/both.log"
term both
check "TERM in the middle: the server ends with status 0" ended_well both
wait $last $parked
same "the request was answered" '{}200' "$(cat "$T/last")"
same "so was the cell" 304 "$(cat "$T/parked")"
same "and what was answered is stored" 1 "$(sql 'SELECT count(*) FROM policies')"

# --- with requests that would take longer than a stop may ----------------------------------
world '.delay_ms = {"/check_token": 60000}'
check "it starts again" start_server both policy-server "$T/both.json"
curl -s -H "Authorization: bearer $root" -H 'X-Vcap-Request-Id: stuck' -o /dev/null $PS$E/policies &
stuck=$!
check "UAA has taken a token and does not answer" wait_for 20 grep -q 'request_stuck.serving' "$T/both.log"
term both
check "TERM ends the server with status 0 all the same" ended_well both
wait $stuck
world '.delay_ms = {"/v3/apps": 60000}'
external_config "$T/cleaning.json" '.cleanup_interval = 1 | .debug_server_port = 7933'
check "one that cleans up starts" start_server cleaning policy-server "$T/cleaning.json"
check "the Cloud Controller has been asked and does not answer" wait_for 20 eval \
    '[ "$(ss -Htn state established dst 127.0.0.1:8081 | wc -l)" -ge 1 ]'
term cleaning
check "TERM ends it with status 0" ended_well cleaning
world 'del(.delay_ms)'
kill -KILL "$(cat "$T/uaa.pid")" "$(cat "$T/cc.pid")"
check "the stand-ins are themselves again" eval \
    'wait_for 20 eval "! kill -0 $(cat "$T/uaa.pid") && ! kill -0 $(cat "$T/cc.pid")"; start_standins'
check "it starts" start_server both policy-server "$T/both.json"
iptables -I INPUT -p tcp --dport 5432 -j DROP
curl -s -H "Authorization: bearer $root" -H 'X-Vcap-Request-Id: dark' -o /dev/null $PS$E/policies &
dark=$!
check "the database hangs, and a request with it" wait_for 20 grep -q 'request_dark.serving' "$T/both.log"
term both
check "TERM ends the server with status 0" ended_well both
wait $dark
iptables -F

# --- HUP ---------------------------------------------------------------------------------
internal_config "$T/internal.json"
check "an internal server starts" start_server internal policy-server-internal "$T/internal.json"
internal_config "$T/internal.json" '.log_level = "error"'
kill -HUP "$(cat "$T/internal.pid")"
quiet() { : >"$T/internal.log"; curl -sf http://127.0.0.1:4004/health && ! grep -q serving "$T/internal.log"; }
check "HUP takes up another log level" wait_for 20 quiet
curl -s -X PUT -d debug http://127.0.0.1:7933/log-level
check "so does the debug server" wait_for 20 eval 'curl -sf http://127.0.0.1:4004/health; grep -q serving "$T/internal.log"'
echo '{"log_level": ' >"$T/internal.json"
kill -HUP "$(cat "$T/internal.pid")"
check "a file that is no good is told, and changes nothing" wait_for 20 grep -q 'reload-failed' "$T/internal.log"
same "it goes on" 200 "$(internal $INT/policies_last_updated -o /dev/null -w '%{http_code}')"
check "INT ends it as TERM does" eval 'kill -INT "$(cat "$T/internal.pid")"; ended_well internal'
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
