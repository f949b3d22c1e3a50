# network-policy-plugin as the cf CLI runs it, over net/rpc: recorded conversations with
# the real CLI, and a tool in the CLI's place; behind it the real policy server.
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
 "apps": [{"guid": "2c9e1f64-0b7d-4a35-9d18-6f3a5b7c8e01", "name": "frontend", "space": "space-1"},
          {"guid": "8d5b3a72-4c1e-4f96-b2a7-1e0d9c8b7a02", "name": "backend", "space": "space-1"},
          {"guid": "8d5b3a72-4c1e-4f96-b2a7-1e0d9c8b7a03", "name": "front end, grün", "space": "space-1"},
          {"guid": "8d5b3a72-4c1e-4f96-b2a7-1e0d9c8b7a04", "name": "nested", "space": "space-1"}]}
JSON
start_platform || { not_ok "the platform starts" "$(tail -n 5 "$T"/*.log)"; done_testing; }
log_in dora "$T/dora"
jq --arg t "$(jq -r .AccessToken "$T/dora/.cf/config.json")" '{api: "http://127.0.0.1:8081", username: "dora", token: $t,
    space: "space-1", help: "NAME:\n   c - text\n\nUSAGE:\n   cf c", apps}' "$T/world.json" >"$T/cli.json"

# cf ARGS…: as typed behind "cf"; calls are noted in $T/calls. Colours as on a terminal.
export CF_COLOR=true
cf() {
    local status
    "$TOOLS/cf-cli" "${how[@]}" "${cli:-$T/cli.json}" "$BIN/network-policy-plugin" "$@" 2>"$T/calls"
    status=$?
    cat "$T/calls" >>"$T/all-calls"
    return $status
}
calls() { sed -n 's/^call \([A-Za-z]*\) .*/\1/p' "$T/calls" | tr '\n' ' '; }
how=()
cyan=$'\033[36;1m' green=$'\033[32;1m' bold=$'\033[;1m' red=$'\033[31;1m' off=$'\033[0m' tab=$'\t'
says() {
    local what=$1 status=$2 text=$3 out
    shift 3
    out=$(cf "$@"; echo "status $?")
    same "$what" "$text"$'\n'"status $status" "$out"
}

# --- installation ----------------------------------------------------------------------
check "the plugin tells its metadata" cf SendMetadata
meta=$(sed -n 's/^call SetPluginMetadata //p' "$T/calls")
same "its name" network-policy "$(jq -r .Name <<<"$meta")"
same "the version of cf it needs" "6 15" "$(jq -r '"\(.MinCliVersion.Major) \(.MinCliVersion.Minor)"' <<<"$meta")"
same "its commands" "allow-access apply-access deny-access explain-access list-access remove-access" \
    "$(jq -r '[.Commands[].Name] | sort | join(" ")' <<<"$meta")"
own=$TOP/tests/fixtures/cf-cli/commands.txt
check "names that cf has itself are known" grep -q '^network-policies .*v8' "$own"
same "none of them is a command of ours, which cf would refuse to install" "" \
    "$(jq -r '.Commands[] | .Name, (.Alias // empty)' <<<"$meta" | grep -xFf <(grep -v '^#' "$own" | cut -d' ' -f1))"
same "usage as people know it" "cf allow-access SOURCE_APP DESTINATION_APP --protocol <tcp|udp> --port <1-65535>[-<1-65535>] [--wait[=SECONDS]]" \
    "$(jq -r '.Commands[] | select(.Name == "allow-access").UsageDetails.Usage' <<<"$meta")"
same "options without one dash" "Port(s) to connect to destination app with. (required)" \
    "$(jq -r '.Commands[] | select(.Name == "allow-access").UsageDetails.Options["-port"]' <<<"$meta")"
says "uninstalling succeeds" 0 "${green}OK
${off}
" CLI-MESSAGE-UNINSTALL
check "even with nobody logged in" env -u CF_HOME "$TOOLS/cf-cli" <(echo '{}') "$BIN/network-policy-plugin" CLI-MESSAGE-UNINSTALL

# --- commands ---------------------------------------------------------------------------
says "a policy is made" 0 "Allowing traffic from ${cyan}frontend${off} to ${cyan}backend${off} as ${cyan}dora${off}...
${green}OK
${off}
" allow-access frontend backend --protocol tcp --port 8080
same "with the calls that the CLI knows from the reference" \
    "IsMinCliVersion ApiEndpoint IsSSLDisabled Username GetApp GetApp AccessToken " "$(calls)"
says "it is listed" 0 "Listing policies as ${cyan}dora${off}...
${green}OK
${off}
${bold}Source${tab}${tab}Destination${tab}Protocol${tab}Port
${off}${cyan}frontend${off}${tab}${cyan}backend${off}${tab}${tab}tcp${tab}${tab}8080" list-access
how=(--ids 1000 --dribble)
check "whatever type ids the CLI has, and however its bytes arrive" cf list-access --app backend
how=()
says "it is removed" 0 "Denying traffic from ${cyan}frontend${off} to ${cyan}backend${off} as ${cyan}dora${off}...
${green}OK
${off}
" remove-access frontend backend --protocol tcp --port 8080
says "the list is empty" 0 "Listing policies as ${cyan}dora${off}...
${green}OK
${off}
${bold}Source${tab}Destination${tab}Protocol${tab}Port
${off}" list-access
says "an app that is not there" 1 "Allowing traffic from ${cyan}frontend${off} to ${cyan}nosuch${off} as ${cyan}dora${off}...
${red}FAILED${off}
resolving destination app: App nosuch not found" allow-access frontend nosuch --protocol tcp --port 1
says "wrong arguments, with the CLI's own help" 1 "${red}FAILED${off}
Incorrect usage. Port is not valid: x

NAME:
   c - text

USAGE:
   cf c" allow-access frontend backend --protocol tcp --port x
same "an app whose name begins with a dash" "resolving source app: App -x not found" "$(cf allow-access --protocol tcp --port 1 -- -x backend | sed -n 3p)"
cf allow-access frontend backend --protocol tcp --port x >/dev/null
same "the help is asked for in the way of the CLI" "IsMinCliVersion ApiEndpoint IsSSLDisabled DisableTerminalOutput CallCoreCommand GetOutputAndReset " "$(calls)"

# --- colours: on a terminal -----------------------------------------------------------------
unset CF_COLOR
cat >"$T/on-terminal" <<SH
exec "$TOOLS/cf-cli" "$T/cli.json" "$BIN/network-policy-plugin" list-access 2>/dev/null
SH
on_terminal() { script -qec "env $* bash $T/on-terminal" /dev/null </dev/null; }
match "colours on a terminal" $'\033\\[36;1mdora\033\\[0m' "$(on_terminal)"
lacks "none in a pipe" $'\033' <(cf list-access)
lacks "none with NO_COLOR" $'\033' <(on_terminal NO_COLOR=1)
lacks "none where cf's own setting says so" $'\033' <(on_terminal CF_COLOR=false)
match "in a pipe where cf's own setting says so" $'\033\\[36;1m' "$(CF_COLOR=true cf list-access)"
lacks "but never with NO_COLOR" $'\033' <(NO_COLOR=1 CF_COLOR=true cf list-access)
export CF_COLOR=true

# --- recorded: the real CLI's bytes, and ours to it ------------------------------------------
# replays WHAT STATUS RECORDING TEXT
socat TCP-LISTEN:8083,bind=127.0.0.1,reuseaddr,fork TCP:127.0.0.1:8081 & # the recorded address
check "the recorded API is there" wait_for 10 eval 'curl -s -o /dev/null http://127.0.0.1:8083/'
recorded=$TOP/tests/fixtures/cf-cli
replays() {
    local out
    out=$(CF_COLOR=false "$TOOLS/cf-replay" --token "$(jq -r .token "$T/cli.json")" "$recorded/$3.hex" \
        "$BIN/network-policy-plugin" 2>&1; echo "status $?")
    same "recorded: $1" "${4:+$4$'\n'}status $2" "$out"
}
ends() { replays "$1" "$2" "$3" "$4"$'\nOK\n\n'; }
replays "installation" 0 install ""
ends "a policy is made" 0 allow "Allowing traffic from frontend to backend as dora..."
replays "and listed" 0 list-app "Listing policies as dora...
OK

Source${tab}${tab}Destination${tab}Protocol${tab}Port
frontend${tab}backend${tab}${tab}tcp${tab}${tab}8080"
ends "an app with a space, a comma and an umlaut" 0 names "Allowing traffic from front end, grün to backend as dora..."
ends "an app that the CLI cannot encode" 0 nested "Allowing traffic from nested to backend as dora..."
ends "a platform without the API that cf 7 asks" 0 v2-off "Allowing traffic from frontend to backend as dora..."
replays "and all are listed there" 0 v2-off-list "Listing policies as dora...
OK

Source${tab}${tab}${tab}Destination${tab}Protocol${tab}Port
frontend${tab}${tab}backend${tab}${tab}tcp${tab}${tab}8080
front end, grün${tab}${tab}backend${tab}${tab}udp${tab}${tab}1-2
nested${tab}${tab}${tab}backend${tab}${tab}udp${tab}${tab}1-2
frontend${tab}${tab}backend${tab}${tab}tcp${tab}${tab}7"
same "these policies are there" "front end, grün backend udp 1-2
frontend backend tcp 7
frontend backend tcp 8080
nested backend udp 1-2" "$(CF_COLOR=false cf list-access | tail -n +5 | tr -s '\t' ' ' | sort)"
for app in "front end, grün" nested; do check "and removed: $app" cf remove-access "$app" backend --protocol udp --port 1-2; done
for port in 7 8080; do check "and removed: port $port" cf remove-access frontend backend --protocol tcp --port $port; done
replays "an empty list" 0 list "Listing policies as dora...
OK

Source${tab}Destination${tab}Protocol${tab}Port
"
replays "an app that is not there" 1 allow-nosuch "Allowing traffic from frontend to nosuch as dora...
FAILED
resolving destination app: App nosuch not found"
replays "no space targeted" 1 nospace "Allowing traffic from frontend to backend as dora...
FAILED
resolving source app: No space targeted, use 'cf target -s' to target a space."
replays "nobody logged in" 1 nologin "Listing policies as ...
FAILED
getting policies: getting access token: Not logged in. Use 'cf login' to log in."
out=$("$TOOLS/cf-replay" "$recorded/usage.hex" "$BIN/network-policy-plugin" 2>&1)
same "recorded: wrong arguments" 1 $?
match "with the CLI's help" "^   --port           Port to connect to destination app with. \(required\)" "$out"
replays "uninstallation" 0 uninstall $'OK\n\n'
sed 's/^> 09 0c 00 06 36/> 09 0c 00 06 37/' "$recorded/uninstall.hex" >"$T/other.hex"
refuse "other bytes than recorded are noticed" "$TOOLS/cf-replay" "$T/other.hex" "$BIN/network-policy-plugin"
for file in "$recorded"/*.hex; do
    check "fuzzing starts from it: $(basename "$file" .hex)" \
        eval '"$TOOLS/cf-replay" --corpus "$file" | cmp - "$TOP/tests/fuzz/corpus/gob/$(basename "$file" .hex)"'
done

# --- recording: what made these files still does ---------------------------------------------
cat >"$T/tapped" <<SH
#!/bin/sh
exec "$TOOLS/cf-tap" "$T/tapped.hex" "$BIN/network-policy-plugin" "\$@"
SH
chmod +x "$T/tapped"
token=$(jq -r .token "$T/cli.json")
refuse "a conversation is recorded: an error's" "$TOOLS/cf-cli" "$T/cli.json" "$T/tapped" allow-access frontend nosuch --protocol tcp --port 1
same "with the command" '$ ["allow-access", "frontend", "nosuch", "--protocol", "tcp", "--port", "1"]' "$(head -n 1 "$T/tapped.hex")"
match "with what each message means" '^# \{"ServiceMethod":"CliRpcCmd.GetApp","Seq":4\}' "$(cat "$T/tapped.hex")"
match "types too" '^# type [0-9]+: struct ServiceMethod 6 Seq 3 Error 6$' "$(cat "$T/tapped.hex")"
check "so is one with a token" "$TOOLS/cf-cli" "$T/cli.json" "$T/tapped" list-access
check "in whose place something else stands" grep -qx '< @token' "$T/tapped.hex"
bytes=$(sed -n 's/^[<>] //p' "$T/tapped.hex" | tr -d ' \n')
match "all else is there in hex" "$(printf CliRpcCmd.AccessToken | od -An -tx1 | tr -d ' \n')" "$bytes"
lacks "but not the token" "$(printf %s "$token" | od -An -tx1 | tr -d ' \n')" <(echo "$bytes")
check "what was recorded can be replayed" "$TOOLS/cf-replay" --token "$token" "$T/tapped.hex" "$BIN/network-policy-plugin"

check "a policy is made" cf allow-access frontend backend --protocol tcp --port 9
match "and listed with names of space and org" "frontend dev one backend dev one tcp 9" "$(CF_COLOR=false cf list-access --all | tr -s '\t' ' ')"
check "and removed" cf remove-access frontend backend --protocol tcp --port 9
says "what is for use by hand is no command under cf" 1 "${red}FAILED${off}
Invalid command" add-network-policy frontend backend

# --- a CLI in trouble ---------------------------------------------------------------------
cli=$T/other.json
jq '.recent = false' "$T/cli.json" >"$cli"
says "a CLI that is too old" 0 "Minimum CLI version 6.15.0 is required to run this plugin command
" list-access
jq '.errors = {Username: "not logged in", AccessToken: "no token"}' "$T/cli.json" >"$cli"
says "a CLI that knows no user" 1 "${red}FAILED${off}
could not resolve username: not logged in" list-access
jq '.errors = {AccessToken: "no token"}' "$T/cli.json" >"$cli"
match "a CLI without a token" "getting policies: getting access token: no token" "$(cf list-access)"
jq '.errors = {AccessToken: "not a compact JWS"} | .logged_in = false' "$T/cli.json" >"$cli"
match "or that has one for nobody" "getting access token: Not logged in. Use 'cf login' to log in." "$(cf list-access)"
jq '.token = "bearer bad"' "$T/cli.json" >"$cli"
refused() { grep -c -- '-> 401' "$T/cc.log"; }
before=$(refused)
match "a token that the platform refuses" "getting policies: http client do: 401 Unauthorized" "$(cf list-access)"
same "is sent once, for the CLI has no other" $((before + 1)) "$(refused)"
jq '.errors = {GetApp: "Server error, status code: 404, error code: 10000, message: Unknown request", GetApps: "Server error, status code: 404, error code: 0, message: "}' "$T/cli.json" >"$cli"
check "a platform without the API that the CLI asks: a policy is made" cf allow-access frontend backend --protocol tcp --port 7
match "and listed" "frontend.*backend.*7$" "$(cf list-access)"
check "and removed" cf remove-access frontend backend --protocol tcp --port 7
match "an app that is not there is told" "resolving source app: App nosuch not found" "$(cf allow-access nosuch backend --protocol tcp --port 1)"
for gone in "Server error, status code: 410, error code: 0, message: " "Server error, status code: 400, error code: 10000, message: Unknown request"; do
    jq --arg e "$gone" '.errors = {GetApp: $e, GetApps: $e}' "$T/cli.json" >"$cli"
    check "or that says so in other words: ${gone#*, }" cf remove-access frontend backend --protocol tcp --port 7
done
jq '.errors.GetApp = "Server error, status code: 500, error code: 0, message: " | .errors.GetApps = .errors.GetApp' "$T/cli.json" >"$cli"
match "another failure is passed on" "getting apps: Server error, status code: 500" "$(cf list-access)"
for method in IsMinCliVersion Username AccessToken; do
    jq --arg m $method '.hang_up = $m' "$T/cli.json" >"$cli"
    match "a CLI that hangs up at $method" "the cf CLI closed the connection" "$(cf list-access)"
done
jq '.hang_up = "GetApp"' "$T/cli.json" >"$cli"
check "where the CLI hangs up at GetApp, the Cloud Controller is asked" cf remove-access frontend backend --protocol tcp --port 1
match "and if there is none of that name, that is told" "resolving source app: App nosuch not found" "$(cf allow-access nosuch backend --protocol tcp --port 1)"
cat >"$T/late" <<SH
#!/bin/sh
iptables -A INPUT -p tcp --dport "\$1" --syn -m statistic --mode nth --every 1000 --packet 0 -j REJECT --reject-with tcp-reset || exit 1
exec "$BIN/network-policy-plugin" "\$@"
SH
chmod +x "$T/late"
check "a CLI that does not listen yet is tried again" "$TOOLS/cf-cli" "$T/cli.json" "$T/late" list-access
same "after it refused" 1 "$(iptables -nvxL INPUT | awk '/statistic/ {print $1}')"
out=$("$BIN/network-policy-plugin" 1 list-access)
same "no CLI at all: failure" 1 $?
match "and words for it" "connecting to the cf CLI on port 1: Connection refused" "$out"
lacks "the plugin never ended but as it meant to" 'ended badly|ERROR: |runtime error|^cf-cli: ' "$T/all-calls"
done_testing
