# Egress rules that overlap, more than a packet should walk along: what passes, what is
# logged, what a rule more costs, in the kernel and with real packets.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before
ip route add default via 10.99.0.1

# seen CHAIN PATTERN: packets that a rule has seen.
seen() { iptables -v -S "$1" | grep -E -- "$2" | sed -n 's/.* -c \([0-9]*\) [0-9]*.*/\1/p' | head -n 1; }
rules() { iptables -S | grep -c '^-A'; }
longest() { iptables -S | awk '/^-A (asg|netout)/ { n[$2]++ } END { for (c in n) if (n[c] > most) most = n[c]; print most }'; }
# for_a JQ-FILTER: a request for container a with these rules.
for_a() { jq -nc --arg ip "$ip" "{container_ip: \$ip, netout_rules: ($1)}"; }

container a
up a '{"Pid":'"$(pid a)"',"Properties":{}}'
ip=$(jq -r .a.ip "$T/store")
for port in 80 81 82 83; do serve outside $port; done
before=$(rules)

# Ports of everywhere, and of hosts; of these every second is logged, but 10.99.0.1:81 is not:
# a rule without log, for more addresses, stands before the one with.
bulk a "$(for_a '[{protocol: 1, ports: [{start: 80}]},
    {protocol: 1, networks: [{start: "10.99.0.0", end: "10.99.0.255"}], ports: [{start: 81}]}]
    + [range(5) as $i | {protocol: 1, ports: [{start: (7000 + 10 * $i)}]}]
    + [range(3000) as $i | {protocol: 1, networks: [{start: "10.\(50 + $i % 40).\($i / 40 | floor).1"}], ports: [{start: (1000 + $i)}], log: ($i % 2 == 0)}]
    + [{protocol: 1, networks: [{start: "10.99.0.1"}], ports: [{start: 81, end: 82}], log: true},
       {protocol: 1, ports: [{start: 81, end: 82}]}]')"
same "rules that overlap are taken" 0 "$status"
match "no chain of them is long" '^1?[0-9]$' "$(longest)"
match "they are about as many as were asked for" '^[34][0-9]{3}$' "$(($(rules) - before))"
match "replies come first" '-m state --state RELATED,ESTABLISHED -j RETURN$' "$(iptables -S netout--a | sed -n 2p)"
check "a port that is open everywhere" reach a 10.99.0.1 80
check "a port that two rules open, the first without log" reach a 10.99.0.1 81
same "is not logged" 0 "$(seen netout--a--log 'conntrack .*LOG')"
check "a port that two rules open, the first with log" reach a 10.99.0.1 82
same "is logged" 1 "$(seen netout--a--log 'conntrack .*LOG')"
refuse "a port that no rule opens" reach a 10.99.0.1 83
count=$(rules)

netout a '{"container_ip":"'"$ip"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":83}]}}'
check "one rule more opens its port" reach a 10.99.0.1 83
netout a '{"container_ip":"'"$ip"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":82}]}}'
check "one before those that are there" reach a 10.99.0.1 82
same "decides that nothing is logged any more" 1 "$(seen netout--a--log 'conntrack .*LOG')"
check "what was open still is" reach a 10.99.0.1 81
same "and as it was" 1 "$(seen netout--a--log 'conntrack .*LOG')"
match "two rules more are a few in the kernel" '^-?[0-9]{1,2}$' "$(($(rules) - count))"
count=$(rules)
netout a '{"container_ip":"'"$ip"'","netout_rule":{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":82}]}}'
same "the same rule again is none" "$count" "$(rules)"

kill_container a
down a
ip route del default
snapshot after
check "nothing is left" diff "$T/before" "$T/after"
done_testing
