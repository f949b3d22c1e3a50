# What the agent tells operators, with a real policy server: dropsonde with the names their
# dashboards know, and Prometheus text.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/metrics.sh"

URL=http://127.0.0.1:8721/metrics
EXT=/networking/v1/external/policies
ORIGIN=vxlan-policy-agent
shows() { [ "$(metric_of $URL "netman_agent_$1")" = "$2" ]; }
at_least() { [ "$(metric_of $URL "netman_agent_$1")" -ge "$2" ]; }
times() { grep -c "^$ORIGIN value $1 " "$T/metron"; }
# spent_ms METRIC: all that a histogram has seen; heard_ms NAME: all that metron was told
spent_ms() { metric_of $URL "netman_agent_$1_seconds_sum" | awk '{ printf "%d", $1 * 1000 }'; }
heard_ms() { awk -v o=$ORIGIN -v n="$1" '$1 == o && $3 == n { sum += $4 } END { printf "%d", sum }' "$T/metron"; }
passed() { [ "$(now_ms)" -ge "$1" ]; }

make_world
cell_up
box front 10.255.1.2 app-1
box back 10.255.1.3 app-2
serve back 8080
check "postgres, stand-ins, certificates and policy servers are there" eval \
    'start_postgres "$T/pg" 5432 && start_standins && make_certs && external_config "$T/external.json" && internal_config "$T/internal.json" &&
     start_server external policy-server "$T/external.json" && start_server internal policy-server-internal "$T/internal.json"'
root=$(token_of root)
start_metron
agent_config '.metron_address = "127.0.0.1:3457" | .ca_cert_file = ($t + "/certs/ca.crt") | .client_cert_file = ($t + "/certs/client.crt") | .client_key_file = ($t + "/certs/client.key")'
born=$(now_ms)
agent_up

# --- at the start -----------------------------------------------------------------
check "it tells its uptime" wait_for 20 told_value $ORIGIN uptime '[0-9]+' seconds
for name in containerMetadataTime policyServerPollTime iptablesEnforceTime totalPollTime; do
    check "it tells $name" wait_for 20 told_value $ORIGIN $name "$NUMBER" ms
done
check "the metrics say that rules are enforced" wait_for 10 shows enforced 1
check "for two containers" shows containers 2
check "and no policy" shows policies 0

# --- a policy -----------------------------------------------------------------------
check "it waits at the server for news" wait_for 10 eval '[ "$(metric_of http://127.0.0.1:7933/metrics netman_watchers_parked)" = 1 ]'
check "its questions are counted" at_least 'polls_total{result="success"}' 1
# Until more than half of its life was spent so: what it did besides then cannot have taken as
# long, on a machine however slow.
parked=$(now_ms)
wait_for 60 passed $((2 * parked - born + 100))
parked=$(($(now_ms) - parked))
enforced=$(times iptablesEnforceTime)
heard_more() { [ "$(times iptablesEnforceTime)" -gt "$enforced" ]; }
commits=$(metric_of $URL netman_agent_commits_total)
same "a policy" 200 "$(api "$root" POST $EXT "$(v1 app-1 app-2 tcp 8080 8080)" | tail -1)"
check "is in force" wait_for 10 reach front 10.255.1.3 8080
check "it is counted" wait_for 10 shows policies 1
check "so is the commit" at_least commits_total $((commits + 1))
check "and metron hears how long it took" wait_for 10 heard_more
lived=$(($(now_ms) - born))
check "that the server let it wait is not taken for slowness" test $(($(spent_ms poll_duration) + parked)) -le $lived
for name in policyServerPollTime totalPollTime; do
    check "nor in what metron hears ($name)" test $(($(heard_ms $name) + parked)) -le $lived
done

# --- trouble ----------------------------------------------------------------------------
iptables -F vpa--forward
check "somebody's change is undone, and counted" wait_for 10 shows drift_repairs_total 1
exec 9>/run/xtables.lock
flock 9
before=$(spent_ms lock_wait)
waited() { [ $(($(spent_ms lock_wait) - before)) -ge "$held" ]; }
store_remove front
waits() { find "/proc/$agent_pid/fd" -lname '*xtables.lock' | grep -q .; }
check "it waits for the tables' lock" wait_for 20 waits
held=$(now_ms)
wait_for 10 passed $((held + 100))
held=$(($(now_ms) - held - 10)) # the clock has steps of 10 ms
flock -u 9
check "which shows" wait_for 10 waited
stop_server internal
check "a server that is gone shows" wait_for 10 eval '[ "$(metric_of $URL "netman_agent_polls_total{result=\"error\"}")" -ge 1 ]'
check "and since when" wait_for 10 eval '[ "$(metric_of $URL netman_agent_policy_server_gone_seconds)" != 0 ]'
launch internal policy-server-internal "$T/internal.json"
# A request may be parked for 50 s: one that asks whether the server is there must not be.
check "one that is back shows before there is news" wait_for 40 eval '[ "$(metric_of $URL netman_agent_policy_server_gone_seconds)" = 0 ]'

# --- form -----------------------------------------------------------------------------------
check "Prometheus can read it" valid_metrics $URL
check "metron understands all it hears" no_garbage
same "the log level is changed while it runs" 200 "$(curl -s -o /dev/null -w '%{http_code}' -X POST -d e http://127.0.0.1:8721/log-level)"
agent_down
same "it ends well" 0 "$status"
jq '.metron_address = "nowhere"' "$T/agent.json" >"$T/bad.json"
match "an address that is none is refused" "invalid config: metron_address" "$("$BIN/vxlan-policy-agent" -config-file "$T/bad.json" 2>&1)"
done_testing
