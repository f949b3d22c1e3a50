# No way around the rules: not by IPv6, which none of them sees, not by speaking to all
# at once, not from the cell's neighbours. Real networker, real agent, real packets.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/cell.sh"

# What Cloud Foundry allows by default, "public networks", ends with all multicast groups.
agent_cell 192.169.0.0 255.255.255.255

# listen WHERE ADDRESS-TYPE FILE: notes every datagram that arrives at port 7000.
listen() {
    in_ns "$1" socat -u "$2:7000,fork" "OPEN:$3,creat,append" &
    wait_for 10 in_ns "$1" sh -c "ss -Hlun 'sport = :7000' | grep -q ."
}
# say WHERE TO WORD OPTIONS
say() { in_ns "$1" sh -c "echo $3 | socat -u - UDP:$2:7000,$4"; }
# silence WHAT WORD: it has not come, though an honest datagram sent later has
silence() {
    say front "$(addr back)" "after-$2" "bind=$(addr front)"
    wait_for 10 grep -q "after-$2" "$T/heard" || { not_ok "$1" "an honest datagram did not arrive either"; return; }
    lacks "$1" "^$2" "$T/heard"
}

# --- no agent, no policy yet ---------------------------------------------------------
listen back UDP-RECVFROM "$T/heard"
say evil 10.255.1.255 subnet-early "broadcast,bind=$(addr evil)"
policies_are r1 "$(policy $front 0001 $back 0002 udp 7000 7000)"
api_up
agent_config
agent_up
wait_for 20 sh -c "iptables -S vpa--src | grep -q set-xmark"
silence "without an agent, a datagram to all of the cell's subnet is refused" subnet-early

# --- to all at once ------------------------------------------------------------------
say evil 255.255.255.255 everyone "broadcast,bind=$(addr evil)"
silence "a datagram to everyone is refused in spite of an egress rule" everyone
say evil 224.0.0.1 group "bind=$(addr evil)"
silence "so is one to a multicast group" group
say evil 10.255.1.255 whole-subnet "broadcast,bind=$(addr evil)"
silence "and one to all of the cell's subnet" whole-subnet

# --- the cell's neighbours -------------------------------------------------------------
in_ns outside sh -c "ip addr add $(addr front)/32 dev lo; ip route add 10.255.1.0/24 via 10.99.0.5"
say outside "$(addr back)" neighbour "bind=$(addr front)"
silence "a neighbour of the cell that uses a container's address does not get its tag" neighbour

# --- IPv6 ------------------------------------------------------------------------------
for c in back evil; do
    same "container $c has no IPv6 address on its interface" "" "$(in_ns $c ip -6 -o addr show dev eth0)"
    same "but the one on its loopback" ::1/128 "$(in_ns $c ip -6 -o addr show dev lo | awk '{print $4}')"
done
refuse "a container does not give itself one" in_ns evil ip -6 addr add fe80::e/64 dev eth0 nodad
same "nor has the cell one towards its containers" "" "$(ip -6 -o addr show dev cni-flannel0)"

agent_down
for c in front back evil; do kill_container $c; down $c; done
iptables -F vpa--forward
lacks "with the containers their bindings go" netman <(iptables-save -t raw)
done_testing
