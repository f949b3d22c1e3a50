# How fast a container may open connections (outbound_connections), and what is logged:
# the networker with real packets. The kernel's log is not this namespace's to read, so
# what a LOG rule has seen is read off its counter.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before
anywhere='"netout_rules":[{"protocol":0,"networks":[{"start":"10.99.0.0","end":"10.99.0.255"}]}]'

# with JQ-FILTER: $T/changed.json, the configuration changed.
with() { jq "$1" "$T/networker.json" >"$T/changed.json"; }
# seen CHAIN PATTERN: packets that a rule has seen.
seen() { iptables -v -S "$1" | grep -E -- "$2" | sed -n 's/.* -c \([0-9]*\) [0-9]*.*/\1/p' | head -n 1; }
# connections WHERE ADDRESS PORT [SECONDS]: how many of twenty at once come about. (The kernel
# tells only the first few of a refusal: the others would try again.)
connections() {
    local jobs='' i
    rm -f "$T"/made.*
    for i in $(seq 20); do
        (in_ns "$1" socat -u /dev/null "TCP:$2:$3,connect-timeout=${4-0.7}" 2>/dev/null && touch "$T/made.$i") &
        jobs="$jobs $!"
    done
    # shellcheck disable=SC2086 # a list
    wait $jobs
    find "$T" -maxdepth 1 -name 'made.*' | wc -l
}
# come_up HANDLE: with the changed configuration; $ip.
come_up() {
    container "$1"
    up "$1" '{"Pid":'"$(pid "$1")"',"Properties":{"container_workload":"app"},'"$anywhere"'}' "$T/changed.json"
    same "$2" 0 "$status"
    ip=$(jq -r ".\"$1\".ip" "$T/store")
}

serve outside 80
serve outside 81
ip route add default via 10.99.0.1

# --- a limit -------------------------------------------------------------------------
# One a second and three at once: a test that is slow by a second sees one more.
with '.outbound_connections = {limit: true, burst: 3, rate_per_sec: 1, logging: false, dry_run: false}'
come_up a "a container with limited connections comes up"
match "the rule is the reference's" "^-A netout--a -s $ip/32 ! -d 10.255.0.0/16 -p tcp -m conntrack --ctstate NEW -m hashlimit --hashlimit-above 1/sec --hashlimit-burst 3 --hashlimit-mode dstip,dstport --hashlimit-name a --hashlimit-htable-expire 3000 -j REJECT" "$(iptables -S netout--a)"
match "of twenty connections at once few come about" '^([3-9]|1[0-9])$' "$(connections a 10.99.0.1 80)"
check "to another port they come about still" reach a 10.99.0.1 81
check "after a while they come about again" wait_for 5 reach a 10.99.0.1 80
come_up b "another container"
check "has a count of its own" reach b 10.99.0.1 80
netout a '{"container_ip":"'"$(jq -r .a.ip "$T/store")"'","netout_rule":{"protocol":1,"networks":[{"start":"10.98.0.1"}],"ports":[{"start":80}]}}'
same "a rule that comes later stands behind the limit" "hashlimit 10.98.0.1-10.98.0.1" \
    "$(iptables -S netout--a | grep -oE 'hashlimit |10.98.0.1-10.98.0.1' | paste -sd' ' | tr -s ' ')"
jq -nc --arg ip "$(jq -r .a.ip "$T/store")" '{container_ip: $ip, netout_rules: [range(100) | {protocol: 1, networks: [{start: "10.97.0.\(.)"}], ports: [{start: (1 + .)}]}]}' >"$T/hundred"
bulk a "$(cat "$T/hundred")"
match "and so do hundreds" 'hashlimit' "$(iptables -S netout--a | sed -n 2p)"
match "of twenty connections at once few come about, again" '^1?[0-9]$' "$(connections a 10.99.0.1 80)"
down a
refuse "with the container the count goes" test -e /proc/net/ipt_hashlimit/a
check "but not the other's" test -e /proc/net/ipt_hashlimit/b
kill_container a
down b
kill_container b

# --- with a log --------------------------------------------------------------------------
with '.outbound_connections = {limit: true, burst: 3, rate_per_sec: 1, logging: true}'
come_up c "with a log"
match "what is too fast goes to a chain of its own" '-m hashlimit .* -j netout--c--rl-log$' "$(iptables -S netout--c)"
same "which logs and refuses" "-A netout--c--rl-log -s $ip/32 -m limit --limit 1/sec --limit-burst 1 -j LOG --log-prefix \"DENY_ORL_c \",-A netout--c--rl-log -s $ip/32 -j REJECT --reject-with icmp-port-unreachable" \
    "$(iptables -S netout--c--rl-log | grep ^-A | paste -sd,)"
match "few connections come about" '^([3-9]|1[0-9])$' "$(connections c 10.99.0.1 80)"
match "the others are logged, within bounds" '^[1-9]$' "$(seen netout--c--rl-log LOG)"
down c
kill_container c

# --- a dry run -----------------------------------------------------------------------------
with '.outbound_connections = {limit: true, burst: 3, rate_per_sec: 1, dry_run: true}'
come_up d "a dry run"
same "in a dry run all connections come about" 20 "$(connections d 10.99.0.1 80 30)"
match "and what would have been refused is logged" '^[1-9]$' "$(seen netout--d--rl-log LOG)"
same "and only logged" 1 "$(iptables -S netout--d--rl-log | grep -c ^-A)"
down d
kill_container d

# --- what is logged of egress rules -----------------------------------------------------------
with '.iptables_asg_logging = true | .iptables_denied_logs_per_sec = 2 | .iptables_accepted_udp_logs_per_sec = 7 | .deny_networks = {running: ["10.98.0.0/24"]}'
long=executor-healthcheck-5e1f9a40
come_up "$long" "with logging of all egress"
match "what rules accept is logged" "-g netout--executor-health--log" "$(iptables -S netout--executor-healthcheck)"
same "as the reference does it" '! -p udp -m conntrack --ctstate INVALID,NEW,UNTRACKED -j LOG --log-prefix "OK_executor-healthcheck-5e1f "/-p udp -m limit --limit 7/sec --limit-burst 7 -j LOG --log-prefix "OK_executor-healthcheck-5e1f "/-j RETURN' \
    "$(iptables -S netout--executor-health--log | sed -n 's/^-A netout--executor-health--log //p' | paste -sd/)"
match "what none accepts too, before it is refused" "-A netout--executor-healthcheck -s $ip/32 ! -d 10.255.0.0/16 -m limit --limit 2/sec --limit-burst 2 -j LOG --log-prefix \"DENY_executor-healthcheck-5e \"" "$(iptables -S)"
check "an accepted connection" reach "$long" 10.99.0.1 80
same "is logged once" 1 "$(seen netout--executor-health--log 'p udp .*LOG|udp -m conntrack')"
refuse "a denied network" reach "$long" 10.98.0.1 80
same "is logged" 1 "$(seen netout--executor-healthcheck '-d 10.98.0.0/24 .*LOG')"
refuse "what no rule speaks of" reach "$long" 203.0.113.1 80
same "is logged" 1 "$(seen netout--executor-healthcheck '! -d 10.255.0.0/16 .*LOG')"
down "$long"
kill_container "$long"

# --- only where a rule asks for it -------------------------------------------------------------
with '.'
container e
up e '{"Pid":'"$(pid e)"',"netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}],"log":true},
    {"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":81}]}]}'
check "a rule with log" reach e 10.99.0.1 80
check "a rule without" reach e 10.99.0.1 81
same "only the first is logged" 1 "$(seen netout--e--log 'conntrack .*LOG')"
down e
kill_container e

for bad in '[]:must be an object' '{limit: 1}:.limit. must be true or false' '{burst: 0}:.burst. must be an integer from 1 to 1000000' '{rate_per_sec: "x"}:.rate_per_sec. must be'; do
    with ".outbound_connections = ${bad%:*}"
    down x "$T/changed.json"
    match "outbound_connections that make no sense: ${bad%:*}" "invalid config: outbound_connections: ${bad##*:}" "1 $(cat "$T/err")"
done
snapshot after
check "nothing is left" diff "$T/before" "$T/after"
done_testing
