# The plugin in a space of 5,000 apps with 50,000 policies: how long its commands take, by
# hand and under cf, and the memory it needs. Servers share the machine.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/platform.sh"
. "$TOP/tests/lib/large-space.sh"

ROUNDS=${ROUNDS:-5}
results=()
fail() { echo "bench: $1" >&2; exit 1; }

large_space || fail "the platform"
export CF_HOME=$T/admin
by_hand() { "$BIN/network-policy-plugin" "$@"; }
jq --arg t "$(jq -r .AccessToken "$CF_HOME/.cf/config.json")" '{api: "http://127.0.0.1:8081", username: "admin", token: $t, apps}' \
    "$T/world.json" >"$T/cli.json"
under_cf() { "$TOOLS/cf-cli" "$T/cli.json" "$BIN/network-policy-plugin" "$@" 2>/dev/null; }

# measure WHAT ROUNDS LINES COMMAND…: the median; LINES must come out of it
measure() {
    local what=$1 rounds=$2 lines=$3 started
    shift 3
    for _ in $(seq "$rounds"); do
        started=$(now_ms)
        "$@" >"$T/out" || fail "$what: $(tail -n 1 "$T/out")"
        echo $(($(now_ms) - started))
        [ "$(grep -c large- "$T/out")" -ge "$lines" ] || fail "$what: too little came out"
    done | sort -n >"$T/times"
    local p50
    p50=$(sed -n "$(((rounds + 1) / 2))p" "$T/times")
    [ -n "$p50" ] || exit 1
    printf '%-48s %6d ms\n' "$what" "$p50"
    results+=("{\"name\":\"$what\",\"ms\":$p50}")
}

measure "apply-access, 50,000 to add" 1 50000 by_hand apply-access -f "$T/large.yml"
measure "apply-access --dry-run, nothing to do" "$ROUNDS" 0 by_hand apply-access -f "$T/large.yml" --dry-run
measure "list-access by hand" "$ROUNDS" 50000 by_hand list-access
measure "list-access under cf (apps in gob)" "$ROUNDS" 50000 under_cf list-access
measure "list-access --app" "$ROUNDS" 20 by_hand list-access --app large-7
measure "list-access --all --json" "$ROUNDS" 100000 by_hand list-access --all --json
measure "explain-access" "$ROUNDS" 1 by_hand explain-access large-7 large-8 --protocol tcp --port 7000
"$BIN/network-policy-plugin" list-access >/dev/null &
peak=0
while kill -0 $! 2>/dev/null; do
    now=$(awk '/VmHWM/ {print int($2 / 1024)}' /proc/$!/status 2>/dev/null)
    [ "${now:-0}" -le $peak ] || peak=$now
done
echo "list-access by hand: $peak MB at most"
results+=("{\"name\":\"list-access by hand, memory\",\"mb\":$peak}")
printf '%s\n' "${results[@]}" | jq -s . >"$RESULTS/plugin.json"
