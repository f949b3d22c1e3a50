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

# --- a full disk, where the store is --------------------------------------------------------
mkdir -p "$T/full" "$T/full.d"
mount -t tmpfs -o size=64k tmpfs "$T/full"
head -c 1000000 /dev/zero >"$T/full/ballast" 2>/dev/null
jq --arg t "$T" '.datastore = $t + "/full/store"' "$T/cni.d/30-net.conf" >"$T/full.d/30-net.conf"
jq --arg t "$T" '.cni_config_dir = $t + "/full.d"' "$T/networker.json" >"$T/full.json"
up k "$deep" "$T/full.json"
match "with a full disk below the store up fails and says so" '^1 .*store add: .*full/store.*No space left on device' "$status $(tail -n 1 "$T/err")"
snapshot after
check "and has undone everything by itself" diff "$T/before" "$T/after"
rm "$T/full/ballast"
up k "$deep" "$T/full.json"
same "it works when there is room again" "0 k" "$status $(jq -r 'keys[]' "$T/full/store")"
down k "$T/full.json"
snapshot after
check "and leaves nothing" diff "$T/before" "$T/after"
umount "$T/full"
done_testing
