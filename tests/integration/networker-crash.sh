# The networker, and the CNI wrapper below it, killed before every system call that
# changes the world; the down that Garden runs afterwards must find and remove all.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"

cell_up 10.255.7.0/24
# Leak checks cannot run under a tracer.
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
calls='mount umount2 rename unlink setsockopt clone3 vfork poll wait4 sendto'
deep='{"Pid":0,"Properties":{"policy_group_id":"app"},"netin":[{"host_port":0,"container_port":8080}],
    "netout_rules":[{"protocol":1,"networks":[{"start":"10.99.0.1"}],"ports":[{"start":80}]}]}'

# killed CALL N PROGRAM ARG…: run it, with SIGKILL before its Nth such call.
killed() {
    local call=$1 n=$2
    shift 2
    strace -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@"
}

# clean WHAT: run down, and look.
clean() {
    down k
    [ "$status" = 0 ] || { not_ok "$1: down succeeds" "$(cat "$T/err")"; return; }
    snapshot after
    check "$1: down leaves nothing" diff "$T/before" "$T/after"
}

container k
snapshot before

# --- up, killed in the networker ----------------------------------------------------
rounds=0
for call in $calls; do
    for n in $(seq 50); do
        killed "$call" "$n" "$NETWORKER" --configFile="$T/networker.json" --action up --handle k \
            <<<"$deep" >"$T/out" 2>"$T/err" 3<"/proc/$(pid k)/ns/net"
        [ $? = 137 ] || break
        rounds=$((rounds + 1))
        clean "up killed before $call $n"
    done
done
match "up was killed many times ($rounds)" '^[0-9]{2,}$' "$rounds"
same "and came through when it was not" 10.255.7 "$(answer '.properties."garden.network.container-ip"' | cut -d. -f1-3)"
clean "up not killed at all"

# --- up, killed in the wrapper --------------------------------------------------------
mkdir "$T/traced"
cat >"$T/traced/cni-wrapper-plugin" <<SH
#!/bin/sh
exec strace -o /dev/null -e trace=\$KILL_CALL -e "inject=\$KILL_CALL:signal=KILL:when=\$KILL_N" "$BIN/cni-wrapper-plugin"
SH
chmod +x "$T/traced/cni-wrapper-plugin"
jq --arg t "$T" '.cni_plugin_dir = $t + "/traced:" + .cni_plugin_dir' "$T/networker.json" >"$T/traced.json"
rounds=0
for call in $calls; do
    for n in $(seq 50); do
        export KILL_CALL=$call KILL_N=$n
        up k "$deep" "$T/traced.json" 3<"/proc/$(pid k)/ns/net"
        [ "$status" = 1 ] || break
        rounds=$((rounds + 1))
        clean "wrapper killed before $call $n"
    done
    down k
done
match "the wrapper was killed many times ($rounds)" '^[0-9]{2,}$' "$rounds"
clean "wrapper not killed at all"

# --- down, killed ------------------------------------------------------------------------
rounds=0
for call in $calls; do
    for n in $(seq 50); do
        up k "$deep" "$T/networker.json" 3<"/proc/$(pid k)/ns/net"
        [ "$status" = 0 ] || { not_ok "up before down is killed" "$(cat "$T/err")"; break 2; }
        killed "$call" "$n" "$NETWORKER" --configFile="$T/networker.json" --action down --handle k <<<null >"$T/out" 2>"$T/err"
        [ $? = 137 ] || break
        rounds=$((rounds + 1))
        clean "down killed before $call $n"
    done
done
match "down was killed many times ($rounds)" '^[0-9]{2,}$' "$rounds"
snapshot after
check "and leaves nothing when it is not" diff "$T/before" "$T/after"

# --- a full disk ----------------------------------------------------------------------------
mkdir -p "$T/full"
mount -t tmpfs -o size=64k tmpfs "$T/full"
jq --arg t "$T" '.state_file = $t + "/full/state.json"' "$T/networker.json" >"$T/full.json"
head -c 1000000 /dev/zero >"$T/full/ballast" 2>/dev/null
up k "$deep" "$T/full.json" 3<"/proc/$(pid k)/ns/net"
same "with a full disk up fails" 1 "$status"
match "and says so" 'No space left on device' "$(cat "$T/err")"
rm "$T/full/ballast"
down k "$T/full.json"
same "down succeeds when there is room again" 0 "$status"
snapshot after
check "and nothing is left" diff "$T/before" "$T/after"
umount "$T/full"
done_testing
