# What a person sees who starts a program with a bad file or a bad command line: all
# that is wrong, in one run.
. "$TOP/tests/lib/check.sh"

# problems PROGRAM FLAG…: the problems it tells of the file $T/conf.json, sorted
problems() {
    "$BIN/$1" "${@:2}" "$T/conf.json" 2>&1 >/dev/null |
        sed 's/^cfnetworking: parse args: //' | grep -E '^(invalid config|missing required config)' | sort
}

# all_at_once PROGRAM FLAG, the file on standard input, the problems as arguments
all_at_once() {
    local program=$1 flag=$2
    shift 2
    cat >"$T/conf.json"
    same "$program tells all that is wrong at once" "$(printf '%s\n' "$@" | sort)" "$(problems "$program" "$flag")"
    refuse "and $program does not start" "$BIN/$program" "$flag" "$T/conf.json"
}

all_at_once policy-server -config-file \
    "invalid config: listen_port: must be an integer" \
    "invalid config: uaa_client: missing" \
    "invalid config: uaa_client_secret: missing" \
    "invalid config: uaa_url: missing" \
    "invalid config: cc_url: missing" \
    "invalid config: uaa_verify: must be \"remote\" or \"local\"" \
    "invalid config: log_level: unknown log level 'loud'" \
    "invalid config: log_prefix: must be a string" \
    "invalid config: database.type: must be \"postgres\"" \
    "invalid config: database.port: must be an integer" \
    "invalid config: database.host: missing" \
    "invalid config: database.user: missing" \
    "invalid config: database.database_name: missing" <<'JSON'
{"listen_port": "x", "uaa_verify": "perhaps", "log_level": "loud", "log_prefix": 5, "database": {"type": "mysql", "port": "x"}}
JSON

all_at_once policy-server-internal -config-file \
    "invalid config: internal_listen_port: missing" \
    "invalid config: ca_cert_file: missing" \
    "invalid config: server_cert_file: missing" \
    "invalid config: server_key_file: missing" \
    "invalid config: tag_length: 9 is out of range, must be 1 to 3" \
    "invalid config: metron_address: 'nowhere' is no HOST:PORT" \
    "invalid config: database: missing" <<'JSON'
{"tag_length": 9, "metron_address": "nowhere"}
JSON

all_at_once vxlan-policy-agent -config-file \
    "invalid config: poll_interval: 0 is out of range, must be 1 to 86400" \
    "invalid config: cni_datastore_path: missing" \
    "invalid config: policy_server_url: must start with https://" \
    "invalid config: vni: must be an integer" \
    "invalid config: flannel_subnet_file: missing" \
    "invalid config: overlay_network: '10.255.0.0.0' is no IPv4 address" \
    "invalid config: ca_cert_file: missing" \
    "invalid config: client_cert_file: missing" \
    "invalid config: client_key_file: missing" \
    "invalid config: iptables_lock_file: missing" \
    "invalid config: log_level: unknown log level 'loud'" \
    "invalid config: log_prefix: must be a string" <<'JSON'
{"poll_interval": 0, "vni": "one", "policy_server_url": "http://somewhere", "overlay_network": "10.255.0.0.0", "log_level": "loud", "log_prefix": []}
JSON

all_at_once garden-external-networker --configFile \
    "missing required config 'cni_plugin_dir'" \
    "missing required config 'bind_mount_dir'" \
    "missing required config 'state_file'" \
    "missing required config 'start_port'" \
    "missing required config 'iptables_lock_file'" \
    "invalid config: total_ports: must be an integer" \
    "invalid config: proxy_port: missing, and connections are to go there" \
    "invalid config: overlay_network: '10.255.0.0.0' is no IPv4 address" \
    "invalid config: host_tcp_services: '10.0.0.1' is no ADDRESS:PORT" \
    "invalid config: host_tcp_services: '10.0.0.2' is no ADDRESS:PORT" \
    "invalid config: deny_networks: 'always' must be a list" \
    "invalid config: outbound_connections: 'limit' must be true or false" <<'JSON'
{"cni_config_dir": "/etc/cni", "total_ports": "many", "enable_ingress_proxy_redirect": true, "overlay_network": "10.255.0.0.0",
 "host_tcp_services": ["10.0.0.1", "10.0.0.2"], "deny_networks": {"always": 3}, "outbound_connections": {"limit": 1}}
JSON

all_at_once netmon -config-file \
    "invalid config: poll_interval: missing" \
    "invalid config: interface_name: must be a string" \
    "invalid config: log_prefix: missing" \
    "invalid config: iptables_lock_file: missing" \
    "invalid config: log_level: unknown log level 'loud'" \
    "invalid config: metron_address: 'nowhere' is no HOST:PORT" <<'JSON'
{"interface_name": 1, "log_level": "loud", "metron_address": "nowhere"}
JSON

all_at_once flannel-watchdog -config-file \
    "invalid config: flannel_subnet_file: must be a string" \
    "invalid config: bridge_name: missing" <<'JSON'
{"flannel_subnet_file": 1}
JSON

# --- what a key that nobody knows is logged as ------------------------------------------
echo '{"colour": "blue"}' >"$T/conf.json"
for program in policy-server policy-server-internal vxlan-policy-agent netmon flannel-watchdog; do
    same "$program warns of an unknown key, on standard output and by its own name" \
        "cfnetworking.$program cfnetworking.$program.unknown-config-key colour" \
        "$("$BIN/$program" -config-file "$T/conf.json" 2>/dev/null | jq -r 'select(.level == "info") | "\(.source) \(.message) \(.data.key)"')"
done
same "garden-external-networker does so on standard error" \
    "cfnetworking.garden-external-networker cfnetworking.garden-external-networker.unknown-config-key colour" \
    "$("$BIN/garden-external-networker" --configFile "$T/conf.json" 2>&1 >/dev/null | grep '^{' | jq -r '"\(.source) \(.message) \(.data.key)"')"

# --- command lines ------------------------------------------------------------------------
for program in policy-server policy-server-internal migrate-db vxlan-policy-agent netmon flannel-watchdog; do
    says() {
        local what=$1 words=$2 out status
        shift 2
        out=$("$BIN/$program" "$@" 2>&1)
        status=$?
        same "$program, $what: status" 1 $status
        match "$program, $what: the words" "$words" "$out"
    }
    says "no file" "which configuration\? -config-file PATH"
    says "a file that is not there" "/nowhere: No such file" -config-file /nowhere
    says "a flag that is none" "unknown argument '--check-confg'" --config-file "$T/conf.json" --check-confg
    says "a word too many" "unknown argument 'more'" -config-file "$T/conf.json" more
    says "a flag without its value" "'-config-file' needs a value" -config-file
    match "$program --version is one line" "^$program [^ ]+$" "$("$BIN/$program" --version)"
done
done_testing
