# Connections across changes: policy removed with and without cut_established, the agent
# killed, restarted and disturbed while packets flow.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

front_and_back
in_ns back socat TCP-LISTEN:8080,reuseaddr,fork EXEC:cat &
wait_for 10 in_ns back sh -c "ss -Hltn 'sport = :8080' | grep -q ."

# dial NAME: a connection that stays; say NAME WORD: does WORD come back on it?
dial() {
    mkfifo "$T/$1.in"
    in_ns front socat "TCP:10.255.1.3:8080" - <"$T/$1.in" >"$T/$1.out" 2>/dev/null &
    exec {fd}>"$T/$1.in"
    printf -v "fd_$1" %s "$fd"
}
say() {
    local fd=fd_$1
    echo "$2" >&"${!fd}" && wait_for "${3-5}" grep -q "^$2$" "$T/$1.out"
}
closed() { ! in_ns front timeout 3 nc -z -w 1 10.255.1.3 8080; }
open_() { ! closed; }
trap '' PIPE

# --- established connections stay, as in the reference -----------------------------------
policies_are r1 "$allow"
api_up
agent_config
agent_up
wait_for 10 has_logged rules-enforced
wait_for 10 open_
dial kept
check "a connection is up" say kept one
policies_are r2
check "its policy goes: new connections are refused" wait_for 10 closed
check "the established one goes on" say kept two

# --- what belongs to a connection -------------------------------------------------------------
in_ns front socat -u IP4-RECVFROM:1,fork SYSTEM:'echo "$SOCAT_PEERADDR"' >"$T/errors" &
policies_are r2u "$(policy $front 0001 $back 0002 udp 7000 7000)"
nobody_there() { in_ns front sh -c 'echo x | socat -u - UDP:10.255.1.3:7000'; grep -q '^10.255.1.3$' "$T/errors"; }
check "a container's own word that nobody listens gets back to who asked" wait_for 10 nobody_there
agent_down

# --- with cut_established ---------------------------------------------------------------
agent_config '.cut_established = true'
policies_are r3 "$allow"
agent_up
check "the policy is back" wait_for 10 open_
dial cut
check "a second connection is up" say cut one
check "while nothing changes none is cut" say kept three
policies_are r4
check "the policy goes: the agent cuts" wait_for 10 has_logged connections-cut
check "new connections are refused" closed
refuse "the established one is dead" say cut two 2
policies_are r5 "$allow"
check "allowed again" wait_for 10 open_
# Its sender still tries: what has been cut is not taken up in the middle.
refuse "what was cut stays dead" say cut two 3
dial other
check "a connection of an allowed flow" say other one
policies_are r6 "$allow" "$(policy $front 0001 $back 0002 tcp 9000 9000)"
wait_for 10 sh -c 'iptables -S vpa--to-b2222222 | grep -q 9000'
policies_are r7 "$allow"
wait_for 10 sh -c '! iptables -S vpa--to-b2222222 | grep -q 9000'
check "survives another policy's end" say other two

# --- the agent dies and comes back under traffic -------------------------------------------
for i in 1 2 3; do
    kill -KILL "$agent_pid"
    wait "$agent_pid" 2>/dev/null
    check "killed ($i): what is allowed goes on" say other "killed-$i"
    check "killed ($i): new connections too" open_
    agent_up
done
check "back again: all is as it was" wait_for 10 open_
iptables -S >"$T/once"

# --- rivals that never rest, and take no lock ------------------------------------------------
# The command takes a lock of its own choice: another one than ours, here.
cat >"$T/rival.sh" <<'RIVAL'
export XTABLES_LOCKFILE=$T/rival.lock$1
trap exit TERM # not before the command that runs has ended
while :; do
    iptables -A INPUT -s "192.0.2.$1" -j DROP
    iptables -D INPUT -s "192.0.2.$1" -j DROP
done
RIVAL
# A large table takes long enough to read and write that they meet.
{ printf '*filter\n:large -\n'; seq -f '-A large -s 198.18.0.1 -p udp --dport %.0f -j DROP' 2000; echo COMMIT; } | iptables-restore -n
for i in 1 2 3; do
    bash "$T/rival.sh" $i 2>/dev/null & # they get into each other's way, too
    rivals+=($!)
done
tried_again() { [ "$(metric commit_retries_total)" -gt 0 ]; }
# At least ten changes, and as many as it takes until one has met the rival's.
for i in $(seq 500); do
    policies_are "s$i" "$allow" "$(policy $front 0001 $back 0002 tcp $((9000 + i)) $((9000 + i)))"
    wait_for 20 sh -c "iptables -S vpa--to-b2222222 | grep -q -- '--dport $((9000 + i))'" || break
    [ "$i" -ge 10 ] && tried_again && break
done
# A rival that has read the table before may yet undo the last one, for a poll interval.
check "$i changes get through beside rivals" wait_for 20 sh -c "iptables -S vpa--to-b2222222 | grep -q -- '--dport $((9000 + i))'"
check "some of them at the second attempt" tried_again
# A cycle that is killed half-way leaves the old rules or the new ones.
for i in $(seq 8); do
    policies_are "k$i" "$allow" "$(policy $front 0001 $back 0002 udp "$i" "$i")"
    sleep "0.0$i" # another moment of the cycle each time; nothing is asserted of how far it got
    kill -KILL "$agent_pid"
    wait "$agent_pid" 2>/dev/null
    say other "half-$i" >/dev/null || echo "half-$i" >>"$T/lost"
    closed && echo "half-$i" >>"$T/lost"
    agent_up
done
refuse "killed at eight moments, it never shut what is allowed" test -e "$T/lost"
kill "${rivals[@]}"
wait "${rivals[@]}" 2>/dev/null
iptables -F large
iptables -X large
policies_are last "$allow"
check "in the end the rules are the plan's" wait_for 10 bash -c 'iptables -S | grep -v INPUT | diff -q - <(grep -v INPUT '"$T/once"') || exit 1'
same "and nothing else is left" "" "$(iptables -S | grep -v INPUT | diff <(grep -v INPUT "$T/once") -)"

# --- told to stop while somebody holds the lock -------------------------------------------------
: >"$T/agent.log"
exec 9>/run/xtables.lock
flock 9
policies_are held "$allow" "$(policy $front 0001 $back 0002 tcp 9999 9999)"
waits_for_lock() { [ -n "$(find "/proc/$agent_pid/fd" -lname /run/xtables.lock)" ]; }
check "the agent waits for a lock" wait_for 10 waits_for_lock
agent_down
same "told to stop it does, lock or no lock" 0 "$status"
check "(the lock was held all the while)" eval '! flock -n /run/xtables.lock true'
same "and it calls that no failure" "" "$(grep enforce-failed "$T/agent.log")"
flock -u 9
agent_up
check "the next one goes on" wait_for 10 sh -c "iptables -S vpa--to-b2222222 | grep -q -- '--dport 9999'"

# --- another version's chains ----------------------------------------------------------------
# An older or a newer version of ours, and the reference, whose chain has another name each
# time: FORWARD leads there first, one of the rules is none that we would write.
agent_down
iptables -N vpa--old-1; iptables -N vpa--old-2; iptables -N vpa--1479823458; iptables -N mine
iptables -A vpa--old-1 -j vpa--old-2
iptables -A vpa--old-2 -p tcp -m ttl --ttl-gt 1 -j ACCEPT
iptables -A vpa--1479823458 -s 10.255.0.0/16 -j ACCEPT
iptables -A mine -g vpa--old-2
iptables -A mine -s 192.0.2.9 -j DROP
iptables -I FORWARD -j vpa--old-1
iptables -I FORWARD 2 -j mine
iptables -I FORWARD 3 -p udp -m ttl --ttl-gt 2 -j vpa--1479823458
iptables -I FORWARD 4 -s 192.0.2.8 -j DROP
agent_up
check "chains of another version go" wait_for 10 sh -c '! iptables -S | grep -q -e vpa--old -e vpa--147'
same "with all that led there, and nothing else" "-A FORWARD -j vpa--forward
-A FORWARD -j mine
-A FORWARD -s 192.0.2.8/32 -j DROP
-A mine -s 192.0.2.9/32 -j DROP" "$(iptables -S | grep -e '^-A FORWARD' -e '^-A mine')"
check "what is allowed is allowed" open_
refuse "what is refused is refused" in_ns back timeout 3 nc -z -w 1 10.255.1.2 8080
agent_down
same "it ends well" 0 "$status"
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"
done_testing
