# The policy server's reads at the size of 20,000 apps: full list, a cell's list, the
# same unchanged, parked watchers, writers. Client and servers share the machine.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

APPS=20000 SECONDS_EACH=${SECONDS_EACH:-5}
results=()
fail() { echo "bench: $1" >&2; exit 1; }

make_world
start_postgres "$T/pg" 5432 && start_standins && make_certs || fail "services"
external_config "$T/external.json" '.log_level = "error" | .cleanup_interval = 86400 | .uaa_verify = "local"'
internal_config "$T/internal.json" '.log_level = "error"'
"$BIN/migrate-db" -config-file "$T/external.json" >/dev/null || fail "migrate"

# fill POLICIES: straight into the tables, as many as wanted
fill() {
    sql "TRUNCATE policies, destinations, groups, policy_changes CASCADE;
         INSERT INTO groups (id, guid, type) SELECT i, (md5(i::text)::uuid)::text, 'app' FROM generate_series(1, $APPS) i;
         INSERT INTO destinations (group_id, port, start_port, end_port, protocol)
           SELECT 1 + (k * 7 + 13) % $APPS, 8080 + k / $APPS, 8080 + k / $APPS, 8080 + k / $APPS, 'tcp' FROM generate_series(1, $1) k ON CONFLICT DO NOTHING;
         INSERT INTO policies (group_id, destination_id)
           SELECT 1 + k % $APPS, d.id FROM generate_series(1, $1) k
           JOIN destinations d ON d.group_id = 1 + (k * 7 + 13) % $APPS AND d.start_port = 8080 + k / $APPS AND d.end_port = d.start_port AND d.protocol = 'tcp' ON CONFLICT DO NOTHING;
         UPDATE policy_state SET revision = revision + 1, changes_from = revision + 1;
         ANALYZE" || fail "fill"
}

# start: both servers; log level error hides the line that start_server waits for
start() {
    launch external policy-server "$T/external.json"
    launch internal policy-server-internal "$T/internal.json"
    wait_for 60 curl -sf -o /dev/null $PS/health && wait_for 60 curl -sf -o /dev/null http://127.0.0.1:4004/health || fail "servers"
}

cpu_ms() { awk '{print ($14 + $15) * 10}' "/proc/$(cat "$T/internal.pid")/stat"; }
rss_mb() { awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$(cat "$T/internal.pid")/status"; }

# measure NAME LOAD-ARGS…: run the load, add CPU and memory of the server
measure() {
    local name=$1 before after out
    shift
    before=$(cpu_ms)
    out=$("$BENCH/load" --port 4003 --certs "$T/certs" --seconds "$SECONDS_EACH" "$@") || fail "$name: status $?"
    after=$(cpu_ms)
    out=$(jq -c --arg name "$name" --argjson cpu $((after - before)) --argjson rss "$(rss_mb)" \
        '{name: $name} + . + {cpu_ms_per_1000: (if .answers > 0 then ($cpu * 1000 / .answers * 100 | round / 100) else null end), rss_mb: $rss}' <<<"$out")
    results+=("$out")
    jq -r '"\(.name)|\(.per_second)/s|p50 \(.p50_ms) ms|p99 \(.p99_ms) ms|cpu \(.cpu_ms_per_1000) ms/1000|rss \(.rss_mb) MB"' <<<"$out" |
        awk -F'|' '{printf "%-44s %10s %16s %16s %22s %12s\n", $1, $2, $3, $4, $5, $6}'
}

echo /networking/v1/internal/policies >"$T/all"
sql "SELECT '/networking/v1/internal/policies?id=' || string_agg((md5((1 + (c * 37 + i * 199) % $APPS)::text)::uuid)::text, ',')
     FROM generate_series(1, 500) c, generate_series(1, 100) i GROUP BY c" >"$T/cells"

for policies in 10000 100000; do
    fill $policies
    start
    measure "$policies: cell's list, 100 ids" --paths "$T/cells" --connections 16
    measure "$policies: the same, unchanged (304)" --paths "$T/cells" --connections 16 --etag
    measure "$policies: full list" --paths "$T/all" --connections 2
    [ $policies = 100000 ] || { stop_server external && stop_server internal; } || fail "stop"
done

# gone: the clients of the last round have left, and the server has noticed
gone() { curl -s http://127.0.0.1:7933/metrics | grep -qx 'netman_http_connections{listener="internal"} 0'; }
parked() { curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked $1"; }
# say NAME JSON TEXT: one result
say() {
    results+=("$(jq -c --arg name "$1" '{name: $name} + .' <<<"$2")")
    printf '%-44s %s\n' "$1" "$3"
}
# hold CONNECTIONS SECONDS [ARGS]: that many watchers in the background, all parked when it returns
hold() {
    wait_for 30 gone || fail "the last watchers have not gone"
    "$BENCH/load" --port 4003 --certs "$T/certs" --seconds "$2" --paths "$T/cells" --connections "$1" --wait 120 "${@:3}" >/dev/null &
    holder=$!
    wait_for 60 parked "$1" || fail "$1 parked"
}

hold 2000 8
say "100000: 2,000 parked" "{\"rss_mb\":$(rss_mb)}" "$(rss_mb) MB"
wait $holder || fail "watchers: status $?"
stop_server external && stop_server internal || fail "stop"

# watchers: each for 100 ids of its own; every post touches two apps that a few of them have
fill 10000
start
root=$(token_of root)
for i in $(seq 50); do
    a=$(sql "SELECT (md5('$((i * 199 % APPS))')::uuid)::text")
    b=$(sql "SELECT (md5('$((i * 399 % APPS))')::uuid)::text")
    echo "/networking/v0/external/policies $(v0 "$a" "$b" udp $((i + 1)))"
    echo "/networking/v0/external/policies/delete $(v0 "$a" "$b" udp $((i + 1)))"
done >"$T/bodies"
for n in 1000 2000; do
    wait_for 30 gone || fail "the last watchers have not gone"
    measure "$n parked: post's answer to watcher's answer" --paths "$T/cells" --connections $n --wait 120 \
        --post-port 4002 --token "$root" --bodies "$T/bodies" --every 100
done
hold 2000 25
sleep 1 # what parking has begun is over
before=$(cpu_ms)
sleep 10
idle=$(awk "BEGIN {print ($(cpu_ms) - $before) / 100}")
say "2,000 parked and nothing to do" "{\"cpu_percent\":$idle,\"rss_mb\":$(rss_mb)}" "$idle % of a core, $(rss_mb) MB"
wait $holder || fail "watchers: status $?"

# a restart under 1,000 watchers: they come back at once, all together
hold 1000 30 --reconnect
stop_server internal || fail "stop"
began=$(now_ms)
launch internal policy-server-internal "$T/internal.json"
wait_for 60 curl -sf -o /dev/null http://127.0.0.1:4004/health || fail "restart"
up=$(now_ms)
wait_for 60 parked 1000 || fail "1,000 watchers have not come back"
back=$(now_ms)
say "1,000 watchers reconnecting after a restart" "{\"parked_ms_after_start\":$((back - began)),\"parked_ms_after_up\":$((back - up))}" \
    "all parked $((back - began)) ms after the start, $((back - up)) ms after it served"
kill $holder && wait $holder 2>/dev/null

# writers: each creates policies between the apps one by one, then deletes them
external_cpu_ms() { awk '{print ($14 + $15) * 10}' "/proc/$(cat "$T/external.pid")/stat"; }
sql "SELECT (md5(i::text)::uuid)::text FROM generate_series(1, $APPS) i" >"$T/ids"
for policies in 10000 100000; do
    fill $policies
    for writers in 1 16; do
        before=$(external_cpu_ms)
        "$BENCH/write-load" --port 4002 --token "$root" --ids "$T/ids" --writers $writers --seconds "$SECONDS_EACH" >"$T/writes" || fail "writers: status $?"
        used=$(($(external_cpu_ms) - before))
        total=$(jq -s 'map(.answers) | add' "$T/writes")
        while IFS= read -r line; do
            say "$policies: $(jq -r .what <<<"$line"), $writers at once" \
                "$(jq -c --argjson cpu $used --argjson total "$total" '. + {cpu_ms_per_1000: ($cpu * 1000 / $total * 100 | round / 100)}' <<<"$line")" \
                "$(jq -r '"\(.per_second)/s  p50 \(.p50_ms) ms  p99 \(.p99_ms) ms"' <<<"$line")"
        done <"$T/writes"
    done
done
stop_server external && stop_server internal || fail "stop"
printf '%s\n' "${results[@]}" | jq -s . >"$RESULTS/policy-server.json"
