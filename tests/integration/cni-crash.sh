# The CNI wrapper killed before every system call that changes the world, on ADD and on
# DEL; the down that Garden runs afterwards must find and remove all.
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/cell.sh"
. "$TOP/tests/lib/crash.sh"

cell_up 10.255.7.0/24
container k
snapshot before
exec 3<"/proc/$(pid k)/ns/net"
deep='{"Pid":0,"Properties":{"policy_group_id":"app"}}'

# A wrapper that runs under the tracer for the command it is told to.
mkdir "$T/traced"
cat >"$T/traced/cni-wrapper-plugin" <<SH
#!/bin/sh
[ "\$CNI_COMMAND" = "\$KILL_COMMAND" ] || exec "$BIN/cni-wrapper-plugin"
[ -z "\$KILL_TRACE" ] || exec strace -o "\$KILL_TRACE" "$BIN/cni-wrapper-plugin"
exec strace -o /dev/null -e "trace=\$KILL_CALL" -e "inject=\$KILL_CALL:signal=KILL:when=\$KILL_N" "$BIN/cni-wrapper-plugin"
SH
chmod +x "$T/traced/cni-wrapper-plugin"
jq --arg t "$T" '.cni_plugin_dir = $t + "/traced:" + .cni_plugin_dir' "$T/networker.json" >"$T/traced.json"

KILL_COMMAND=ADD KILL_TRACE=$T/trace.ADD up k "$deep" "$T/traced.json"
same "up comes through" 0 "$status"
KILL_COMMAND=DEL KILL_TRACE=$T/trace.DEL down k "$T/traced.json"
same "down comes through" 0 "$status"
shot_add() { KILL_COMMAND=ADD KILL_CALL=$1 KILL_N=$2 up k "$deep" "$T/traced.json"; [ "$status" = 1 ]; }
each "the wrapper's ADD" "$T/trace.ADD" shot_add
# A wrapper that is killed is no success: the networker keeps what the next down needs.
shot_del() {
    up k "$deep" || return 1
    KILL_COMMAND=DEL KILL_CALL=$1 KILL_N=$2 down k "$T/traced.json"
    [ "$status" = 1 ]
}
each "the wrapper's DEL" "$T/trace.DEL" shot_del
done_testing
