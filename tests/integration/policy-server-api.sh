# Every route, status, header and error body of the API, from outside.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json" '.allowed_cors_domains = ["https://a.example"] | .cleanup_interval = 1 | .cleanup_grace_seconds = 2'
internal_config "$T/internal.json"
start_both
root=$(token_of root) dora=$(token_of dora) ned=$(token_of ned) nobody=$(token_of nobody)
E=/networking/v0/external E1=/networking/v1/external
error() { printf '{"error": "%s"}\n%s' "$1" "$2"; }

# --- every route, every role: status --------------------------------------------
body=$(v0 app-1 app-2 tcp 80) body1=$(v1 app-1 app-2 tcp 80 80)
routes=$(cat <<ROUTES
GET / all 200 200 200 200
GET /networking all 200 200 200 200
GET /health all 200 200 200 200
GET $E/whoami - 200 403 403 401
POST $E/policies - 200 200 403 401
GET $E/policies - 200 200 403 401
POST $E/policies/delete - 200 200 403 401
POST $E/policies/cleanup - 200 403 403 401
GET $E/tags - 200 403 403 401
GET $E1/whoami - 200 403 403 401
POST $E1/policies - 200 200 403 401
GET $E1/policies - 200 200 403 401
POST $E1/policies/delete - 200 200 403 401
POST $E1/policies/cleanup - 200 403 403 401
GET $E1/tags - 200 403 403 401
GET $E1/policies/status - 200 200 403 401
ROUTES
)
same "each external route is walked, by the server's own table" \
    "$(sed -n '/external_routes\[\]/,/^};/s/.*TO("\([A-Z]*\)", \(EXTERNAL \)\?"\([^"]*\)".*/\1 \2\3/p' "$TOP/policy-server/http/routes.c" | sed 's/EXTERNAL //' | sort)" \
    "$(cut -d' ' -f1,2 <<<"$routes" | sed 's|/networking/v./external||' | sort -u)"
while read -r method path all admin writer nobody_status none; do
    for role in root dora nobody none; do
        case $role in root) want=$admin ;; dora) want=$writer ;; nobody) want=$nobody_status ;; none) want=$none ;; esac
        [ "$all" = all ] && want=$admin
        args=(-s -o /dev/null -w '%{http_code}' -X "$method")
        [ $role = none ] || args+=(-H "Authorization: bearer ${!role}")
        [ "$method" = POST ] && case $path in $E1/*) args+=(-d "$body1") ;; *) args+=(-d "$body") ;; esac
        same "$method $path as $role: $want" "$want" "$(curl "${args[@]}" "$PS$path")"
    done
done <<<"$routes"
while read -r path; do
    for role in root nobody none; do
        args=(-s -o /dev/null -w '%{http_code}' -X OPTIONS)
        [ $role = none ] || args+=(-H "Authorization: bearer ${!role}")
        same "OPTIONS $path as $role: 200" 200 "$(curl "${args[@]}" "$PS$path")"
    done
done < <(cut -d' ' -f2 <<<"$routes" | sort -u)

# --- refusals, to the byte ----------------------------------------------------------
same "no token" "$(error 'missing authorization header' 401)" "$(curl -s -w '\n%{http_code}' $PS$E/policies)"
match "and how to bring one" $'^WWW-Authenticate: Bearer\r$' "$(curl -s -o /dev/null -D - $PS$E/policies)"
same "a bad token" "$(error 'failed to verify token with uaa' 401)" "$(api nonsense GET $E/policies)"
same "an empty token" "$(error 'failed to verify token with uaa' 401)" "$(curl -s -w '\n%{http_code}' -H 'Authorization: bearer ' $PS$E/policies)"
same "scopes are told" "$(error 'provided scopes [openid] do not include allowed scopes [network.admin network.write]' 403)" "$(api "$nobody" GET $E/policies)"
jq '.users[3].scopes = [range(60) | "some.long.scope.\(.)"]' "$T/world.json" >"$T/scopes.json"
cp "$T/world.json" "$T/usual.json" && cp "$T/scopes.json" "$T/world.json"
same "all of them" "$(error "provided scopes [$(seq -s ' ' -f 'some.long.scope.%.0f' 0 59)] do not include allowed scopes [network.admin network.write]" 403)" \
    "$(api "$(token_of nobody)" GET $E/policies)"
cp "$T/usual.json" "$T/world.json"
same "for admins too" "$(error 'provided scopes [network.write] do not include allowed scopes [network.admin]' 403)" "$(api "$dora" GET $E/tags)"
same "another version" "$(error "api version 'v2' not supported" 406)" "$(api "$root" GET /networking/v2/external/policies)"
same "a version with quotes stays JSON" "$(error "api version 'a\\\"b' not supported" 406)" "$(api "$root" GET /networking/a%22b/external/policies)"
same "the version is looked at before the token" 406 "$(curl -s -o /dev/null -w '%{http_code}' $PS/networking/v2/external/policies)"
same "status is v1 only" "$(error "api version 'v0' not supported" 406)" "$(api "$root" GET $E/policies/status)"
same "a body for a path that is not there is no matter" 404 "$(curl -s -o /dev/null -w '%{http_code}' -d "$body" $PS/nope)"
same "nor one for a wrong method" 405 "$(curl -s -o /dev/null -w '%{http_code}' -X PUT -d "$body" $PS$E/policies)"
same "nor one without a token, whether it is good or not" "$(error 'missing authorization header' 401)" "$(curl -s -w '\n%{http_code}' -d '{' $PS$E/policies)"
same "unknown path" $'404 page not found\n\n404' "$(api "$root" GET /nope)"
same "wrong method" $'Method Not Allowed\n\n405' "$(api "$root" PUT $E/policies)"
match "with the right ones" $'^Allow: GET, HEAD, POST, OPTIONS\r$|^Allow: POST, GET, HEAD, OPTIONS\r$' "$(curl -s -o /dev/null -D - -X PUT $PS$E/policies)"
same "HEAD is answered like GET" 200 "$(curl -s -o /dev/null -w '%{http_code}' -I -H "Authorization: bearer $root" $PS$E/policies)"

while IFS='|' read -r path sent want; do
    [ -n "$path" ] || continue
    same "$sent" "$(error "$want" 400)" "$(api "$root" POST "$path" "$sent")"
    same "deleting: $sent" "$(error "$want" 400)" "$(api "$root" POST "$path/delete" "$sent")"
done <<BODIES
$E/policies|{}|mapper: validate policies: missing policies
$E/policies|{"policies":[]}|mapper: validate policies: missing policies
$E/policies|{"policies":null}|mapper: validate policies: missing policies
$E/policies|{"policies":[{}]}|mapper: validate policies: missing source id
$E/policies|{"policies":[{"source":{"id":"a"}}]}|mapper: validate policies: missing destination id
$E/policies|{"policies":[{"source":{"id":"a"},"destination":{"id":"b"}}]}|mapper: validate policies: invalid destination protocol, specify either udp or tcp
$E/policies|$(v0 a b icmp 80)|mapper: validate policies: invalid destination protocol, specify either udp or tcp
$E/policies|$(v0 a b tcp 0)|mapper: validate policies: invalid destination port value 0, must be 1-65535
$E/policies|$(v0 a b tcp 65536)|mapper: validate policies: invalid destination port value 65536, must be 1-65535
$E/policies|$(v0 a b tcp -1)|mapper: validate policies: invalid destination port value -1, must be 1-65535
$E/policies|{"policies":[{"source":{"id":"a","tag":"1"},"destination":{"id":"b","protocol":"tcp","port":1}}]}|mapper: validate policies: tags may not be specified
$E1/policies|$(v1 a b tcp 9 8)|mapper: validate policies: invalid port range 9-8, start must be less than or equal to end
$E1/policies|$(v1 a b tcp -1 8)|mapper: validate policies: invalid start port -1, must be in range 1-65535
$E1/policies|$(v1 a b tcp 0 8)|mapper: validate policies: missing start port
$E1/policies|$(v1 a b tcp 1 65536)|mapper: validate policies: invalid end port 65536, must be in range 1-65535
$E1/policies|$(v0 a b tcp 80)|mapper: validate policies: missing start port
$E/policies|$(v0 "a'); DROP TABLE policies; --" b tcp 80)|mapper: validate policies: invalid source id
BODIES
match "no JSON" '^\{"error": "mapper: unmarshal json: .+"\}$' "$(api "$root" POST $E/policies '{"policies"' | head -1)"
match "nothing at all" '^\{"error": "mapper: unmarshal json: unexpected end of JSON input"\}$' "$(api "$root" POST $E/policies '' | head -1)"
match "a wrong type" '^\{"error": "mapper: unmarshal json: json: cannot unmarshal string into .*port.*"\}$' "$(api "$root" POST $E/policies '{"policies":[{"source":{"id":"a"},"destination":{"id":"b","protocol":"tcp","port":"80"}}]}' | head -1)"
check "an error that quotes the request is JSON still" eval \
    'api "$root" POST $E/policies "{\"policies\": \"a\\\"b\\u0001" | head -1 | jq -e .error'
same "an unknown member is ignored" $'{}\n200' "$(api "$root" POST $E/policies '{"x":1,"policies":[{"y":2,"source":{"id":"app-1","z":[]},"destination":{"id":"app-2","protocol":"tcp","port":80}}]}')"
head -c 10485761 /dev/zero | tr '\0' ' ' >"$T/big"
same "a body over 10 MiB" "$(error 'failed reading request body' 400)" "$(curl -s -w '\n%{http_code}' -H "Authorization: bearer $root" -H 'Expect:' --data-binary @"$T/big" $PS$E/policies)"
same "a bad one among good ones creates nothing" 0 \
    "$(api "$root" POST $E/policies "$(v0 app-3 app-4 tcp 1 app-3 app-4 tcp 0)" >/dev/null; curl -s -H "Authorization: bearer $root" "$PS$E/policies?id=app-3" | jq .total_policies)"

# --- headers --------------------------------------------------------------------
headers=$(curl -s -o /dev/null -D - -H "Authorization: bearer $root" -H 'X-Vcap-Request-Id: my-id-1' $PS$E/policies)
for h in 'Content-Type: application/json' 'X-Content-Type-Options: nosniff' 'X-XSS-Protection: 1; mode=block' 'X-Frame-Options: deny' \
    "Content-Security-Policy: frame-ancestors 'none'" 'X-Vcap-Request-Id: my-id-1'; do
    match "header $h" "^$h"$'\r$' "$headers"
done
while read -r status method path who; do
    headers_then=$(curl -s -o /dev/null -D - -X "$method" -H "Authorization: bearer ${!who}" "$PS$path")
    match "$status of $path has its status" "^HTTP/1.1 $status " "$headers_then"
    for h in 'X-Content-Type-Options: nosniff' 'X-XSS-Protection: 1; mode=block' 'X-Frame-Options: deny' \
        "Content-Security-Policy: frame-ancestors 'none'"; do
        match "and the header $h" "^$h"$'\r$' "$headers_then"
    done
done <<REFUSALS
400 POST $E/policies root
401 GET $E/policies path
403 GET $E/policies nobody
404 GET /nope root
405 PUT $E/policies root
406 GET /networking/v2/external/policies root
REFUSALS
lacks "no HSTS without TLS" "[Ss]trict-[Tt]ransport" <(echo "$headers")
lacks "no CORS header without an origin" "[Aa]ccess-[Cc]ontrol" <(echo "$headers")
check "the request's id is in the log" wait_for 10 grep -q 'request_my-id-1.done' "$T/external.log"
match "an allowed origin" $'^Access-Control-Allow-Origin: https://a.example\r$' "$(curl -s -o /dev/null -D - -H 'Origin: https://a.example' $PS/)"
lacks "another one" "[Aa]ccess-[Cc]ontrol-[Aa]llow-[Oo]rigin" <(curl -s -o /dev/null -D - -H 'Origin: https://b.example' $PS/)
options=$(curl -s -D - -X OPTIONS $PS$E/policies)
match "OPTIONS needs no token" '^HTTP/1.1 200' "$options"
match "it tells the methods" $'^Access-Control-Allow-Methods: POST,GET,OPTIONS\r$' "$options"
match "and the headers" $'^Access-Control-Allow-Headers: authorization\r$' "$options"

# --- v1 ---------------------------------------------------------------------------
api "$root" POST $E/policies/delete "$(v0 app-1 app-2 tcp 80)" >/dev/null
same "a range is created" $'{}\n200' "$(api "$root" POST $E1/policies "$(v1 app-1 app-2 udp 100 200)")"
same "v1 lists it" $'{"total_policies":1,"policies":[{"source":{"id":"app-1"},"destination":{"id":"app-2","protocol":"udp","ports":{"start":100,"end":200}}}]}\n200' "$(api "$root" GET $E1/policies)"
same "v0 does not show it" $'{"total_policies":0,"policies":[]}\n200' "$(api "$root" GET $E/policies)"
same "v1 cells see it with tags" '{"total_policies":1,"policies":[{"source":{"id":"app-1","tag":"0001"},"destination":{"id":"app-2","tag":"0002","protocol":"udp","ports":{"start":100,"end":200}}}]}' \
    "$(internal '/networking/v1/internal/policies?id=app-2' | sed 's/"tag":"0007"/"tag":"0001"/; s/"tag":"0008"/"tag":"0002"/')"
same "v0 cells do not" '{"total_policies":0,"policies":[]}' "$(internal /networking/v0/internal/policies)"
same "a single port of v0 shows in v1" $'{}\n200 {"start":7,"end":7}' "$(api "$root" POST $E/policies "$(v0 app-2 app-1 tcp 7)") $(curl -s -H "Authorization: bearer $root" "$PS$E1/policies?source_id=app-2" | jq -c '.policies[0].destination.ports')"

# --- cells' other questions ----------------------------------------------------------
before=$(internal /networking/v1/internal/policies_last_updated)
match "last update is a number" '^[0-9]+$' "$before"
api "$root" POST $E/policies "$(v0 app-2 app-4 tcp 7)" >/dev/null
check "it grows with a change" test "$(internal /networking/v1/internal/policies_last_updated)" -gt "$before"
same "no change, no growth" "$(internal /networking/v1/internal/policies_last_updated)" "$(internal /networking/v1/internal/policies_last_updated)"
tag() { internal /networking/v1/internal/tags -X PUT -d "$1" -w '\n%{http_code}'; }
made=$(tag '{"id":"router-1","type":"router"}')
match "a tag with a type is made" '^\{"id":"router-1","tag":"[0-9A-F]{4}","type":"router"\}$' "$(head -1 <<<"$made")"
same "made again it is the same" "$made" "$(tag '{"id":"router-1","type":"router"}')"
same "another type is an error" "$(error "database create failed: 'router-1' has a tag of type 'router'" 500)" "$(tag '{"id":"router-1","type":"app"}')"
same "no JSON is an error" "$(error 'failed parsing request body' 400)" "$(tag '{"id"')"
match "tags list it" '"id":"router-1"' "$(curl -s -H "Authorization: bearer $root" $PS$E/tags)"

same "security groups are another program's, for now" $'404 page not found\n404' \
    "$(internal /networking/v1/internal/security_groups -w '%{http_code}')"

# --- status: how many cells have the newest ------------------------------------------
status() { curl -s -H "Authorization: bearer $root" $PS$E1/policies/status; }
same "no cells yet" "0 0" "$(status | jq -r '"\(.agents) \(.enforced)"')"
for cell in one two; do
    t=$(internal '/networking/v1/internal/policies?id=app-2' -o /dev/null -D - | tr -d '\r' | sed -n 's/^ETag: //p')
    internal '/networking/v1/internal/policies?id=app-2' -H "If-None-Match: $t" -H "X-Agent-Id: $cell" >/dev/null
done
check "both cells have the newest" wait_for 20 eval '[ "$(status | jq -r "\"\(.agents) \(.enforced)\"")" = "2 2" ]'
api "$root" POST $E/policies "$(v0 app-2 app-4 tcp 8)" >/dev/null
check "a new policy: none has it yet" wait_for 20 eval '[ "$(status | jq -r "\"\(.agents) \(.enforced)\"")" = "2 0" ]'
check "the oldest is older" eval 'status | jq -e ".oldest_enforced < .revision"'
t=$(internal '/networking/v1/internal/policies?id=app-2' -o /dev/null -D - | tr -d '\r' | sed -n 's/^ETag: //p')
internal '/networking/v1/internal/policies?id=app-2' -H "If-None-Match: $t" -H "X-Agent-Id: one" >/dev/null
check "one cell has enforced it" wait_for 20 eval '[ "$(status | jq -r "\"\(.agents) \(.enforced)\"")" = "2 1" ]'

# --- quota: 3 policies per source for developers ---------------------------------------
api "$root" POST $E1/policies/delete "$(v1 app-1 app-2 udp 100 200)" >/dev/null
same "three policies" $'{}\n200' "$(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 1 app-1 app-2 tcp 2 app-1 app-2 tcp 3)")"
told_one() { echo '{"Source":{"ID":"app-1","Tag":""},"Destination":{"ID":"app-2","Tag":"","Protocol":"tcp","Port":1,"Ports":{"Start":1,"End":1}}}'; }
# told EVENT FILTER: what the log has of such events
told() { jq -c "select(.message | endswith(\".$1\")).data | $2" "$T/external.log"; }
check "the log tells which, as the reference writes them, and who made them" wait_for 10 eval \
    '[ "$(told created-policies "select(.userName == \"dora\" and .count == 3).policies[0]")" = "$(told_one)" ]'
same "not a fourth" "$(error 'policy quota exceeded' 403)" "$(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 4)")"
same "and it is not there" 3 "$(curl -s -H "Authorization: bearer $dora" "$PS$E/policies?source_id=app-1" | jq .total_policies)"
same "the same three again are no error" $'{}\n200' "$(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 1 app-1 app-2 tcp 2)")"
same "an admin has no quota" $'{}\n200' "$(api "$root" POST $E/policies "$(v0 app-1 app-2 tcp 4)")"

# --- a user without spaces, and a Cloud Controller in trouble -------------------------------
same "who develops nothing touches nothing" "$(error 'one or more applications cannot be found or accessed' 403)" "$(api "$ned" POST $E/policies "$(v0 app-1 app-2 tcp 80)")"
same "and sees nothing" $'{"total_policies":0,"policies":[]}\n200' "$(api "$ned" GET $E/policies)"
jq '.fail = {"/v3/apps": 503}' "$T/world.json" >"$T/world.new" && mv "$T/world.new" "$T/world.json"
check "without the Cloud Controller developers are told so" wait_for 20 eval \
    '[ "$(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 1)")" = "$(error "check access failed" 500)" ]'
same "reading too" "$(error 'check access failed' 500)" "$(api "$dora" GET $E/policies)"
same "cleanup too" "$(error 'policies cleanup failed' 500)" "$(api "$root" POST $E/policies/cleanup)"
same "admins need no Cloud Controller" 200 "$(api "$root" GET $E/policies | tail -1)"
jq 'del(.fail)' "$T/world.json" >"$T/world.new" && mv "$T/world.new" "$T/world.json"

# --- cleanup --------------------------------------------------------------------
check "the Cloud Controller is back" wait_for 20 eval '[ "$(api "$dora" GET $E/policies | tail -1)" = 200 ]'
api "$root" POST $E1/policies "$(v1 app-1 app-dead udp 1 2)" >/dev/null
same "an admin's cleanup tells what went" \
    $'{"total_policies":1,"policies":[{"source":{"id":"app-1"},"destination":{"id":"app-dead","protocol":"udp","ports":{"start":1,"end":2}}}]}\n200' "$(api "$root" POST $E1/policies/cleanup)"
check "the log tells which, and who wanted it" wait_for 10 eval \
    '[ "$(told deleted-stale-policies "[.userName, .count, .policies[0].Destination.ID]")" = "[\"root\",1,\"app-dead\"]" ]'
same "then there is nothing to clean" $'{"total_policies":0,"policies":[]}\n200' "$(api "$root" POST $E/policies/cleanup)"
api "$root" POST $E/policies "$(v0 app-dead app-1 tcp 1)" >/dev/null
check "by itself the server cleans up after a while" wait_for 30 eval \
    '[ "$(curl -s -H "Authorization: bearer $root" "$PS$E/policies?id=app-dead" | jq .total_policies)" = 0 ]'
many=()
for i in $(seq 60); do many+=("dead-$i" app-1 tcp 1); done
api "$root" POST $E/policies "$(v0 "${many[@]}")" >/dev/null
check "but not a large part of all policies" wait_for 30 grep -q 'more than cleanup_max_share allows' "$T/external.log"
same "they are still there" 60 "$(curl -s -H "Authorization: bearer $root" "$PS$E/policies?dest_id=app-1" | jq '[.policies[] | select(.source.id | startswith("dead"))] | length')"
more=()
for i in $(seq 60); do more+=("dead-$i" app-1 udp 1); done
api "$root" POST $E/policies "$(v0 "${many[@]}" "${more[@]}")" >/dev/null
check "of many the first 100 are told, and how many there were" wait_for 10 eval \
    '[ "$(told created-policies "select(.count == 120).policies | length")" = 100 ]'
api "$root" POST $E/policies/delete "$(v0 "${more[@]}")" >/dev/null
same "an admin may" 60 "$(api "$root" POST $E/policies/cleanup | head -1 | jq .total_policies)"

# --- self service ------------------------------------------------------------------
check "the server ends" stop_server external
lacks "no token or secret is in its log" "$root|$dora|$nobody|s3cret" "$T/external.log"
external_config "$T/external.json" '.enable_space_developer_self_service = true | .max_policies = 30'
launch external policy-server "$T/external.json"
check "with self service" wait_started external
same "a developer without scopes writes in own spaces" $'{}\n200' "$(api "$nobody" POST $E/policies "$(v0 app-2 app-1 tcp 80)")"
same "but not elsewhere" 403 "$(api "$nobody" POST $E/policies "$(v0 app-1 app-3 tcp 80)" | tail -1)"
same "and is no admin" 403 "$(api "$nobody" GET $E/tags | tail -1)"
check "the servers end" eval 'stop_server external && stop_server internal'
lacks "nor in the others" "$root|$dora|$nobody|s3cret" "$T/external.log" "$T/internal.log"
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
