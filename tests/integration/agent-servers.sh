# Servers that make work: asked no more often than need be, and an answer that says what
# is known already makes none. And what the agent tells those who started it.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

front_and_back
serve back 8080
asked() { wc -l <"$API/log"; }
asked_since() { [ "$(asked)" -ge $(($1 + $2)) ]; }
saved_file() { stat -c '%i %Y' "$T/state/policies.saved"; }

# --- a server without revisions -------------------------------------------------------------
agent_config '.cut_established = true'
policies_are "" "$allow"
api_up
agent_up
check "a server without revisions: its policy is noted" wait_for 20 test -s "$T/state/policies.saved"
check "and in force" wait_for 20 reach front 10.255.1.3 8080
before=$(saved_file) n=$(asked)
check "it is polled" wait_for 20 asked_since "$n" 3
same "the same answer again is not written to disk again" "$before" "$(saved_file)"
policies_are "" "$allow" "$(policy $other 0003 $back 0002 tcp 8080 8080)"
check "another answer is" wait_for 20 eval '[ "$(saved_file)" != "$before" ]'
agent_down

# --- one that names its revision, and heeds neither it nor the wait ---------------------------
agent_config '.poll_interval = 60'
touch "$API/forgetful"
policies_are f1 "$allow"
n=$(asked)
: >"$T/agent.log"
agent_up
check "a server that does not wait is asked to" wait_for 20 eval 'grep -q "match=\"f1\" prefer=wait=" "$API/log"'
# How often it was asked by the time it has done other things for a while.
for i in 1 2 3 4 5 6 7 8 9 10; do
    store_add "more$i" "10.255.1.$((100 + i))" $back
    wait_for 10 sh -c "iptables -S | grep -q 10.255.1.$((100 + i))/32"
done
check "but not without a pause" test $(($(asked) - n)) -le 4
agent_down
rm "$API/forgetful"
store_edit 'with_entries(select(.key | startswith("more") | not))'

# --- one that is away -----------------------------------------------------------------------
agent_config
policies_are a1 "$allow"
echo 500 >"$API/status"
: >"$T/agent.log"
agent_up
check "a server that fails is asked again" wait_for 30 has_logged policy-server-failed 3
waits() { grep -o 'next_try_ms":[0-9]*' "$T/agent.log" | cut -d : -f 2; }
check "each time later" eval 'waits | sort -nc'
check "twice as late, give or take a tenth" eval 'waits | awk "NR > 1 && (\$1 < 1.5 * last || \$1 > 2.5 * last) { bad = 1 } { last = \$1 } END { exit bad }"'
rm "$API/status"
check "when it is back its policies are enforced" wait_for 30 has_logged policy-server-back
agent_down
rm -rf "$T/state"; mkdir "$T/state"

# --- an enormous answer that makes sense --------------------------------------------------------
jq -nc --arg b $back '[range(40000) | {source: {id: "app-\(.)", tag: "\(. + 10000)"}, destination: {id: $b, tag: "0002", protocol: "tcp"}} |
    (.destination.ports = {start: 1000, end: 1000}), (.destination.ports = {start: 2000, end: 2000}), (.destination.ports = {start: 3000, end: 3000})] |
    {total_policies: length, policies: .}' >"$API/body.new"
: >"$T/agent.log"
agent_up
check "(a policy is in force)" wait_for 20 reach front 10.255.1.3 8080
mv "$API/body.new" "$API/body"
echo '"enormous"' >"$API/etag"
check "more policies than a cell can take are refused" wait_for 60 has_logged policy-server-failed
match "with a reason" 'policy-server-failed.*120000 policies, more than the 100000' "$(grep policy-server-failed "$T/agent.log" | tail -n 1)"
check "what stood stands" reach front 10.255.1.3 8080
agent_down

# --- folders that are replaced --------------------------------------------------------------------
policies_are d1 "$allow"
mkdir "$T/data"
cp "$T/store" "$T/store_version" "$T/data/"
agent_config '.cni_datastore_path = $t + "/data/store" | .poll_interval = 3600 | .flannel_subnet_file = $t + "/late/subnet.env"'
: >"$T/agent.log"
agent_up
check "(a store in a folder of its own)" wait_for 20 reach front 10.255.1.3 8080
mkdir "$T/fresh"
jq 'del(.back)' "$T/store" >"$T/fresh/store"
cp "$T/store_version" "$T/fresh/"
mv "$T/data" "$T/data.old"
mv "$T/fresh" "$T/data"
check "a folder that took the place of the store's is watched" wait_for 10 refused front 10.255.1.3 8080
cp "$T/store" "$T/data/new"
mv "$T/data/new" "$T/data/store"
check "for what happens in it, too" wait_for 10 reach front 10.255.1.3 8080
mkdir "$T/late"
cp "$T/subnet.env" "$T/late/new"
mv "$T/late/new" "$T/late/subnet.env"
check "a subnet file is read though its folder comes late" wait_for 10 has_logged subnet-read
agent_down
agent_config '.cni_datastore_path = $t + "/data/store"'
agent_up
check "(another start)" wait_for 20 reach front 10.255.1.3 8080
mount -t tmpfs tmpfs "$T/data"
jq 'del(.back)' "$T/store" >"$T/data/store"
check "a file system that is mounted there counts from the next poll on" wait_for 20 refused front 10.255.1.3 8080
cp "$T/store" "$T/data/new"
mv "$T/data/new" "$T/data/store"
check "and is watched" wait_for 10 reach front 10.255.1.3 8080
agent_down
umount "$T/data"

# --- systemd ----------------------------------------------------------------------------------------
agent_config
socat -u "UNIX-RECV:$T/notify" "OPEN:$T/notified,creat,append" &
wait_for 10 test -S "$T/notify"
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=1000000 "$BIN/vxlan-policy-agent" -config-file "$T/agent.json" >>"$T/agent.log" 2>>"$T/agent.err" &
agent_pid=$!
check "systemd is told when it is ready" wait_for 20 grep -q READY=1 "$T/notified"
check "and that it lives, while its request is parked" wait_for 20 eval '[ "$(grep -o WATCHDOG=1 "$T/notified" | wc -l)" -ge 4 ]'
agent_down
check "and that it ends" wait_for 10 grep -q STOPPING=1 "$T/notified"
same "it ends well" 0 "$status"
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"
done_testing
