# Two cells, an agent on each, packets between all pairs of containers: what policies
# allow and what they do not, while instances, policies and the agents come and go.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"

cache=d4444444-0000-4000-8000-000000000004

# --- the world: this sandbox's namespace is the first cell, the second is another ------
cell_up
certificates
ip netns add cell2
ip link add ul type veth peer name ul netns cell2
ip addr add 192.0.2.11/24 dev ul
ip link set ul up
in_ns cell2 sh -ec "ip addr add 192.0.2.12/24 dev ul; ip link set ul up; ip link set lo up
    ip link add cni0 type bridge; ip addr add 10.255.2.1/24 dev cni0; ip link set cni0 up
    sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 net.ipv4.icmp_ratelimit=0"
# overlay WHERE OWN OTHER OTHER-UNDERLAY: one end of the tunnel, as flanneld makes it.
overlay() {
    $1 sh -ec "ip link add flannel.1 address 02:00:00:00:00:0$2 type vxlan id 1 dev ul dstport 8472 gbp nolearning
        ip addr add 10.255.$2.0/32 dev flannel.1; ip link set flannel.1 up
        ip neigh add 10.255.$3.0 lladdr 02:00:00:00:00:0$3 dev flannel.1 nud permanent
        bridge fdb add 02:00:00:00:00:0$3 dev flannel.1 dst $4
        ip route add 10.255.$3.0/24 via 10.255.$3.0 dev flannel.1 onlink"
}
overlay "" 1 2 192.0.2.12
overlay "in_ns cell2" 2 1 192.0.2.11
# far NAME ADDRESS APP: a container of the second cell.
far() {
    ip netns add "$1"
    ip -n cell2 link add "v-$1" type veth peer name eth0 netns "$1"
    ip -n cell2 link set "v-$1" master cni0 up
    in_ns "$1" sh -c "ip link set lo up; ip addr add $2/24 dev eth0; ip link set eth0 up; ip route add default via 10.255.2.1"
    (T=$T/2 store_add "$1" "$2" "$3")
}
mkdir -p "$T/2/state"
cp "$T/store" "$T/store_version" "$T"/*.crt "$T"/*.key "$T/2/"
(T=$T/2 subnet_is 10.255.2.1/24)
box front 10.255.1.2 $front
box other 10.255.1.3 $other
box back1 10.255.1.4 $back
box cache 10.255.1.5 $cache
far back2 10.255.2.2 $back
far front2 10.255.2.3 $front
far other2 10.255.2.4 $other
for b in back1 back2 cache; do for p in 8080 8090 8091; do serve $b $p; done; done

api_up
# The second cell reaches the policy server over a socket file: its loopback is its own.
socat "UNIX-LISTEN:$T/api.sock,fork" TCP:127.0.0.1:4003 &
in_ns cell2 socat TCP-LISTEN:4003,bind=127.0.0.1,reuseaddr,fork "UNIX-CONNECT:$T/api.sock" &
wait_for 10 in_ns cell2 sh -c "ss -Hltn 'sport = :4003' | grep -q ."

second_up() {
    ip netns exec cell2 "$BIN/vxlan-policy-agent" -config-file "$T/2/agent.json" >>"$T/2/agent.log" 2>>"$T/2/agent.err" &
    second_pid=$!
}
second_down() { kill "-$1" "$second_pid"; wait "$second_pid" 2>/dev/null; }
configure() { agent_config "${1-.}"; (T=$T/2 agent_config "${1-.}"); }
# all_enforced: both cells hold the newest policies
all_enforced() {
    local revision
    revision=$(tr -d '"\n' <"$API/etag")
    wait_for 20 sh -c "grep -q 'rules-enforced.*$revision' '$T/agent.log' && grep -q 'rules-enforced.*$revision' '$T/2/agent.log'"
}

# --- who reaches whom ---------------------------------------------------------------------
configure '.iptables_c2c_logging = true | .iptables_denied_logs_per_sec = 1000'
policies_are r1 "$(policy $front 0001 $back 0002 tcp 8080 8080)" "$(policy $front 0001 $back 0002 tcp 8090 8090)"
agent_up
second_up
all_enforced
check "an app reaches another on its own cell" wait_for 20 reach front 10.255.1.4 8080
check "and on the other cell" wait_for 20 reach front 10.255.2.2 8080
check "from each of its instances" reach front2 10.255.2.2 8080
check "in both directions between cells" reach front2 10.255.1.4 8080
for from in other other2; do for to in 10.255.1.4 10.255.2.2; do
    refuse "another app stays out ($from to $to)" reach $from $to 8080
done; done
for to in 10.255.1.4 10.255.2.2; do
    refuse "another port stays shut ($to)" reach front $to 8091
done
refuse "an app without policies is closed" reach front2 10.255.1.5 8080
refuse "answers are not questions: the reverse direction stays shut" reach back2 10.255.1.2 8080
wrote() { $1 iptables -v -S | awk -v p="--log-prefix \"$2" 'index($0, p) && match($0, /-c [0-9]+/) {n += substr($0, RSTART + 3, RLENGTH - 3)} END {print n + 0}'; }
check "what came from the other cell and is refused is logged as such" test "$(wrote "in_ns cell2" REJECT_REMOTE)" -ge 1
check "with the container's handle" test "$(wrote "in_ns cell2" DENY_C2C_back2)" -ge 1
check "what is accepted with the source's tag" test "$(wrote "in_ns cell2" OK_0001_b2222222)" -ge 1
check "what has no tag is refused, and logged, where it comes from" test "$(wrote "in_ns cell2" REJECT_LOCAL)" -ge 1

# What the tunnel brings from outside of the overlay: not even to a port that is open.
in_ns cell2 ip addr add 172.16.0.9/32 dev lo
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.flannel/1.rp_filter=0
foreign() { iptables -v -S vpa--forward | awk '/! -s 10.255.0.0\/16 -i flannel.1 / && match($0, /-c [0-9]+/) {print substr($0, RSTART + 3, RLENGTH - 3)}'; }
refuse "a source outside of the overlay is no way in through the tunnel" in_ns cell2 timeout 3 socat -u TCP:10.255.1.4:8080,bind=172.16.0.9,connect-timeout=1 -
check "it is dropped for that" test "$(foreign)" -ge 1

policies_are r2 "$(policy $front 0001 $back 0002 tcp 8080 8090)" "$(policy $other 0003 $cache 0004 tcp 8080 8080)" "$(policy $other 0003 $back 0002 tcp 8091 8091)"
all_enforced
check "a range covers its ports" reach front 10.255.2.2 8090
check "two apps share a port: one's policy" reach front 10.255.1.4 8080
check "and the other's" reach other2 10.255.1.5 8080
refuse "do not mix" reach front2 10.255.1.5 8080
refuse "nor the other way round" reach other2 10.255.1.4 8080
check "one app is reached by two, each on its port" reach other 10.255.2.2 8091
refuse "and not on the other's" reach front 10.255.2.2 8091

# begin NAME WHERE COMMAND…: counts datagrams in the background; finish NAME: ends it.
begin() {
    local name=$1 where=$2
    shift 2
    ip netns exec "$where" "$TOOLS/udp-count" "$@" >"$T/count.$name" &
    eval "count_$name=$!"
}
finish() {
    local pid=count_$1
    kill -TERM "${!pid}"
    wait "${!pid}"
}
sent() { cut -d ' ' -f 1 "$T/count.$1"; }
came_back() { cut -d ' ' -f 2 "$T/count.$1"; }

# --- cut_established: neither end takes it up again -----------------------------------------
agent_down
second_down TERM
configure '.cut_established = true'
# The answering app has a tag of its own, so that what it sends gets out of its cell.
tagged=$(policy $back 0002 $cache 0004 tcp 9999 9999)
policies_are r3 "$tagged" "$(policy $front 0001 $back 0002 udp 7000 7003)" "$(policy $front 0001 $back 0002 tcp 8080 8080)"
agent_up
second_up
all_enforced
# A conversation over UDP: each side says a line and notes what it hears.
for to in back1:10.255.1.4:6000 back2:10.255.2.2:6001; do
    IFS=: read -r who address port <<<"$to"
    mkfifo "$T/$who.in" "$T/$who.client"
    in_ns "$who" socat - UDP-LISTEN:7000 <"$T/$who.in" >"$T/$who.heard" 2>/dev/null &
    exec {fd}>"$T/$who.in"; printf -v "server_$who" %s "$fd"
    wait_for 10 in_ns "$who" sh -c "ss -Hlun 'sport = :7000' | grep -q ."
    in_ns front socat - "UDP:$address:7000,sourceport=$port" <"$T/$who.client" >"$T/$who.told" 2>/dev/null &
    exec {fd}>"$T/$who.client"; printf -v "client_$who" %s "$fd"
done
trap '' PIPE
ask() { local fd=client_$1; echo "$2" >&"${!fd}"; }
tell() { local fd=server_$1; echo "$2" >&"${!fd}"; }
for who in back1 back2; do
    ask $who one
    check "a datagram is heard ($who)" wait_for 10 grep -q one "$T/$who.heard"
    tell $who two
    check "and answered ($who)" wait_for 10 grep -q two "$T/$who.told"
done
# Two that never stop talking to each other.
talk() { begin talk1 front send 10.255.2.2 7003 200 6003; begin talk2 back2 send 10.255.1.2 6003 200 7003; }
hush() { finish talk1; finish talk2; }
datagrams() { in_ns "$1" nstat -asz "Udp$2Datagrams" | awk '/^Udp/ {print $2}'; }
more() { [ "$(datagrams "$1" "$2")" -gt $(($3 + 50)) ]; } # by 50, at least
f=$(datagrams front In) b=$(datagrams back2 In)
talk
check "of two that both send, one hears the other" wait_for 10 more front In "$f"
check "and the other the one" wait_for 10 more back2 In "$b"
hush
cuts() { grep -c connections-cut "$1"; }
cut_since() { [ "$(cuts "$T/agent.log")" -gt "$1" ] && [ "$(cuts "$T/2/agent.log")" -gt "$2" ]; }
c=$(cuts "$T/agent.log") c2=$(cuts "$T/2/agent.log")
policies_are r4 "$tagged" "$(policy $front 0001 $back 0002 tcp 8080 8080)"
all_enforced
check "its policy goes: both cells cut" wait_for 10 cut_since "$c" "$c2"
# What is sent now has been decided on by the time a connection after it was answered.
decided() { for to in 10.255.1.4 10.255.2.2; do check "what is allowed goes on ($to, $1)" reach front $to 8080; done; }
for who in back1 back2; do tell $who three; done
decided "after an answer"
for who in back1 back2; do lacks "the answering side revives nothing ($who)" three "$T/$who.told"; done
for who in back1 back2; do ask $who four; done
decided "after a question"
for who in back1 back2; do lacks "nor does the asking one ($who)" four "$T/$who.heard"; done
f=$(datagrams front Out) b=$(datagrams back2 Out)
talk
check "both go on sending" wait_for 10 more front Out "$f"
wait_for 10 more back2 Out "$b"
decided "while both send"
hush
same "and neither took the other's datagrams for answers" "0 0" "$(came_back talk1) $(came_back talk2)"

# --- agents die and come back under traffic ---------------------------------------------------
policies_are r5 "$(policy $front 0001 $back 0002 udp 7001 7001)"
all_enforced
for b in back1 back2; do
    begin "in_$b" "$b" sink 7001
    begin "no_$b" "$b" sink 7002
    wait_for 10 in_ns "$b" sh -c "[ \$(ss -Hlun 'sport = :7001 or sport = :7002' | wc -l) = 2 ]"
done
begin to1 front send 10.255.1.4 7001 1000
begin to2 front send 10.255.2.2 7001 1000
begin denied1 front send 10.255.1.4 7002 500
begin denied2 front send 10.255.2.2 7002 500
begin stranger other2 send 10.255.2.2 7001 500
back_again() { [ "$(grep -c '"cfnetworking.vxlan-policy-agent.started"' "$T/agent.log")" -ge "$1" ] && [ "$(grep -c '"cfnetworking.vxlan-policy-agent.started"' "$T/2/agent.log")" -ge "$1" ]; }
starts=$(logged started)
for i in 1 2 3 4; do
    if [ $((i % 2)) = 1 ]; then
        agent_down; second_down TERM
    else
        kill -KILL "$agent_pid"; wait "$agent_pid" 2>/dev/null; second_down KILL
    fi
    # What changes while they are down is enforced when they are back, around the traffic.
    policies_are "d$i" "$(policy $front 0001 $back 0002 udp 7001 7001)" "$(policy $other 0003 $back 0002 tcp $((8079 + i)) $((8079 + i)))"
    agent_up
    second_up
    wait_for 20 back_again $((starts + i))
    all_enforced
done
for f in to1 to2 denied1 denied2 stranger; do finish $f; done
for f in in_back1 in_back2 no_back1 no_back2; do finish $f; done
check "four restarts, two of them kills: traffic went on all the while" test "$(sent to1)" -gt 300 -a "$(sent stranger)" -gt 100
same "no datagram of an allowed flow was lost on the cell" "$(sent to1)" "$(sent in_back1)"
same "nor between cells; none of another app slipped through" "$(sent to2)" "$(sent in_back2)"
same "none to another port" "0 0" "$(sent no_back1) $(sent no_back2)"

agent_down
same "the agents end well" 0 "$status"
second_down TERM
same "the sanitizers are silent" "" "$(grep -hE 'runtime error|Sanitizer' "$T/agent.err" "$T/2/agent.err")"
done_testing
