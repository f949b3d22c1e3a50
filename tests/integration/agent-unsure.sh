# What the agent does while it knows too little: an empty or damaged store, a server that
# is away or slow, nothing or something stale on disk, rules of an earlier run or of the
# reference. Never open by accident, and never shut without need.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

front_and_back
serve back 8080
agent_config
cp "$T/store" "$T/store.full"
boot() { iptables -F; iptables -X; }
store_full() { cp "$T/store.full" "$T/store.copy"; mv "$T/store.copy" "$T/store"; store_edit .; }
front_is() { store_edit --arg a "$1" '.front.metadata.policy_group_id = $a'; }
# up REVISION: a cell with the policy in force and on disk, the server there.
up() {
    boot
    rm -rf "$T/state"; mkdir "$T/state"
    : >"$T/agent.log"
    policies_are "$1" "$allow"
    [ -s "$T/api.port" ] || api_up
    agent_up
    check "($1 is in force)" wait_for 20 reach front 10.255.1.3 8080
    check "($1 is on disk)" wait_for 10 test -s "$T/state/policies.saved"
}
restart() { : >"$T/agent.log"; agent_up; }

# --- no app on the cell -------------------------------------------------------------------
up none
agent_down; api_down; boot
store_edit '{}'
restart
check "a cell boots without containers, and without the server" wait_for 10 has_logged started
check "it says what it goes by" wait_for 10 has_logged using-saved-policies
store_full
check "containers that come later get the saved policies" wait_for 10 reach front 10.255.1.3 8080
store_edit '{}'
check "all containers go" wait_for 10 refused front 10.255.1.3 8080
store_full
check "and come: the last known policies hold" wait_for 10 reach front 10.255.1.3 8080
agent_down; boot; restart
check "and still do after another start" wait_for 10 reach front 10.255.1.3 8080
store_edit '{}'
check "without an app there is nothing to ask for, and nobody who does not answer" \
    wait_for 40 eval '[ "$(metric policy_server_gone_seconds)" = 0 ]'
agent_down
store_full

# --- an address changes hands ---------------------------------------------------------------
up owner
agent_down
front_is $other
check "(while the agent is down its rules stand)" reach front 10.255.1.3 8080
echo 60000 >"$API/delay_ms"
restart
check "an agent that starts beside a slow server takes back what was another app's" wait_for 4 refused front 10.255.1.3 8080
agent_down
rm "$API/delay_ms"
front_is $front
up lost
agent_down; api_down
rm "$T"/state/*
front_is $other
restart
check "so does one that has nothing on disk, and no server" wait_for 10 refused front 10.255.1.3 8080
check "and tells the log" wait_for 10 has_logged former-owners-rules-dropped
front_is $front
agent_down
up same
agent_down; api_down
rm "$T"/state/*
restart
wait_for 10 has_logged started
check "but what an address may in its own app's name it still may" reach front 10.255.1.3 8080
store_remove back
check "until the container that it leads to is gone" wait_for 10 refused front 10.255.1.3 8080
store_full
agent_down

# --- the store cannot be read ---------------------------------------------------------------
up torn
agent_down
echo '{torn' >"$T/store"
restart
check "a damaged store does not end it" wait_for 10 has_logged container-store-unreadable
check "nor does it start any slower" wait_for 10 has_logged started
check "rules that stand are the best there is" reach front 10.255.1.3 8080
boot
check "where they are taken away, all is refused" wait_for 10 refused front 10.255.1.3 8080
store_full
check "a store that is mended counts again" wait_for 10 reach front 10.255.1.3 8080
agent_down; api_down

# --- the reference's rules --------------------------------------------------------------------
boot
rm -f "$T"/state/*
iptables -N vpa--1479823458
iptables -A FORWARD -j vpa--1479823458
iptables -A vpa--1479823458 -m state --state RELATED,ESTABLISHED -j ACCEPT
iptables -A vpa--1479823458 -s 10.255.1.2 -m comment --comment "src:$front" -j MARK --set-xmark 0x1
iptables -A vpa--1479823458 -d 10.255.1.3 -p tcp --dport 8080 -m mark --mark 0x1 -j ACCEPT
iptables -A vpa--1479823458 -s 10.255.0.0/16 -d 10.255.0.0/16 -j REJECT
iptables -S >"$T/reference"
check "(the reference's rules let it pass)" reach front 10.255.1.3 8080
restart
check "taken over from the reference while the server is away" wait_for 10 has_logged policy-server-failed
check "what was allowed is allowed" reach front 10.255.1.3 8080
same "for its rules stand" "" "$(iptables -S | diff "$T/reference" -)"
# Each attempt is a connection of its own: none may fail while the rules are exchanged.
watch_it() { while [ ! -e "$T/enough" ]; do reach front 10.255.1.3 8080 || echo shut >>"$T/window"; done; }
watch_it &
watcher=$!
policies_are reference "$allow"
api_up
check "the first policies replace them" wait_for 40 has_logged rules-enforced
touch "$T/enough"
wait $watcher
refuse "with no moment in which it was shut" test -e "$T/window"
refuse "and nothing of them is left" sh -c 'iptables -S | grep -q vpa--147'
agent_down

# --- a full disk --------------------------------------------------------------------------------
api_down
rm -rf "$T/state"; mkdir "$T/state"
mount -t tmpfs -o size=16k tmpfs "$T/state"
boot
: >"$T/agent.log"
policies_are full1 "$allow" "$(policy $front 0001 $back 0002 tcp 9999 9999)"
api_up
agent_up
check "(before the disk is full)" wait_for 20 reach front 10.255.1.3 8080
check "(it is saved)" wait_for 10 test -s "$T/state/policies.saved"
cp "$T/state/policies.saved" "$T/stale"
dd if=/dev/zero of="$T/state/fill" bs=1k count=64 2>/dev/null
policies_are full2 "$(policy $front 0001 $back 0002 tcp 9999 9999)"
check "a policy goes" wait_for 10 refused front 10.255.1.3 8080
check "that it could not be noted is in the log" wait_for 10 has_logged policies-not-saved
refuse "and what the disk said before is not left there to come back" test -e "$T/state/policies.saved"
rm "$T/state/fill"
check "with room again it is noted" wait_for 20 grep -q 9999 "$T/state/policies.saved"
refuse "without what went" grep -q 8080 "$T/state/policies.saved"
agent_down; api_down; boot
umount "$T/state"

# --- what cannot be done at the start ------------------------------------------------------------
up again
agent_down; boot
exec 9>/run/xtables.lock
flock 9
restart 9>&-
check "a lock that is held does not end it" wait_for 20 has_logged enforce-failed
flock -u 9
check "when it is let go the rules come" wait_for 20 refused front 10.255.1.3 9090
check "all of them" wait_for 10 reach front 10.255.1.3 8080
agent_down; boot
sysctl -qw net.bridge.bridge-nf-call-iptables=0
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys/net
restart
check "nor does a switch of the kernel's that it may not set" wait_for 20 has_logged enforce-failed
check "it runs" wait_for 10 has_logged started
umount /proc/sys/net
check "when it may, it does" wait_for 40 refused front 10.255.1.3 9090
check "and what is allowed is open" wait_for 10 reach front 10.255.1.3 8080
agent_down
same "it ends well" 0 "$status"
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"
done_testing
