# What the plugin can do beyond the reference: explain, apply, wait.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/platform.sh"

cat >"$T/world.json" <<'JSON'
{"clients": [{"id": "network-policy", "secret": "s3cret", "scopes": ["uaa.resource", "cloud_controller.admin_read_only"]},
             {"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "u-1", "name": "dora", "password": "pw", "scopes": ["network.write"]}],
 "orgs": [{"guid": "org-1", "name": "one"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["u-1"]}],
 "apps": [{"guid": "app-1", "name": "frontend", "space": "space-1"},
          {"guid": "app-2", "name": "backend", "space": "space-1"},
          {"guid": "app-3", "name": "db", "space": "space-1"}]}
JSON
start_platform || { not_ok "the platform starts" "$(tail -n 5 "$T"/*.log)"; done_testing; }
log_in dora "$T/dora"
plugin() { CF_HOME=$T/dora "$BIN/network-policy-plugin" "$@" </dev/null; }
rows() { plugin list-access | tail -n +5 | tr -s '\t' ' ' | sort; }

# world FILTER: change the stand-ins' world
world() { jq "$1" "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"; }

# --- explain ----------------------------------------------------------------------------
plugin allow-access frontend backend --protocol tcp --port 8080-8085 >/dev/null
plugin allow-access frontend backend --protocol tcp --port 8084-8090 >/dev/null
out=$(plugin explain-access frontend backend --protocol tcp --port 8081)
same "what is allowed: exit status 0" 0 $?
match "and by which policy" "frontend -> backend tcp 8081: allowed" "$out"
match "named with its ports" "by policy tcp 8080-8085" "$out"
match "and that no cell is there" "^   the policy server knows of no live cell to enforce it$" "$out"
check "a range that two policies cover together is allowed" plugin explain-access frontend backend --protocol tcp --port 8080-8090
out=$(plugin explain-access frontend backend --protocol tcp --port 8080-8091)
same "what is not allowed: exit status 1" 1 $?
match "and what is" "policies allow only: tcp 8080-8085, tcp 8084-8090" "$out"
match "and what to do" "cf allow-access frontend backend --protocol tcp --port 8080-8091" "$out"
refuse "the same port of the other protocol is not allowed" plugin explain-access frontend backend --protocol udp --port 8081
out=$(plugin explain-access backend frontend --protocol tcp --port 8081)
match "the other direction is pointed at" "the other direction, frontend to backend, is allowed" "$out"
match "an app that is not there" "resolving source app: App nosuch not found" "$(plugin explain-access nosuch db --protocol tcp --port 1)"

# --- removing what another policy allows, too ------------------------------------------------
plugin allow-access db frontend --protocol tcp --port 100-200 >/dev/null
plugin allow-access db frontend --protocol tcp --port 150 >/dev/null
plugin allow-access db frontend --protocol udp --port 150 >/dev/null
same "a port is removed, and a range still allows it: that is said" "Denying traffic from db to frontend as dora...
Still allowed by policy tcp 100-200 (to remove that: --port 100-200)
OK" "$(plugin remove-access db frontend --protocol tcp --port 150)"
match "in cf's newer words too" "^Still allowed by policy tcp 100-200 " "$(plugin remove-network-policy db frontend --protocol tcp --port 150)"
same "with the range removed nothing is left to say" "Denying traffic from db to frontend as dora...
OK" "$(plugin remove-access db frontend --protocol tcp --port 100-200)"
plugin remove-access db frontend --protocol udp --port 150 >/dev/null
world '.fail = {"/networking/v1/external/policies": 503}'
same "nor where it cannot be found out" "Denying traffic from db to frontend as dora...
OK" "$(plugin remove-access db frontend --protocol tcp --port 150)"
world 'del(.fail)'

# --- apply --------------------------------------------------------------------------------
cat >"$T/policies.yml" <<'YAML'
# what dora wants
policies:
- source: frontend
  destination: backend
  ports: 8080-8085
- source: backend
  destination: db
  protocol: tcp
  ports: [5432, 6000-6010]
YAML
before=$(rows)
out=$(plugin apply-access -f "$T/policies.yml" --dry-run --prune)
match "the difference is shown: what comes" '^\+ backend -> db tcp 6000-6010$' "$out"
match "what goes" '^- frontend -> backend tcp 8084-8090$' "$out"
match "and how many stay" '^2 to add, 1 to remove, 1 unchanged$' "$out"
same "a dry run changes nothing" "$before" "$(rows)"
out=$(plugin apply-access -f "$T/policies.yml")
match "without --prune nothing goes" '2 to add, 0 to remove, 1 unchanged, 1 not in the file' "$out"
same "all are there" "backend db tcp 5432
backend db tcp 6000-6010
frontend backend tcp 8080-8085
frontend backend tcp 8084-8090" "$(rows)"
check "with --prune they go" plugin apply-access -f "$T/policies.yml" --prune
same "and the space is as the file says" "backend db tcp 5432
backend db tcp 6000-6010
frontend backend tcp 8080-8085" "$(rows)"
match "applying again changes nothing" "0 to add, 0 to remove, 3 unchanged" "$(plugin apply-access -f "$T/policies.yml" --prune)"
bad() {
    printf "$2" >"$T/bad.yml"
    match "$1" "$3" "$(plugin apply-access -f "$T/bad.yml" --prune)"
}
bad "a file that is no YAML names the line" 'policies:\n- source: "a\n' 'FAILED|line [0-9]+: '
bad "a list that is missing" 'foo: 1\n' "line 1: need 'policies:'"
bad "an empty file" '' "need 'policies:'"
bad "an unknown key" 'policies:\n- source: a\n  dest: b\n' 'line 3: unknown key'
bad "a missing key" 'policies:\n- source: frontend\n  ports: 80\n' 'line 2: need source, destination and ports'
bad "a port out of range" 'policies:\n- {source: a, destination: b, ports: 70000}\n' 'line 2: a port is a number of 1-65535'
bad "a protocol there is none of" 'policies:\n- {source: a, destination: b, ports: 7, protocol: icmp}\n' 'line 2: protocol must be tcp or udp'
bad "a word where a list should be" 'policies: 7\n' "line 1: need 'policies:' and a list"
bad "an app that is not there" 'policies:\n- {source: frontend, destination: nosuch, ports: 7}\n' 'bad.yml: App nosuch not found'
same "and nothing has changed" 3 "$(rows | wc -l)"
match "a file that is not there" "No such file" "$(plugin apply-access -f "$T/none.yml")"
# over the quota of 50: the additions are refused as a whole, so nothing may go either
{ echo "policies:"; for i in $(seq 1 60); do echo "- {source: db, destination: frontend, ports: $i}"; done; } >"$T/many.yml"
match "more than the quota is refused" "policy quota exceeded" "$(plugin apply-access -f "$T/many.yml" --prune)"
same "as a whole" 3 "$(rows | wc -l)"

# the second of the two requests fails: ranges are deleted by v1, single ports by v0
three=$(rows)
printf 'policies:\n- {source: db, destination: frontend, ports: [1, 1, 2]}\n- {source: db, destination: frontend, ports: 1}\n' >"$T/two.yml"
v0=/networking/v0/external/policies v1=/networking/v1/external/policies
match "the same policy twice is one" "2 to add, 3 to remove, 0 unchanged" "$(plugin apply-access -f "$T/two.yml" --prune --dry-run)"
world ".fail = {\"$v1/delete\": 503}"
out=$(plugin apply-access -f "$T/two.yml" --prune)
same "removing fails: exit status 1" 1 $?
match "and says so" "nothing was changed: deleting policies: http client do: 503" "$out"
same "additions are undone" "$three" "$(rows)"
world ".fail = {\"$v0\": 502}"
match "adding fails, perhaps after it was done" "FAILED adding policies: http client do: 502" "$(plugin apply-access -f "$T/two.yml" --prune | tail -n 2 | tr '\n' ' ')"
same "nothing is changed" "$three" "$(rows)"
# slowly FILTER: apply two.yml in the background, its changing requests delayed as the world says; its pid in $applying
slowly() {
    local before
    world "$1"
    before=$(grep -c "GET $v1 -> 200" "$T/cc.log")
    env CF_HOME="$T/dora" "$BIN/network-policy-plugin" apply-access -f "$T/two.yml" --prune >"$T/applied" 2>&1 </dev/null &
    applying=$!
    wait_for 30 eval '[ "$(grep -c "GET $v1 -> 200" "$T/cc.log")" -gt $before ]'
}
check "adding fails after a while" slowly ".fail = {\"$v0\": 502} | .delay_ms = {\"$v0\": 3000}"
world ".fail[\"$v1\"] = 503"
wait $applying
match "and if it cannot be made sure that nothing is there, it is said" "it is not known whether policies were added" "$(cat "$T/applied")"
world 'del(.fail) | del(.delay_ms)'
same "nothing is" "$three" "$(rows)"

# others work meanwhile: what they make and remove is theirs
others() { curl -sf -H "Authorization: $(jq -r .AccessToken "$T/dora/.cf/config.json")" -d "{\"policies\": [{\"source\": {\"id\": \"$2\"},
    \"destination\": {\"id\": \"$3\", \"protocol\": \"tcp\", \"ports\": {\"start\": $4, \"end\": $4}}}]}" "http://127.0.0.1:4002$1"; }
check "adding fails after a while" slowly ".fail = {\"$v0\": 502} | .delay_ms = {\"$v0\": 3000}"
check "another user makes one of the policies" others $v1 app-3 app-1 1
wait $applying
same "it is not taken for ours" "$(printf '%s\n' "$three" "db frontend tcp 1" | sort)" "$(rows)"
check "she removes it" others $v1/delete app-3 app-1 1
check "removing fails after a while" slowly ".fail = {\"$v1/delete\": 503} | .delay_ms = {\"$v1/delete\": 3000}"
check "the additions are there" wait_for 30 eval 'rows | grep -q "db frontend tcp 2"'
check "another user removes what we were to remove" others $v1/delete app-2 app-3 5432
wait $applying
same "it is not made again" "$(grep -v 5432 <<<"$three")" "$(rows)"
match "and it is said that nothing was changed" "nothing was changed: deleting policies" "$(cat "$T/applied")"
world 'del(.fail) | del(.delay_ms)'
plugin apply-access -f "$T/policies.yml" --prune >/dev/null

# interrupted between the two requests
check "removing takes a while" slowly ".delay_ms = {\"$v1/delete\": 2000}"
check "the additions are there" wait_for 30 eval 'rows | grep -q "db frontend tcp 2"'
kill -TERM $applying
wait $applying
same "a signal does not come between the two requests, but after them: exit status 143" 143 $?
same "and all is done" "db frontend tcp 1
db frontend tcp 2" "$(rows)"
match "which is said" "interrupted after the policies were changed" "$(cat "$T/applied")"
world 'del(.delay_ms)'
check "applying the file before puts it right" plugin apply-access -f "$T/policies.yml" --prune
same "completely" "$three" "$(rows)"
world ".fail = {\"$v1/delete\": 503, \"$v0/delete\": 503}"
match "as is what could not be undone" "policies were changed, and that could not be undone" "$(plugin apply-access -f "$T/two.yml" --prune)"
world 'del(.fail)'
check "applying the file before puts it right" plugin apply-access -f "$T/policies.yml" --prune
same "completely" "$three" "$(rows)"

# --- a policy server of the first generation, which knows v0 alone ----------------------------
world ".fail = {\"$v1\": 404, \"$v1/delete\": 404, \"$v1/status\": 404}"
check "a policy is made" plugin allow-access backend frontend --protocol tcp --port 7
match "and listed" "backend frontend tcp 7" "$(rows)"
check "and explained" plugin explain-access backend frontend --protocol tcp --port 7
check "and removed" plugin remove-access backend frontend --protocol tcp --port 7
match "a range is more than it knows" "adding policies: http client do: 404 Not Found" "$(plugin allow-access backend frontend --protocol tcp --port 7-8)"
world 'del(.fail)'

# --- wait ------------------------------------------------------------------------------------
out=$(plugin allow-access frontend db --protocol tcp --port 9001 --wait)
same "with no cells there is nothing to wait for: exit status 0" 0 $?
match "but it is said that nobody enforces it" "^The policy server knows of no live cell: none to wait for$" "$out"
world '.fail = {"/networking/v1/external/policies/status": 404}'
out=$(plugin allow-access frontend db --protocol tcp --port 9009 --wait)
same "a server that cannot tell: exit status 1" 1 $?
match "in words" "cannot tell what cells enforce: nothing was changed, try again without --wait" "$out"
lacks "and nothing was changed" 9009 <(rows)
match "nor by apply-access" "nothing was changed" "$(plugin apply-access -f "$T/many.yml" --prune --wait)"
check "explain-access does without" plugin explain-access frontend db --protocol tcp --port 9001
world 'del(.fail)'
# cell N …: cell N asks for its policies; etag N: what it got
cell() {
    local n=$1
    shift
    curl -s --cacert "$T/certs/ca.crt" --cert "$T/certs/client.crt" --key "$T/certs/client.key" -H "X-Agent-Id: cell-$n" \
        -D "$T/cell-$n.headers" -o /dev/null "$@" "https://127.0.0.1:4003/networking/v0/internal/policies?id=app-1"
}
etag() { tr -d '\r' <"$T/cell-$1.headers" | sed -n 's/^[Ee][Tt]ag: //p'; }
cells() { curl -s -H "Authorization: $(jq -r .AccessToken "$T/dora/.cf/config.json")" $API/networking/v1/external/policies/status | jq -c '[.agents, .enforced]'; }
cell 1
plugin allow-access frontend db --protocol udp --port 9001 >/dev/null
cell 1 -H "If-None-Match: $(etag 1)" # it says what it enforces: not the newest
check "a cell that is behind is seen" wait_for 20 eval '[ "$(cells)" = "[1,0]" ]'
out=$(plugin allow-access frontend db --protocol tcp --port 9002 --wait=1)
same "a cell that does not enforce it: exit status 1" 1 $?
match "and how many there are" "after 1 s 1 of 1 cells do not enforce it yet" "$out"
match "but the policy is there" "db tcp 9002" "$(rows)"
match "which is said" "the change itself was made: after 1 s" "$out"
match "explain-access counts it as behind" "enforced by 0 of 1 cells" "$(plugin explain-access frontend db --protocol tcp --port 9002)"
# From here on the cell enforces what it gets, and says so by asking again.
(while cell 1 -H "If-None-Match: $(etag 1)" -H "Prefer: wait=5"; do :; done) &
agent=$!
out=$(plugin allow-access frontend db --protocol tcp --port 9003 --wait=30)
same "a cell that does enforce it: exit status 0" 0 $?
match "and they are counted" "^Enforced by 1 of 1 cells$" "$out"
match "explain-access counts them too" "enforced by 1 of 1 cells" "$(plugin explain-access frontend db --protocol tcp --port 9003)"
check "remove-access waits as well" plugin remove-access frontend db --protocol tcp --port 9003 --wait=30
check "and apply-access" plugin apply-access -f "$T/policies.yml" --prune --wait=30

# one of two cells is behind
cell 2
plugin allow-access frontend db --protocol udp --port 9004 >/dev/null
cell 2 -H "If-None-Match: $(etag 2)"
check "a second cell is behind, the first is not" wait_for 20 eval '[ "$(cells)" = "[2,1]" ]'
match "explain-access counts both" "enforced by 1 of 2 cells" "$(plugin explain-access frontend db --protocol udp --port 9004)"
out=$(plugin allow-access frontend db --protocol tcp --port 9005 --wait=1)
same "one cell of two is not enough: exit status 1" 1 $?
match "and it is counted" "after 1 s 1 of 2 cells do not enforce it yet" "$out"
status=/networking/v1/external/policies/status
world ".delay_ms = {\"$status\": 2500}"
match "a question that the end cuts off does not take back the answer before" "after 4 s 1 of 2 cells do not enforce it yet" \
    "$(plugin allow-access frontend db --protocol tcp --port 9005 --wait=4)"
world 'del(.delay_ms)'

# the status fails while it is waited for
asked() { grep -c "GET $status -> $1" "$T/cc.log"; }
world ".fail = {\"$status\": 503}"
before=$(asked 503)
plugin allow-access frontend db --protocol tcp --port 9006 --wait=60 >"$T/waited" &
waiter=$!
check "the status is asked for again where the server is in trouble" wait_for 30 eval '[ "$(asked 503)" -gt $((before + 2)) ]'
(cell 2 && while cell 2 -H "If-None-Match: $(etag 2)" -H "Prefer: wait=5"; do :; done) &
second=$!
world 'del(.fail)'
wait $waiter
same "and once it answers, the cells are waited for: exit status 0" 0 $?
match "both" "^Enforced by 2 of 2 cells$" "$(cat "$T/waited")"
world ".fail = {\"$status\": 503}"
out=$(plugin allow-access frontend db --protocol tcp --port 9007 --wait=1)
same "a status that is not told in time: exit status 1" 1 $?
match "the policy was made, but nobody knows who enforces it, and why" \
    "the change itself was made: after 1 s it is not known which cells enforce it .*getting status: http client do: 503" "$out"
match "and it is there" "db tcp 9007" "$(rows)"
out=$(plugin explain-access frontend db --protocol tcp --port 9007)
same "explain-access answers all the same: exit status 0" 0 $?
match "allowed" "tcp 9007: allowed" "$out"
match "though by how many cells is not known" "it is not known how many cells enforce it .*503" "$out"
world ".fail = {} | .delay_ms = {\"$status\": 120000}"
match "a server that does not answer at all is not waited for longer" "after 1 s it is not known" \
    "$(plugin allow-access frontend db --protocol tcp --port 9008 --wait=1)"
match "explain-access answers without it" "it is not known how many cells enforce it .*timed out" \
    "$(plugin explain-access frontend db --protocol tcp --port 9008)"
world 'del(.delay_ms)'
kill $agent $second

done_testing
