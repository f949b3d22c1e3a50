# network-policy-plugin as the cf CLI runs it: over net/rpc, with a tool in the CLI's
# place; then the real policy server.
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
          {"guid": "app-2", "name": "backend", "space": "space-1"}]}
JSON
start_platform || { not_ok "the platform starts" "$(tail -n 5 "$T"/*.log)"; done_testing; }
log_in dora "$T/dora"
jq --arg t "$(jq -r .AccessToken "$T/dora/.cf/config.json")" '{api: "http://127.0.0.1:8081", username: "dora", token: $t,
    help: "NAME:\n   c - text\n\nUSAGE:\n   cf c", apps}' "$T/world.json" >"$T/cli.json"

# cf ARGS…: as typed behind "cf"; calls are noted in $T/calls
cf() { "$TOOLS/cf-cli" "${how[@]}" "${cli:-$T/cli.json}" "$BIN/network-policy-plugin" "$@" 2>"$T/calls"; }
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
same "usage as people know it" "cf allow-access SOURCE_APP DESTINATION_APP --protocol <tcp|udp> --port [1-65535]" \
    "$(jq -r '.Commands[] | select(.Name == "allow-access").UsageDetails.Usage' <<<"$meta")"
same "options without one dash" "Port to connect to destination app with. (required)" \
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
same "asked for in the way of the CLI" "IsMinCliVersion ApiEndpoint IsSSLDisabled DisableTerminalOutput CallCoreCommand GetOutputAndReset " "$(calls)"
refuse "no colours with NO_COLOR" grep -q $'\033' <<<"$(NO_COLOR=1 cf list-access)"

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
for method in IsMinCliVersion Username GetApps; do
    jq --arg m $method '.hang_up = $m' "$T/cli.json" >"$cli"
    match "a CLI that hangs up at $method" "the cf CLI closed the connection" "$(cf list-access)"
done
out=$("$BIN/network-policy-plugin" 1 list-access)
same "no CLI at all: failure" 1 $?
match "and words for it" "connecting to the cf CLI on port 1: Connection refused" "$out"
done_testing
