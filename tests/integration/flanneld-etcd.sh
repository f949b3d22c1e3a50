# flanneld and its store: three etcd members, certificates, lost connections,
# compaction, leases that run out.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

CONFIG='{"Network":"10.255.0.0/16","Backend":{"Type":"vxlan","GBP":true}}'
make_underlay
for n in 1 2 3; do make_cell $n; done

# --- three members with certificates --------------------------------------------
CERTS=$T/certs
# etcd's JSON gateway calls its own server, with the server's certificate as a
# client's: it must be meant for both.
make_certs() {
    "$BIN/netman-certs" ca "$CERTS" ca && "$BIN/netman-certs" client "$CERTS" ca client &&
        "$BIN/netman-certs" peer "$CERTS" ca server --ip 192.0.2.1 --ip 127.0.0.1
}
check "certificates are made" make_certs

# member N: client port 2379+N*10 with TLS, peers by loopback without
CLUSTER=$(for n in 1 2 3; do printf 'm%d=http://127.0.0.1:%d,' $n $((2380 + n * 10)); done)
member() {
    local client=$((2379 + $1 * 10)) peer=$((2380 + $1 * 10))
    etcd --name "m$1" --data-dir "$T/m$1" --unsafe-no-fsync \
        --listen-client-urls "https://192.0.2.1:$client" --advertise-client-urls "https://192.0.2.1:$client" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "${CLUSTER%,}" --cert-file "$CERTS/server.crt" --key-file "$CERTS/server.key" \
        --trusted-ca-file "$CERTS/ca.crt" --client-cert-auth --enable-v2 >"$T/m$1.log" 2>&1 &
    echo $! >"$T/m$1.pid"
}
for n in 1 2 3; do member $n; done
ETCD=https://192.0.2.1:2399
TLS=(--cacert "$CERTS/ca.crt" --cert "$CERTS/client.crt" --key "$CERTS/client.key")
etcd_v3() { curl -sSf -m 10 "${TLS[@]}" "$ETCD/v3/$1" -d "$2"; }
check "three etcd members make a cluster" wait_for 30 curl -sf "${TLS[@]}" "$ETCD/health"
check "and take a value" wait_for 30 put_config "$CONFIG"

ENDPOINTS=https://192.0.2.1:2389,https://192.0.2.1:2399,https://192.0.2.1:2409
with_tls=(--etcd-cafile="$CERTS/ca.crt" --etcd-certfile="$CERTS/client.crt" --etcd-keyfile="$CERTS/client.key" --etcd-silence=3)
: >"$T/cell1.log"
start_flanneld 1 --etcd-cafile="$CERTS/ca.crt"
check "without a client certificate nobody answers" wait_for 20 grep -q waiting-for-store "$T/cell1.log"
stop_flanneld 1
check "with one a cell joins" join 1 "${with_tls[@]}"
check "another joins" join 2 "${with_tls[@]}"
check "they see each other" wait_for 10 eval 'dataplane 1 | grep -q 192.0.2.12 && dataplane 2 | grep -q 192.0.2.11'

sees() { wait_for 20 eval "dataplane $1 | grep -q 'via $2 '"; }
misses() { wait_for 20 eval "! dataplane $1 | grep -q 'via $2 '"; }
ghost() { vxlan_lease "192.0.2.$1" "02:00:00:00:00:$1"; }

# watched N: the member whose watch cell N's daemon has
watched() { on "$1" ss -Htn state established | sed -n 's/.*192\.0\.2\.1:2\([34]\)\([0-9]\)9.*/\1\2/p' | sort -u | sed 's/^38$/1/; s/^39$/2/; s/^40$/3/'; }
put_lease 10.255.249.0-24 "$(ghost 69)"
sees 1 10.255.249.0
delete_lease 10.255.249.0-24
put_lease 10.255.249.0-24 "$(ghost 69)"
check "a lease that goes and comes again is seen" sees 1 10.255.249.0
on 1 ip monitor route >"$T/routes" &
wait_for 10 eval 'on 1 ip route replace 203.0.113.0/24 via 192.0.2.1; grep -q 203.0.113.0/24 "$T/routes"'
same "both cells listen to the first member" "1 1" "$(watched 1) $(watched 2)"
stop_pid "$T/m1.pid"
check "with the first member gone a value is still taken" wait_for 20 put_lease 10.255.250.0-24 "$(ghost 70)"
check "and seen by the cells that listened to it" sees 1 10.255.250.0
check "its route comes" wait_for 10 grep -q '^10.255.250.0/24' "$T/routes"
refuse "and no route goes, not even for a moment" grep '^Deleted 10.255' "$T/routes"
check "a cell joins by the members that are left" join 3 "${with_tls[@]}"
member 1
wait_for 20 curl -sf "${TLS[@]}" https://192.0.2.1:2389/health
hung=$(watched 1)
match "it is known which member a cell listens to" '^[123]$' "$hung"
case $hung in 2) ETCD=https://192.0.2.1:2409 ;; *) ETCD=https://192.0.2.1:2399 ;; esac
kill -STOP "$(cat "$T/m$hung.pid")"
check "with the member hanging that they listen to changes are seen" eval 'wait_for 30 put_lease 10.255.251.0-24 "$(ghost 71)" && sees 1 10.255.251.0 && sees 2 10.255.251.0'
kill -CONT "$(cat "$T/m$hung.pid")"
ETCD=https://192.0.2.1:2399

# --- compaction -----------------------------------------------------------------
# Cell 2's daemon sleeps while history is written and thrown away.
kill -STOP "$(cat "$T/cell2.pid")"
for n in 1 2 3; do stop_pid "$T/m$n.pid"; done
for n in 1 2 3; do member $n; done
check "the cluster is back" wait_for 30 delete_lease 10.255.250.0-24
put_lease 10.255.252.0-24 "$(ghost 72)"
for _ in $(seq 5); do put_config "$CONFIG"; done
revision=$(etcd_v3 kv/range "{\"key\":\"$(b64 x)\"}" | jq -r .header.revision)
check "its history is thrown away" etcd_v3 kv/compaction "{\"revision\":\"$revision\",\"physical\":true}"
kill -CONT "$(cat "$T/cell2.pid")"
check "a cell that missed it reads all anew" wait_for 30 grep -q leases-read-again "$T/cell2.log"
check "has what came" sees 2 10.255.252.0
check "has not what went" misses 2 10.255.250.0
check "and still what stayed" sees 2 10.255.251.0

# --- leases that run out ----------------------------------------------------------
for n in 1 2 3; do stop_flanneld $n; done
check "a cell takes a short lease anew" eval 'delete_lease "$(subnet 3 | tr / -)"; join 3 "${with_tls[@]}" --subnet-lease-ttl=3 --log-level=debug'
check "and renews it again and again" eval 'join 1 "${with_tls[@]}"; wait_for 30 eval "[ \$(grep -c lease-renewed $T/cell3.log) -gt 3 ]"'
check "so that it keeps it" eval 'leases | grep -q 192.0.2.13'
check "its peers have a route to it" sees 1 "${sub3:=$(subnet 3 | sed 's/.24$//')}"
kill -STOP "$(cat "$T/cell3.pid")"
check "when it does not, the lease ends and the route goes" misses 1 "$sub3"
kill -CONT "$(cat "$T/cell3.pid")"
check "when it does again it takes the same subnet" wait_for 20 grep -q lease-taken-again "$T/cell3.log"
check "and the route is back" sees 1 "$sub3"
kill -STOP "$(cat "$T/cell3.pid")"
misses 1 "$sub3"
put_lease "$(subnet 3 | tr / -)" "$(ghost 73)"
kill -CONT "$(cat "$T/cell3.pid")"
check "when another cell was faster it ends" wait_for 20 has_ended 3
match "and says what to do" 'subnet .* belongs to another cell now: restart' "$(cat "$T/cell3.log")"
delete_lease "$(subnet 3 | tr / -)"

check "a cell with a lease of six seconds joins" join 3 "${with_tls[@]}" --subnet-lease-ttl=6
for n in 1 2 3; do stop_pid "$T/m$n.pid"; done
check "with etcd away it warns while the lease runs out" wait_for 20 grep -q 'lease-renewal-failed.*seconds_left' "$T/cell3.log"
check "and says when it has" wait_for 20 grep -q lease-ended "$T/cell3.log"
check "its data plane stands all the while" eval 'dataplane 3 | grep -q 192.0.2.11'
for n in 1 2 3; do member $n; done
check "when etcd is back so is the lease" wait_for 60 eval 'leases | grep -q 192.0.2.13'

# --- the v2 API of the same members -----------------------------------------------
for n in 1 2 3; do
    stop_flanneld $n
    on $n ip link del flannel.1
    rm "$T/cell$n.env"
done
check "etcd's v2 API takes a configuration" curl -sSf "${TLS[@]}" -XPUT "$ETCD/v2/keys$PREFIX/config" --data-urlencode "value=$CONFIG"
stop_pid "$T/m1.pid"
check "with the first member gone a cell joins by v2" join 1 "${with_tls[@]}" --etcd-api=v2
check "and another" join 2 "${with_tls[@]}" --etcd-api=v2
check "they see each other" wait_for 10 eval 'dataplane 1 | grep -q 192.0.2.12 && dataplane 2 | grep -q 192.0.2.11'
member 1
wait_for 20 curl -sf "${TLS[@]}" https://192.0.2.1:2389/health
stop_pid "$T/m2.pid"
check "with the one that they listened to gone another joins" join 3 "${with_tls[@]}" --etcd-api=v2
check "and is seen" wait_for 20 eval 'dataplane 1 | grep -q 192.0.2.13 && dataplane 2 | grep -q 192.0.2.13'

done_testing
