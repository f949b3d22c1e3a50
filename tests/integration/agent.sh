# The agent on one cell: real bridge, real packets, policies by mutual TLS.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

cell_up
certificates
box front 10.255.1.2 $front
box back1 10.255.1.3 $back
box back2 10.255.1.4 $back
box other 10.255.1.5 $other
box nobody 10.255.1.6
store_edit '.nobody = {handle: "nobody", ip: "10.255.1.6", metadata: {}}'
for b in back1 back2 front; do serve $b 8080; serve $b 9090; done
iptables -A FORWARD -s 192.0.2.1 -m comment --comment foreign -j DROP
agent_config '.state_directory += "/kept" | .client_timeout_seconds = 2 | .iptables_denied_logs_per_sec = 2 | .iptables_accepted_udp_logs_per_sec = 7'
check "before anything, the bridge lets all pass (so that the refusals below mean something)" reach front 10.255.1.3 8080

# --- closed until something is known ---------------------------------------------
agent_up
check "without a server and without saved policies the overlay is closed" wait_for 10 refused front 10.255.1.3 8080
check "a refusal is told to the client at once" told front 10.255.1.3 8080
same "the agent's jump is the first rule of FORWARD" "-A FORWARD -j vpa--forward" "$(first_forward)"
check "a server that is away is in the log" wait_for 10 has_logged policy-server-failed

same "it keeps two capabilities and can gain none" "0000000000003000 0000000000003000 1 2" \
    "$(awk '/^CapEff|^CapBnd|^NoNewPrivs|^Seccomp:/ {printf "%s%s", sep, $2; sep = " "}' "/proc/$agent_pid/status")"

# --- policies ----------------------------------------------------------------------
policies_are r1 "$(policy $front 0001 $back 0002 tcp 8080 8080)"
api_up
check "a policy opens the port" wait_for 10 reach front 10.255.1.3 8080
check "it is kept on disk, in a folder that nobody had made" wait_for 5 grep -q "$front" "$T/state/kept/policies.saved"
refuse "and nothing was wrong with that" has_logged policies-not-saved
check "on every instance of the app" reach front 10.255.1.4 8080
refuse "another port stays shut" reach front 10.255.1.3 9090
refuse "another app stays out" reach other 10.255.1.3 8080
refuse "the reverse direction stays shut" reach back1 10.255.1.2 8080
refuse "a container without an app stays out" reach nobody 10.255.1.3 8080
match "marks read as operators know them" "^-A vpa--src -s 10.255.1.2/32 -m comment --comment \"src:$front\" -j MARK --set-xmark 0x1/0xffffffff" "$(rule vpa--src)"
match "so do allows" "^-A vpa--to-b2222222 -p tcp -m tcp --dport 8080 -m mark --mark 0x1 -m comment --comment \"src:${front}_dst:$back\" -j ACCEPT" "$(rule vpa--to-b2222222)"
match "it asked for the policies of its own apps only" "id=$back,$other,$front " "$(tail -n 1 "$API/log")"

policies_are r2 "$(policy $front 0001 $back 0002 tcp 8080 8080)" "$(policy $other 0003 $back 0002 tcp 9000 9100)"
check "a parked request brings the next policy" wait_for 5 reach other 10.255.1.3 9090
check "it was waited for" grep -q 'match="r1" prefer=wait=' "$API/log"
refuse "a range ends where it ends" reach other 10.255.1.3 8080

# --- containers come and go ----------------------------------------------------------
box back3 10.255.1.7
serve back3 8080
refuse "a container that the store does not know is closed" reach front 10.255.1.7 8080
store_add back3 10.255.1.7 $back
check "a new instance gets its app's policies" wait_for 5 reach front 10.255.1.7 8080
store_remove back3
check "and loses them when it goes" wait_for 5 refused front 10.255.1.7 8080

# --- drift ------------------------------------------------------------------------
iptables -D FORWARD 1
check "a jump that somebody removed comes back" wait_for 10 refused front 10.255.1.3 9090
same "as the first rule" "-A FORWARD -j vpa--forward" "$(first_forward)"
iptables -I FORWARD -j ACCEPT -m comment --comment intruder
check "it comes before an intruder's" wait_for 10 sh -c '[ "$(iptables -S FORWARD 1)" = "-A FORWARD -j vpa--forward" ]'
iptables -D FORWARD -j ACCEPT -m comment --comment intruder
iptables -F vpa--to-b2222222
check "a chain that somebody emptied is filled again" wait_for 10 reach front 10.255.1.3 8080
check "a repair is in the log" has_logged drift-repaired
iptables -S vpa--to-b2222222 >"$T/right"
iptables -R vpa--to-b2222222 1 -p tcp -m tcp --dport 9090 -m mark --mark 0x1 -m comment --comment "src:${front}_dst:$back" -j ACCEPT
reach front 10.255.1.3 9090 && echo opened >"$T/opened"
check "a rule that was exchanged for one of the same size comes back" wait_for 60 sh -c "iptables -S vpa--to-b2222222 | diff -q - '$T/right'"
same "which had opened a port, so that this means something" opened "$(cat "$T/opened")"

# --- the server goes away ---------------------------------------------------------
api_down
check "without the server what is allowed stays allowed" reach front 10.255.1.3 8080
refuse "and what is refused stays refused" reach front 10.255.1.3 9090
store_add back3 10.255.1.7 $back
check "a new instance gets the last known policies" wait_for 5 reach front 10.255.1.7 8080
same "a forced cycle says that it failed" 500 "$(force)"
match "and why" "failed to force policy poll cycle: .*127.0.0.1" "$(cat "$T/force")"

# --- restart ------------------------------------------------------------------------
agent_down
same "SIGTERM ends it well" 0 "$status"
check "its rules stay" reach front 10.255.1.3 8080
refuse "all of them" reach front 10.255.1.3 9090
iptables -S >"$T/before"
commits=$(logged rules-enforced)
agent_up
check "it starts without the server" wait_for 10 has_logged using-saved-policies
wait_for 10 sh -c "curl -s http://127.0.0.1:8721/metrics | grep -q 'netman_agent_enforced 1'"
same "a restart changes no rule" "" "$(iptables -S | diff "$T/before" -)"
same "and commits nothing" "$commits" "$(logged rules-enforced)"
agent_down
iptables -F; iptables -X
agent_up
check "a cell that booted is closed by itself" wait_for 10 refused front 10.255.1.3 9090
check "and gets the saved policies" reach front 10.255.1.3 8080
agent_down
iptables -F; iptables -X
sed -i 's/8080/9090/' "$T/state/kept/policies.saved"
agent_up
check "saved policies that were tampered with open nothing" wait_for 10 refused front 10.255.1.3 9090
refuse "not even what was allowed" reach front 10.255.1.3 8080
check "and the log says so" has_logged saved-policies-unusable

# --- lying servers -------------------------------------------------------------------
policies_are r3 "$(policy $front 0001 $back 0002 tcp 8080 8080)"
api_up
check "the server comes back" wait_for 40 reach front 10.255.1.3 8080
check "and that is in the log" has_logged policy-server-back
lie() { # WHAT: an answer that must change nothing
    local before
    before=$(logged policy-server-failed)
    printf '"lie-%s"\n' "$RANDOM" >"$API/etag"
    curl -s -m 20 -o /dev/null http://127.0.0.1:8722/force-policy-poll-cycle
    check "$1 is an error" wait_for 10 has_logged policy-server-failed "$before"
    check "$1 leaves what is allowed" reach front 10.255.1.3 8080
    refuse "$1 opens nothing" reach front 10.255.1.3 9090
}
head -c 100 "$API/body" >"$T/torn"; cp "$T/torn" "$API/body"
lie "a truncated answer"
echo '[]' >"$API/body"
lie "an answer of the wrong type"
policy $front 0001 $back 0002 tcp 9090 9090 | jq -c '.destination.ports.start = "9090" | {policies: [.]}' >"$API/body"
lie "a policy of the wrong type"
{ policy $front 0001 $back 0002 tcp 9090 9090; policy $other 0001 $back 0002 tcp 9090 9090; } | jq -sc '{policies: .}' >"$API/body"
lie "one tag for two apps"
{ policy $front 0001 $back 0002 tcp 9090 9090; policy $front 0004 $back 0002 tcp 9090 9090; } | jq -sc '{policies: .}' >"$API/body"
lie "two tags for one app"
truncate -s 70M "$API/body"
lie "an enormous answer"
echo '{}' >"$API/body"; echo 500 >"$API/status"
lie "a server's error"
rm "$API/status"
policies_are "" "$(policy $front 0001 $back 0002 tcp 9090 9090)"
echo 6000 >"$API/delay_ms" # what it would say in the end opens the port
lie "an answer that takes longer than client_timeout_seconds"
match "which the log names" 'policy-server-failed.*(timed out|Timeout)' "$(grep policy-server-failed "$T/agent.log" | tail -n 1)"
rm "$API/delay_ms"

# --- somebody else in the server's place -------------------------------------------
api_down
"$BIN/netman-certs" ca "$T" forger
"$BIN/netman-certs" server "$T" forger forged --ip 127.0.0.1
policies_are "" "$(policy $front 0001 $back 0002 tcp 9090 9090)"
"$TOOLS/policy-api" --port 4003 --dir "$API" --ca "$T/ca.crt" --cert "$T/forged.crt" --key "$T/forged.key" >"$T/api.port" 2>"$T/api.err" &
api_pid=$!
wait_for 10 test -s "$T/api.port"
lie "a certificate that is not the authority's"
match "which the log names, too" 'policy-server-failed.*certificate' "$(grep policy-server-failed "$T/agent.log" | tail -n 1)"
api_down
api_up

# --- an old server: no revision, no wait, no v1 ------------------------------------
touch "$API/old_api"
policies_are "" "$(policy $front 0001 $back 0002 tcp 9090 9090)"
force >/dev/null # after all those lies it would ask again in half a minute
check "an old server is understood" wait_for 10 reach front 10.255.1.3 9090
match "by its own version of the API" "^/networking/v0/internal/policies" "$(tail -n 1 "$API/log")"
policies_are "" "$(policy $front 0001 $back 0002 udp 9090 9090)"
check "and polled" wait_for 10 refused front 10.255.1.3 9090
same "a forced cycle answers when all is in the kernel" 200 "$(force)"

# --- servers on loopback -----------------------------------------------------------
logging() { curl -s -X PUT -d "$1" http://127.0.0.1:8721/iptables-logging; }
same "logging can be looked at" '{"enabled":false}' "$(curl -s http://127.0.0.1:8721/iptables-logging)"
same "and switched on" '{"enabled":true}' "$(logging '{"enabled":true}')"
check "then what is accepted is logged" wait_for 5 sh -c "iptables -S | grep -q 'LOG --log-prefix \"OK_0001_b2222222'"
# The kernel writes no log lines for a namespace of tests: its counters tell what it would.
wrote() { iptables -v -S | awk -v p="--log-prefix \"$1" 'index($0, p) && match($0, /-c [0-9]+/) {n += substr($0, RSTART + 3, RLENGTH - 3)} END {print n + 0}'; }
in_ns front sh -c 'echo x | socat -u - UDP:10.255.1.3:9090'
same "with the source's tag and the destination's app" 1 "$(wrote 'OK_0001_b2222222-0000-4000-8 ')"
for _ in $(seq 20); do in_ns other sh -c 'echo x | socat -u - UDP:10.255.1.3:9090'; done
check "what is refused is logged with the container's handle" test "$(wrote 'DENY_C2C_back1 ')" -ge 1
check "and that it came from this cell" test "$(wrote 'REJECT_LOCAL: ')" -ge 1
check "but not each time" test "$(wrote 'DENY_C2C_back1 ')" -lt 20 -a "$(wrote 'REJECT_LOCAL: ')" -lt 20
match "as often as the configuration says" '^-A vpa--deny[-0-9a-f]* -d 10.255.1.3/32 -m limit --limit 2/sec --limit-burst 2 -j LOG --log-prefix "DENY_C2C_back1 "' "$(rule)"
match "accepted datagrams too" '^-A vpa--to-b2222222 .*--limit 7/sec --limit-burst 7 -j LOG --log-prefix "OK_0001_' "$(rule)"
match "this cell is the subnet file's" '^-A vpa--forward -s 10.255.1.0/24 -d 10.255.0.0/16 ! -i flannel.1 .*"REJECT_LOCAL: "' "$(rule)"
subnet_is 10.255.8.1/22
check "another lease takes effect at once" wait_for 5 sh -c "iptables -S vpa--forward | grep -q -e '-s 10.255.8.0/22'"
check "containers outside of it are in the log" has_logged containers-outside-subnet
echo FLANNEL_SUBNET= >"$T/subnet.env"
check "so is a subnet file that says nothing" wait_for 5 has_logged subnet-file-unreadable
match "which changes nothing" 'REJECT_LOCAL' "$(rule | grep -e '-s 10.255.8.0/22')"
subnet_is 10.255.1.1/24
same "a body that is no JSON is refused" '{ "error": "decoding request body as json" }' "$(logging 'x')"
same "so is one without the key" "{ \"error\": \"missing required key 'enabled'\" }" "$(logging '{}')"
same "the log level can be changed" 200 "$(curl -s -o /dev/null -w '%{http_code}' -d ERROR http://127.0.0.1:8721/log-level)"
match "the plan can be read" "^-A vpa--src -s 10.255.1.2/32" "$(curl -s http://127.0.0.1:8721/plan)"
same "what it shows is in the kernel" "" "$(curl -s http://127.0.0.1:8721/plan | grep -e '^-A' | sort | diff - <(iptables -S | grep -e '^-A vpa-' | sort))"
check "metrics count commits" test "$(metric commits_total)" -gt 0
match "foreign rules are untouched" '^-A FORWARD -s 192.0.2.1/32 -m comment --comment foreign -j DROP' "$(
    iptables -A FORWARD -s 192.0.2.1 -m comment --comment foreign -j DROP; force >/dev/null; rule FORWARD)"
agent_down
same "it ends well" 0 "$status"
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"

# --- a new container does not wait for anybody ----------------------------------------------
# The server is away and asked again after half a minute, polls are an hour apart: only the
# store's change can have brought this about.
agent_config '.poll_interval = 3600 | .state_directory = $t + "/store/is-no-folder"'
rm -f "$API/old_api"
policies_are w1 "$(policy $front 0001 $back 0002 tcp 8080 8080)"
agent_up
check "with a poll an hour" wait_for 10 reach front 10.255.1.3 8080
check "an agent that has no place for the last policies says so at its start, and works" \
    grep -q 'state-directory-unusable.*store/is-no-folder' "$T/agent.log"
api_down
store_remove back3
check "a container that goes is closed at once" wait_for 5 refused front 10.255.1.7 8080
store_add back3 10.255.1.7 $back
check "a new one is open at once" wait_for 5 reach front 10.255.1.7 8080
store_add unknown 10.255.1.7 $other
check "an address that two apps claim is nobody's" wait_for 5 refused front 10.255.1.7 8080
store_remove unknown
agent_down
api_up

# --- without root --------------------------------------------------------------------------
install -d -m 0700 -o nobody "$T/own" "$T/own/state"
install -m 0600 -o nobody "$T/client.key" "$T/own/client.key"
install -m 0600 -o nobody /dev/null "$T/own/lock"
chmod 0755 "$T"
agent_config '.client_key_file = $t + "/own/client.key" | .iptables_lock_file = $t + "/own/lock" | .state_directory = $t + "/own/state"'
rm -f "$API/old_api"
policies_are n1 "$(policy $front 0001 $back 0002 tcp 8080 8080)"
as_nobody() {
    exec setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps -all,+net_admin,+net_raw --ambient-caps -all,+net_admin,+net_raw \
        --bounding-set -all,+net_admin,+net_raw "$BIN/vxlan-policy-agent" -config-file "$T/agent.json"
}
iptables -F; iptables -X # and a lock is there, as the command has made it
same "the lock is root's" "600 root" "$(stat -c '%a %U' /run/xtables.lock)"
match "whoever may not open iptables' lock is told what to do" "Permission denied; let a group of ours read it, by tmpfiles.d: f /run/xtables.lock 0640 root GROUP" "$(as_nobody 2>&1)"
chgrp nogroup /run/xtables.lock
chmod 0640 /run/xtables.lock
as_nobody >"$T/nobody.log" 2>&1 &
agent_pid=$!
check "closed at first" wait_for 10 refused front 10.255.1.3 9090
check "an agent of its own user enforces, too" wait_for 20 reach front 10.255.1.3 8080
sysctl -qw net.bridge.bridge-nf-call-iptables=0
same "a switch of the kernel's that it needs it sets" "200 1" "$(force) $(cat /proc/sys/net/bridge/bridge-nf-call-iptables)"
sysctl -qw net.bridge.bridge-nf-call-iptables=0
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys/net # as systemd does with ProtectKernelTunables
same "what it cannot enforce it tells" 500 "$(force)"
match "with the remedy" "set net.bridge.bridge-nf-call-iptables=1" "$(cat "$T/force")"
failures() { grep -c enforce-failed "$T/nobody.log"; }
check "it tries again by itself" wait_for 30 sh -c "[ \$(grep -c enforce-failed '$T/nobody.log') -ge 3 ]"
check "but not all the time" test "$(failures)" -lt 10
umount /proc/sys/net
sysctl -qw net.bridge.bridge-nf-call-iptables=1
policies_are n2 "$(policy $front 0001 $back 0002 tcp 9090 9090)"
check "and then it goes on" wait_for 20 reach front 10.255.1.3 9090
same "it is not root" nobody "$(stat -c %U "/proc/$agent_pid")"
agent_down
same "and ends well" 0 "$status"
setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps -all --bounding-set -all "$BIN/vxlan-policy-agent" -config-file "$T/agent.json" >"$T/nobody.log" 2>&1
match "without the capabilities it does not start, and says why" "CAP_NET_ADMIN and CAP_NET_RAW are needed" "$(cat "$T/nobody.log")"

# --- configuration ---------------------------------------------------------------------
agent_config '.vni = "one" | .overlay_network = "10.255.1.1/16"'
out=$("$BIN/vxlan-policy-agent" -config-file "$T/agent.json" 2>&1)
same "a bad configuration is refused" 1 $?
match "naming the key" "invalid config: vni: " "$out"
agent_config
check "--check-config only checks" "$BIN/vxlan-policy-agent" --config-file "$T/agent.json" --check-config
match "--version is one line" '^vxlan-policy-agent [^ ]+$' "$("$BIN/vxlan-policy-agent" --version)"
done_testing
