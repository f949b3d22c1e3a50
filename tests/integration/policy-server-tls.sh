# Certificates, hostile clients, starting and stopping the policy server.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

make_world
check "postgres and stand-ins are there" eval 'start_postgres "$T/pg" 5432 && start_standins'
certs=$T/certs
make() { "$BIN/netman-certs" "$1" "$certs" "${@:2}" >/dev/null; }
check "certificates are made" eval 'make ca ca && make ca new && make ca foreign &&
    make server ca server --rsa --ip 127.0.0.1 && make client ca client --rsa && make client ca old --days -1 &&
    make client foreign stranger && make client new newclient && make server new newserver --ip 127.0.0.1 &&
    make server ca notaclient --ip 127.0.0.1'
INT=/networking/v1/internal/policies

# --- starting -----------------------------------------------------------------------
starts() { timeout 20 "$BIN/$1" -config-file "$2" 2>&1; }
external_config "$T/bad.json" '.database.port = 5999'
out=$(starts policy-server "$T/bad.json"); status=$?
same "without a database the start fails" 1 "$status"
match "and says why in the known words" '^cfnetworking\.policy-server: db connect: unable to ping: .*5999.*refused' "$out"
internal_config "$T/bad.json" '.database.port = 5999'
match "so does the internal server's" '^cfnetworking\.policy-server-internal: db connect: unable to ping: ' "$(starts policy-server-internal "$T/bad.json")"
external_config "$T/bad.json" '.database = {type: "postgres", connection_string: "postgres://me:topsecret@[::1/db"}'
out=$(starts policy-server "$T/bad.json")
match "a connection string that makes no sense is refused by its name" 'unable to ping: database.connection_string' "$out"
lacks "the password in it is not told" topsecret <(echo "$out")
echo '{' >"$T/bad.json"
out=$(starts policy-server "$T/bad.json"); status=$?
match "a file that is no JSON" '^cfnetworking\.policy-server: could not read config file: ' "$out"
same "status 1" 1 "$status"
match "a file that is not there" '^cfnetworking\.policy-server: could not read config file: ' "$(starts policy-server "$T/none.json")"
external_config "$T/bad.json" 'del(.uaa_url) | .listen_port = "x" | .tag_length = 9'
out=$(starts policy-server "$T/bad.json")
for k in listen_port tag_length; do match "a bad key is named: $k" "^invalid config: $k: " "$out"; done
external_config "$T/bad.json" 'del(.uaa_url, .cc_url)'
out=$(starts policy-server "$T/bad.json")
for k in uaa_url cc_url; do match "a missing key is named: $k" "^invalid config: $k: missing" "$out"; done
external_config "$T/bad.json" '.database = {type: "mysql"}'
match "another kind of database" 'invalid config: database.type' "$(starts policy-server "$T/bad.json")"
external_config "$T/external.json"
check "a good file can be checked only" "$BIN/policy-server" --config-file "$T/external.json" --check-config
check "migrate-db makes the schema" "$BIN/migrate-db" -config-file "$T/external.json"
same "and is done at once when it is there" 6 "$("$BIN/migrate-db" -config-file "$T/external.json" >/dev/null && sql 'SELECT count(*) FROM netman_migrations')"
external_config "$T/early.json" '.database = {type: "postgres", connection_string: "postgres://postgres:@127.0.0.1:5432/network_policy?sslmode=disable"}
    | .internal_listen_port = 4003 | .ca_cert_file = env.CA | .server_cert_file = env.CERT | .server_key_file = env.KEY'
CA=$certs/ca.crt CERT=$certs/server.crt KEY=$certs/server.key external_config "$T/early.json" \
    '.database = {type: "postgres", connection_string: "postgres://postgres:@127.0.0.1:5432/network_policy?sslmode=disable"}
    | .internal_listen_port = 4003 | .ca_cert_file = env.CA | .server_cert_file = env.CERT | .server_key_file = env.KEY'
launch early policy-server "$T/early.json"
check "one program serves both, as in early releases" eval \
    'wait_started early && [ "$(curl -s -o /dev/null -w "%{http_code}" $PS/)" = 200 ] && [ "$(internal $INT | jq .total_policies)" = 0 ]'
check "it stops" stop_server early

# --- who gets through the handshake ------------------------------------------------------
internal_config "$T/internal.json"
launch internal policy-server-internal "$T/internal.json"
check "the internal server starts" wait_started internal
as() { curl -s -o /dev/null -w '%{http_code}' --cacert "$certs/ca.crt" --cert "$certs/$1.crt" --key "$certs/$1.key" "${@:2}" "$PSI$INT"; }
same "a client of the authority" 200 "$(as client)"
same "with TLS 1.2" 200 "$(as client --tls-max 1.2)"
same "with TLS 1.3" 200 "$(as client --tlsv1.3)"
same "with ECDHE-RSA-AES128-GCM-SHA256" 200 "$(as client --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256)"
# The clients of the rest could be read later by who gets hold of the key, or altered.
weak="AES128-SHA AES128-GCM-SHA256 AES256-SHA AES256-GCM-SHA384 DHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-SHA ECDHE-RSA-AES128-SHA256"
for suite in $weak; do
    same "not with $suite" 000 "$(as client --tls-max 1.2 --ciphers "$suite:@SECLEVEL=0")"
done
for suite in ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305; do
    same "but with $suite" 200 "$(as client --tls-max 1.2 --ciphers "$suite")"
done
match "with HSTS, as the reference has it there" $'^Strict-Transport-Security: max-age=31536000\r$' \
    "$(internal $INT -o /dev/null -D -)"
for v in 1.2 1.3; do
    for who in old stranger notaclient; do
        same "TLS $v: certificate '$who' gets no answer" 000 "$(as $who --tls-max $v)"
    done
    same "TLS $v: no certificate, no answer" 000 "$(curl -s -o /dev/null -w '%{http_code}' --tls-max $v --cacert "$certs/ca.crt" $PSI$INT)"
done
# said VERSION CERT: what the server tells a client before it closes the connection. The client
# does not end by itself: its standard input stays open.
said() {
    local args=()
    [ -z "${2-}" ] || args=(-cert "$certs/$2.crt" -key "$certs/$2.key")
    timeout 10 openssl s_client -connect 127.0.0.1:4003 "-tls$1" "${args[@]}" 2>&1 <>"$T/never"
}
mkfifo "$T/never"
match "a stranger is told in an alert (TLS 1.2)" 'alert unknown ca' "$(said 1_2 stranger)"
match "a stranger is told in an alert (TLS 1.3)" 'alert unknown ca' "$(said 1_3 stranger)"
match "an expired certificate is told in an alert" 'alert certificate expired' "$(said 1_3 old)"
match "one that is not for clients too" 'alert (bad|unsupported) certificate' "$(said 1_3 notaclient)"
match "a missing one too" 'alert certificate required' "$(said 1_3)"
match "a missing one too, in TLS 1.2" 'alert handshake failure' "$(said 1_2)"
match "TLS 1.1 is not spoken" 'Cipher is \(NONE\)' \
    "$(echo | timeout 10 openssl s_client -connect 127.0.0.1:4003 -tls1_1 -cipher 'ALL:@SECLEVEL=0' 2>&1)"

# --- rotation: old and new authority side by side ------------------------------------------
hammer() {
    local bad=0 n=0
    while [ ! -e "$T/stop" ]; do
        n=$((n + 1))
        [ "$(as "$1" --cacert "$certs/both.crt")" = 200 ] || bad=$((bad + 1))
    done
    echo "$bad of $n" >"$T/$1.count"
}
cat "$certs/ca.crt" "$certs/new.crt" >"$certs/both.crt"
same "a client of the new authority is not known yet" 000 "$(as newclient)"
rm -f "$T/stop"
hammer client & h=$!
cp "$certs/both.crt" "$T/ca.next" && cp "$certs/ca.crt" "$T/ca.prev" && mv "$T/ca.next" "$certs/ca.crt"
kill -HUP "$(cat "$T/internal.pid")"
check "after HUP the new authority is believed" wait_for 20 eval '[ "$(as newclient --cacert "$certs/both.crt")" = 200 ]'
hammer newclient & g=$!
cp "$certs/newserver.crt" "$T/n.crt" && cp "$certs/newserver.key" "$T/n.key"
mv "$T/n.crt" "$certs/server.crt" && mv "$T/n.key" "$certs/server.key"
kill -HUP "$(cat "$T/internal.pid")"
check "then the server shows its new certificate" wait_for 20 eval \
    '[ "$(as client --cacert "$certs/new.crt")" = 200 ]'
echo broken >"$certs/server.key.bad"; cp "$certs/server.key" "$T/good.key"; cp "$certs/server.key.bad" "$certs/server.key"
kill -HUP "$(cat "$T/internal.pid")"
check "files that are no good are told" wait_for 20 grep -q 'reload-failed' "$T/internal.log"
cp "$T/good.key" "$certs/server.key"
touch "$T/stop"
wait $h $g
match "no request was refused on the way" '^0 of [1-9][0-9]*$' "$(cat "$T/client.count")"
match "nor one of the new clients" '^0 of [1-9][0-9]*$' "$(cat "$T/newclient.count")"
cp "$certs/new.crt" "$T/ca.next" && mv "$T/ca.next" "$certs/ca.crt"
kill -HUP "$(cat "$T/internal.pid")"
check "without the old authority its clients are out" wait_for 20 eval '[ "$(as client --cacert "$certs/new.crt")" = 000 ]'
cp "$T/ca.prev" "$certs/ca.crt"

# --- TLS in front ---------------------------------------------------------------------
make server ca front --ip 127.0.0.1
export FRONT=$certs/front
external_config "$T/external.json" '.enable_tls = true | .server_cert_file = env.FRONT + ".crt" | .server_key_file = env.FRONT + ".key"'
launch external policy-server "$T/external.json"
check "the external server starts with TLS" wait_started external
front() { curl -s --cacert "$certs/ca.crt" "$@"; }
same "it answers without a client certificate" 200 "$(front -o /dev/null -w '%{http_code}' https://127.0.0.1:4002/)"
match "with HSTS" $'^Strict-Transport-Security: max-age=31536000\r$' "$(front -o /dev/null -D - https://127.0.0.1:4002/)"
for suite in $weak; do
    same "not with $suite" 000 "$(front -o /dev/null -w '%{http_code}' --tls-max 1.2 --ciphers "$suite:@SECLEVEL=0" https://127.0.0.1:4002/)"
done
same "but with TLS 1.2" 200 "$(front -o /dev/null -w '%{http_code}' --tls-max 1.2 https://127.0.0.1:4002/)"
refuse "plain HTTP gets nothing there" curl -sf http://127.0.0.1:4002/

check "it stops" stop_server external

# --- TLS to the database --------------------------------------------------------------------
check "postgres with TLS" eval 'make server ca pg --dns localhost && install -o postgres -m 0600 "$certs/pg.key" "$T/pg.key" &&
    install -o postgres "$certs/pg.crt" "$T/pg.crt" && postgres_down "$T/pg" &&
    printf "ssl = on\nssl_cert_file = %s\nssl_key_file = %s\n" "'"'$T/pg.crt'"'" "'"'$T/pg.key'"'" >>"$T/pg/postgresql.conf" &&
    sed -i "s/^host /hostssl /" "$T/pg/pg_hba.conf" && postgres_up "$T/pg"'
try() { external_config "$T/db.json" "$1"; starts migrate-db "$T/db.json"; }
export CAFILE=$certs/ca.crt FOREIGN=$certs/foreign.crt
check "require_ssl with the right authority and name" try '.database += {require_ssl: true, ca_cert: env.CAFILE, host: "localhost"}'
match "the wrong authority is refused" 'certificate verify failed' "$(try '.database += {require_ssl: true, ca_cert: env.FOREIGN, host: "localhost"}')"
match "the wrong name is refused" 'does not match host name' "$(try '.database += {require_ssl: true, ca_cert: env.CAFILE, host: "127.0.0.1"}')"
check "unless names are not looked at" try '.database += {require_ssl: true, ca_cert: env.CAFILE, skip_hostname_validation: true, host: "127.0.0.1"}'
match "without TLS this database lets nobody in" 'db connect: unable to ping: .*no encryption' "$(try '.')"
check "the internal server ends" stop_server internal
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
