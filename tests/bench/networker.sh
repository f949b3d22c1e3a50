# What the networker itself costs: up and down beside the CNI plugins' own time, alone
# and 50 at once, with 0 and 200 containers present; net-in and bulk-net-out with
# 10,000 net-out rules, and what those cost a packet; 100 processes that want a port.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"
RUNS=${RUNS:-40}

# stats NAME: p50 and p99 of the microseconds on standard input, as milliseconds.
stats() {
    sort -n | awk -v name="$1" '{ v[NR] = $1 } END {
        printf "%-46s %8.1f ms p50 %8.1f ms p99   (%d runs)\n", name, v[int((NR + 1) / 2)] / 1000, v[int(NR * 0.99 + 0.99)] / 1000, NR }' |
        tee -a "$T/table"
}

# spent COMMAND…: its wall time in microseconds; a failure is noted.
spent() {
    local from=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1 || echo "$*" >>"$T/failed"
    echo $((${EPOCHREALTIME/./} - from))
}

# plugins COMMAND: bridge with host-local as flannel runs them, nothing of ours.
plugins() {
    CNI_COMMAND=$1 CNI_CONTAINERID=own CNI_NETNS=/proc/$(pid own)/ns/net CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
        /usr/lib/cni/bridge <"$T/bridge.json"
}

request() { echo '{"Pid":'"$(pid "$1")"',"Properties":{"app_id":"app"},"netin":[{"host_port":0,"container_port":8080}],"netout_rules":[{"protocol":1,"networks":[{"start":"10.0.0.0","end":"10.0.0.255"}],"ports":[{"start":80}]}]}'; }

alone() { # alone LABEL
    local i
    for i in $(seq "$RUNS"); do
        spent plugins ADD >>"$T/p.add"
        spent plugins DEL >>"$T/p.del"
        spent up one "$(request own)" >>"$T/up"
        spent down one >>"$T/down"
    done
    for i in $(seq "$RUNS"); do "$BENCH/tables" raw nat filter; done | stats "each table changed once, $1"
    stats "plugins alone, ADD, $1" <"$T/p.add"
    stats "plugins alone, DEL, $1" <"$T/p.del"
    stats "up, $1" <"$T/up"
    stats "down, $1" <"$T/down"
    rm "$T"/p.add "$T"/p.del "$T"/up "$T"/down
}

# at_once ACTION FROM TO: all of these containers, each in a process of its own.
at_once() {
    local i jobs=''
    for i in $(seq "$2" "$3"); do
        if [ "$1" = up ]; then
            (spent up "m$i" "$(request "m$i")" >"$T/t.m$i") &
        else
            (spent down "m$i" >"$T/t.m$i") &
        fi
        jobs="$jobs $!"
    done
    # shellcheck disable=SC2086 # a list
    wait $jobs
    for i in $(seq "$2" "$3"); do cat "$T/t.m$i"; done
}

# many_rules HANDLE: what bulk-net-out is given for it, 10,000 rules.
many_rules() {
    jq -c --arg handle "$1" '{container_ip: .[$handle].ip, netout_rules: [range(10000) | {protocol: (1 + . % 2),
        networks: [{start: "10.\(20 + (. / 250 | floor)).\(. % 250).0", end: "10.\(20 + (. / 250 | floor)).\(. % 250).\(. % 200 + 5)"}],
        ports: [{start: (1 + . % 1000), end: (2 + . % 1000)}]}]}' "$T/store"
}
# tangled FILE: the same number, but the first 500 are ports of every address: all others
# overlap with each of them, and every tenth is logged.
tangled() {
    jq -c '.netout_rules |= ([range(500) | {protocol: (1 + . % 2), ports: [{start: (20000 + . * 3)}]}]
        + [.[500:] | to_entries[] | .value + {log: (.key % 10 == 0)}])' "$1"
}
big() { "$NETWORKER" --configFile="$T/networker.json" --action bulk-net-out --handle "$1" <"$T/big"; }
a_port() { jq -c ".$1 | {HostIP: \"10.99.0.5\", HostPort: 0, ContainerIP: .ip, ContainerPort: 1}" "$T/store"; }

jq_edit() { jq "$1" "$T/networker.json" >"$T/n.json" && mv "$T/n.json" "$T/networker.json"; }

: >"$T/failed"
cell_up 10.255.0.0/22
sed -i 's/^FLANNEL_SUBNET=.*/FLANNEL_SUBNET=10.255.0.1\/22/' "$T/subnet.env"
jq_edit '.total_ports = 1000'
container own
up own "$(request own)"
cp "$T/flannel/own" "$T/bridge.json"
down own
alone "0 containers present"
for i in $(seq 20); do
    up own "$(request own)"
    many_rules own >"$T/disjoint"
    tangled "$T/disjoint" >"$T/big"
    spent big own
    down own
done | stats "bulk-net-out of 10,000, overlapping, 1 present"
for i in $(seq 20); do
    up own "$(request own)"
    many_rules own >"$T/big"
    spent big own
    [ "$i" = 20 ] || down own
done | stats "bulk-net-out of 10,000 rules, 1 present"
port=$(a_port own)
for i in $(seq 20); do spent netin own "$port"; done | stats "net-in, 10,000 rules, 1 container present"
down own
for i in $(seq 250); do container "m$i"; done
at_once up 1 50 | stats "up, 50 at once, 0 containers present"
at_once down 1 50 | stats "down, 50 at once, 50 containers present"
for i in $(seq 200); do up "m$i" "$(request "m$i")"; done
alone "200 containers present"
at_once up 201 250 | stats "up, 50 at once, 200 containers present"
at_once down 201 250 | stats "down, 50 at once, 250 containers present"

many_rules m1 >"$T/big"
for i in $(seq 1 20); do spent big "m$i"; down "m$i"; up "m$i" "$(request "m$i")"; done | stats "bulk-net-out of 10,000 rules, 250 present"
for i in $(seq 21 70); do (spent big "m$i" >"$T/t.m$i"; ) & jobs="${jobs-} $!"; done
# shellcheck disable=SC2086 # a list
wait $jobs
for i in $(seq 21 70); do cat "$T/t.m$i"; done | stats "bulk-net-out of 10,000 rules, 50 at once"
port=$(a_port m21)
for i in $(seq 20); do spent netin m21 "$port"; done | stats "net-in, 10,000 rules, 250 containers present"

# What 10,000 rules cost a packet: small ones from three containers to the outside, one
# with the rule that lets them out, one with 10,000 others too, one with 10,000 that
# overlap. One way only: a flow that is never answered is never established, so every
# packet is decided on anew. In turns, and the best of the rounds, so that a busy moment
# hits none alone.
out='{"protocol":2,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":7001}]}'
let_out() { # let_out CONTAINER: the rules of standard input and that one
    down "$1"
    up "$1" "$(request "$1")"
    jq -c --arg ip "$(jq -r ".$1.ip" "$T/store")" --argjson out "$out" '.container_ip = $ip | .netout_rules += [$out]' >"$T/big"
    spent big "$1" >/dev/null
}
many_rules m1 >"$T/disjoint"
tangled "$T/disjoint" >"$T/tangled"
echo '{"netout_rules":[]}' | let_out m21
let_out m22 <"$T/disjoint"
let_out m23 <"$T/tangled"
in_ns outside "$BENCH/udp-load" sink 7001 &
wait_for 10 in_ns outside sh -c '[ "$(ss -Hlun | wc -l)" = 1 ]'
arrived() { in_ns outside nstat -asz 2>/dev/null | awk '/^UdpInDatagrams|^UdpRcvbufErrors/ {n += $2} END {print n}'; }
egress() { # egress CONTAINER: packets that arrive in a second of sending
    local before
    before=$(arrived)
    in_ns "$1" "$BENCH/udp-load" rate 10.99.0.1 7001 1 >/dev/null
    echo $(($(arrived) - before))
}
for i in 1 2 3 4; do
    for c in m21 m22 m23; do egress $c >>"$T/rate.$c"; done
done
best() { sort -n "$T/rate.$1" | tail -n 1; }
one=$(best m21) many=$(best m22) overlapping=$(best m23)
awk -v one="$one" -v many="$many" -v overlapping="$overlapping" 'BEGIN {
    printf "%-46s %8d /s\n", "egress packets, one rule", one
    printf "%-46s %8d /s, share %.2f\n", "egress packets, 10,000 rules", many, many / one
    printf "%-46s %8d /s, share %.2f\n", "egress packets, 10,000, overlapping", overlapping, overlapping / one }' | tee -a "$T/table"
[ "$one" -gt 0 ] && [ "$many" -gt 0 ] && [ "$overlapping" -gt 0 ] || echo "no packet got out" >>"$T/failed"
"$BENCH/ports" "$T/bench-ports.json" 100 2>>"$T/failed" | stats "a host port, 100 processes at once"
echo "rules in filter: $(iptables -S | grep -c '^-A')" | tee -a "$T/table"
echo "failed calls: $(wc -l <"$T/failed")" | tee -a "$T/table"
[ -z "${RESULTS-}" ] || jq -Rn '[inputs]' <"$T/table" >"$RESULTS/networker.json"
[ ! -s "$T/failed" ]
