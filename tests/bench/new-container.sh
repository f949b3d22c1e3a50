# The real agent on a cell with 250 containers: memory and processor time of a first cycle
# and of changes of one policy, and when nothing has changed for a poll interval; then, with
# the policy server away, from the container store's change to a new container's rules.
# RUNS times.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
RUNS=${RUNS:-100} SIZES=${SIZES-"100 1000 10000 50000"} CHANGES=5 REST=12

cell_up
certificates
app() { printf '%08x-0000-4000-8000-%012x' $(($1 * 2654435761 & 0xffffffff)) "$1"; }
# make_cell POLICIES: the store, and what the policy server says; ids are as long as real ones.
make_cell() {
    python3 - "$1" "$T/store" "$API/body" <<'PY'
import json, sys
n = int(sys.argv[1])
app = lambda i: "%08x-0000-4000-8000-%012x" % (i * 2654435761 & 0xffffffff, i)
def end(i):
    return {"id": app(i), "tag": "%04X" % (i + 4096)}
json.dump({"c%d" % i: {"handle": "c%d" % i, "ip": "10.255.1.%d" % (i + 2), "metadata": {"policy_group_id": app(i)}} for i in range(250)}, open(sys.argv[2], "w"))
policies = [{"source": end((i % 250 + i // 250 * 7 + 1) % 2500),
             "destination": {**end(i % 250), "protocol": "tcp", "ports": {"start": 8000 + i // 250, "end": 8000 + i // 250}}} for i in range(n)]
json.dump({"total_policies": n, "policies": policies}, open(sys.argv[3], "w"), separators=(",", ":"))
PY
}
# cpu_ms: the agent's processor time so far
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) * 1000 / hz}' "/proc/$agent_pid/stat"; }
peak_kb() { awk '/^VmHWM/ {print $2}' "/proc/$agent_pid/status"; }
now_kb() { awk '/^VmRSS/ {print $2}' "/proc/$agent_pid/status"; }
# change N: another port for the first policy; back when it is enforced
change() {
    sed "s/\"start\":8000,\"end\":8000/\"start\":$((7000 + $1)),\"end\":$((7000 + $1))/" "$T/first" >"$API/body.new"
    mv "$API/body.new" "$API/body"
    echo "\"q$1\"" >"$API/etag"
    wait_for 60 grep -q "rules-enforced.*q$1" "$T/agent.log"
}
agent_config '.poll_interval = 10 | .log_level = "info"'
# rank FILE PERCENT: nearest-rank percentile, in milliseconds.
rank() {
    sort -n "$1" | awk -v p="$2" '{v[NR] = $1} END {n = int((NR * p + 99) / 100); printf "%.1f", v[n < 1 ? 1 : n] / 1000}'
}

printf '%9s %6s | %8s %8s %8s %8s %9s | %8s %8s %8s\n' policies rules "first ms" "change ms" "peak kB" "later kB" "at rest" "new: p50" "p99 ms" "max ms"
for size in $SIZES; do
    make_cell "$size"
    cp "$API/body" "$T/first"
    echo "\"r$size\"" >"$API/etag"
    : >"$T/agent.log"
    api_up
    agent_up
    wait_for 60 grep -q "rules-enforced.*r$size" "$T/agent.log" || { tail -n 3 "$T/agent.log"; exit 1; }
    rules=$(grep -o '"rules":[0-9]*' "$T/agent.log" | tail -n 1 | cut -d : -f 2)
    first=$(cpu_ms) peak=$(peak_kb)
    for i in $(seq "$CHANGES"); do change "$i" || exit 1; done
    each=$(awk -v a="$first" -v b="$(cpu_ms)" -v n="$CHANGES" 'BEGIN {print (b - a) / n}') later=$(peak_kb)
    sleep "$REST" # a poll interval without news, and what a plan took is given back
    rest=$(now_kb)
    api_down
    "$BENCH/store-rules" "$T/store" "$RUNS" "$(app 7)" >"$T/times" || exit 1
    agent_down
    iptables -F; iptables -X; rm -f "$T"/state/*
    set -- "$(rank "$T/times" 50)" "$(rank "$T/times" 99)" "$(rank "$T/times" 100)"
    printf '%9d %6d | %8.0f %8.0f %8d %8d %9d | %8s %8s %8s\n' "$size" "$rules" "$first" "$each" "$peak" "$later" "$rest" "$@"
    jq -n --argjson policies "$size" --argjson rules "$rules" --argjson runs "$RUNS" --argjson p50 "$1" --argjson p99 "$2" --argjson max "$3" \
        --argjson first "$first" --argjson each "$each" --argjson peak "$peak" --argjson later "$later" --argjson rest "$rest" \
        '{$policies, $rules, $runs, first_cpu_ms: $first, change_cpu_ms: $each, peak_kb: $peak, later_peak_kb: $later, rest_kb: $rest, p50_ms: $p50, p99_ms: $p99, max_ms: $max}' >>"$T/results"
done
jq -s . "$T/results" >"$RESULTS/new-container.json"
