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

# once WHAT STATE: run the command; note the microseconds from its start and from its
# end to the state (an answer may well be there before the command has ended).
once() {
    local started ended instant
    inside frontend-0 "$TOOLS/probe" "$address" 8080 "$2" 20000 >"$T/instant" &
    started=$(epoch_us)
    cf "$1-access" frontend backend --protocol tcp --port 8080 >/dev/null
    ended=$(epoch_us)
    wait $!
    instant=$(cat "$T/instant")
    echo $((instant - started)) >>"$T/$1-start"
    echo $((instant > ended ? instant - ended : 0)) >>"$T/$1-end"
}

for ((i = 0; i < RUNS; i++)); do
    once allow open
    once remove closed
done

# rank FILE PERCENT: nearest-rank percentile, in milliseconds.
rank() {
    sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {n = int((NR * p + 99) / 100); printf "%.1f", v[n < 1 ? 1 : n] / 1000}'
}

printf '%-44s %6s %8s %8s %8s\n' "to the change across cells" runs "p50 ms" "p99 ms" "max ms"
for what in allow remove; do
    for since in start end; do
        set -- "$(rank "$T/$what-$since" 50)" "$(rank "$T/$what-$since" 99)" "$(rank "$T/$what-$since" 100)"
        printf '%-44s %6d %8s %8s %8s\n' "from the $since of cf $what-access" "$RUNS" "$@"
        jq -n --arg what "$what-access" --arg since $since --argjson runs "$RUNS" --argjson p50 "$1" --argjson p99 "$2" --argjson max "$3" \
            '{$what, $since, $runs, p50_ms: $p50, p99_ms: $p99, max_ms: $max}' >>"$T/results"
    done
done
jq -s . "$T/results" >"$RESULTS/first-answer.json"
