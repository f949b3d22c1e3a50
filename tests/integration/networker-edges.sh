# What the networker says, and leaves alone, when what it is given is wrong.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before

# says WHAT PATTERN ARG…: run with these arguments; it must fail, say so, print nothing.
says() {
    local what=$1 pattern=$2
    shift 2
    "$NETWORKER" "$@" </dev/null >"$T/out" 2>"$T/err"
    same "$what: status, bytes on standard output" "1 0" "$? $(stat -c %s "$T/out")"
    match "$what: the words" "$pattern" "$(tail -n 1 "$T/err")"
}

# with JQ-FILTER: a changed configuration file, its name on standard output.
with() { jq "$1" "$T/networker.json" >"$T/changed.json" && echo "$T/changed.json"; }

# --- command line -------------------------------------------------------------------
direct="^cfnetworking: this is a plugin for Garden-runC.  Don't run it directly.$"
says "no arguments" "$direct"
says "-h" "$direct" -h
says "--help" "$direct" --help
says "no configFile" "^cfnetworking: parse args: missing required flag 'configFile'$" --action up --handle x
says "no handle" "^cfnetworking: parse args: missing required flag 'handle'$" --configFile="$T/networker.json" --action up
says "no action" "^cfnetworking: parse args: missing required flag 'action'$" --configFile="$T/networker.json" --handle x
says "an unknown flag" '^cfnetworking: parse args: flag provided but not defined: -colour$' --colour blue
says "a flag without its value" '^cfnetworking: parse args: flag needs an argument: -action$' --action
says "a word too many" '^cfnetworking: parse args: unexpected extra args: \[more\]$' --configFile "$T/networker.json" --action up --handle x more
says "an unknown action" '^cfnetworking: unrecognized action: dance$' --configFile "$T/networker.json" --action dance --handle x
says "a handle that leaves its folder" "^cfnetworking: invalid handle '../x'$" --configFile "$T/networker.json" --action up --handle ../x
says "no such config file" '^cfnetworking: parse args: file does not exist: stat /nowhere: no such file or directory$' --configFile=/nowhere --action up --handle x
says "a switch that is neither on nor off" '^cfnetworking: parse args: invalid boolean value "maybe" for -version: parse error$' --version=maybe
says "a switch that is off" "missing required flag 'configFile'\$" -version=0
for form in "-configFile $T/networker.json" "--configFile $T/networker.json" "-configFile=$T/networker.json" "--configFile=$T/networker.json"; do
    # shellcheck disable=SC2086 # words
    check "flags may be written: ${form//$T\//}" "$NETWORKER" $form -action=down -handle=flags
done
check "--version prints a line" sh -c "'$NETWORKER' --version | grep -q '^garden-external-networker '"
check "--check-config accepts a good file" "$NETWORKER" --configFile "$T/networker.json" --check-config

# --- configuration --------------------------------------------------------------------
for key in cni_plugin_dir cni_config_dir bind_mount_dir state_file start_port total_ports iptables_lock_file; do
    says "config without $key" "missing required config '$key'\$" --configFile "$(with "del(.$key)")" --action down --handle x
done
says "the configured prefix" '^my-prefix: unrecognized action: x$' --configFile "$(with '.log_prefix = "my-prefix"')" --action x --handle x
says "a config that is no JSON" 'parse args: .*changed.json' --configFile "$(echo '{' >"$T/changed.json"; echo "$T/changed.json")" --action down --handle x
says "a value of the wrong type" 'invalid config: start_port: must be an integer$' --configFile "$(with '.start_port = "61000"')" --action down --handle x
says "a range that ends behind the last port" 'invalid config: total_ports: the range would end at port 70000$' --configFile "$(with '.total_ports = 9001')" --action down --handle x
says "an overlay that is no network" 'invalid config: overlay_network: ' --configFile "$(with '.overlay_network = "10.255.0.0/99"')" --action down --handle x
says "a service without a port" "invalid config: host_tcp_services: '10.0.0.1' is no ADDRESS:PORT" --configFile "$(with '.host_tcp_services = ["10.0.0.1"]')" --action down --handle x
says "a folder without CNI configuration" 'load cni config: .*: no CNI configuration in it$' --configFile "$(mkdir -p "$T/empty"; with ".cni_config_dir = \"$T/empty\"")" --action down --handle x

# --- standard input -----------------------------------------------------------------
# wrong WHAT ACTION JSON PATTERN
wrong() {
    run_networker "$T/networker.json" "$2" edge "$3"
    same "$1: status, bytes on standard output" "1 0" "$status $(stat -c %s "$T/out")"
    match "$1: the words" "$4" "$(tail -n 1 "$T/err")"
}
wrong "up with nothing" up '' 'standard input: line .*near end of file$'
for handle in '-x' '$(id)' 'a b' $'a\nb' '*' '%2e'; do
    run_networker "$T/networker.json" up "$handle" '{"Pid":1}'
    match "up with a handle that CNI plugins would not take: '$handle'" "invalid handle '" "$(cat "$T/err")"
    run_networker "$T/networker.json" down "$handle" null
    same "and down of it succeeds" "0" "$status"
done
wrong "up with a list" up '[]' 'must be a JSON object$'
wrong "up with half a document" up '{"Pid":1' 'standard input: line'
wrong "up with a wrong Pid" up '{"Pid":"x"}' "'Pid' must be a process id\$"
wrong "up with wrong Properties" up '{"Pid":1,"Properties":[]}' "'Properties' must be an object\$"
wrong "up with a wrong port" up '{"Pid":1,"netin":[{"host_port":70000}]}' "netin\[0\]: 'host_port' must be a port, 0 to 65535\$"
for item in 5 '"x"' '[1]'; do
    wrong "up with a port forward that is none: $item" up '{"Pid":1,"netin":[{},'"$item"']}' "netin\[1\]: must be an object\$"
done
wrong "a rule with a wrong log" up '{"Pid":1,"netout_rules":[{"log":"yes"}]}' "netout_rules\[0\]: 'log' must be true or false\$"
wrong "a rule with wrong icmps, whatever its protocol" net-out '{"container_ip":"10.255.7.9","netout_rule":{"protocol":1,"icmps":5}}' "netout_rule: 'icmps' must be an object\$"
wrong "a rule with a wrong address" up '{"Pid":1,"netout_rules":[{},{"networks":[{"start":"10.0.0.300"}]}]}' "netout_rules\[1\]: networks\[0\]: 'start' is no address: '10.0.0.300'\$"
wrong "a rule that ends before it starts" net-out '{"container_ip":"10.255.7.9","netout_rule":{"networks":[{"start":"10.0.0.2","end":"10.0.0.1"}]}}' "netout_rule: networks\[0\]: ends before it starts\$"
wrong "a rule with a wrong port" net-out '{"container_ip":"10.255.7.9","netout_rule":{"protocol":1,"ports":[{"start":90,"end":80}]}}' "netout_rule: ports\[0\]: ends before it starts\$"
wrong "a rule with a wrong protocol" bulk-net-out '{"container_ip":"10.255.7.9","netout_rules":[{"protocol":4}]}' "netout_rules\[0\]: 'protocol' must be an integer from 0 to 3\$"
wrong "net-out without an address" net-out '{"netout_rule":{}}' "'container_ip' must be an IPv4 address\$"
wrong "net-out before up" net-out '{"container_ip":"10.255.7.9","netout_rule":{}}' 'container is not up'
wrong "net-in before up" net-in '{"HostIP":"10.99.0.5","ContainerIP":"10.255.7.9"}' 'container is not up'
wrong "net-in with a wrong address" net-in '{"HostIP":"x","ContainerIP":"10.255.7.9"}' "'HostIP': "
snapshot after
check "none of them left a trace" diff "$T/before" "$T/after"

# --- ports ------------------------------------------------------------------------------
container p
few=$(with '.total_ports = 3')
cp "$few" "$T/few.json"
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0},{"host_port":0},{"host_port":0},{"host_port":0}]}' "$T/few.json"
same "more ports than there are: up fails" 1 "$status"
match "and says so" 'cfnetworking: allocating port: acquire port: port pool exhausted$' "$(tail -n 1 "$T/err")"
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0},{"host_port":0}]}' "$T/few.json"
same "two are to be had" '[{"HostPort":61000,"ContainerPort":61000},{"HostPort":61001,"ContainerPort":61001}]' "$(answer '.properties."garden.network.mapped-ports"')"
down p
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}' "$T/few.json"
same "a port that was never used comes before those freed" 61002 "$(jq '.acquired_ports.p[0]' "$T/state.json")"
down p
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}' "$T/few.json"
same "then the one freed longest ago" 61000 "$(jq '.acquired_ports.p[0]' "$T/state.json")"
down p
container other
up other '{"Pid":'"$(pid other)"',"netin":[{"host_port":61001,"container_port":8080}]}' "$T/few.json"
same "a port of the pool that is asked for by number is given" '[{"HostPort":61001,"ContainerPort":8080}]' "$(answer '.properties."garden.network.mapped-ports"')"
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0},{"host_port":0}]}' "$T/few.json"
same "and nobody else is given it" '0 [61000,61002]' "$status $(jq -c '.acquired_ports.p | sort' "$T/state.json")"
down p
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":61001}]}' "$T/few.json"
match "nor may ask for it" '^1 cfnetworking: allocating port: host port 61001 is container other.s$' "$status $(tail -n 1 "$T/err")"
down other
kill_container other
same "all are given back" '{"acquired_ports":{}}' "$(jq -c . "$T/state.json")"
for torn in '{"acquired_ports":{"a":[61' '[]' '{"acquired_ports":{"a":"61000"}}' '{"acquired_ports":{"a":[99999]}}' 'garbage'; do
    echo "$torn" >"$T/state.json"
    up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
    match "state file '$torn': told by name" "state file $T/state.json is damaged" "$(tail -n 1 "$T/err")"
    same "state file '$torn': left as it is" "1 $torn" "$status $(cat "$T/state.json")"
done
rm -f "$T/state.json"
down p
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
same "without a state file the pool starts afresh" 0 "$status"
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
same "up again for the same handle starts it afresh" "0 1" "$status $(jq '.acquired_ports.p | length' "$T/state.json")"
echo '{"p":' >"$T/store"
down p
same "down works past a damaged store" 0 "$status"
same "and leaves that file as it is" '{"p":' "$(cat "$T/store")"
up p '{"Pid":'"$(pid p)"'}'
match "up does not: it tells its name" "store add: container store $T/store is damaged" "$(tail -n 1 "$T/err")"
echo '{}' >"$T/store"
echo '{"acquired_ports":{}}' >"$T/state.json"

sysctl -qw net.ipv4.ip_local_port_range='32768 61100'
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
match "ports that outgoing connections may have too are warned of" '"message":"cfnetworking.garden-external-networker.port-range-overlaps-ephemeral-ports"' "$(cat "$T/err")"
sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
up p '{"Pid":'"$(pid p)"',"netin":[{"host_port":0}]}'
same "and others are not" 0 "$(grep -c ephemeral "$T/err")"
down p

# --- locks ------------------------------------------------------------------------------
exec 9>"$T/iptables.lock"
flock 9
mkdir "$T/hasty.d"
jq '.lock_timeout_seconds = 1' "$T/cni.d/30-net.conf" >"$T/hasty.d/30-net.conf"
up p '{"Pid":'"$(pid p)"'}' "$(with ".lock_timeout_seconds = 1 | .cni_config_dir = \"$T/hasty.d\"")"
same "a table lock that is held for long fails up" 1 "$status"
match "and is named" "$T/iptables.lock" "$(cat "$T/err")"
exec 9>&-
down p
snapshot after
check "and nothing is left of it after down" diff "$T/before" "$T/after"

# --- handles that are alike --------------------------------------------------------------
container executor-healthcheck-1
container executor-healthcheck-2
for i in 1 2; do
    up "executor-healthcheck-$i" '{"Pid":'"$(pid "executor-healthcheck-$i")"',"netin":[{"host_port":0}],"netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.'$i'"}],"ports":[{"start":80,"end":80}]}]}'
    same "container $i of two alike handles comes up" 0 "$status"
done
serve outside 80
check "the first has its rules" reach executor-healthcheck-1 10.99.0.1 80
refuse "the second has not the first's" reach executor-healthcheck-2 10.99.0.1 80
netout executor-healthcheck-2 '{"container_ip":"'"$(jq -r '."executor-healthcheck-2".ip' "$T/store")"'","netout_rule":{"networks":[{"start":"10.99.0.1"}]}}'
check "rules added later reach the right one" reach executor-healthcheck-2 10.99.0.1 80
down executor-healthcheck-1
check "and stay when the first goes" reach executor-healthcheck-2 10.99.0.1 80
down executor-healthcheck-2
snapshot after
check "nothing is left of either" diff "$T/before" "$T/after"

# --- the cell's own addresses, deny_networks ------------------------------------------------
with '.host_tcp_services = ["10.99.0.5:7777"] | .host_udp_services = ["10.99.0.5:7778"]
    | .deny_networks = {always: ["10.99.0.1/32"], staging: ["10.99.0.2/32"]}' >/dev/null
cp "$T/changed.json" "$T/services.json"
socat TCP-LISTEN:7777,reuseaddr,fork SYSTEM:'echo hello' &
socat TCP-LISTEN:7779,reuseaddr,fork SYSTEM:'echo hello' &
wait_for 10 sh -c 'ss -ltn | grep -q :7777 && ss -ltn | grep -q :7779'
up p '{"Pid":'"$(pid p)"',"Properties":{"container_workload":"app"},"netout_rules":[{}],"netin":[{"host_port":0,"container_port":8080}]}' "$T/services.json"
same "up with services and denied networks" 0 "$status"
port=$(jq '.acquired_ports.p[0]' "$T/state.json")
talk() { in_ns p sh -c "socat -T 3 - TCP:$1,connect-timeout=3 </dev/null | grep -q hello"; }
check "a host service is reached" talk 10.99.0.5:7777
refuse "another port of the cell is not" talk 10.99.0.5:7779
refuse "a denied network is not, whatever the rules say" reach p 10.99.0.1 80
netout p '{"container_ip":"'"$(jq -r .p.ip "$T/store")"'","netout_rule":{"networks":[{"start":"10.99.0.1"}]}}'
refuse "nor by a rule that comes later" reach p 10.99.0.1 80
serve p 8080
check "but who asks from there is answered: the router may be there" in_ns outside curl -sfm 5 -o /dev/null "http://10.99.0.5:$port/"
match "what is denied to staging is not denied to apps" ^0$ "$(iptables -S netout--p | grep -c 10.99.0.2)"
match "link-local name servers are let through" '-d 169.254.0.2/32 -p udp -m udp --dport 53 -j ACCEPT' "$(iptables -S input--p)"
down p

# --- rules handed on ---------------------------------------------------------------------
mkdir -p "$T/hand.d"
jq -n '{name: "hand", cniVersion: "0.4.0", plugins: [{type: "teller", say: "one"}, {type: "teller", say: "two", capabilities: {portMappings: true}}]}' >"$T/hand.d/10-hand.conflist"
cat >"$T/plugins/teller" <<SH
#!/bin/sh
cat >"$T/told.\$CNI_COMMAND.tmp"
say=\$(jq -r .say "$T/told.\$CNI_COMMAND.tmp")
mv "$T/told.\$CNI_COMMAND.tmp" "$T/told.\$CNI_COMMAND.\$say"
env | grep ^CNI_ | sort >"$T/env.\$CNI_COMMAND.\$say"
echo "\$CNI_COMMAND \$say" >>"$T/order"
[ "\$CNI_COMMAND" = DEL ] || echo '{"cniVersion":"0.4.0","interfaces":[{"name":"eth0"}],"ips":[{"version":"4","address":"10.255.7.77/24","interface":0}],"dns":{"nameservers":["1.2.3.4"]}}'
SH
chmod +x "$T/plugins/teller"
jq "del(.overlay_network) | .cni_config_dir = \"$T/hand.d\"" "$T/networker.json" >"$T/hand.json"
iptables-save >"$T/tables"
up p '{"Pid":'"$(pid p)"',"Properties":{"app_id":"x"},"netout_rules":[{"protocol":1}],"netin":[{"host_port":0,"container_port":8080}]}' "$T/hand.json"
same "without an overlay network up touches no table" "$(grep -v '^[#:]' "$T/tables")" "$(iptables-save | grep -v '^[#:]')"
port=$(jq '.acquired_ports.p[0]' "$T/state.json")
same "the rules go to the plugin as Garden wrote them" '{"netOutRules":[{"protocol":1}],"portMappings":[{"container_port":8080,"host_port":'"$port"'}]}' "$(jq -Sc .runtimeConfig "$T/told.ADD.one")"
same "with the metadata" '{"app_id":"x"}' "$(jq -c .metadata "$T/told.ADD.one")"
same "and the list's name and version" 'hand 0.4.0' "$(jq -r '.name + " " + .cniVersion' "$T/told.ADD.one")"
same "a plugin with capabilities gets those, in the convention's form" '{"portMappings":[{"containerPort":8080,"hostPort":'"$port"',"protocol":"tcp"}]}' "$(jq -Sc .runtimeConfig "$T/told.ADD.two")"
same "the second gets the first's result" 10.255.7.77/24 "$(jq -r '.prevResult.ips[0].address' "$T/told.ADD.two")"
same "the environment is CNI's" "CNI_ARGS= CNI_COMMAND=ADD CNI_CONTAINERID=p CNI_IFNAME=eth0 CNI_NETNS=$T/netns/p CNI_PATH=$(jq -r .cni_plugin_dir "$T/hand.json")" "$(paste -sd' ' "$T/env.ADD.one")"
same "name servers are the result's" '["1.2.3.4"]' "$(answer -c .dns_servers)"
down p "$T/hand.json"
same "DEL goes backwards" "ADD one,ADD two,DEL two,DEL one" "$(paste -sd, "$T/order")"
same "with the result of the ADD" 10.255.7.77/24 "$(jq -r '.prevResult.ips[0].address' "$T/told.DEL.one")"
same "without metadata" null "$(jq -c .metadata "$T/told.DEL.one")"

# --- plugins that misbehave -----------------------------------------------------------------
plugin() { printf '#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] && exit 0\n%s\n' "$2" >"$T/plugins/$1"; chmod +x "$T/plugins/$1"; }
plugin sleepy 'sleep 1000'
plugin crashing 'kill -SEGV $$'
plugin garbling 'echo "hello, world"'
plugin flooding 'head -c 10000000 /dev/zero | tr "\0" x'
plugin silent 'exit 3'
plugin talking 'echo "out of cheese" >&2; exit 3'
plugin nothing 'exit 0'
plugin shouting 'printf "out of\ncheese\007 \303\244"; exit 3'
plugin verbose 'printf %s "{\"code\":100,\"msg\":\"one line\\nanother\"}"; exit 1'
for case in 'sleepy:did not end in time' 'crashing:exit status 139' 'garbling:its result: line 1' \
    'flooding:wrote more than' 'silent:exit status 3 without a word' 'talking:out of cheese \(exit status 3\)' \
    'shouting:out of cheese\? \?\? \(exit status 3\)$' 'verbose:one line another$' \
    'nothing:no ip allocated' 'missing:failed to find plugin "missing" in path'; do
    jq -n --arg t "${case%%:*}" '{name: "bad", type: $t}' >"$T/broken.d/40-bad.conf"
    mkdir -p "$T/one.d"
    cp "$T/broken.d/40-bad.conf" "$T/one.d/"
    up p '{"Pid":'"$(pid p)"'}' "$(with ".cni_config_dir = \"$T/one.d\" | .cni_timeout_seconds = 1")"
    same "a plugin that is ${case%%:*}: up fails" "1 0" "$status $(stat -c %s "$T/out")"
    match "a plugin that is ${case%%:*}: the words" "cfnetworking: cni up failed: .*${case#*:}" "$(tail -n 1 "$T/err")"
done

# --- one that waits for its plugins, and another ---------------------------------------------
jq -n '{name: "bad", type: "sleepy"}' >"$T/one.d/40-bad.conf"
with ".cni_config_dir = \"$T/one.d\" | .cni_timeout_seconds = 600" >/dev/null
cp "$T/changed.json" "$T/sleepy.json"
container q
(up q '{"Pid":'"$(pid q)"'}' "$T/sleepy.json") &
slow=$!
wait_for 20 pgrep -f "$T/plugins/sleepy"
up p '{"Pid":'"$(pid p)"'}'
same "a container comes up while another waits for its plugins" 0 "$status"
check "and has not waited for it" kill -0 "$slow"
# shellcheck disable=SC2046 # a list
kill -9 $(pgrep -f "$T/plugins/sleepy") $(pgrep -x -f "sleep 1000")
wait "$slow"
kill_container q
down q
down p

# --- and on DEL ---------------------------------------------------------------------------
rm -f "$T"/one.d/*
jq -n --slurpfile net "$T/cni.d/30-net.conf" '{name: "net", cniVersion: "0.4.0", plugins: [($net[0] | del(.name, .cniVersion)), {type: "moody"}]}' >"$T/one.d/40-moody.conflist"
with ".cni_config_dir = \"$T/one.d\" | .cni_timeout_seconds = 1" >/dev/null
cp "$T/changed.json" "$T/moody.json"
moody() { printf '#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] && exec jq .prevResult\n%s\n' "$1" >"$T/plugins/moody"; chmod +x "$T/plugins/moody"; }
for case in 'sleep 1000@did not end in time' 'kill -SEGV $$@exit status 139' 'head -c 10000000 /dev/zero | tr "\0" x@wrote more than' \
    'echo "{\"code\":7,\"msg\":\"cannot let go\"}"; exit 1@cannot let go'; do
    moody "${case%@*}"
    up p '{"Pid":'"$(pid p)"'}' "$T/moody.json"
    down p "$T/moody.json"
    same "DEL: ${case%@*}: down fails" "1 0" "$status $(stat -c %s "$T/out")"
    match "DEL: ${case%@*}: the words" "cfnetworking: cni down: .*plugin type=\"moody\" failed \(delete\): .*${case#*@}" "$(tail -n 1 "$T/err")"
    refuse "DEL: ${case%@*}: the other plugins were run all the same" in_ns p ip link show eth0
    moody 'echo "what a result that nobody asked for"'
    down p "$T/moody.json"
    same "DEL: ${case%@*}: down again, and all is well" "0 " "$status $(cat "$T/err")"
done
kill_container p
down p
snapshot after
check "nothing is left at the end" diff "$T/before" "$T/after"
done_testing
