# The plugin in a space of 5,000 apps with 50,000 policies: ids asked for in pieces, every
# page read, a terminal told how far it is.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/platform.sh"
. "$TOP/tests/lib/large-space.sh"

large_space || { not_ok "the platform starts" "$(tail -n 5 "$T"/*.log)"; done_testing; }
plugin() { CF_HOME=$T/admin "$BIN/network-policy-plugin" "$@" </dev/null; }
# world FILTER: change the stand-ins' world
world() { jq "$1" "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"; }

started=$(now_ms)
out=$(plugin apply-access -f "$T/large.yml")
match "50,000 policies of 5,000 apps are applied" "50000 to add" "$out"
echo "# applied in $(($(now_ms) - started)) ms"
started=$(now_ms)
same "all are listed" 50000 "$(plugin list-access | tail -n +5 | grep -c '^large-')"
echo "# listed in $(($(now_ms) - started)) ms"
jq --arg t "$(jq -r .AccessToken "$T/admin/.cf/config.json")" '{api: "http://127.0.0.1:8081", username: "admin", token: $t, apps}' \
    "$T/world.json" >"$T/cli.json"
same "under cf too, which tells all apps in one message" 50000 \
    "$("$TOOLS/cf-cli" "$T/cli.json" "$BIN/network-policy-plugin" list-access 2>/dev/null | tail -n +5 | grep -c '^large-')"
started=$(now_ms)
same "with names of space and organisation too, asked for in pieces" "large one" \
    "$(plugin list-access --all --json | jq -r '.policies[-1].destination | "\(.space) \(.org)"')"
echo "# listed with all names in $(($(now_ms) - started)) ms"
asked() { grep -c "GET $1 -> 200" "$T/cc.log"; }
before=$(asked /v3/apps)
trace=$(CF_TRACE=true plugin list-access --all | grep '^GET /v3/')
same "a hundred in a question" $((before + 50)) "$(asked /v3/apps)"
same "none of which is longer than servers take" "" "$(awk 'length > 4096' <<<"$trace")"
match "and each is full" "guids=([^&,]*%2C){99}[^&,]* " "$(head -n 1 <<<"$trace")"
same "one app of many is found" "large-4999 large-0 tcp 7000" "$(plugin list-access --app large-4999 | tail -n +5 | tr -s '\t' ' ' | grep '^large-4999.*7000')"
progress=$(script -qec "env CF_HOME=$T/admin $BIN/network-policy-plugin list-access --app large-1 2>&1 >/dev/null" /dev/null </dev/null)
match "a terminal sees how far it is" "Reading apps: 2000" "$progress"
match "also while policies are read" "Reading policies\.\.\." "$progress"
lacks "anything else does not" Reading <(plugin list-access --app large-1 2>&1)
progress=$(script -qec "$TOOLS/cf-cli $T/cli.json $BIN/network-policy-plugin list-access --app large-1 2>&1 >/dev/null" /dev/null </dev/null)
match "under cf too, where all apps come in one answer" $'Reading apps\\.\\.\\.call GetApps ""[[:space:]]+\033\\[K' "$(tr '\n' ' ' <<<"$progress")"
lacks "anything else does not" Reading <("$TOOLS/cf-cli" "$T/cli.json" "$BIN/network-policy-plugin" list-access --app large-1 2>&1)
on_terminal() { script -qec "env CF_HOME=$T/admin $BIN/network-policy-plugin list-access $*" /dev/null </dev/null; }
lacks "nor who asks for JSON" Reading <(on_terminal --json --app large-1)
world '.fail = {"/v3/spaces": 503}'
match "an error stands in a line of its own" $'Reading spaces: 0 of 1\r\033\\[K[^R]*FAILED' "$(on_terminal --all --app large-1 | tr '\n' ' ')"
world 'del(.fail)'
done_testing
