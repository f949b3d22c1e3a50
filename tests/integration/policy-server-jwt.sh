# Tokens verified without asking UAA ("uaa_verify": "local"), or without asking it each time
# ("token_cache_seconds").
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

make_world
check "postgres and stand-ins are there" eval 'start_postgres "$T/pg" 5432 && start_standins'
external_config "$T/external.json" '.uaa_verify = "local"'
launch external policy-server "$T/external.json"
check "the server starts" wait_started external
root=$(token_of root) dora=$(token_of dora) nobody=$(token_of nobody)
E=/networking/v0/external
same "an admin is known" $'{"user_name":"root"}\n200' "$(api "$root" GET $E/whoami)"
same "a developer creates a policy" $'{}\n200' "$(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 80)")"
same "scopes are looked at" 403 "$(api "$dora" GET $E/tags | tail -1)"
same "who has none for us is refused" 401 "$(api "$nobody" GET $E/policies | tail -1)"

# sign CLAIMS [HEADER]: a token with UAA's own key
sign() {
    local header=${2-}
    [ -n "$header" ] || header='{"alg":"RS256","kid":"key-1"}'
    curl -s -d "{\"header\": $header, \"claims\": $1}" http://127.0.0.1:8080/standin/sign | jq -r .token
}
now=$(date +%s)
claims() { jq -cn --argjson now "$now" "{exp: (\$now + 600), iat: \$now, iss: \"http://127.0.0.1:8080/oauth/token\", aud: [\"network\"],
    scope: [\"network.admin\"], sub: \"u-9\", user_name: \"forged\"} | $1"; }
said() { api "$(sign "$(claims "$1")" "${2-}")" GET $E/whoami; }
same "a token made by hand like UAA's is good" $'{"user_name":"forged"}\n200' "$(said .)"
no=$'{"error": "failed to verify token with uaa"}\n401'
same "expired" "$no" "$(said '.exp = $now - 1')"
same "without an end" "$no" "$(said 'del(.exp)')"
same "not valid yet" "$no" "$(said '.nbf = $now + 300')"
same "from the future" "$no" "$(said '.iat = $now + 300')"
same "another issuer" "$no" "$(said '.iss = "http://evil/oauth/token"')"
same "another audience" "$no" "$(said '.aud = ["cloud_controller"]')"
same "scopes that are no list" "$no" "$(said '.scope = "network.admin"')"
same "a refresh token" "$no" "$(said '.jti = "x-r"')"
same "algorithm none" "$no" "$(said . '{"alg":"none","kid":"key-1"}')"
same "algorithm HS256" "$no" "$(said . '{"alg":"HS256","kid":"key-1"}')"
same "another key's id" "$no" "$(said . '{"alg":"RS256","kid":"key-2"}')"
t=$root
same "a changed letter" "$no" "$(api "${t%????????}AAAAAAAA" GET $E/whoami)"
world() { jq "$1" "$T/world.json" >"$T/world.new" && mv "$T/world.new" "$T/world.json"; }
world '.key_id = "key-2" | .jwk_only = true'
renamed=$(sign "$(claims .)" '{"alg":"RS256","kid":"key-2"}')
check "a new key is fetched when a token names it, given as numbers only" \
    wait_for 20 eval '[ "$(api "$renamed" GET $E/whoami | tail -1)" = 200 ]'
same "a withdrawn key is not believed any more" "$no" "$(api "$root" GET $E/whoami)"
root=$renamed
kill "$(cat "$T/uaa.pid")"
same "UAA is not needed for tokens it has signed" $'{"user_name":"forged"}\n200' "$(api "$root" GET $E/whoami)"
check "the server ends" stop_server external
lacks "no token is in the log" "$root|$dora" "$T/external.log"

# --- answers of UAA remembered for a time ------------------------------------------------
world 'del(.key_id, .jwk_only)'
check "UAA is back" start_uaa
external_config "$T/external.json" '.token_cache_seconds = 300'
check "a server that remembers its answers starts" start_server external policy-server "$T/external.json"
root=$(token_of root) dora=$(token_of dora)
world '.access_token_seconds = 3'
brief=$(token_of root)
status() { api "$1" GET $E/whoami | tail -1; }
same "tokens are asked about once" "200 200" "$(status "$root") $(status "$brief")"
kill "$(cat "$T/uaa.pid")"
same "then UAA is not needed for them" $'{"user_name":"root"}\n200' "$(api "$root" GET $E/whoami)"
same "but for others" 401 "$(status "$dora")"
check "nor is a token believed past its own end" wait_for 20 eval '[ "$(status "$brief")" = 401 ]'
same "the other one still is" 200 "$(status "$root")"
check "the server ends" stop_server external
check "UAA is back" start_uaa
external_config "$T/external.json" '.token_cache_seconds = 1'
check "a server that remembers them for a second starts" start_server external policy-server "$T/external.json"
world 'del(.access_token_seconds)'
root=$(token_of root)
same "an admin is known" 200 "$(status "$root")"
world '.users |= map(select(.name != "root"))'
check "one whose token is revoked is refused after that time" wait_for 20 eval '[ "$(status "$root")" = 401 ]'
check "the server ends" stop_server external
lacks "no token is in the log" "$root|$dora|$brief|s3cret" "$T/external.log"
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
