# flannel-watchdog: it ends when the bridge and the subnet file disagree.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/metrics.sh"

start() {
    "$BIN/flannel-watchdog" -config-file "$T/conf.json" >"$T/log" 2>&1 &
    pid=$!
    wait_for 10 grep -q starting "$T/log"
}
ended() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status"; }
# looks: it has read the file, gone on, and read it again
looks() {
    for _ in 1 2; do
        touch "$T/subnet.env" # from here on reading it changes when it was read last
        wait_for 10 was_read || return 1
    done
}
was_read() { [[ $(stat -c %x "$T/subnet.env") > $(stat -c %y "$T/subnet.env") ]]; }
# ends STATUS: it ends, with that status
ends() {
    wait_for 20 ended || kill -KILL "$pid"
    wait "$pid"
    [ $? = "$1" ]
}
# In this shell, whose child it is: check() would ask another one.
ends_with() { if ends "$2"; then ok "$1"; else not_ok "$1"; fi; }
file() { printf 'FLANNEL_NETWORK=10.255.0.0/16\nFLANNEL_SUBNET=%s\nFLANNEL_MTU=1450\n' "$1" >"$T/subnet.env"; }

echo "{\"flannel_subnet_file\":\"$T/subnet.env\",\"bridge_name\":\"cni0\"}" >"$T/conf.json"
file 10.255.7.1/24
start
check "without a bridge all is well" looks
ip link add cni0 type bridge
ip addr add 10.255.7.1/24 dev cni0
check "with the bridge that the file names too" looks
file 10.255.8.1/24
ends_with "when the file names another subnet it ends with status 1" 1
match "and says what to do" 'This cell must be restarted \(run \\"bosh restart <job>\\"\).  Flannel is out of sync with the local bridge.' "$(cat "$T/log")"

file 10.255.7.1/24
start
ip addr del 10.255.7.1/24 dev cni0
ends_with "a bridge without an address ends it" 1
match "which is said" "device 'cni0' does not have one address" "$(cat "$T/log")"
ip addr add 10.255.7.1/24 dev cni0

start
rm "$T/subnet.env"
ends_with "so does a missing subnet file" 1
match "which is named" "discovering flannel subnet: .*subnet.env" "$(cat "$T/log")"

start_metron
jq '. + {metron_address: "127.0.0.1:3457", health_check_port: 4000}' "$T/conf.json" >"$T/conf.new"
mv "$T/conf.new" "$T/conf.json"
file 10.255.7.1/24
start
health() { curl -sS -m 5 "http://127.0.0.1:4000"; }
check "metron hears that it is not down" wait_for 10 told_value flannel-watchdog flannelDown 0 bool
same "who asks hears so, too" "The cell is healthy! The cell is configured with the correct subnet." "$(health)"
refuse "it was never said to be down" told_value flannel-watchdog flannelDown 1 bool
file 10.255.8.1/24
ends_with "with metron listening a disagreement ends it as well" 1
check "and metron hears that it is down" wait_for 10 told_value flannel-watchdog flannelDown 1 bool
refuse "nobody answers who asks" health
check "metron understands all it hears" no_garbage
jq '.metron_address = "nowhere"' "$T/conf.json" >"$T/bad.json"
match "an address that is none is refused" "invalid config: metron_address: 'nowhere' is no HOST:PORT" "$("$BIN/flannel-watchdog" -config-file "$T/bad.json" 2>&1)"

file 10.255.7.1/24
start
kill "$pid"
ends_with "a signal ends it with status 0" 0
echo '{}' >"$T/conf.json"
refuse "a configuration without keys is refused" "$BIN/flannel-watchdog" -config-file "$T/conf.json"
done_testing
