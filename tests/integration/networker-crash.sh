# The networker killed before every system call that changes the world, whatever its
# action; the down that Garden runs afterwards must find and remove all.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"
. "$TOP/tests/lib/crash.sh"

cell_up 10.255.7.0/24
jq '.total_ports = 3' "$T/networker.json" >"$T/few.json" && mv "$T/few.json" "$T/networker.json"
use_up_ports
same "three ports, each used before" '[61000,61001,61002]' "$queue"
deep='{"Pid":0,"Properties":{"policy_group_id":"app"},"netin":[{"host_port":0,"container_port":8080}],
    "netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}]}'
container k
snapshot before
exec 3<"/proc/$(pid k)/ns/net"

traced up "$deep"
ip=$(answer '.properties."garden.network.container-ip"')
same "up comes through when it is not killed" 10.255.7 "${ip%.*}"
netin_json='{"HostIP":"10.99.0.5","HostPort":0,"ContainerIP":"'"$ip"'","ContainerPort":1}'
traced net-in "$netin_json"
many='{"container_ip":"'"$ip"'","netout_rules":'"$(jq -nc '[range(40) | {protocol: 1, networks: [{start: "10.98.\(.).1"}], ports: [{start: (1 + .)}]}]')"'}'
traced bulk-net-out "$many"
traced down null
snapshot after
check "down comes through when it is not killed" diff "$T/before" "$T/after"

each up "$T/trace.up" shot up "$deep"
after_up() { up k "$deep" && shot "$@"; }
each net-in "$T/trace.net-in" after_up net-in "$netin_json"
each bulk-net-out "$T/trace.bulk-net-out" after_up bulk-net-out "$many"
each down "$T/trace.down" after_up down null

# --- a full disk ----------------------------------------------------------------------------
mkdir -p "$T/full"
mount -t tmpfs -o size=64k tmpfs "$T/full"
jq --arg t "$T" '.state_file = $t + "/full/state.json"' "$T/networker.json" >"$T/full.json"
head -c 1000000 /dev/zero >"$T/full/ballast" 2>/dev/null
up k "$deep" "$T/full.json"
same "with a full disk up fails" 1 "$status"
match "and says so" 'No space left on device' "$(cat "$T/err")"
rm "$T/full/ballast"
down k "$T/full.json"
same "down succeeds when there is room again" 0 "$status"
snapshot after
check "and nothing is left" diff "$T/before" "$T/after"
umount "$T/full"
done_testing
