# How long after `cf allow-access` ends does the first packet get through to another
# cell? And after `cf remove-access`, how long until it no longer does? The whole way,
# RUNS times (default 100).
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/demo/world.sh"
RUNS=${RUNS:-100}

set -e
make_underlay
make_certs
start_platform
start_cell cell1
start_cell cell2
cf_login
container_up cell1 frontend-0 "$FRONTEND"
container_up cell2 backend-0 "$BACKEND"
serve backend-0 8080
address=$(ip_of backend-0)

# once WHAT STATE: run the command, print microseconds from its end to the state.
once() {
    local ended
    inside frontend-0 "$TOOLS/probe" "$address" 8080 "$2" 20000 >"$T/instant" &
    cf "$1-access" frontend backend --protocol tcp --port 8080 >/dev/null
    ended=$(epoch_us)
    wait $!
    local us=$(($(cat "$T/instant") - ended))
    echo $((us > 0 ? us : 0))
}

for ((i = 0; i < RUNS; i++)); do
    once allow open >>"$T/allow"
    once remove closed >>"$T/remove"
done

# rank FILE PERCENT: nearest-rank percentile, in milliseconds.
rank() {
    sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {n = int((NR * p + 99) / 100); printf "%.1f", v[n < 1 ? 1 : n] / 1000}'
}

printf '%-28s %6s %10s %10s %10s\n' "from the command's end" runs "p50 ms" "p99 ms" "max ms"
for what in allow remove; do
    printf '%-28s %6d %10s %10s %10s\n' "$what -> across cells" "$RUNS" "$(rank "$T/$what" 50)" "$(rank "$T/$what" 99)" "$(rank "$T/$what" 100)"
    jq -n --arg what "$what" --argjson runs "$RUNS" --argjson p50 "$(rank "$T/$what" 50)" --argjson p99 "$(rank "$T/$what" 99)" \
        '{what: $what, runs: $runs, p50_ms: $p50, p99_ms: $p99}'
done | tee "$T/out" | grep -v '^[ {}]'
grep '^[ {}]' "$T/out" | jq -s . >"$RESULTS/first-answer.json"
