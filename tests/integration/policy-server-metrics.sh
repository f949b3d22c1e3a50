# What the policy server tells operators: dropsonde with the names their dashboards know, and
# Prometheus text, both from the real programs.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"
. "$TOP/tests/lib/metrics.sh"

start_world
start_metron
external_config "$T/external.json" '.metron_address = "127.0.0.1:3457" | .debug_server_host = "127.0.0.1" | .debug_server_port = 7932 | .max_policies = 1'
internal_config "$T/internal.json" '.metron_address = "127.0.0.1:3457"'
start_server external policy-server "$T/external.json"
start_server internal policy-server-internal "$T/internal.json"
root=$(token_of root)
dora=$(token_of dora)
EXTERNAL=http://127.0.0.1:7932/metrics
INTERNAL=http://127.0.0.1:7933/metrics
EXT=/networking/v1/external/policies
INT=/networking/v1/internal/policies

shows() { [ "$(metric_of "$1" "$2")" = "$3" ]; }
requests() { metric_of "$1" "netman_http_requests_total{listener=\"$2\",route=\"$3\",code=\"$4\"}"; }
duration_count() { metric_of "$1" "netman_http_request_duration_seconds_count{listener=\"$2\",route=\"$3\"}"; }

# --- told at the start and every 30 s ---------------------------------------
for origin in policy-server policy-server-internal; do
    check "$origin tells its uptime" wait_for 10 told_value $origin uptime '[0-9]+' seconds
    check "$origin tells the number of policies" wait_for 10 told_value $origin totalPolicies 0 -
    check "$origin tells its database connections" wait_for 10 told_value $origin DBOpenConnections '[1-9][0-9]*' -
    for name in DBQueriesTotal DBQueriesSucceeded; do
        check "$origin tells $name" wait_for 10 told_value $origin $name '[1-9][0-9]*' -
    done
    check "$origin tells DBQueriesFailed" wait_for 10 told_value $origin DBQueriesFailed 0 -
    check "$origin tells DBQueriesInFlight" wait_for 10 told_value $origin DBQueriesInFlight '[0-9]+' -
    check "$origin tells DBQueryDurationMax" wait_for 10 told_value $origin DBQueryDurationMax "$NUMBER" seconds
done

# --- what requests do ---------------------------------------------------------
before=$(metric_of $EXTERNAL netman_tags_in_use)
same "a policy" 200 "$(api "$root" POST $EXT "$(v1 app-1 app-2 tcp 80 80)" | tail -1)"
same "it is counted" 1 "$(requests $EXTERNAL external CreatePolicies 200)"
same "and timed" 1 "$(duration_count $EXTERNAL external CreatePolicies)"
check "metron hears how long it took" wait_for 10 told_value policy-server CreatePoliciesRequestTime "$NUMBER" ms
check "and how long in the database" wait_for 10 told_value policy-server StoreCreateSuccessTime "$NUMBER" ms
same "two tags are in use now" $((before + 2)) "$(metric_of $EXTERNAL netman_tags_in_use)"
same "of as many as there are" 65535 "$(metric_of $EXTERNAL netman_tags)"
check "the other server sees the policy" wait_for 10 shows $INTERNAL netman_policies 1
same "one policy too many" 403 "$(api "$dora" POST $EXT "$(v1 app-1 app-2 tcp 81 81)" | tail -1)"
refuse "is a refusal, not trouble with the database" told_value policy-server StoreCreateErrorTime "$NUMBER" ms
same "no token" 401 "$(curl -s -o /dev/null -w '%{http_code}' $PS$EXT)"
same "refusals are counted by status" "1 1" "$(requests $EXTERNAL external CreatePolicies 403) $(requests $EXTERNAL external PoliciesIndex 401)"
check "metron hears of errors" wait_for 10 told_counter policy-server http_error 2
same "reading" 200 "$(api "$root" GET $EXT | tail -1)"
check "is timed, too" wait_for 10 told_value policy-server StoreAllSuccessTime "$NUMBER" ms
for path in / /health /networking/v1/external/whoami /networking/v1/external/tags; do
    api "$root" GET $path >"$T/out"
done
api "$root" POST $EXT/cleanup '' >"$T/out"
for name in Uptime Health WhoAmI TagsIndex Cleanup CreatePolicies PoliciesIndex; do
    check "metron hears of $name" wait_for 10 told_value policy-server ${name}RequestTime "$NUMBER" ms
done
check "metron hears how many there were" wait_for 10 told_counter policy-server CreatePoliciesRequestCount 2
curl -s -o "$T/out" $PS/no/such/path
same "paths that are none are one route" 1 "$(requests $EXTERNAL external none 404)"
same "deleted again" 200 "$(api "$root" POST $EXT/delete "$(v1 app-1 app-2 tcp 80 80)" | tail -1)"
same "the tags are free again" "$before" "$(metric_of $EXTERNAL netman_tags_in_use)"
check "metron hears of deletes" wait_for 10 eval 'told_value policy-server DeletePoliciesRequestTime "$NUMBER" ms && told_value policy-server StoreDeleteSuccessTime "$NUMBER" ms'

# --- cells ----------------------------------------------------------------------
internal "$INT?id=app-1" >"$T/out"
internal /networking/v1/internal/policies_last_updated >"$T/out"
internal /networking/v1/internal/tags -X PUT -d '{"id":"router","type":"router"}' >"$T/out"
for name in InternalPolicies InternalPoliciesLastUpdated CreateTags; do
    check "metron hears of $name" wait_for 10 told_value policy-server-internal ${name}RequestTime "$NUMBER" ms
done
for name in ByGuids LastUpdated CreateTag; do
    check "and of its database time ($name)" wait_for 10 told_value policy-server-internal Store${name}SuccessTime "$NUMBER" ms
done
check "a tag that a router holds is in use" shows $EXTERNAL netman_tags_in_use $((before + 1))
tag=$(internal "$INT?id=app-1" -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
curl -s "${CELL[@]}" "$PSI$INT?id=app-1" -m 30 -o "$T/out" -D "$T/head" -H "If-None-Match: $tag" -H 'Prefer: wait=2' &
check "who waits is counted" wait_for 10 shows $INTERNAL netman_watchers_parked 1
wait $!
slow='netman_http_request_duration_seconds_bucket{listener="internal",route="InternalPolicies",le="1"}'
same "waiting for news is no slow answer" "$(duration_count $INTERNAL internal InternalPolicies)" "$(metric_of $INTERNAL "$slow")"
match "the cell is told how long it waited" '^Server-Timing: parked;dur=[0-9]{4}\.[0-9]' "$(cat "$T/head")"
same "nobody waits any more" 0 "$(metric_of $INTERNAL netman_watchers_parked)"
curl -s -o "$T/out" http://127.0.0.1:4004/health
same "the health port is counted apart" 1 "$(requests $INTERNAL health Health 200)"

# --- form, and what is shown without a database ----------------------------------
check "Prometheus can read the external server" valid_metrics $EXTERNAL
check "Prometheus can read the internal server" valid_metrics $INTERNAL
check "metron understands all it hears" no_garbage
for port in 7932 7933; do
    same "the log level is changed at port $port" 200 "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d error http://127.0.0.1:$port/log-level)"
done
size=$(wc -c <"$T/external.log")
api "$root" GET $EXT >"$T/out"
same "and less is logged" "$size" "$(wc -c <"$T/external.log")"
postgres_down "$T/pg"
check "without the database the metrics come, but no tags: they are not known" wait_for 20 eval \
    'curl -sf -m 5 $EXTERNAL >"$T/out" && ! grep -q "^netman_tags_in_use" "$T/out" && grep -q "^netman_snapshot_age_seconds" "$T/out"'
api "$root" POST $EXT "$(v1 app-1 app-2 tcp 80 80)" >"$T/out"
check "metron hears of operations that fail" wait_for 20 eval \
    'told_value policy-server StoreCreateErrorTime "$NUMBER" ms && told_counter policy-server StoreCreateError 1'

# --- a metron that is not there ----------------------------------------------------
jq '.metron_address = "nowhere"' "$T/external.json" >"$T/bad.json"
refuse "an address that is none is refused" "$BIN/policy-server" -config-file "$T/bad.json" -check-config
done_testing
