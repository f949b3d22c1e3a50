# Cells wait for news: entity tags, parked requests, a database that comes and goes.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json" '.log_level = "info"'
external_config "$T/second.json" '.log_level = "info" | .listen_port = 4012'
internal_config "$T/internal.json"
launch external policy-server "$T/external.json"
launch second policy-server "$T/second.json"
launch internal policy-server-internal "$T/internal.json"
check "two external servers and an internal one start at once on an empty database" eval \
    'wait_started external && wait_started second && wait_started internal'
root=$(token_of root)
EXT=/networking/v0/external/policies
INT=/networking/v0/internal/policies
create() { api "$root" POST $EXT "$(v0 "$@")" | tail -1; }
delete() { api "$root" POST $EXT/delete "$(v0 "$@")" | tail -1; }
count() { internal "$INT$1" | jq -r .total_policies; }

# etag PATH: the answer's entity tag
etag() { internal "$1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p'; }
# status_with ETAG PATH [CURL ARGS]
status_with() { local t=$1 p=$2; shift 2; internal "$p" -o /dev/null -w '%{http_code}' -H "If-None-Match: $t" "$@"; }
# park NAME ETAG PATH SECONDS: a watcher in the background, a cell of that name; its
# status and body in $T/NAME.*
park() {
    curl -s "${CELL[@]}" "$PSI$3" -m $(($4 + 20)) -o "$T/$1.body" -w '%{http_code}' -H "X-Agent-Id: $1" -H "If-None-Match: $2" -H "Prefer: wait=$4" >"$T/$1.status" 2>&1 &
    echo $! >"$T/$1.park"
}
# parked N: do so many requests wait at the internal server?
parked() { curl -s http://127.0.0.1:7933/metrics | grep -qx "netman_watchers_parked $1"; }
ended() { ! kill -0 "$(cat "$T/$1.park")" 2>/dev/null; }

same "a policy" 200 "$(create app-1 app-2 tcp 80)"
tag=$(etag "$INT?id=app-1")
match "answers carry an entity tag" '^"[0-9a-f]+-[0-9]+-[0-9a-f]{32}"$' "$tag"
same "who has the newest gets 304" 304 "$(status_with "$tag" "$INT?id=app-1")"
same "304 has no body" "" "$(internal "$INT?id=app-1" -H "If-None-Match: $tag")"
same "the tag of other ids does not hold" 200 "$(status_with "$tag" "$INT?id=app-9")"
same "a foreign tag is no reason for 304" 200 "$(status_with '"x"' "$INT?id=app-1")"
same "a change elsewhere leaves the tag" "200 304" "$(create app-3 app-4 tcp 80) $(status_with "$tag" "$INT?id=app-1")"
same "a change here does not" "200 200" "$(create app-4 app-1 tcp 80) $(status_with "$tag" "$INT?id=app-1")"
same "taken back, the old tag holds again" "200 304" "$(delete app-4 app-1 tcp 80) $(status_with "$tag" "$INT?id=app-1")"

# --- waiting -----------------------------------------------------------------
park one "$tag" "$INT?id=app-1" 60
park two "$(etag "$INT?id=app-3")" "$INT?id=app-3" 60
park all "$(etag "$INT")" "$INT" 60
check "three cells are parked" wait_for 20 parked 3
same "a policy of one of them" 200 "$(create app-1 app-2 tcp 81)"
check "the touched one is answered" wait_for 20 ended one
same "with 200 and the new list" "200 2" "$(cat "$T/one.status") $(jq .total_policies "$T/one.body")"
check "so is who waits for all" wait_for 20 ended all
check "the untouched one waits on" parked 1
same "deleting wakes as well" 200 "$(delete app-3 app-4 tcp 80)"
check "it is answered now" wait_for 20 ended two
same "with an empty list" '{"total_policies":0,"policies":[]}' "$(cat "$T/two.body")"
tag=$(etag "$INT?id=app-1")
same "a wait that ends without news ends with 304" 304 "$(status_with "$tag" "$INT?id=app-1" -H 'Prefer: wait=1')"
same "who has something older does not wait" 200 "$(status_with '"x-1-00000000000000000000000000000000"' "$INT?id=app-1" -H 'Prefer: wait=50' -m 10)"
park gone "\"abc-9999-${tag##*-}" "$INT?id=app-1" 60
check "who has the same from another history of the database waits" wait_for 20 parked 1
kill "$(cat "$T/gone.park")"
check "and its place is free when it goes" wait_for 20 parked 0
park gone "$tag" "$INT?id=app-1" 60
check "a client parks" wait_for 20 parked 1
kill "$(cat "$T/gone.park")"
check "and hangs up: its place is free" wait_for 20 parked 0

# --- how far the cells are ----------------------------------------------------
# cells FIELD: what the external server says of the newest revision
cells() { api "$root" GET /networking/v1/external/policies/status | head -1 | jq ".$1"; }
park steady "$tag" "$INT?id=app-1" 60
check "a cell parks" wait_for 20 parked 1
# Who has asked so far: one without a name, one, two, all, gone, and now steady.
check "it is the sixth to be alive" wait_for 20 eval '[ "$(cells agents)" = 6 ]'
park fresh "$tag" "$INT?id=app-1" 60
check "so does one that nobody has seen before" wait_for 20 parked 2
check "it counts as alive while it waits" wait_for 20 eval '[ "$(cells agents)" = 7 ]'
same "a policy of other apps" 200 "$(create app-3 app-4 tcp 90)"
check "who waits is up to date with it" wait_for 20 eval '[ "$(cells enforced)" -ge 2 ]'
same "a policy of theirs" 200 "$(create app-1 app-2 tcp 90)"
check "both are told" wait_for 20 eval 'ended steady && ended fresh'
check "and are not up to date until they ask again" wait_for 20 eval '[ "$(cells enforced)" -eq 0 ]'
same "both are still alive" 7 "$(cells agents)"
same "taken back" "200 200" "$(delete app-1 app-2 tcp 90) $(delete app-3 app-4 tcp 90)"
tag=$(etag "$INT?id=app-1")

# --- read your writes --------------------------------------------------------
bad=""
for i in $(seq 1 40); do
    create app-1 app-3 udp "$i" >/dev/null
    n=$(curl -s -H "Authorization: bearer $root" "http://127.0.0.1:4012$EXT?dest_id=app-3" | jq .total_policies)
    m=$(count '?id=app-3')
    [ "$n" = "$i" ] && [ "$m" = "$i" ] || bad="$bad $i:$n/$m"
done
same "what one server wrote is in the next answer of every other" "" "$bad"

# --- a lost database -----------------------------------------------------------
cut() { sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'netman-policy-server'" >/dev/null; }
bad=""
for i in $(seq 1 20); do
    cut
    s=$(create app-2 app-3 tcp "$i")
    n=$(internal "$INT?id=app-2" | jq -r '[.policies[] | select(.destination.id == "app-3")] | length')
    [ "$s/$n" = "200/$i" ] || bad="$bad $i:$s/$n"
done
same "connections cut in the middle of writes: no write refused, no stale answer" "" "$bad"
tag=$(etag "$INT?id=app-1")
park through "$tag" "$INT?id=app-1" 60
check "a cell waits" wait_for 20 parked 1
cut
same "a policy is made just after the cut" 200 "$(create app-1 app-2 tcp 9999)"
check "the waiting cell hears of it all the same" wait_for 20 ended through

tag=$(etag "$INT?id=app-1")
park over "$tag" "$INT?id=app-1" 3
check "a cell waits again" wait_for 20 parked 1
check "postgres is stopped" postgres_down "$T/pg" immediate
same "health says so" $'{"error": "check database failed"}\n500' "$(api "$root" GET /health)"
same "so does the internal one" 500 "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:4004/health)"
same "cells get an error, not old news" $'{"error": "database read failed"}500' "$(internal "$INT?id=app-1" -w '%{http_code}')"
same "cells that know tags are asked to try again" "503 1" \
    "$(status_with "$tag" "$INT?id=app-1") $(internal "$INT?id=app-1" -o /dev/null -D - -H "If-None-Match: $tag" | tr -d '\r' | sed -n 's/^Retry-After: //p')"
check "a wait ends" wait_for 20 ended over
same "and does not claim that nothing is new" 503 "$(cat "$T/over.status")"
same "people get an error" $'{"error": "database read failed"}\n500' "$(api "$root" GET $EXT)"
same "writing fails" $'{"error": "database create failed"}\n500' "$(api "$root" POST $EXT "$(v0 app-1 app-2 tcp 1)")"
check "postgres comes back" postgres_up "$T/pg"
check "cells are served again" wait_for 20 eval '[ "$(status_with "$tag" "$INT?id=app-1")" = 304 ]'
same "and writing works" 200 "$(create app-1 app-2 tcp 10000)"
check "health is well" wait_for 20 eval '[ "$(curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:4004/health)" = 200 ]'

tag=$(etag "$INT?id=app-1")
park last "$tag" "$INT?id=app-1" 60
check "a cell waits" wait_for 20 parked 1
check "TERM ends the internal server with status 0 all the same" stop_server internal
check "the cell was answered" wait_for 20 ended last
same "with 304" 304 "$(cat "$T/last.status")"
check "TERM ends the others" eval 'stop_server external && stop_server second'
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
