# The policy server's API on real Postgres, as people and cells see it.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json"
internal_config "$T/internal.json" '.listen_host = "0.0.0.0"'
check "the external server starts on an empty database" start_server external policy-server "$T/external.json"
check "the internal server starts beside it" start_server internal policy-server-internal "$T/internal.json"
root=$(token_of root) dora=$(token_of dora)
POLICIES=/networking/v0/external/policies

# --- about -------------------------------------------------------------------
match "uptime" '^Network policy server, up for [0-9]+s$' "$(curl -s $PS/)"
match "uptime on its other path" '^Network policy server, up for ' "$(curl -s $PS/networking)"
same "health is 200 and empty" $'\n200' "$(api x GET /health)"
same "health of the internal server is 200 and empty" 200 "$(curl -s -w '%{http_code}' http://127.0.0.1:4004/health)"
same "health is for who asks on the machine, whatever the other listeners do" "127.0.0.1:4004" "$(ss -Hltn 'sport = 4004' | awk '{print $4}')"
same "whoami" $'{"user_name":"root"}\n200' "$(api "$root" GET /networking/v0/external/whoami)"

# --- create, list, delete ----------------------------------------------------
same "no policies yet" $'{"total_policies":0,"policies":[]}\n200' "$(api "$root" GET $POLICIES)"
same "a policy is created" $'{}\n200' "$(api "$root" POST $POLICIES "$(v0 app-1 app-2 tcp 8080)")"
same "creating it again is no error" $'{}\n200' "$(api "$root" POST $POLICIES "$(v0 app-1 app-2 tcp 8080)")"
one='{"source":{"id":"app-1"},"destination":{"id":"app-2","protocol":"tcp","port":8080}}'
same "it is listed once, without tags" '{"total_policies":1,"policies":['"$one"$']}\n200' "$(api "$root" GET $POLICIES)"
same "more are created" $'{}\n200' "$(api "$root" POST $POLICIES "$(v0 app-2 app-3 udp 53 app-3 app-1 tcp 1)")"
sources() { jq -r '[.policies[].source.id] | join(" ")'; }
list() { curl -s -H "Authorization: bearer $root" "$PS$POLICIES$1" | sources; }
same "listed in the order they were made" "app-1 app-2 app-3" "$(list '')"
same "by id, at either end" "app-1 app-3" "$(list '?id=app-1')"
same "by ids with encoded commas" "app-1 app-2 app-3" "$(list '?id=app-1%2Capp-2')"
same "by source" "app-2" "$(list '?source_id=app-2')"
same "by destination" "app-1" "$(list '?dest_id=app-2')"
same "by source and destination" "app-3" "$(list '?source_id=app-3,app-1&dest_id=app-1')"
same "by an unknown id: none" "" "$(list '?id=nobody')"
same "an injection finds nothing and breaks nothing" "" "$(list "?id=%27%29%3BDROP%20TABLE%20policies%3B--")"

# --- tags and the internal API -------------------------------------------------
same "tags" $'{"tags":[{"id":"app-1","tag":"0001","type":"app"},{"id":"app-2","tag":"0002","type":"app"},{"id":"app-3","tag":"0003","type":"app"}]}\n200' \
    "$(api "$root" GET /networking/v0/external/tags)"
same "a cell gets its apps' policies with tags and both port forms" \
    '{"total_policies":1,"policies":[{"source":{"id":"app-2","tag":"0002"},"destination":{"id":"app-3","tag":"0003","protocol":"udp","port":53,"ports":{"start":53,"end":53}}}]}' \
    "$(internal '/networking/v0/internal/policies?id=app-2' | jq -c '.policies |= map(select(.source.id=="app-2")) | .total_policies = (.policies|length)')"
same "a cell's list has all that touch its apps" "app-1 app-2" "$(internal '/networking/v0/internal/policies?id=app-2' | jq -r '[.policies[].source.id] | sort | join(" ")')"
same "all of them without ids" 3 "$(internal /networking/v0/internal/policies | jq .total_policies)"
refuse "without a certificate there is no answer" curl -s --cacert "$T/certs/ca.crt" $PSI/networking/v0/internal/policies
refuse "plain HTTP there is none either" curl -sf http://127.0.0.1:4003/networking/v0/internal/policies

# --- delete ------------------------------------------------------------------
same "policies are deleted" $'{}\n200' "$(api "$root" POST $POLICIES/delete "$(v0 app-2 app-3 udp 53 app-3 app-1 tcp 1)")"
same "deleting them again is no error" $'{}\n200' "$(api "$root" POST $POLICIES/delete "$(v0 app-2 app-3 udp 53)")"
same "the others stay" app-1 "$(list '')"
same "a tag without policies is freed" "app-1 app-2" \
    "$(curl -s -H "Authorization: bearer $root" $PS/networking/v0/external/tags | jq -r '[.tags[].id] | join(" ")')"

# --- a space developer ---------------------------------------------------------
same "a developer creates a policy in own spaces" $'{}\n200' "$(api "$dora" POST $POLICIES "$(v0 app-1 app-4 tcp 80)")"
same "but not to an app elsewhere" $'{"error": "one or more applications cannot be found or accessed"}\n403' \
    "$(api "$dora" POST $POLICIES "$(v0 app-1 app-3 tcp 80)")"
same "nor to an app that does not exist" $'{"error": "one or more applications cannot be found or accessed"}\n403' \
    "$(api "$dora" POST $POLICIES "$(v0 app-1 app-9 tcp 80)")"
api "$root" POST $POLICIES "$(v0 app-1 app-3 tcp 80)" >"$T/out"
same "and sees only own spaces' policies" "app-2 app-4" \
    "$(curl -s -H "Authorization: bearer $dora" $PS$POLICIES | jq -r '[.policies[].destination.id] | join(" ")')"

# --- end -----------------------------------------------------------------------
check "TERM ends the external server with status 0" stop_server external
check "and the internal one" stop_server internal
lacks "no token is in the logs" "$root|$dora|s3cret" "$T/external.log" "$T/internal.log"
done_testing
