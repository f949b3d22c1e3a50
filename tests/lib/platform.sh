# The platform side in one sandbox on loopback: Postgres, UAA and Cloud Controller
# stand-ins, policy servers. Sourced by tests of what talks to it.
#
#   start_platform     with $T/world.json written before; api: http://127.0.0.1:8081
#   log_in USER DIR    what "cf login" and "cf target" leave: DIR/.cf/config.json

UAA=http://127.0.0.1:8080
API=http://127.0.0.1:8081

start_platform() {
    start_postgres "$T/pg" 5432 || return 1
    "$BIN/netman-certs" ca "$T/certs" ca && "$BIN/netman-certs" server "$T/certs" ca server --ip 127.0.0.1 &&
        "$BIN/netman-certs" client "$T/certs" ca client || return 1
    "$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/uaa.key" --url $UAA --port 8080 >"$T/uaa.port" 2>"$T/uaa.log" &
    "$STANDINS/cc" --world "$T/world.json" --signing-key "$T/uaa.key" --url $API --uaa $UAA \
        --networking http://127.0.0.1:4002 --port 8081 >"$T/cc.port" 2>"$T/cc.log" &
    local db='"database": {"type": "postgres", "user": "postgres", "password": "", "host": "127.0.0.1", "port": 5432, "timeout": 10, "database_name": "network_policy"}'
    cat >"$T/policy-server.json" <<JSON
{"listen_host": "127.0.0.1", "listen_port": 4002, "uaa_client": "network-policy", "uaa_client_secret": "s3cret",
 "uaa_url": "http://127.0.0.1", "uaa_port": 8080, "cc_url": "$API", "skip_ssl_validation": true,
 "tag_length": 2, "max_policies": ${MAX_POLICIES:-50}, "cleanup_interval": 3600, "debug_server_host": "127.0.0.1", "debug_server_port": 7932, $db}
JSON
    cat >"$T/policy-server-internal.json" <<JSON
{"listen_host": "127.0.0.1", "internal_listen_port": 4003, "health_check_port": 4004, "debug_server_host": "127.0.0.1", "debug_server_port": 7933,
 "ca_cert_file": "$T/certs/ca.crt", "server_cert_file": "$T/certs/server.crt", "server_key_file": "$T/certs/server.key",
 "tag_length": 2, $db}
JSON
    wait_for 30 test -s "$T/uaa.port" -a -s "$T/cc.port" || return 1
    "$BIN/policy-server" -config-file "$T/policy-server.json" >"$T/policy-server.log" 2>&1 &
    echo $! >"$T/policy-server.pid"
    "$BIN/policy-server-internal" -config-file "$T/policy-server-internal.json" >"$T/policy-server-internal.log" 2>&1 &
    wait_for 30 curl -sf http://127.0.0.1:4002/health && wait_for 30 curl -sf http://127.0.0.1:4004/health
}

log_in() {
    mkdir -p "$2/.cf"
    curl -sf -u cf: -d "grant_type=password&username=$1&password=pw" $UAA/oauth/token |
        jq --arg api $API --arg uaa $UAA '{
            ConfigVersion: 4, Target: $api, AuthorizationEndpoint: $uaa, UaaEndpoint: $uaa,
            AccessToken: ("bearer " + .access_token), RefreshToken: .refresh_token, UAAOAuthClient: "cf",
            UAAOAuthClientSecret: "", SSLDisabled: false, PluginRepos: [{"Name": "kept"}],
            OrganizationFields: {GUID: "org-1", Name: "one"}, SpaceFields: {GUID: "space-1", Name: "dev"}}' \
            >"$2/.cf/config.json"
}
