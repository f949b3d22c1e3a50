# Clients that are slow, greedy or out to break something.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json" '.request_timeout = 2 | .max_connections_per_client = 400'
internal_config "$T/internal.json" '.request_timeout = 2'
start_both
root=$(token_of root)
E=/networking/v0/external INT=/networking/v1/internal
alive() { [ "$(curl -s -m 20 -o /dev/null -w '%{http_code}' $PS/health)$(internal $INT/policies_last_updated -m 20 -o /dev/null -w '%{http_code}')" = 200200 ]; }

# --- too slow ----------------------------------------------------------------------
# drip PORT TEXT: send TEXT, then a byte now and then, until the server has had enough
drip() {
    exec 7<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf '%b' "$2" >&7
    timeout 60 bash -c 'while printf a >&7; do sleep 0.2; done' 2>/dev/null
    test $? -ne 124
}
drip 4002 'GET / HTTP/1.1\r\nX-Slow: ' & head=$!
drip 4002 'POST '$E'/policies HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n' & body=$!
drip 4003 'x' & handshake=$!
check "a client that never finishes its headers is cut off" wait $head
check "nor its body" wait $body
check "nor its TLS handshake" wait $handshake

# --- too much ----------------------------------------------------------------------
error() { printf '{"error": "%s"}\n%s' "$1" "$2"; }
same "headers without end are refused" 431 "$(curl -s -o /dev/null -w '%{http_code}' -H "X-Big: $(head -c 60000 /dev/zero | tr '\0' a)" $PS/)"
same "so is a path without end" 414 "$(curl -s -o /dev/null -w '%{http_code}' "$PS/networking/v0/external/policies?id=$(head -c 60000 /dev/zero | tr '\0' a)")"
head -c 30000000 /dev/zero >"$T/huge"
match "a body far beyond the limit is refused unread" '^(400|000)$' "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: bearer $root" -H 'Expect:' --data-binary @"$T/huge" $PS$E/policies)"
match "also where it does not tell its length" '^(400|000)$' "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: bearer $root" -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @"$T/huge" $PS$E/policies)"
same "on the internal listener too" 413 "$(head -c 15000000 /dev/zero | internal $INT/tags -X PUT -o /dev/null -w '%{http_code}' -H 'Expect:' --data-binary @-)"
check "the servers live" alive
flood() {
    local fds=() fd i
    for i in $(seq 300); do exec {fd}<>"/dev/tcp/127.0.0.1/$1" && fds+=("$fd"); done
    alive
}
check "300 silent connections do not keep others out" flood 4002
check "nor do they on the internal listener" flood 4003
# one client may have 400
greedy() {
    local fds=() fd i
    for i in $(seq 450); do exec {fd}<>/dev/tcp/127.0.0.1/4002 && fds+=("$fd"); done
    curl -s -m 10 -o /dev/null -w '%{http_code} ' $PS/
    curl -s -m 10 -o /dev/null -w '%{http_code}' --interface 127.0.0.2 $PS/
}
same "who takes too many connections gets no more, others do" "000 200" "$(greedy)"
check "and when they are given back, again" wait_for 20 alive

# --- 16 workers held up by a slow UAA: who waits too long for one is sent away --------
external_config "$T/second.json" '.listen_port = 4012 | .uaa_verify = "local" | .max_policies = 1000 | .debug_server_port = 7944 | .request_timeout = 15'
check "another server starts, that needs no UAA" start_server second policy-server "$T/second.json"
same "and knows its keys" $'{}\n200' "$(PS=http://127.0.0.1:4012 api "$root" POST $E/policies "$(v0 app-1 app-2 tcp 80)")"
world() { jq "$1" "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"; }
world '.delay_ms = {"/check_token": 8000}'
for i in $(seq 40); do
    curl -s -D - -o /dev/null -H "Authorization: bearer $root" $PS$E/whoami >"$T/busy.$i" & busy[i]=$!
done

# --- text that means something to a parser or a database -------------------------------
PS=http://127.0.0.1:4012
tables() { sql "SELECT string_agg(tablename || n, ' ' ORDER BY tablename) FROM (SELECT tablename, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || tablename, true, true, '')))[1]::text AS n FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'policy_readers') t"; }
before=$(tables)
while IFS= read -r evil; do
    id=$(jq -rn --arg s "$evil" '$s | @uri')
    quoted=$(jq -n --arg s "$evil" '$s')
    same "as an id to list: $evil" '0 0 0' "$(for k in id source_id dest_id; do curl -s -H "Authorization: bearer $root" "$PS$E/policies?$k=$id" | jq .total_policies; done | paste -sd' ')"
    same "as an id of a cell's list" 0 "$(internal "$INT/policies?id=$id" | jq .total_policies)"
    same "as a source or destination: refused" '400 400' "$(for body in \
        "{\"policies\":[{\"source\":{\"id\":$quoted},\"destination\":{\"id\":\"b\",\"protocol\":\"tcp\",\"port\":1}}]}" \
        "{\"policies\":[{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":$quoted,\"protocol\":\"tcp\",\"port\":1}}]}"; do
        echo "$(api "$root" POST $E/policies "$body" | tail -1)"; done | paste -sd' ')"
    same "as a protocol: refused" 400 "$(api "$root" POST $E/policies "{\"policies\":[{\"source\":{\"id\":\"a\"},\"destination\":{\"id\":\"b\",\"protocol\":$quoted,\"port\":1}}]}" | tail -1)"
    same "as a tag's id and type: refused" '400 400' "$(for body in "{\"id\":$quoted,\"type\":\"app\"}" "{\"id\":\"r\",\"type\":$quoted}"; do
        internal $INT/tags -X PUT -o /dev/null -w '%{http_code}\n' -d "$body"; done | paste -sd' ')"
    match "as a version: an error that is JSON" '^"api version ' "$(curl -s "$PS/networking/$id/external/policies" | jq .error)"
done <<'EVIL'
' OR '1'='1
'); DROP TABLE policies; --
a"} , {"x":"
{"$gt":""}
\u0000
%s%n%n%n
$1::text; DELETE FROM groups
{a,b}
"a","b"
a b
EVIL
same "and the tables are as they were" "$before" "$(tables)"
post_raw() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: bearer $root" --data-binary @- $PS$E/policies; }
same "JSON nested without end is refused" 400 "$(head -c 5000000 /dev/zero | tr '\0' '[' | post_raw)"
same "a NUL in a text is" 400 "$(printf '{"policies":[{"source":{"id":"a\\u0000b"},"destination":{"id":"b","protocol":"tcp","port":1}}]}' | post_raw)"
same "text that is no UTF-8 is" 400 "$(printf '{"policies":[{"source":{"id":"a\xff"},"destination":{"id":"b","protocol":"tcp","port":1}}]}' | post_raw)"
same "a port beyond all numbers is" 400 "$(printf '{"policies":[{"source":{"id":"a"},"destination":{"id":"b","protocol":"tcp","port":1e999}}]}' | post_raw)"
same "an id of 100,000 letters is" 400 "$(printf '{"policies":[{"source":{"id":"%s"},"destination":{"id":"b","protocol":"tcp","port":1}}]}' "$(head -c 100000 /dev/zero | tr '\0' a)" | post_raw)"
same "a header cannot add lines to an answer" 0 "$(curl -s -D - -o /dev/null -H $'X-Vcap-Request-Id: a\tSet-Cookie: x' $PS/ | grep -ci set-cookie)"
same "10,000 policies in one request are made" $'{}\n200' \
    "$(jq -nc '{policies: [range(10000) | {source: {id: "many-\(. / 100 | floor)"}, destination: {id: "many-\(. % 100)", protocol: "udp", port: 7}}]}' >"$T/many"
    curl -s -w '\n%{http_code}' -H "Authorization: bearer $root" --data-binary @"$T/many" $PS$E/policies)"
same "and unmade" $'{}\n200' "$(curl -s -w '\n%{http_code}' -H "Authorization: bearer $root" --data-binary @"$T/many" $PS$E/policies/delete)"
check "the servers live" alive

# --- bodies that are never finished ------------------------------------------------------
rss() { awk '/VmRSS/{print int($2 / 1024)}' "/proc/$(cat "$T/second.pid")/status"; }
# hold COUNT HEADER: so many bodies of 10 MiB but for one byte; then MiB that the server has
# grown by, and what someone else is answered: with one policy, with 10,000
hold() {
    local fds=() fd i
    for i in $(seq "$1"); do
        exec {fd}<>/dev/tcp/127.0.0.1/4012 && fds+=("$fd")
        printf 'POST %s/policies HTTP/1.1\r\nHost: x\r\n%bContent-Length: 10485760\r\n\r\n' $E "$2" >&"$fd"
        head -c 10485759 /dev/zero >&"$fd"
    done
    echo "$(($(rss) - idle))"
    echo "$(api "$root" POST $E/policies "$(v0 app-1 app-2 tcp 80)" | tail -1) $(
        curl -s -o /dev/null -w '%{http_code}' -H "Authorization: bearer $root" -H 'Expect:' --data-binary @"$T/many" $PS$E/policies/delete)"
} 2>/dev/null
idle=$(rss)
hold 60 '' >"$T/held"
check "60 strangers with half a body each cost no memory" eval '[ "$(head -1 "$T/held")" -lt 60 ]'
same "and keep nobody out" "200 200" "$(tail -1 "$T/held")"
# A freed block is kept for a while where a sanitizer watches, up to 256 MiB of them.
hold 60 'Authorization: bearer x\r\n' >"$T/held"
check "with something like a token they cost what bodies may, and no more" eval '[ "$(head -1 "$T/held")" -lt 400 ]'
same "who has little to say is served, who has much is asked to come back" "200 503" "$(tail -1 "$T/held")"
check "and is served when they have gone" wait_for 40 eval \
    '[ "$(curl -s -o /dev/null -w "%{http_code}" -H "Authorization: bearer $root" --data-binary @"$T/many" $PS$E/policies/delete)" = 200 ]'

# --- UAA does not give us a token of our own ----------------------------------------------
dora=$(token_of dora)
world '.delay_ms["/oauth/token"] = 60000'
for i in $(seq 20); do
    curl -s -m 90 -o /dev/null -w '%{http_code}\n' -H "Authorization: bearer $dora" "$PS$E/policies?id=app-1" >"$T/hung.$i" & hung[i]=$!
done
held_up() { curl -s http://127.0.0.1:7944/metrics | grep -q '^netman_http_requests_queued{listener="external"} [1-9]'; }
check "all workers wait for it" wait_for 20 held_up
same "health is told meanwhile" 200 "$(curl -s -m 60 -o /dev/null -w '%{http_code}' $PS/health)"
same "uptime too" 200 "$(curl -s -m 60 -o /dev/null -w '%{http_code}' $PS/)"
wait "${hung[@]}"
same "one waits for UAA, the others with it and not one after the other" "" "$(cat "$T"/hung.* | grep -vx '500\|503')"
world 'del(.delay_ms["/oauth/token"])'
check "when it gives one, all is well" wait_for 30 eval '[ "$(api "$dora" GET "$E/policies?id=app-1" | tail -1)" = 200 ]'

PS=http://127.0.0.1:4002
wait "${busy[@]}"
same "who has waited too long behind a slow UAA is asked to come back" "24 24" \
    "$(cat "$T"/busy.* | grep -c ' 503 ') $(cat "$T"/busy.* | grep -ci '^retry-after: 1')"

check "the servers end" eval 'stop_server external && stop_server internal && stop_server second'
lacks "no token or secret is in the logs" "$root|s3cret" "$T/external.log" "$T/internal.log" "$T/second.log"
lacks "no sanitizer has complained" 'ERROR: |runtime error' <(cat "$T"/*.log)
done_testing
