# Who is refused hears so at once, also where the kernel bounds how often it says so.
# Real networker, real agent, the kernel's own default for that bound.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/agent.sh"
. "$TOP/tests/lib/cell.sh"

agent_cell 10.99.0.0 10.99.0.255
sysctl -qw net.ipv4.icmp_ratelimit=1000
policies_are r1 "$(policy $front 0001 $back 0002 udp 7000 7000)"
api_up
agent_config
agent_up
wait_for 20 sh -c "iptables -S vpa--src | grep -q set-xmark"

# held_back: refusals that the kernel kept to itself, since the one before was too near
held_back() { nstat -asz IcmpOutRateLimitHost | awk '$1 == "IcmpOutRateLimitHost" { print $2 }'; }
# told: refusals that went out
told() { nstat -asz IcmpOutDestUnreachs | awk '$1 == "IcmpOutDestUnreachs" { print $2 }'; }

before=$(told)
for attempt in first second third; do
    in_ns front curl -s -m 5 "http://$(addr back):8080/"
    same "the $attempt connection to a container of the same cell is refused" 7 $?
done
same "each of them was answered once" 3 "$(($(told) - before))"
same "and no answer held back" 0 "$(held_back)"
same "no container is told of a shorter way that it must not take" 0 \
    "$(nstat -asz IcmpOutRedirects | awk '$1 == "IcmpOutRedirects" { print $2 }')"

done_testing
