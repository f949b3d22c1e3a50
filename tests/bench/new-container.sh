# From the container store's change to a new container's rules in the kernel, on a cell
# with 250 containers, the policy server away and the next poll an hour ahead. RUNS times.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
RUNS=${RUNS:-100} SIZES=${SIZES-"100 1000 10000"}

cell_up
certificates
jq -nc '[range(250) | {key: "c\(.)", value: {handle: "c\(.)", ip: "10.255.1.\(. + 2)", metadata: {policy_group_id: "app-\(.)"}}}] | from_entries' >"$T/store"
agent_config '.poll_interval = 3600 | .log_level = "info"'
# rank FILE PERCENT: nearest-rank percentile, in milliseconds.
rank() {
    sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {n = int((NR * p + 99) / 100); printf "%.1f", v[n < 1 ? 1 : n] / 1000}'
}

printf '%-24s %9s %6s %8s %8s %8s %8s\n' "store changed -> rules" policies runs "p50 ms" "p99 ms" "max ms" "peak kB"
for size in $SIZES; do
    jq -nc --argjson n "$size" '{total_policies: $n, policies: [range($n) | {
        source: {id: "app-\((. % 250 + . / 250 * 7 + 1 | floor) % 2500)", tag: null},
        destination: {id: "app-\(. % 250)", tag: null, protocol: "tcp", ports: {start: (8000 + (. / 250 | floor)), end: (8000 + (. / 250 | floor))}}}
        | .source.tag = (.source.id | ltrimstr("app-") | tonumber + 4096) | .destination.tag = (.destination.id | ltrimstr("app-") | tonumber + 4096)]}' |
        python3 -c 'import json,sys
d = json.load(sys.stdin)
for p in d["policies"]:
    for end in ("source", "destination"):
        p[end]["tag"] = "%04X" % p[end]["tag"]
print(json.dumps(d))' >"$API/body"
    echo "\"r$size\"" >"$API/etag"
    api_up
    agent_up
    wait_for 60 grep -q "rules-enforced.*r$size" "$T/agent.log" || { tail -n 3 "$T/agent.log"; exit 1; }
    api_down
    peak=$(awk '/^VmHWM/ {print $2}' "/proc/$agent_pid/status")
    "$BENCH/store-rules" "$T/store" "$RUNS" app-7 >"$T/times" || exit 1
    agent_down
    set -- "$(rank "$T/times" 50)" "$(rank "$T/times" 99)" "$(rank "$T/times" 100)"
    printf '%-24s %9d %6d %8s %8s %8s %8d\n' "" "$size" "$RUNS" "$@" "$peak"
    jq -n --argjson policies "$size" --argjson runs "$RUNS" --argjson p50 "$1" --argjson p99 "$2" --argjson max "$3" --argjson peak "$peak" \
        '{$policies, $runs, p50_ms: $p50, p99_ms: $p99, max_ms: $max, peak_kb: $peak}' >>"$T/results"
done
jq -s . "$T/results" >"$RESULTS/new-container.json"
