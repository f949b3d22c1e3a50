# Tokens verified without asking UAA ("uaa_verify": "local").
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
kill "$(cat "$T/uaa.pid")"
same "UAA is not needed for tokens it has signed" $'{"user_name":"root"}\n200' "$(api "$root" GET $E/whoami)"
check "the server ends" stop_server external
refuse "no token is in the log" grep -F -e "$root" -e "$dora" "$T/external.log"
refuse "no sanitizer has complained" grep -E 'ERROR: |runtime error' "$T"/*.log
done_testing
