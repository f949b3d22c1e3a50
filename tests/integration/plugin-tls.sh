# The plugin trusts the right servers only: TLS in front of stand-ins and policies.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"

cat >"$T/world.json" <<'JSON'
{"clients": [{"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "u-1", "name": "dora", "password": "pw", "scopes": ["network.write"]}],
 "orgs": [{"guid": "org-1", "name": "one"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["u-1"]}],
 "apps": [{"guid": "app-1", "name": "frontend", "space": "space-1"}]}
JSON
C=$T/certs
certs() { "$BIN/netman-certs" "$@"; }
check "certificates are made" eval 'certs ca $C ca --rsa && certs ca $C other && certs server $C ca good --ip 127.0.0.1 --rsa &&
    certs server $C ca ec --ip 127.0.0.1 && certs server $C ca old --ip 127.0.0.1 --days -1 &&
    certs server $C ca named --dns elsewhere.example && certs client $C ca client --ip 127.0.0.1 &&
    certs bundle $C/both.crt $C/other.crt $C/ca.crt'

# api NAME PORT: a Cloud Controller with that certificate; it needs no policy server for this
api() {
    "$STANDINS/cc" --world "$T/world.json" --signing-key "$T/key" --url "https://127.0.0.1:$2" --port "$2" \
        --cert "$C/$1.crt" --key "$C/$1.key" >"$T/$1.port" 2>"$T/$1.log" &
}
"$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/key" --url https://127.0.0.1:8080 --port 8080 \
    --cert "$C/good.crt" --key "$C/good.key" >"$T/uaa.port" 2>"$T/uaa.log" &
port=9000
for name in good ec old named client; do api $name $((port += 1)); done
check "servers start" wait_for 30 eval 'test -s $T/uaa.port -a -s $T/good.port -a -s $T/ec.port -a -s $T/old.port -a -s $T/named.port -a -s $T/client.port'

export CF_HOME=$T/home
mkdir -p "$CF_HOME/.cf"
tokens=$(curl -s --cacert "$C/ca.crt" -u cf: -d 'grant_type=password&username=dora&password=pw' https://127.0.0.1:8080/oauth/token)
# against NAME PORT INSECURE [CA]: "ok" once the API has been asked about the app, else why not
against() {
    jq --arg api "https://127.0.0.1:$1" --argjson insecure "$2" '{Target: $api, UaaEndpoint: "https://127.0.0.1:8080",
        AccessToken: ("bearer " + .access_token), RefreshToken: .refresh_token, SSLDisabled: $insecure,
        SpaceFields: {GUID: "space-1"}}' <<<"$tokens" >"$CF_HOME/.cf/config.json"
    SSL_CERT_FILE=$C/$3.crt "$BIN/network-policy-plugin" allow-access frontend nosuch --protocol tcp --port 1 |
        sed -n 's/^resolving destination app: .*/ok/p; s/^resolving source app: http client do: [^ ]* [^ ]* //p'
}
same "a server that chains to the authority is asked" ok "$(against 9001 false ca)"
same "with an EC certificate too" ok "$(against 9002 false ca)"
same "an authority among several will do" ok "$(against 9001 false both)"
match "another authority's server is not asked" "certificate" "$(against 9001 false other)"
match "nor one whose certificate has expired" "expired" "$(against 9003 false ca)"
match "nor one of another name" "no alternative certificate subject name matches|does not match" "$(against 9004 false ca)"
match "nor one with a client's certificate" "certificate" "$(against 9005 false ca)"
match "an authority's file that is not there" "^$" "$(against 9001 false nosuch)"
same "with verification turned off in cf, any" ok "$(against 9003 true other)"
for log in named client; do same "no token went to a server that was not trusted ($log)" 0 "$(stat -c %s "$T/$log.log")"; done

# --- through a proxy, which sees where it goes and no more
cat >"$T/proxy.sh" <<'SH'
read -r method where _
while read -r line && [ "${line%$'\r'}" ]; do :; done
echo "$method $where" >>"$(dirname "$0")/proxied"
printf 'HTTP/1.1 200 Connection established\r\n\r\n'
exec socat - "TCP:$where"
SH
socat TCP-LISTEN:3128,bind=127.0.0.1,reuseaddr,fork EXEC:"bash $T/proxy.sh" &
check "a proxy starts" wait_for 10 eval 'curl -s -p -x http://127.0.0.1:3128 --cacert "$C/ca.crt" https://127.0.0.1:9001/ && >"$T/proxied"'
export https_proxy=http://127.0.0.1:3128
same "https_proxy is gone through" ok "$(against 9001 false ca)"
same "to the API" "CONNECT 127.0.0.1:9001" "$(sort -u "$T/proxied")"
match "which must be trusted all the same" "certificate" "$(against 9001 false other)"
: >"$T/proxied"
same "no_proxy is gone past it" ok "$(no_proxy=127.0.0.1 against 9001 false ca)"
same "without a word to it" "" "$(cat "$T/proxied")"

# renewing the token goes to the UAA, which must be trusted just the same
expired=$(curl -s --cacert "$C/ca.crt" -d '{"claims": {"sub": "u-1", "user_id": "u-1", "user_name": "dora", "exp": 1000, "scope": []}}' \
    https://127.0.0.1:8080/standin/sign | jq -r .token)
tokens=$(jq --arg t "$expired" '.access_token = $t' <<<"$tokens")
same "a token is renewed over TLS" ok "$(against 9001 false ca)"
match "through the proxy, too" "CONNECT 127.0.0.1:8080" "$(cat "$T/proxied")"
done_testing
