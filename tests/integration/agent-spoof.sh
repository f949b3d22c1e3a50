# A container cannot be another: not by its source address, not by a mark of its own,
# not by making VXLAN packets itself, not by lies below IP. Real networker, real agent,
# real packets.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/cell.sh"

agent_cell 10.99.0.0 10.99.0.255
policies_are r1 "$(policy $front 0001 $back 0002 udp 7000 7000)"
api_up
agent_config
agent_up
wait_for 20 sh -c "iptables -S vpa--src | grep -q set-xmark"

# listen WHERE PORT FILE: notes every datagram that arrives.
listen() {
    in_ns "$1" socat -u "UDP-RECVFROM:$2,fork" "OPEN:$3,creat,append" &
    wait_for 10 in_ns "$1" sh -c "ss -Hlun 'sport = :$2' | grep -q ."
}
# say WHERE SOURCE DESTINATION PORT WORD [OPTIONS]: a datagram from that address. One after it
# that must arrive tells that this one has been decided on.
say() { in_ns "$1" sh -c "echo $5 | socat -u - UDP:$3:$4,bind=$2${6-}"; }
heard() { wait_for 10 grep -q "$2" "$1"; }
# silence WHAT FILE WORD: nothing came, though what was sent later did
silence() {
    say front "$(addr front)" "$(addr back)" 7000 "after-$3"
    wait_for 10 grep -q "after-$3" "$T/heard" || { not_ok "$1" "an honest datagram did not arrive either"; return; }
    lacks "$1" "^$3" "$2"
}

listen back 7000 "$T/heard"
say front "$(addr front)" "$(addr back)" 7000 honest
check "an allowed datagram arrives" heard "$T/heard" honest

in_ns evil ip addr add "$(addr front)/32" dev eth0
say evil "$(addr front)" "$(addr back)" 7000 as-front
silence "with another container's address: refused" "$T/heard" as-front
in_ns evil ip addr add 10.255.1.99/32 dev eth0
say evil 10.255.1.99 "$(addr back)" 7000 as-nobody
silence "with an address that no container has: refused" "$T/heard" as-nobody
in_ns evil ip addr add 203.0.113.7/32 dev eth0
say evil 203.0.113.7 "$(addr back)" 7000 as-stranger
silence "with an address of the outside: refused" "$T/heard" as-stranger
in_ns evil ip addr add 10.255.2.2/32 dev eth0
say evil 10.255.2.2 "$(addr back)" 7000 as-remote
silence "with an address of another cell's container: refused" "$T/heard" as-remote
say evil "$(addr evil)" "$(addr back)" 7000 marked ,setsockopt-int=1:36:1
silence "with a mark set inside the container: refused" "$T/heard" marked

listen outside 7000 "$T/outside"
listen outside 8472 "$T/outside"
say evil "$(addr evil)" 10.99.0.1 7000 egress
check "its own egress rule works" heard "$T/outside" egress
say evil "$(addr front)" 10.99.0.1 7000 egress-as-front
say evil 203.0.113.7 10.99.0.1 7000 egress-as-stranger
say evil "$(addr evil)" 10.99.0.1 8472 raw-vxlan
say evil "$(addr evil)" 10.99.0.1 7000 egress-last
heard "$T/outside" egress-last
lacks "another container's address does not leave the cell" egress-as-front "$T/outside"
lacks "nor does a stranger's" egress-as-stranger "$T/outside"
lacks "datagrams to the VXLAN port are refused in spite of an egress rule" raw-vxlan "$T/outside"

socat -u UDP-RECVFROM:7001,fork "OPEN:$T/host,creat,append" &
wait_for 10 sh -c "ss -Hlun 'sport = :7001' | grep -q ."
say evil 203.0.113.7 10.99.0.5 7001 host-as-stranger
say evil "$(addr front)" 10.99.0.5 7001 host-as-front
echo host-last | socat -u - UDP:10.99.0.5:7001
heard "$T/host" host-last
same "the cell itself hears neither" host-last "$(cat "$T/host")"

# A VXLAN packet made by hand to this cell's own tunnel end: flags 0x88, group policy 1.
bridge fdb append 00:00:00:00:00:00 dev flannel.1 dst 10.99.0.1
printf '\210\000\000\001\000\000\001\000' >"$T/vxlan"
in_ns evil sh -c "socat -u OPEN:$T/vxlan UDP:10.99.0.5:8472,bind=$(addr evil)"
same "the cell's own tunnel end takes none from a container" 0 "$(ip -s -j link show flannel.1 | jq '.[0].stats64.rx.packets + .[0].stats64.rx.errors')"

# "Fragmentation needed", MTU 600, about the cell's tunnel to 10.99.0.1, with the
# start of the packet that it is about: IP, UDP and VXLAN.
echo tunnel | socat -u - UDP:10.99.0.1:8472,bind=10.99.0.5:40000
printf '%b' '\003\004\064\073\000\000\002\130\105\000\000\044\000\000\100\000\100\021\045\376\012\143\000\005\012\143\000\001\234\100\041\030\000\020\000\000\010\000\000\000\000\000\001\000' |
    in_ns evil socat -u - IP4-SENDTO:10.99.0.5:1
say front "$(addr front)" "$(addr back)" 7000 after-mtu
heard "$T/heard" after-mtu
lacks "a container cannot make the cell's tunnels narrow" 'mtu 600' <(ip route get 10.99.0.1)

# --- below IP ------------------------------------------------------------------------
# frame WHERE DST SRC TYPE PAYLOAD: an Ethernet frame, all in hexadecimal.
frame() { printf '%b' "$(sed 's/../\\x&/g' <<<"$2$3$4$5")" | in_ns "$1" socat -u - INTERFACE:eth0; }
mac() { in_ns "$1" ip -j link show "${2-eth0}" | jq -r '.[0].address' | tr -d :; }
# arp OP SENDER-MAC SENDER-IP TARGET-MAC TARGET-IP: a message's payload
# shellcheck disable=SC2046,SC2086 # words wanted
arp() { printf '%s' 000108000604000$1 $2 $(printf %02x ${3//./ }) $4 $(printf %02x ${5//./ }); }
all=ffffffffffff covert=$(printf covert | od -An -tx1 | tr -d ' ')
evil=$(mac evil) gate=$(ip -j link show cni-flannel0 | jq -r '.[0].address' | tr -d :)
in_ns back socat -u INTERFACE:eth0 "OPEN:$T/frames,creat,append" &
in_ns evil socat -u INTERFACE:eth0 "OPEN:$T/stolen,creat,append" &
for c in back evil; do wait_for 10 in_ns $c sh -c "ss -H0 | grep -q ."; done
for to in "$(mac back)" $all; do
    frame evil "$to" "$evil" 88b5 "$covert$covert$covert$covert$covert$covert$covert$covert"
    frame evil "$to" "$evil" 8100 "00050800$covert$covert$covert$covert$covert$covert$covert$covert"
    frame evil "$to" "$evil" 86dd "$covert$covert$covert$covert$covert$covert$covert$covert"
done
say front "$(addr front)" "$(addr back)" 7000 after-frames
wait_for 10 grep -aq after-frames "$T/frames"
lacks "frames that are no IPv4 do not get from container to container" covert "$T/frames"
for op in 1 2; do
    frame evil "$gate" "$evil" 0806 "$(arp $op "$evil" "$(addr back)" "$gate" 10.255.1.1)"
    frame evil $all "$evil" 0806 "$(arp $op "$evil" "$(addr back)" $all "$(addr back)")"
    frame evil "$(mac front)" "$evil" 0806 "$(arp $op "$evil" 10.255.1.1 "$(mac front)" "$(addr front)")"
done
say front "$(addr front)" "$(addr back)" 7000 after-arp
check "claiming another's address by ARP does not take its packets" heard "$T/heard" after-arp
say front "$(addr front)" 10.99.0.1 7000 out-after-arp
check "nor does claiming the gateway's" heard "$T/outside" out-after-arp
frame evil "$gate" "$(mac back)" 88b5 "$covert$covert$covert$covert$covert$covert$covert$covert"
say front "$(addr front)" "$(addr back)" 7000 after-mac
check "nor does sending from another's MAC address" heard "$T/heard" after-mac
lacks "the liar has seen none of it" after- "$T/stolen"

agent_down
same "the agent ends well" 0 "$status"
for c in front back evil; do kill_container $c; down $c; done
lacks "with the containers their bindings go" netman <(iptables-save -t raw)
same "the sanitizers are silent" "" "$(grep -E 'runtime error|Sanitizer' "$T/agent.err")"
done_testing
