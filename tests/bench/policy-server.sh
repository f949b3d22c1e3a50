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
    stop_server external && stop_server internal || fail "stop"
done

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
# gone: the clients of the last round have left, and the server has noticed
gone() { curl -s http://127.0.0.1:7933/metrics | grep -qx 'netman_http_connections{listener="internal"} 0'; }
parked() { curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked $1"; }
for n in 1000 2000; do
    wait_for 30 gone || fail "the last watchers have not gone"
    measure "$n parked: post's answer to watcher's answer" --paths "$T/cells" --connections $n --wait 120 \
        --post-port 4002 --token "$root" --bodies "$T/bodies" --every 100
done
wait_for 30 gone || fail "the last watchers have not gone"
"$BENCH/load" --port 4003 --certs "$T/certs" --seconds 25 --paths "$T/cells" --connections 2000 --wait 120 >/dev/null &
wait_for 30 parked 2000 || fail "parked"
sleep 1
before=$(cpu_ms)
sleep 5
idle=$(awk "BEGIN {print ($(cpu_ms) - $before) / 50}")
echo "2000 parked and nothing to do: $idle % of a core, $(rss_mb) MB"
results+=("{\"name\":\"2000 parked, idle\",\"cpu_percent\":$idle,\"rss_mb\":$(rss_mb)}")
wait %% 2>/dev/null

# writers: each posts and deletes policies of its own
for writers in 1 16; do
    before=$(now_ms) pids=()
    for w in $(seq $writers); do
        for i in $(seq 100); do
            printf 'url = "%s/networking/v0/external/policies%s"\nheader = "Authorization: bearer %s"\ndata = "%s"\noutput = /dev/null\nnext\n' \
                "$PS" "$([ $((i % 2)) = 0 ] && echo /delete)" "$root" "$(v0 "w-$w" "d-$w" tcp $(((i + 1) / 2)) | sed 's/"/\\"/g')"
        done | sed '$d' >"$T/writer.$w"
        curl -s -K "$T/writer.$w" & pids+=($!)
    done
    wait "${pids[@]}"
    per=$((writers * 100 * 1000 / ($(now_ms) - before)))
    echo "$writers writers: $per writes/s (tokens verified by the server)"
    results+=("{\"name\":\"$writers writers\",\"per_second\":$per}")
done
stop_server external && stop_server internal || fail "stop"
printf '%s\n' "${results[@]}" | jq -s . >"$RESULTS/policy-server.json"
