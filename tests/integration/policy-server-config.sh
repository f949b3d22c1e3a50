# What the configuration's keys do: UAA and Cloud Controller over TLS, issuer, origins, tags of
# three bytes, the database's pool.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

make_world
check "postgres, stand-ins and certificates are there" eval \
    'start_postgres "$T/pg" 5432 && start_standins && make_certs && "$BIN/netman-certs" ca "$T/certs" foreign'
E=/networking/v0/external
serve() { external_config "$T/$1.json" "$2" && start_server "$1" policy-server "$T/$1.json"; }
root=$(token_of root) dora=$(token_of dora)

# --- UAA and Cloud Controller over TLS -----------------------------------------------------
speaks_tls=(--cert "$T/certs/server.crt" --key "$T/certs/server.key")
"$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/key" --url http://127.0.0.1:8080 --port 8443 "${speaks_tls[@]}" >"$T/uaa.tls" 2>"$T/uaa.log2" &
"$STANDINS/cc" --world "$T/world.json" --signing-key "$T/key" --url https://127.0.0.1:8444 --uaa http://127.0.0.1:8080 \
    --networking $PS --port 8444 "${speaks_tls[@]}" >"$T/cc.tls" 2>"$T/cc.log2" &
check "both speak TLS" wait_for 20 eval 'test -s "$T/uaa.tls" && test -s "$T/cc.tls"'
export CA=$T/certs/ca.crt FOREIGN=$T/certs/foreign.crt
tls='.uaa_url = "https://127.0.0.1" | .uaa_port = 8443 | .cc_url = "https://127.0.0.1:8444"'
# asked: status of what needs UAA only, and of what needs the Cloud Controller, too
asked() { echo "$(api "$root" GET $E/whoami | tail -1) $(api "$dora" POST $E/policies "$(v0 app-1 app-2 tcp 80)" | tail -1)"; }
check "a server that knows their authority" serve known "$tls | .uaa_ca = env.CA | .cc_ca_cert = env.CA"
same "believes both" "200 200" "$(asked)"
check "it ends" stop_server known
check "one that knows another for UAA" serve uaa "$tls | .uaa_ca = env.FOREIGN | .cc_ca_cert = env.CA"
same "believes no token" "401 401" "$(asked)"
match "and says why in its log" 'token-not-verified.*certificate' "$(cat "$T/uaa.log")"
check "it ends" stop_server uaa
check "one that knows another for the Cloud Controller" serve cc "$tls | .uaa_ca = env.CA | .cc_ca_cert = env.FOREIGN"
same "does not let developers in" "200 500" "$(asked)"
check "it ends" stop_server cc
check "one that does not look" serve blind "$tls | .uaa_ca = env.FOREIGN | .cc_ca_cert = env.FOREIGN | .skip_ssl_validation = true"
same "believes both" "200 200" "$(asked)"
check "it ends" stop_server blind

# --- another issuer; any origin; tags of three bytes -----------------------------------------
psql -qX "$PG_URL" -c 'CREATE DATABASE wide' -c 'CREATE DATABASE pool'
check "a server with all that" serve wide '.uaa_verify = "local" | .uaa_issuer = "https://uaa.example/oauth/token" |
    .allowed_cors_domains = ["*"] | .tag_length = 3 | .database.database_name = "wide"'
internal_config "$T/wide-internal.json" '.tag_length = 3 | .database.database_name = "wide"'
check "and one for its cells" start_server wide-internal policy-server-internal "$T/wide-internal.json"
sign() {
    curl -s -d "{\"header\": {\"alg\":\"RS256\",\"kid\":\"key-1\"}, \"claims\": {\"exp\": $(($(date +%s) + 600)), \"iss\": \"$1\",
        \"aud\": [\"network\"], \"scope\": [\"network.admin\"], \"sub\": \"u-9\", \"user_name\": \"nine\"}}" http://127.0.0.1:8080/standin/sign | jq -r .token
}
named=$(sign https://uaa.example/oauth/token)
same "tokens of the issuer that was named are good" $'{"user_name":"nine"}\n200' "$(api "$named" GET $E/whoami)"
same "those of the address it is asked at are not" "401 401" "$(api "$root" GET $E/whoami | tail -1) $(api "$(sign http://127.0.0.1:8080/oauth/token)" GET $E/whoami | tail -1)"
match "every origin is allowed" $'^Access-Control-Allow-Origin: \\*\r$' "$(curl -s -o /dev/null -D - -H 'Origin: https://any.example' $PS/)"
refuse "who has none is told nothing" grep -qi access-control <<<"$(curl -s -o /dev/null -D - $PS/)"
same "a policy" $'{}\n200' "$(api "$named" POST $E/policies "$(v0 app-1 app-2 tcp 80)")"
same "has tags of three bytes" '000001 000002' "$(internal /networking/v1/internal/policies | jq -r '.policies[0] | "\(.source.tag) \(.destination.tag)"')"
same "in the list of tags, too" '000001 000002' "$(curl -s -H "Authorization: bearer $named" $PS$E/tags | jq -r '[.tags[].tag] | join(" ")')"
check "they end" eval 'stop_server wide && stop_server wide-internal'

# --- the pool ---------------------------------------------------------------------------------
# Besides the pool's connections there is one that follows the database.
connections() { sql "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pool' AND backend_type = 'client backend' AND query NOT LIKE '%pg_stat_activity%'"; }
load() {
    local i
    for i in $(seq 24); do
        curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: bearer $root" -d "$(v0 "a-$i" "b-$i" tcp 1)" $PS$E/policies &
    done | grep -c '^200$'
}
check "a server that may have two connections and keep one" serve pool '.uaa_verify = "local" | .database.database_name = "pool" |
    .max_open_connections = 2 | .max_idle_connections = 1 | .connections_max_lifetime_seconds = 1 | .debug_server_port = 7944'
sql "CREATE TABLE most (n int)"
while [ ! -e "$T/enough" ]; do sql "INSERT INTO most VALUES ($(connections))"; done & watcher=$!
same "24 requests at once are served" 24 "$(load)"
touch "$T/enough"; wait $watcher
check "by no more than two" test "$(sql 'SELECT max(n) FROM most')" -le 3
check "one is kept" wait_for 20 eval '[ "$(connections)" = 2 ]'
match "metrics know" '^netman_db_connections_max 2$' "$(curl -s http://127.0.0.1:7944/metrics)"
pooled() { sql "SELECT pid FROM pg_stat_activity WHERE datname = 'pool' AND backend_type = 'client backend' ORDER BY backend_start DESC LIMIT 1"; }
# shellcheck disable=SC2034 # the check below reads it
old=$(pooled)
check "it is replaced when it has lived its time" wait_for 30 eval 'api "$root" POST $E/policies "$(v0 a-1 b-1 tcp 1)" && [ "$(pooled)" != "$old" ]'
check "it ends" stop_server pool
check "a server that keeps none" serve none '.uaa_verify = "local" | .database.database_name = "pool" | .max_idle_connections = 0'
same "serves the same" 24 "$(load)"
check "and keeps none" wait_for 20 eval '[ "$(connections)" = 1 ]'
check "it ends" stop_server none
refuse "no sanitizer has complained" grep -E 'ERROR: |runtime error' "$T"/*.log
done_testing
