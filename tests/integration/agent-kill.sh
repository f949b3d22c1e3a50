# The agent killed between any two of its steps: at each call by which it takes a lock,
# reads or writes the table, or keeps what it learned. Afterwards the kernel holds the old
# rules or the new ones, whole, and the next agent puts everything right.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 # nothing ends well here, and strace is in its way

front_and_back
for p in 8080 9090 7070; do serve back $p; done
api_up
agent_config
always=$(policy $front 0001 $back 0002 tcp 8080 8080)
one=$(policy $front 0001 $back 0002 tcp 9090 9090)
rules() { iptables -S | grep vpa--; }
# learn REVISION POLICY…: have these rules, and these alone
learn() {
    policies_are "$@"
    agent_up
    wait_for 20 sh -c "grep -q 'rules-enforced.*\"$1' '$T/agent.log'" || not_ok "$1 is enforced" "$(tail -n 5 "$T/agent.log")"
    agent_down
}
learn with-one "$always" "$one"
rules >"$T/one"
learn without "$always"
rules >"$T/none"
same "the two sets of rules differ" 1 "$(cmp -s "$T/one" "$T/none"; echo $?)"
has_one() { rules | cmp -s - "$T/one"; }
# turn REVISION: the policies whose rules do not stand, so that there is something to do
turn() { if has_one; then policies_are "$1" "$always"; else policies_are "$1" "$always" "$one"; fi; }

# die CALL N: an agent that is killed as it makes its Nth such call. Fails if it never came to it.
die() {
    : >"$T/strace"
    strace -D -f -qq -o "$T/strace" -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
        "$BIN/vxlan-policy-agent" -config-file "$T/agent.json" >"$T/killed.log" 2>&1 &
    local pid=$!
    wait_for 20 sh -c "! [ -e /proc/$pid ] || grep -q '^State:.*zombie' /proc/$pid/status || grep -q 'rules-enforced.*$3' '$T/killed.log'"

    kill -TERM $pid 2>/dev/null
    wait $pid 2>/dev/null
    grep -q 'killed by SIGKILL' "$T/strace"
}
whole() { has_one || rules | cmp -s - "$T/none"; }

n=0
for call in setsockopt flock getsockopt rename fsync; do
    for i in $(seq 40); do
        n=$((n + 1))
        turn "turn-$n"
        die $call "$i" "turn-$n" || break
        whole || echo "$call $i: torn" >>"$T/bad"
        reach front 10.255.1.3 8080 || echo "$call $i: shut what is allowed" >>"$T/bad"
        refused front 10.255.1.3 7070 || echo "$call $i: opened what is refused" >>"$T/bad"
    done
    check "killed at each $call ($((i - 1)) of them): there is something to be killed at" test "$i" -gt 1
done
same "every time the rules are the old ones or the new ones, and act so" "" "$(cat "$T/bad" 2>/dev/null)"
! has_one || learn without-again "$always"
learn in-the-end "$always" "$one"
same "the next agent is not in any way impaired" "" "$(rules | diff - "$T/one")"
api_down
iptables -F; iptables -X
agent_up
check "nor by the file of policies that the dead have left" wait_for 10 reach front 10.255.1.3 9090
agent_down
done_testing
