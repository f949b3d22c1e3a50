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

crash_wrapper "$deep"

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
