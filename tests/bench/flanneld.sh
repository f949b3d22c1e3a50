# What a thousand and two thousand cells cost one flanneld.
#
#   HOUR=1 tests/bench/run flanneld     rests for a whole hour instead of one minute
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/overlay.sh"

CONFIG='{"Network":"10.128.0.0/12","SubnetLen":24,"Backend":{"Type":"vxlan","GBP":true}}'
make_underlay
make_cell 1
start_etcd "$T/etcd" 192.0.2.1 2379 || exit 1
put_config "$CONFIG"

# lease N: as a key and a value
key() { printf '10.%d.%d.0-24' $((128 + $1 / 256)) $(($1 % 256)); }
value() { vxlan_lease "198.18.$(($1 / 250)).$(($1 % 250 + 1))" "$(printf '02:00:00:00:%02x:%02x' $(($1 / 256)) $(($1 % 256)))"; }

# fill FROM TO: many leases, a hundred to a transaction
fill() {
    local i puts='' n=0
    for ((i = $1; i < $2; i++)); do
        puts+=",{\"requestPut\":{\"key\":\"$(b64 "$PREFIX/subnets/$(key $i)")\",\"value\":\"$(b64 "$(value $i)")\"}}"
        if [ $((++n % 100)) = 0 ] || [ $i = $(($2 - 1)) ]; then
            etcd_v3 kv/txn "{\"success\":[${puts#,}]}" >/dev/null || exit 1
            puts=''
        fi
    done
}

# field EVENT NAME: a number from the last such event in the log
field() { grep "\.$1\"" "$T/cell1.log" | tail -n 1 | jq -r ".data.$2"; }
pid() { cat "$T/cell1.pid"; }
cpu_ms() { awk '{print ($14 + $15) * 10}' "/proc/$(pid)/stat"; }
# memory_kb VmRSS|VmHWM: now, at most
memory_kb() { awk -v n="$1:" '$1 == n {print $2}' "/proc/$(pid)/status"; }
routes() { on 1 ip route show dev flannel.1 | wc -l; }

# A cell's filter table with 250 containers and 10,000 policies is of this size.
agent_sized() {
    {
        printf '*filter\n:containers - [0:0]\n'
        awk 'BEGIN { for (i = 0; i < 20000; i++) printf "-A containers -s 10.%d.%d.%d/32 -m comment --comment src:aaaaaaaaaaaaaaaa_dst:bbbbbbbbbbbbbbbb -j ACCEPT\n", i / 65536, i / 256 % 256, i % 256 }'
        echo COMMIT
    } | on 1 iptables-restore
}

# run GUARD COUNT: a cold start with COUNT other cells, then single changes
run() {
    local guard=$1 count=$2 begin end i one=() guarded=()
    on 1 ip link del flannel.1 2>/dev/null
    on 1 iptables -t mangle -F
    on 1 iptables -t mangle -X
    agent_sized || exit 1
    begin=$(now_ms)
    join 1 --guard="$guard" || exit 1
    end=$(now_ms)
    [ "$(routes)" = "$count" ] || { echo "only $(routes) routes"; exit 1; }
    local program=$(($(field overlay-joined programming_us) / 1000)) cpu rss peak
    cpu=$(cpu_ms)
    for i in $(seq 20); do
        local events
        events=$(grep -c leases-changed "$T/cell1.log")
        put_lease "$(key 3000)" "$(value $((3000 + i)))"
        wait_for 10 eval '[ $(grep -c leases-changed "$T/cell1.log") -gt '"$events"' ]'
        one+=("$(field leases-changed programming_us)")
        guarded+=("$(field leases-changed guard_us)")
    done
    delete_lease "$(key 3000)"
    wait_for 10 eval '[ "$(routes)" = '"$count"' ]'
    rss=$(memory_kb VmRSS)
    peak=$(memory_kb VmHWM)
    mapfile -t one < <(printf '%s\n' "${one[@]}" | sort -n)
    mapfile -t guarded < <(printf '%s\n' "${guarded[@]}" | sort -n)
    printf '%-6s %5d cells   start to joined %5d ms   programming %4d ms   cpu %4d ms   one change %5d us (worst %5d), guard %5d us   memory %5d kB, at most %5d kB\n' \
        "$guard" "$count" $((end - begin)) "$program" "$cpu" "${one[10]}" "${one[19]}" "${guarded[10]}" "$rss" "$peak"
    echo "{\"guard\":$guard,\"cells\":$count,\"joined_ms\":$((end - begin)),\"programming_ms\":$program,\"cpu_ms\":$cpu,\"change_us\":${one[10]},\"change_worst_us\":${one[19]},\"guard_us\":${guarded[10]},\"rss_kb\":$rss,\"peak_kb\":$peak}" >>"$T/results"
    stop_flanneld 1
}

# syscalls SECONDS: of all its threads meanwhile; which they were stays in $T/strace
syscalls() {
    timeout -s INT "$1" strace -f -qq -o "$T/strace" -p "$(pid)" 2>/dev/null
    grep -vc -e resumed -e '+++' -e '---' "$T/strace"
}

# rest SECONDS: with a lease of a day nothing is due, with one of ten seconds renewals are
rest() {
    local calls cpu ticks renewals
    on 1 ip link del flannel.1 2>/dev/null
    join 1 --debug-port=8470 --healthz-port=8471 || exit 1
    wait_for 5 false
    cpu=$(cpu_ms)
    calls=$(syscalls "$1")
    ticks=$(($(cpu_ms) - cpu))
    printf 'at rest for %d s: %d system calls, %d ms of cpu:' "$1" "$calls" "$ticks"
    awk '{ sub(/^[0-9]+ +/, ""); if (/^[a-z_0-9]+\(/) { sub(/\(.*/, ""); n[$0]++ } } END { for (c in n) printf " %s %d", c, n[c]; print "" }' "$T/strace"
    stop_flanneld 1
    delete_lease "$(leases | sed -n 's/ .*"192.0.2.11".*//p')"
    join 1 --subnet-lease-ttl=10 --log-level=debug || exit 1
    renewals=$(syscalls 30)
    local count
    count=$(grep -c lease-renewed "$T/cell1.log")
    printf 'with a lease of 10 s, for 30 s: %d system calls, %d renewals\n' "$renewals" "$count"
    echo "{\"rest_s\":$1,\"calls\":$calls,\"cpu_ms\":$ticks,\"renewals\":$count,\"renewal_calls\":$renewals}" >>"$T/results"
    stop_flanneld 1
}

fill 1 1001
agent_sized || exit 1
rest "$([ -n "${HOUR-}" ] && echo 3600 || echo 60)"
run false 1000
run true 1000
fill 1001 2001
run false 2000
run true 2000
jq -s . "$T/results" >"$RESULTS/flanneld.json"
