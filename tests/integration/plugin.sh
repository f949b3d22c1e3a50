# network-policy-plugin run by hand: real policy server and database, stand-ins for
# UAA and Cloud Controller.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/platform.sh"

cat >"$T/world.json" <<'JSON'
{"clients": [{"id": "network-policy", "secret": "s3cret", "scopes": ["uaa.resource", "cloud_controller.admin_read_only"]},
             {"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "u-1", "name": "dora", "password": "pw", "scopes": ["network.write"]},
           {"id": "u-2", "name": "admin", "password": "pw", "scopes": ["network.admin", "cloud_controller.admin"]},
           {"id": "u-3", "name": "eve", "password": "pw", "scopes": ["cloud_controller.read"]}],
 "orgs": [{"guid": "org-1", "name": "one"}, {"guid": "org-2", "name": "two"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["u-1", "u-3"]},
            {"guid": "space-2", "name": "prod", "org": "org-1", "developers": []},
            {"guid": "space-3", "name": "shared", "org": "org-1", "developers": ["u-1"]},
            {"guid": "space-4", "name": "shared", "org": "org-2", "developers": ["u-1"]}],
 "apps": [{"guid": "app-1", "name": "frontend", "space": "space-1"},
          {"guid": "app-2", "name": "backend", "space": "space-1"},
          {"guid": "app-3", "name": "db", "space": "space-1"},
          {"guid": "app-4", "name": "far", "space": "space-2"},
          {"guid": "app-5", "name": "frontend", "space": "space-2"},
          {"guid": "app-6", "name": "queue", "space": "space-3"},
          {"guid": "app-7", "name": "queue", "space": "space-4"},
          {"guid": "app-8", "name": "front end", "space": "space-1"},
          {"guid": "app-9", "name": "frontend,backend", "space": "space-1"},
          {"guid": "app-10", "name": "grün & 50% \"größer\" + ?#", "space": "space-1"}],
 "page_max": 2}
JSON
start_platform || { not_ok "the platform starts" "$(tail -n 5 "$T"/*.log)"; done_testing; }
for user in dora admin eve; do log_in $user "$T/$user"; done

plugin() { CF_HOME=$T/$user "$BIN/network-policy-plugin" "$@" </dev/null; }
# says WHAT STATUS TEXT ARGS…: exit status and whole output
says() {
    local what=$1 status=$2 text=$3 out rc
    shift 3
    out=$(plugin "$@"; echo "status $?")
    same "$what" "$text"$'\n'"status $status" "$out"
}
tab=$'\t'

# --- a developer ------------------------------------------------------------------
user=dora
says "without arguments it says that it is a plugin" 1 "This cf CLI plugin is not intended to be run on its own
"
says "an empty list is a header" 0 "Listing policies as dora...
OK

Source${tab}Destination${tab}Protocol${tab}Port
" list-access
says "a policy is made" 0 "Allowing traffic from frontend to backend as dora...
OK

" allow-access frontend backend --protocol tcp --port 8080
says "making it again is no error" 0 "Allowing traffic from frontend to backend as dora...
OK

" allow-access frontend backend --port=8080 --protocol=tcp
says "a second one" 0 "Allowing traffic from frontend to db as dora...
OK

" allow-access frontend db -protocol udp -port 7000
rows=$(plugin list-access | tail -n +5 | sort)
same "both are listed" "frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080
frontend${tab}db${tab}${tab}udp${tab}${tab}7000" "$rows"
same "the header is wide enough for the longest cell" "Source${tab}${tab}Destination${tab}Protocol${tab}Port" \
    "$(plugin list-access | sed -n 4p)"
same "only those of one app are listed" "frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080" \
    "$(plugin list-access --app backend | tail -n +5)"
says "an app that is not there" 1 "Allowing traffic from frontend to nosuch as dora...
FAILED
resolving destination app: App nosuch not found" allow-access frontend nosuch --protocol tcp --port 80
says "an app of another space is not there" 1 "Denying traffic from far to backend as dora...
FAILED
resolving source app: App far not found" remove-access far backend --protocol tcp --port 80
says "a list for an app that is not there" 1 "Listing policies as dora...
FAILED
getting app: App nosuch not found" list-access --app nosuch
says "a policy is removed" 0 "Denying traffic from frontend to db as dora...
OK

" remove-access frontend db --protocol udp --port 7000
same "and no longer listed" "frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080" "$(plugin list-access | tail -n +5)"
says "removing it again is no error" 0 "Denying traffic from frontend to db as dora...
OK

" remove-access frontend db --protocol udp --port 7000
says "deny-access says that it is deprecated" 0 "Deprecated! Use remove-access
Denying traffic from frontend to backend as dora...
OK

" deny-access frontend backend --protocol tcp --port 8080
same "and works" "" "$(plugin list-access | tail -n +5)"

# --- wrong arguments ----------------------------------------------------------------
usage() {
    local what=$1 why=$2 out rc
    shift 2
    out=$(plugin "$@")
    rc=$?
    same "$what" "1 FAILED / Incorrect usage. $why / NAME:" "$rc $(sed -n '1{s/$/ \//p};2{s/$/ \//p};4p' <<<"$out" | tr '\n' ' ' | sed 's/ $//')"
}
usage "no port" "" allow-access a b --protocol tcp
usage "three apps" "" allow-access a b c --protocol tcp --port 1
usage "a port that is a word" "Port is not valid: abc" allow-access a b --protocol tcp --port abc
usage "a port that is zero" "Port is not valid. Must be in range [1-65535]." allow-access a b --protocol tcp --port 0
usage "a port that is too great" "Port is not valid. Must be in range [1-65535]." remove-access a b --protocol tcp --port 65536
usage "a range that goes backwards" "Port is not valid. Must be in range [1-65535]." remove-access a b --protocol tcp --port 90-80
usage "a protocol there is none of" "Protocol is not valid. Must be tcp or udp." allow-access a b --protocol icmp --port 1
usage "an option there is none of" "flag provided but not defined: -foo" allow-access a b --foo tcp --port 1
usage "a word behind list-access" "" list-access frontend
refuse "a command there is none of" plugin frobnicate
match "help of a command" "^   allow-access - Allow direct network traffic" "$(plugin help allow-access)"

# --- ranges, names ------------------------------------------------------------------
check "a range of ports" plugin allow-access frontend backend --protocol tcp --port 8080-8090
same "is listed as one" "frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080-8090" "$(plugin list-access | tail -n +5)"
check "and removed" plugin remove-access frontend backend --protocol tcp --port 8080-8090
check "two apps with a policy" plugin allow-access frontend db --protocol tcp --port 1
same "are what the completion offers" "db frontend" \
    "$(CF_HOME=$T/dora PATH=$BIN:$PATH bash --norc -c '. "$TOP/cli-plugin/completion.bash"; _network_policy_plugin_apps' | tr '\n' ' ' | sed 's/ $//')"
check "no longer" plugin remove-access frontend db --protocol tcp --port 1
for name in "front end" "frontend,backend" 'grün & 50% "größer" + ?#'; do
    check "an app called $name is found" plugin allow-access "$name" backend --protocol tcp --port 1
    match "and listed" "^$(sed 's/[+?]/\\&/g' <<<"$name")$tab+backend" "$(plugin list-access)"
    same "and found in JSON" "$name" "$(plugin list-access --json --app "$name" | jq -r '.policies[].source.name')"
    check "and its policy removed" plugin remove-access "$name" backend --protocol tcp --port 1
done
same "nothing else is left" "" "$(plugin list-access | tail -n +5)"

# --- cf's newer names, with cf's texts and options ------------------------------------
says "add-network-policy has cf's defaults" 0 "Adding network policy from app frontend to app backend in org one / space dev as dora...
OK
" add-network-policy frontend backend
says "the destination as an option, as in cf 6" 0 "Adding network policy from app frontend to app db in org one / space dev as dora...
OK
" add-network-policy frontend --destination-app db --protocol UDP --port 53-54
says "into another space" 0 "Adding network policy from app frontend in org one / space dev to app queue in org one / space shared as dora...
OK
" add-network-policy frontend queue -s shared --protocol tcp --port 5672
says "of another org too" 0 "Adding network policy from app frontend in org one / space dev to app queue in org two / space shared as dora...
OK
" add-network-policy frontend queue -s shared -o two
out=$(plugin network-policies)
same "network-policies says where" "Listing network policies in org one / space dev as dora..." "$(head -n 1 <<<"$out")"
same "and lists them in cf's form" "source     destination   protocol   ports   destination space   destination org
frontend   backend       tcp        8080    dev                 one
frontend   db            udp        53-54   dev                 one
frontend   queue         tcp        5672    shared              one
frontend   queue         tcp        8080    shared              two" "$(sed -n 3p <<<"$out"; tail -n +4 <<<"$out" | sort)"
same "by source" "Listing network policies of app backend in org one / space dev as dora..." "$(plugin network-policies --source backend | head -n 1)"
same "which has none" "source   destination   protocol   ports   destination space   destination org" "$(plugin network-policies --source backend | tail -n +3)"
says "remove-network-policy" 0 "Removing network policy from app frontend in org one / space dev to app queue in org two / space shared as dora...
OK
" remove-network-policy frontend queue -s shared -o two --protocol tcp --port 8080
says "of a policy that is not there" 0 "Removing network policy from app frontend in org one / space dev to app queue in org two / space shared as dora...
Policy does not exist.
OK
" remove-network-policy frontend queue -s shared -o two --protocol tcp --port 8080
match "an org that is not there" "FAILED Organization 'three' not found." "$(plugin add-network-policy frontend queue -s shared -o three | tail -n 2 | tr '\n' ' ')"
match "a space that is not there" "FAILED Space 'none' not found." "$(plugin add-network-policy frontend queue -s none | tail -n 2 | tr '\n' ' ')"
match "an app that is not there" "FAILED App 'none' not found." "$(plugin network-policies --source none | tail -n 2 | tr '\n' ' ')"
match "an org without a space" "Incorrect Usage: A space must be provided when an org is provided" "$(plugin add-network-policy a b -o two)"
match "with the command's help" "^   network-policy-plugin add-network-policy SOURCE_APP DESTINATION_APP \[-s" "$(plugin add-network-policy a b -o two)"
for policy in "backend --protocol tcp --port 8080" "db --protocol udp --port 53-54" "queue -s shared --protocol tcp --port 5672"; do
    # shellcheck disable=SC2086 # several words
    check "removed: $policy" plugin remove-network-policy frontend $policy
done
same "and all are gone" "" "$(plugin network-policies | tail -n +4)"

# --- who may, and tokens --------------------------------------------------------------
user=eve
out=$(plugin allow-access frontend backend --protocol tcp --port 80)
match "a user without the scope is told so" 'adding policies: http client do: 403 Forbidden: .*network.admin network.write' "$out"
user=dora
config=$T/dora/.cf/config.json
token() { jq -r .AccessToken "$config"; }
renewed() { [[ $(token) == bearer\ ?* && $(token) != "bearer $expired" ]]; }
expired=$(curl -s -d "{\"claims\": $(jq -n '{sub: "u-1", user_id: "u-1", user_name: "dora", scope: ["network.write"], exp: 1000}')}" $UAA/standin/sign | jq -r .token)
jq --arg t "bearer $expired" '.AccessToken = $t' "$config" >"$config.new" && mv "$config.new" "$config"
check "an expired token is renewed" plugin list-access
check "and the new one kept for cf" renewed
same "with all else in the file" kept "$(jq -r '.PluginRepos[0].Name' "$config")"
same "for nobody else to read" 600 "$(stat -c %a "$config")"
jq --arg t "bearer $expired" '.AccessToken = $t' "$config" >"$T/elsewhere.json" && ln -sf "$T/elsewhere.json" "$config"
check "without CF_HOME the file is in the home directory" env -u CF_HOME HOME="$T/dora" "$BIN/network-policy-plugin" list-access
check "a link to it stays one" test -L "$config"
check "and what it leads to has the new token" renewed
rm "$config" && mv "$T/elsewhere.json" "$config"
echo '{"Target": "http' >"$T/half.json" && mkdir -p "$T/half/.cf" && mv "$T/half.json" "$T/half/.cf/config.json"
match "a file cut short is named" "half/.cf/config.json: " "$(CF_HOME=$T/half "$BIN/network-policy-plugin" list-access)"
jq '.AccessToken = "bearer not.a.token"' "$config" >"$config.new" && mv "$config.new" "$config"
out=$(plugin list-access)
match "a token that cannot be read is no crash" "could not resolve username: the access token cannot be read" "$out"
lacks "and is not quoted" not.a.token <(echo "$out")
jq --arg t "bearer $expired" '.AccessToken = $t' "$config" >"$config.new" && chmod 640 "$config.new" && mv "$config.new" "$config"
cp "$config" "$T/before" && jq '.fail = {"/oauth/token": 503}' "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"
match "a UAA in trouble is not a session that is over" "renewing the token: the UAA answered 503" "$(plugin list-access)"
check "and the file stays as it is" cmp "$config" "$T/before"
jq 'del(.fail)' "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"
chown 1234:1234 "$config"
check "for another user, as under sudo" plugin list-access
same "the file stays hers" "1234 1234 600" "$(stat -c '%u %g %a' "$config")"
expire() { jq --arg t "bearer $expired" "${1-.} | .AccessToken = \$t" "$config" >"$config.new" && mv "$config.new" "$config"; }
expire '.UaaEndpoint += "/" | .Target += "//"'
check "addresses that end with slashes" plugin list-access
expire
jq '.fail = {"/oauth/token": 404}' "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"
match "a UAA that is none is not a session that is over" "renewing the token: the UAA answered 404" "$(plugin list-access)"
jq 'del(.fail)' "$T/world.json" >"$T/w" && mv "$T/w" "$T/world.json"
mount --bind "$T/dora/.cf" "$T/dora/.cf" && mount -o remount,ro,bind "$T/dora/.cf"
out=$(plugin list-access 2>"$T/warned")
same "a configuration that cannot be written: the command works" "0 OK" "$? $(sed -n 2p <<<"$out")"
match "and says that the new token is lost" "the renewed token could not be kept: .*Read-only file system" "$(cat "$T/warned")"
umount "$T/dora/.cf"
log_in dora "$T/dora" # the old refresh token has been used
same "an empty SSL_CERT_FILE is none" OK "$(SSL_CERT_FILE='' plugin list-access | sed -n 2p)"
jq 'del(.UAAOAuthClient, .UAAOAuthClientSecret, .ConfigVersion) | .UaaEndpoint = "" | .ConfigVersion = 3 | .AccessToken = "bearer '"$expired"'"' \
    "$config" >"$config.new" && mv "$config.new" "$config"
check "an older cf's file, which names neither UAA nor client" plugin list-access
jq --arg t "bearer $expired" '.AccessToken = $t | .RefreshToken = "used-up"' "$config" >"$config.new" && mv "$config.new" "$config"
match "a session that is over says what to do" "use 'cf login' to log in" "$(plugin list-access)"
match "nobody logged in" "FAILED.*No API endpoint set. Use 'cf login' or 'cf api'" "$(CF_HOME=$T/nobody "$BIN/network-policy-plugin" list-access | tr '\n' ' ')"
log_in dora "$T/dora"
jq 'del(.SpaceFields)' "$config" >"$config.new" && mv "$config.new" "$config"
match "no space targeted" "No space targeted, use 'cf target -s SPACE' to target a space" "$(plugin allow-access frontend backend --protocol tcp --port 80)"
match "nor with the newer names" "No space targeted" "$(plugin add-network-policy frontend backend)"
jq 'del(.OrganizationFields)' "$config" >"$config.new" && mv "$config.new" "$config"
match "no org either" "No org and space targeted, use 'cf target -o ORG -s SPACE' to target an org and space" "$(plugin list-access)"
jq '.AccessToken = "" | .RefreshToken = ""' "$config" >"$config.new" && mv "$config.new" "$config"
match "not logged in" "Not logged in. Use 'cf login' to log in." "$(plugin list-access)"
log_in dora "$T/dora"

# --- colours ----------------------------------------------------------------------------
on_terminal() { script -qec "env CF_HOME=$T/dora $* $BIN/network-policy-plugin list-access" /dev/null </dev/null; }
match "colours on a terminal" $'\033\\[36;1mdora\033\\[0m' "$(on_terminal)"
lacks "none with NO_COLOR" $'\033\\[36' <(on_terminal NO_COLOR=1)

# --- what stands on a terminal in the end, a line of progress taken away or not ------------------
shows() {
    local what=$1 text=$2
    shift 2
    same "on a terminal: $what" "$text" "$(script -qec "env NO_COLOR=1 CF_HOME=$T/dora $BIN/network-policy-plugin $*" /dev/null </dev/null |
        sed 's/\r$//; s/.*\r\x1b\[K//')"
}
shows "a policy is made" "Allowing traffic from frontend to backend as dora...
OK" allow-access frontend backend --protocol tcp --port 8080
shows "and explained" "frontend -> backend tcp 8080: allowed
   by policy tcp 8080
   the policy server knows of no live cell to enforce it" explain-access frontend backend --protocol tcp --port 8080
shows "and listed" "Listing policies as dora...
OK

Source${tab}${tab}Destination${tab}Protocol${tab}Port
frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080" list-access
shows "also with all spaces" "Listing policies as dora...
OK

Source${tab}${tab}Source Space${tab}Source Org${tab}Destination${tab}Dest. Space${tab}Dest. Org${tab}Protocol${tab}Port
frontend${tab}dev${tab}${tab}one${tab}${tab}backend${tab}${tab}dev${tab}${tab}one${tab}${tab}tcp${tab}${tab}8080" list-access --all
shows "by one app" "Listing policies as dora...
FAILED
getting app: App nosuch not found" list-access --app nosuch
echo "policies: [{source: frontend, destination: backend, ports: 8080}]" >"$T/same.yml"
shows "a file is applied" "Applying policies of $T/same.yml as dora...
0 to add, 0 to remove, 1 unchanged
OK" apply-access -f "$T/same.yml"
shows "in cf's newer words" "Removing network policy from app frontend to app backend in org one / space dev as dora...
OK" remove-network-policy frontend backend --protocol tcp --port 8080

# --- an administrator, all spaces, JSON ----------------------------------------------------
user='admin'
jq '.SpaceFields = {GUID: "space-2", Name: "prod"}' "$T/admin/.cf/config.json" >"$T/c" && mv "$T/c" "$T/admin/.cf/config.json"
check "an administrator targets another space" plugin allow-access frontend far --protocol tcp --port 443
user=dora
check "a developer works in hers" plugin allow-access frontend backend --protocol tcp --port 8080-8081
same "and sees hers only" 1 "$(plugin list-access | tail -n +5 | wc -l)"
user='admin'
rows=$(plugin list-access --all | tail -n +5 | tr -s '\t' ' ' | sort)
same "all spaces, with names of space and organisation" "frontend dev one backend dev one tcp 8080-8081
frontend prod one far prod one tcp 443" "$rows"
json=$(plugin list-access --all --json)
same "JSON for programs" "frontend backend dev 8080 8081" \
    "$(jq -r '.policies[] | select(.source.id == "app-1") | "\(.source.name) \(.destination.name) \(.destination.space) \(.ports.start) \(.ports.end)"' <<<"$json")"
same "an error does not come in the place of JSON" "" "$(plugin list-access --json --app nosuch 2>"$T/errors")"
match "but on standard error" "FAILED getting app: App nosuch not found" "$(tr '\n' ' ' <"$T/errors")"
same "with their number" 2 "$(jq .total_policies <<<"$json")"
same "filtered by source" 443 "$(plugin list-access --all --json --source frontend | jq .policies[0].ports.start)"
same "filtered by destination" 0 "$(plugin list-access --all --json --dest frontend | jq .total_policies)"

# --- seen by CF_TRACE, waited for as CF_DIAL_TIMEOUT says ------------------------------------------
user=dora
out=$(CF_TRACE=true plugin list-access)
match "CF_TRACE=true shows requests" "^REQUEST: \[20[0-9-]+T[0-9:]+Z\] GET /networking/v1/external/policies HTTP/1.1 Host: 127.0.0.1:8081 Authorization: \[PRIVATE DATA HIDDEN\]" \
    "$(grep -A3 ^REQUEST: <<<"$out" | tr '\n' ' ')"
match "and answers" "^RESPONSE: .*HTTP/1.1 200 OK .*\"total_policies\"" "$(grep -A20 ^RESPONSE: <<<"$out" | tr '\n' ' ')"
lacks "but no token" "$(token | sed 's/^bearer //')" <(echo "$out")
match "among the command's own lines" "^frontend.*8080-8081$" "$out"
lacks "no other value does" REQUEST <(CF_TRACE=false plugin list-access)
ip addr add 192.0.2.9/32 dev lo && iptables -A INPUT -d 192.0.2.9 -j DROP
mkdir -p "$T/away/.cf" && jq '.Target = "http://192.0.2.9"' "$config" >"$T/away/.cf/config.json"
match "CF_DIAL_TIMEOUT is waited for" "after 1[0-9]{3} m" "$(CF_DIAL_TIMEOUT=1 CF_HOME=$T/away "$BIN/network-policy-plugin" list-access)"

# --- servers in trouble ------------------------------------------------------------------------
stop_pid "$T/policy-server.pid"
match "the policy server is down" "getting policies: http client do: 502 Bad Gateway" "$(plugin list-access)"
done_testing
