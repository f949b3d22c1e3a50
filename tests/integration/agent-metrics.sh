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
sleep 2 # what a parked request spends waiting must show, if it is taken for slowness
enforced=$(times iptablesEnforceTime)
commits=$(metric_of $URL netman_agent_commits_total)
same "a policy" 200 "$(api "$root" POST $EXT "$(v1 app-1 app-2 tcp 8080 8080)" | tail -1)"
check "is in force" wait_for 10 reach front 10.255.1.3 8080
check "it is counted" wait_for 10 shows policies 1
check "so is the commit" at_least commits_total $((commits + 1))
check "and metron hears how long it took" wait_for 10 eval '[ "$(times iptablesEnforceTime)" -gt "$enforced" ]'
slow='netman_agent_poll_duration_seconds_bucket{le="1"}'
check "that the server let it wait is not taken for slowness" eval \
    '[ "$(metric_of $URL "$slow")" -ge 2 ] && [ "$(metric_of $URL "$slow")" = "$(metric_of $URL netman_agent_poll_duration_seconds_count)" ]'
check "nor in what metron hears" eval \
    'awk -v o=$ORIGIN "\$1 == o && (\$3 == \"policyServerPollTime\" || \$3 == \"totalPollTime\") && \$4 > 1500 { bad = 1 } END { exit bad }" "$T/metron"'

# --- trouble ----------------------------------------------------------------------------
iptables -F vpa--forward
check "somebody's change is undone, and counted" wait_for 10 shows drift_repairs_total 1
exec 9>/run/xtables.lock
flock 9
before=$(metric_of $URL netman_agent_lock_wait_seconds_count)
store_remove front
sleep 1 # the agent waits for the lock meanwhile
flock -u 9
late='netman_agent_lock_wait_seconds_bucket{le="0.1"}'
check "waiting for the tables' lock shows" wait_for 10 eval \
    '[ "$(metric_of $URL netman_agent_lock_wait_seconds_count)" -gt "$before" ] && [ "$(metric_of $URL "$late")" -lt "$(metric_of $URL netman_agent_lock_wait_seconds_count)" ]'
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
