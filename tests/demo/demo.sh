# The way of a policy, from a person to a packet and back. Runs inside tests/sandbox.
# As the demo it prints for people; with TAP=1 the same steps are a test.
set -u
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/demo/world.sh"

demo_failed=0
title() {
    [ -n "${TAP-}" ] && echo "# $1" || printf '\n%s\n' "$1"
}

# step "what" COMMAND…: run it, say whether it succeeded and how long it took.
step() {
    local what=$1 status started
    started=$(epoch_us)
    shift
    "$@" >"$check_out" 2>&1
    status=$?
    report "$what" $status "$(($(epoch_us) - started))" "\$ $*"$'\n'"$(cat "$check_out")"
}

# must: the same for what everything after it needs.
must() {
    step "$@"
    [ $demo_failed -eq 0 ] && return
    [ -z "${TAP-}" ] || done_testing
    exit 1
}

report() {
    local what=$1 status=$2 us=$3 detail=$4
    [ "$status" -eq 0 ] || demo_failed=1
    if [ -n "${TAP-}" ]; then
        [ "$status" -eq 0 ] && ok "$what" || not_ok "$what" "$detail"
        return
    fi
    if [ "$status" -eq 0 ]; then
        printf '  ✓ %-78s %6d.%d ms\n' "$what" $((us / 1000)) $((us % 1000 / 100))
    else
        printf '  ✗ %s\n' "$what"
        head -n 20 <<<"$detail" | sed 's/^/      /'
    fi
}

note() {
    [ -n "${TAP-}" ] && echo "# $1" || printf '    %s\n' "$1"
}

# What a cell holds: all rules, devices, namespaces' mounts, files, and containers in the
# store and the port pool, whose files stay. So does the bridge, once there was a container,
# and what the agent saves for a cell that comes up while the policy server is away.
# The agent and flanneld leave all that as it is when they end.
cell_holds() {
    on "$1" sh -c 'iptables-save | grep "^[*:-]" | sed "s/ \[.*//"
        ip -br link | cut -d" " -f1 | cut -d@ -f1 | grep -vx cni-flannel0
        grep -E "nsfs|netman/netns" /proc/self/mounts | cut -d" " -f2
        cd /var/lib && find . -type f ! -name "*lock*" ! -name "last_reserved*" ! -name "store.json*" ! -name "ports.json*" ! -name policies.saved
        grep -hso "[a-z]*-[0-9]" netman/ports.json netman/store.json; true' | sort
}

# cell_traces CELL: that, and what runs there; the same before the first container and
# after the last.
cell_traces() {
    cell_holds "$1"
    cell_runs "$1"
}

cell_runs() {
    sharing mnt "$(cat "$T/$1.pid")" | cut -d" " -f1 | sort
}

# settles CELL WHAT FILE: within some seconds the cell has what the file says; or how not
settles() {
    wait_for 10 eval "$2 $1 | cmp -s - $3" || { "$2" "$1" | diff "$3" -; return 1; }
}

# no_errors [EVENT]: all programs have logged, and none an error but that event of the agents
no_errors() {
    local log
    for log in platform-policy-server platform-policy-server-internal cell{1,2}-{agent,flanneld}; do
        grep -q '"level":"info"' "$T/$log.log" || { echo "$log.log says nothing"; return 1; }
    done
    ! grep -hE '"level":"(error|fatal)"|runtime error:|Sanitizer' "$T"/*.log |
        grep -vE "vxlan-policy-agent\.${1:-$^}\""
}

allow() {
    cf allow-access frontend backend --protocol tcp --port 8080
}

# opened_by COMMAND…: run it; print the microseconds from its start to its end and to
# the moment the farther backend answers the frontend.
opened_by() {
    local started ended probe
    inside frontend-0 "$TOOLS/probe" "$(ip_of backend-1)" 8080 open 10000 >"$T/answered" &
    probe=$!
    started=$(epoch_us)
    "$@" >"$T/cf.out" 2>&1 || { cat "$T/cf.out"; return 1; }
    ended=$(epoch_us)
    wait $probe || return 1
    echo "$((ended - started)) $(($(cat "$T/answered") - started))"
}

stays() {
    step "what is allowed stays allowed" answers backend-1 reaches frontend-0 "$(ip_of backend-1)" 8080
    step "what is refused stays refused" refused backend-1 "$(ip_of frontend-0)" 8080
}

ms() {
    printf '%d.%d ms' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# answers NAME COMMAND…: the command succeeds, and it is NAME that answers
answers() {
    local name=$1
    shift
    "$@" >"$T/answer" && grep -q "$name" "$T/answer" || { cat "$T/answer"; return 1; }
}

# The group policy id in the header of a packet from the frontend that arrives at cell 2.
sniffed_tag() {
    on cell2 "$TOOLS/gbp-sniff" --iface eth0 --inner "$(ip_of frontend-0)" --timeout 5 >"$T/sniffed" 2>"$T/sniffer" &
    local sniffer=$!
    wait_for 5 grep -q listening "$T/sniffer"
    reaches frontend-0 "$(ip_of backend-1)" 8080 >/dev/null
    wait $sniffer || return 1
    printf '%04X' "$(grep -o 'group=[0-9]*' "$T/sniffed" | cut -d= -f2)"
}

tag_of() {
    on outside curl -sf -H "Authorization: $(token_of admin)" "$API/networking/v0/external/tags" |
        jq -r --arg app "$1" '.tags[] | select(.id == $app) | .tag'
}

same_tag() {
    local seen listed
    seen=$(sniffed_tag) listed=$(tag_of "$FRONTEND")
    echo "seen in the VXLAN header: $seen, listed: $listed"
    [ -n "$listed" ] && [ "$seen" = "$listed" ]
}

[ -n "${TAP-}" ] || printf '\nnetman: two cells, three containers, real packets. Every line is a check.\n'

title "The platform and two cells"
must "an underlay of four machines" make_underlay
must "certificates for the cells" make_certs
must "Postgres, etcd, UAA, Cloud Controller and the policy servers are up" start_platform
must "cell 1: flanneld has a lease, the agent has its rules in the kernel" start_cell cell1
must "cell 2: the same" start_cell cell2
must "a person logs in with cf" cf_login
for cell in cell1 cell2; do
    wait_for 10 served $cell
    cell_traces $cell >"$T/$cell.before"
done

title "Three containers, as Garden makes them"
must "frontend/0 on cell 1" container_up cell1 frontend-0 $FRONTEND
must "backend/0 on cell 1, with a host port" container_up cell1 backend-0 $BACKEND ',"netin":[{"host_port":0,"container_port":8080}]'
must "backend/1 on cell 2" container_up cell2 backend-1 $BACKEND
for backend in backend-0 backend-1; do
    must "$backend serves HTTP on 8080 and 9090" eval "serve $backend 8080 && serve $backend 9090"
done
must "frontend/0 serves HTTP on 8080" serve frontend-0 8080

title "Nothing is allowed yet"
step "frontend -> backend is refused on the same cell" refused frontend-0 "$(ip_of backend-0)" 8080
step "frontend -> backend is refused across cells" refused frontend-0 "$(ip_of backend-1)" 8080

title "cf allow-access frontend backend --protocol tcp --port 8080"
must "allowed, and the backend on the other cell answers" opened_by allow
read -r ended answered <"$check_out"
if [ "$answered" -gt "$ended" ]; then
    note "the command took $(ms "$ended"); from its end to the first answer across cells: $(ms $((answered - ended)))"
else
    note "the command took $(ms "$ended"); the first answer across cells came $(ms $((ended - answered))) before its end"
fi
step "frontend -> backend answers on the same cell" wait_for 5 answers backend-0 reaches frontend-0 "$(ip_of backend-0)" 8080
step "frontend -> backend answers across cells" answers backend-1 reaches frontend-0 "$(ip_of backend-1)" 8080
step "another port stays refused on the same cell" refused frontend-0 "$(ip_of backend-0)" 9090
step "another port stays refused across cells" refused frontend-0 "$(ip_of backend-1)" 9090
step "the reverse direction stays refused on the same cell" refused backend-0 "$(ip_of frontend-0)" 8080
step "the reverse direction stays refused across cells" refused backend-1 "$(ip_of frontend-0)" 8080
step "list-access shows it" eval "cf list-access | grep -E 'frontend.*backend.*tcp.*8080'"
step "the tag in the VXLAN header is the one the API lists" same_tag

title "In and out of the platform"
(exec nsenter -t "$(cat "$T/outside.pid")" --net -- "$TOOLS/http-echo" --port 80 --name outside) >"$T/outside-http.log" 2>&1 &
wait_for 10 on outside curl -sf http://127.0.0.1/
step "egress is refused" refused frontend-0 10.10.0.99 80
step "a net-out rule for it" eval "printf '{\"container_ip\":\"%s\",\"netout_rule\":{\"protocol\":1,\"networks\":[{\"start\":\"10.10.0.99\",\"end\":\"10.10.0.99\"}],\"ports\":[{\"start\":80,\"end\":80}]}}' '$(ip_of frontend-0)' | networker cell1 net-out frontend-0"
step "egress is allowed" answers outside reaches frontend-0 10.10.0.99 80
host_port=$(jq -r '.properties["garden.network.mapped-ports"] | fromjson | .[0].HostPort' "$T/backend-0.json")
step "a client outside reaches backend/0 through host port $host_port of cell 1" \
    answers backend-0 on outside curl -sSf -m 3 "http://10.10.0.11:$host_port/"
step "no program has logged an error until here" no_errors

title "The policy server is stopped"
step "policy server and internal policy server end" stop_policy_server
for cell in cell1 cell2; do
    step "$cell's agent has been without it for a second" wait_for 60 alone $cell
done
stays
step "backend/2, a new instance, comes up on cell 2" container_up cell2 backend-2 $BACKEND
step "it serves HTTP on 8080 and 9090" eval "serve backend-2 8080 && serve backend-2 9090"
step "the policy holds for it" wait_for 5 answers backend-2 reaches frontend-0 "$(ip_of backend-2)" 8080
step "and no more than the policy" refused frontend-0 "$(ip_of backend-2)" 9090
step "policy servers are started again" start_policy_server
for cell in cell1 cell2; do
    step "$cell's agent is served again" wait_for 60 served $cell
done
stays
step "also for the new instance" answers backend-2 reaches frontend-0 "$(ip_of backend-2)" 8080
step "and no more than that" refused frontend-0 "$(ip_of backend-2)" 9090

title "cf remove-access frontend backend --protocol tcp --port 8080"
step "removed" cf remove-access frontend backend --protocol tcp --port 8080
for backend in backend-0 backend-1 backend-2; do
    step "frontend -> $backend is refused again" \
        inside frontend-0 "$TOOLS/probe" "$(ip_of $backend)" 8080 closed 10000
    step "and stays refused" refused frontend-0 "$(ip_of $backend)" 8080
done

if [ "${1-}" = --keep ] && [ $demo_failed -eq 0 ]; then
    allow >/dev/null
    cat <<TEXT

It stays up, with frontend -> backend allowed again. Some things to try:

  IN="sudo nsenter -t @PID@ -a $TOP/tests/demo/in $T"
  \$IN frontend-0 curl -s http://$(ip_of backend-1):8080/       # over the overlay
  \$IN outside cf allow-access backend frontend --protocol tcp --port 8080
  \$IN outside cf list-access
  \$IN cell2 iptables -S                                # what libiptc wrote
  \$IN cell2 curl -s http://127.0.0.1:8721/plan         # the agent's plan
  \$IN platform curl -s http://127.0.0.1:7932/metrics
  \$IN cell1 cat /var/lib/netman/store.json
  Logs are in $T; every machine and container has its own network: \$IN NAME bash.
TEXT
    sleep infinity
fi

title "The end"
for handle in frontend-0 backend-0 backend-1 backend-2; do
    step "$handle goes" container_down $handle
done
for cell in cell1 cell2; do
    step "$cell holds no rule, device, mount, file, port or process of them" settles $cell cell_traces "$T/$cell.before"
done
for cell in cell1 cell2; do
    cell_holds $cell >"$T/$cell.before"
    step "$cell's agent and flanneld end when asked" eval "stop $cell agent && stop $cell flanneld"
    step "their rules, device and files stay for their next start, and nothing runs" eval \
        "settles $cell cell_holds '$T/$cell.before' && [ \"\$(cell_runs $cell)\" = sleep ]"
done
step "policy servers end when asked" stop_policy_server
step "no program has logged an error, but agents that they were without a policy server" no_errors policy-server-failed
[ -n "${TAP-}" ] && done_testing
exit $demo_failed
