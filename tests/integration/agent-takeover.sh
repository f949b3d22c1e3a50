# A container gets the address of another app's, which has gone while no agent ran: it gets
# none of the other's rights with it. Real networker, real agent, real packets.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/cell.sh"

agent_cell 192.0.2.0 192.0.2.255
serve back 8080
serve front 8080
policies_are r1 "$(policy $front 0001 $back 0002 tcp 8080 8080)" "$(policy $back 0002 $front 0001 tcp 8080 8080)"
api_up
agent_config
agent_up
check "an app reaches another" wait_for 20 reach front "$(addr back)" 8080
check "in both directions" reach back "$(addr front)" 8080
agent_down
was=$(addr front)
kill_container front
down front
check "(no agent runs: its rules stand)" sh -c "iptables -S | grep -q -e '-s $was/32.*MARK'"
# next_is ADDRESS: the allocator looks for a free one from there on.
next_is() { printf %s "${1%.*}.$((${1##*.} - 1))" >/var/lib/cni/networks/net/last_reserved_ip.0; }
next_is "$was"
container heir
up heir '{"Pid":'"$(pid heir)"',"Properties":{"policy_group_id":"heirs-app"}}'
same "another app's container comes up" 0 "$status"
same "with the address that has become free" "$was" "$(addr heir)"
serve heir 8080
refuse "it does not reach what the former owner could" reach heir "$(addr back)" 8080
refuse "and is not reached by who could reach that" reach back "$was" 8080
refuse "no rule speaks for the address in the former owner's name" sh -c "iptables -S | grep -e '$was/32' | grep -q $front"
check "what the agent left for others stands" sh -c "iptables -S | grep -q -e '-s $(addr back)/32.*MARK'"
kill_container heir
down heir
next_is "$was"
container again
up again '{"Pid":'"$(pid again)"',"Properties":{"policy_group_id":"'"$back"'"}}'
same "an instance of an app with policies gets it" "$was" "$(addr again)"
agent_up
check "and its app's rights, when an agent runs" wait_for 20 sh -c "iptables -S | grep -q -e '-s $was/32.*src:$back'"
agent_down
done_testing
