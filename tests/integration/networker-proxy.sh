# A proxy beside the app: what the container sends to a network, and what comes to it, is
# handed to a port of the container itself. Real packets, also with users of its own.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
snapshot before
ip route add default via 10.99.0.1
in_ns outside ip addr add 10.98.0.1/32 dev lo

# with JQ-FILTER: $T/changed.json, the configuration changed.
with() { jq "$1" "$T/networker.json" >"$T/changed.json"; }
# word WHERE PORT WORD: a server there that says it.
word() {
    in_ns "$1" socat "TCP-LISTEN:$2,reuseaddr,fork" "SYSTEM:echo $3" &
    wait_for 10 in_ns "$1" sh -c "ss -Hltn 'sport = :$2' | grep -q ."
}
# asks WHERE USER ADDRESS:PORT: what is answered there.
asks() { in_ns "$1" setpriv --reuid "$2" --clear-groups socat -T 3 - "TCP:$3,connect-timeout=3" </dev/null 2>/dev/null; }
rules='"netout_rules":[{"protocol":1,"networks":[{"start":"10.98.0.0","end":"10.99.0.255"}],"ports":[{"start":1,"end":65535}]}]'

word outside 80 outside
with '.proxy_redirect_cidr = "10.98.0.0/16" | .proxy_port = 15001 | .proxy_uid = 1234'
container a
up a '{"Pid":'"$(pid a)"',"Properties":{},'"$rules"'}' "$T/changed.json"
same "up with a proxy" "0 " "$status $(cat "$T/err")"
word a 15001 proxy
same "a connection to the network goes to the proxy" proxy "$(asks a 0 10.98.0.1:80)"
same "whatever its port" proxy "$(asks a 0 10.98.7.7:4711)"
same "but for the proxy's own" outside "$(asks a 1234 10.98.0.1:80)"
same "one to another network goes where it should" outside "$(asks a 0 10.99.0.1:80)"
match "the rule is the reference's" '^-A OUTPUT -d 10.98.0.0/16 -p tcp -m owner ! --uid-owner 1234 -j REDIRECT --to-ports 15001$' "$(in_ns a iptables -t nat -S OUTPUT)"
lacks "the cell's own table has none of it" REDIRECT <(iptables -t nat -S)
down a

with '.proxy_redirect_cidr = "10.98.0.0/16" | .proxy_port = 15001'
up a '{"Pid":'"$(pid a)"',"Properties":{},'"$rules"'}' "$T/changed.json"
down a
up a '{"Pid":'"$(pid a)"',"Properties":{},'"$rules"'}' "$T/changed.json"
same "up again does not pile up rules" 1 "$(in_ns a iptables -t nat -S OUTPUT | grep -c -- '-A OUTPUT -d 10.98.0.0/16 -p tcp -j REDIRECT')"
down a
kill_container a

# --- what comes in ----------------------------------------------------------------------
with '.enable_ingress_proxy_redirect = true | .proxy_port = 15001'
container b
up b '{"Pid":'"$(pid b)"',"Properties":{},"netin":[{"host_port":0,"container_port":8080}],'"$rules"'}' "$T/changed.json"
same "up with a proxy for what comes in" 0 "$status"
word b 15001 proxy
word b 8080 app
same "ingress goes to the proxy" proxy "$(asks outside 0 10.99.0.5:61000)"
same "the proxy reaches the app" app "$(asks b 0 127.0.0.1:8080)"
same "egress goes where it should" outside "$(asks b 0 10.98.0.1:80)"
down b
kill_container b

# --- users of its own --------------------------------------------------------------------
unshare --user --net -- sleep 100000 &
echo $! >"$T/pid.u"
wait_for 10 sh -c '[ "$(readlink /proc/'"$(pid u)"'/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
echo '0 100000 65536' >"/proc/$(pid u)/uid_map"
echo '0 100000 65536' >"/proc/$(pid u)/gid_map"
in_ns u ip link set lo up
with '.proxy_redirect_cidr = "10.98.0.0/16" | .proxy_port = 15001 | .proxy_uid = 1234'
up u '{"Pid":'"$(pid u)"',"Properties":{},'"$rules"'}' "$T/changed.json"
same "up of an unprivileged container" "0 " "$status $(cat "$T/err")"
word u 15001 proxy
same "it is redirected" proxy "$(asks u 100000 10.98.0.1:80)"
same "but for its own user of that number" outside "$(asks u 101234 10.98.0.1:80)"
same "not the cell's" proxy "$(asks u 1234 10.98.0.1:80)"
kill_container u
down u

# --- what makes no sense --------------------------------------------------------------------
for bad in 'proxy_redirect_cidr = "10.98.0.0/16":proxy_port: missing' 'proxy_redirect_cidr = "10.98.0.1/16" | .proxy_port = 1:proxy_redirect_cidr: ' 'enable_ingress_proxy_redirect = true:proxy_port: missing'; do
    with ".${bad%%:*}"
    down x "$T/changed.json"
    match "refused: ${bad%%:*}" "^1 cfnetworking: parse args: invalid config: ${bad#*:}" "$status $(cat "$T/err")"
done
snapshot after
check "nothing is left" diff "$T/before" "$T/after"
done_testing
