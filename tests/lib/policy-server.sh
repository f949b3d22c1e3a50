# A policy server with everything around it, for tests. Sourced.
#
# Postgres on 127.0.0.1:5432, the stand-ins on :8080 (UAA) and :8081 (CC), the
# policy server's external API on :4002, the internal one on :4003.

PS=http://127.0.0.1:4002
PSI=https://127.0.0.1:4003
PG_URL="host=$T/pg.sock port=5432 user=postgres dbname=network_policy"

# make_world: people, spaces, apps. dora develops space-1; root may do anything;
# ned may write but develops nothing; nobody has no scopes.
make_world() {
    cat >"$T/world.json" <<'JSON'
{"clients": [{"id": "network-policy", "secret": "s3cret", "scopes": ["uaa.resource", "cloud_controller.admin_read_only"]},
             {"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "u-1", "name": "dora", "password": "pw", "scopes": ["network.write"]},
           {"id": "u-2", "name": "root", "password": "pw", "scopes": ["network.admin"]},
           {"id": "u-3", "name": "ned", "password": "pw", "scopes": ["network.write"]},
           {"id": "u-4", "name": "nobody", "password": "pw", "scopes": ["openid"]}],
 "orgs": [{"guid": "org-1", "name": "one"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["u-1", "u-4"]},
            {"guid": "space-2", "name": "prod", "org": "org-1", "developers": []},
            {"guid": "space-3", "name": "test", "org": "org-1", "developers": ["u-1"]}],
 "apps": [{"guid": "app-1", "name": "frontend", "space": "space-1"},
          {"guid": "app-2", "name": "backend", "space": "space-1"},
          {"guid": "app-3", "name": "other", "space": "space-2"},
          {"guid": "app-4", "name": "four", "space": "space-3"}],
 "page_max": 2}
JSON
}

start_uaa() {
    : >"$T/uaa.port"
    "$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/key" --url http://127.0.0.1:8080 --port 8080 \
        >"$T/uaa.port" 2>"$T/uaa.log" &
    echo $! >"$T/uaa.pid"
    wait_for 20 test -s "$T/uaa.port"
}

start_standins() {
    local uaa=http://127.0.0.1:8080 cc=http://127.0.0.1:8081
    start_uaa || return 1
    "$STANDINS/cc" --world "$T/world.json" --signing-key "$T/key" --url $cc --uaa $uaa \
        --networking $PS --port 8081 >"$T/cc.port" 2>"$T/cc.log" &
    echo $! >"$T/cc.pid"
    wait_for 20 test -s "$T/cc.port"
}

make_certs() {
    "$BIN/netman-certs" ca "$T/certs" ca >/dev/null &&
        "$BIN/netman-certs" server "$T/certs" ca server --ip 127.0.0.1 --dns localhost >/dev/null &&
        "$BIN/netman-certs" client "$T/certs" ca client >/dev/null
}

# external_config FILE [jq filter]: write a configuration
external_config() {
    jq -n '{listen_host: "127.0.0.1", listen_port: 4002, log_level: "debug", log_prefix: "cfnetworking",
            uaa_client: "network-policy", uaa_client_secret: "s3cret", uaa_url: "http://127.0.0.1", uaa_port: 8080,
            cc_url: "http://127.0.0.1:8081", cc_app_request_chunk_size: 3, tag_length: 2, max_policies: 3, cleanup_interval: 3600,
            database: {type: "postgres", user: "postgres", password: "", host: "127.0.0.1", port: 5432,
                       timeout: 5, database_name: "network_policy"}}' |
        jq "${2:-.}" >"$1"
}

internal_config() {
    jq -n --arg c "$T/certs" '{listen_host: "127.0.0.1", internal_listen_port: 4003, health_check_port: 4004, debug_server_port: 7933, log_level: "debug",
            log_prefix: "cfnetworking", ca_cert_file: ($c + "/ca.crt"), server_cert_file: ($c + "/server.crt"),
            server_key_file: ($c + "/server.key"), tag_length: 2,
            database: {type: "postgres", user: "postgres", password: "", host: "127.0.0.1", port: 5432,
                       timeout: 5, database_name: "network_policy"}}' |
        jq "${2:-.}" >"$1"
}

# launch NAME PROGRAM CONFIG: pid in $T/NAME.pid, output in $T/NAME.log, and when it
# ends its status in $T/NAME.exit, because a subshell cannot wait for another's child
launch() {
    rm -f "$T/$1.pid" "$T/$1.exit"
    : >"$T/$1.log"
    (
        "$BIN/$2" -config-file "$3" >>"$T/$1.log" 2>&1 &
        echo $! >"$T/$1.pid"
        wait $!
        echo $? >"$T/$1.exit"
    ) &
    wait_for 20 test -s "$T/$1.pid"
}

# wait_started NAME: until it says that it has started
wait_started() { wait_for 60 grep -q '"message":"[^"]*\.started"' "$T/$1.log"; }

start_server() { launch "$@" && wait_started "$1"; }

# stop_server NAME: TERM; returns its exit status
stop_server() {
    kill "$(cat "$T/$1.pid")" && wait_for 20 test -s "$T/$1.exit" && return "$(cat "$T/$1.exit")"
}

# start_world: make_world, and all that a policy server needs around it
start_world() {
    make_world
    check "postgres, stand-ins and certificates are there" eval \
        'start_postgres "$T/pg" 5432 && start_standins && make_certs'
}

# start_both: the servers of external.json and internal.json, at once
start_both() {
    launch external policy-server "$T/external.json"
    launch internal policy-server-internal "$T/internal.json"
    check "the servers start" eval 'wait_started external && wait_started internal'
}

token_of() {
    curl -su cf: -d "grant_type=password&username=$1&password=pw" http://127.0.0.1:8080/oauth/token | jq -r .access_token
}

# api TOKEN METHOD PATH [BODY]: the answer's body, then a line with its status
api() {
    local args=(-s -o - -w '\n%{http_code}' -X "$2" -H "Authorization: Bearer $1")
    [ $# -lt 4 ] || args+=(-H 'Content-Type:' --data-binary "$4")
    curl "${args[@]}" "$PS$3"
}

# internal PATH [CURL ARGS]: GET with the client's certificate
CELL=(--cacert "$T/certs/ca.crt" --cert "$T/certs/client.crt" --key "$T/certs/client.key")
internal() {
    local path=$1
    shift
    curl -s "${CELL[@]}" "$@" "$PSI$path"
}

# v0 SOURCE DESTINATION PROTOCOL PORT …: a body with these policies
v0() {
    local body=""
    while [ $# -ge 4 ]; do
        body="$body${body:+,}{\"source\":{\"id\":\"$1\"},\"destination\":{\"id\":\"$2\",\"protocol\":\"$3\",\"port\":$4}}"
        shift 4
    done
    printf '{"policies":[%s]}' "$body"
}

# v1 SOURCE DESTINATION PROTOCOL START END …
v1() {
    local body=""
    while [ $# -ge 5 ]; do
        body="$body${body:+,}{\"source\":{\"id\":\"$1\"},\"destination\":{\"id\":\"$2\",\"protocol\":\"$3\",\"ports\":{\"start\":$4,\"end\":$5}}}"
        shift 5
    done
    printf '{"policies":[%s]}' "$body"
}

sql() { psql -qAtX "$PG_URL" -c "$1"; }
