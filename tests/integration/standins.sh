# The stand-ins for UAA and Cloud Controller answer as their users expect.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"

cat >"$T/world.json" <<'JSON'
{"clients": [{"id": "network-policy", "secret": "s3cret", "scopes": ["uaa.resource", "cloud_controller.admin_read_only"]},
             {"id": "cf", "secret": "", "scopes": []}],
 "users": [{"id": "u-1", "name": "dora", "password": "p&w", "scopes": ["network.write"]},
           {"id": "u-2", "name": "late", "password": "pw", "scopes": [], "access_token_seconds": -1},
           {"id": "u-3", "name": "root", "password": "pw", "scopes": ["network.admin", "cloud_controller.admin"]}],
 "orgs": [{"guid": "org-1", "name": "one"}, {"guid": "org-2", "name": "two"}],
 "spaces": [{"guid": "space-1", "name": "dev", "org": "org-1", "developers": ["u-1"]},
            {"guid": "space-2", "name": "dev", "org": "org-2", "developers": []},
            {"guid": "space-3", "name": "test", "org": "org-1", "developers": ["u-1"]}],
 "apps": [{"guid": "app-1", "name": "frontend", "space": "space-1"},
          {"guid": "app-2", "name": "backend", "space": "space-1"},
          {"guid": "app-3", "name": "other", "space": "space-2"},
          {"guid": "app-4", "name": "frontend", "space": "space-3"}]}
JSON
uaa=http://127.0.0.1:8080 cc=http://127.0.0.1:8081
"$STANDINS/uaa" --world "$T/world.json" --signing-key "$T/key" --url $uaa --port 8080 >"$T/uaa.port" 2>"$T/uaa.log" &
"$STANDINS/cc" --world "$T/world.json" --signing-key "$T/key" --url $cc --uaa $uaa --port 8081 >"$T/cc.port" 2>"$T/cc.log" &
wait_for 20 test -s "$T/uaa.port" -a -s "$T/cc.port"

status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
login() { curl -su cf: --data-urlencode "username=$1" --data-urlencode "password=$2" -d grant_type=password $uaa/oauth/token; }
claim() { curl -su network-policy:s3cret -d "token=$1" $uaa/check_token | jq -r "$2"; }

# --- UAA -----------------------------------------------------------------------
dora=$(login dora 'p&w')
token=$(jq -r .access_token <<<"$dora")
same "a password gives a bearer token" bearer "$(jq -r .token_type <<<"$dora")"
same "check_token names the user" "dora u-1 u-1" "$(claim "$token" '"\(.user_name) \(.user_id) \(.sub)"')"
same "check_token lists the scopes" network.write "$(claim "$token" '.scope | join(" ")')"
same "a wrong password gives none" 401 "$(status -u cf: -d 'grant_type=password&username=dora&password=x' $uaa/oauth/token)"
same "a wrong client gives none" 401 "$(status -u cf:x -d 'grant_type=password&username=dora&password=p%26w' $uaa/oauth/token)"
same "check_token wants a client that may ask" 401 "$(status -u cf: -d "token=$token" $uaa/check_token)"
same "a token changed by one letter is refused" 400 "$(status -u network-policy:s3cret -d "token=${token}A" $uaa/check_token)"
late=$(login late pw | jq -r .access_token)
same "an expired token is refused" 400 "$(status -u network-policy:s3cret -d "token=$late" $uaa/check_token)"
refresh=$(jq -r .refresh_token <<<"$dora")
again=$(curl -su cf: -d "grant_type=refresh_token&refresh_token=$refresh" $uaa/oauth/token | jq -r .access_token)
same "a refresh token gives a new token" dora "$(claim "$again" .user_name)"
same "an access token is no refresh token" 401 "$(status -u cf: -d "grant_type=refresh_token&refresh_token=$token" $uaa/oauth/token)"
client=$(curl -su network-policy:s3cret -d grant_type=client_credentials $uaa/oauth/token | jq -r .access_token)
same "a client gets a token for itself" "network-policy null" "$(claim "$client" '"\(.sub) \(.user_id)"')"
same "the signing key is published" "RS256 key-1" "$(curl -s $uaa/token_keys | jq -r '.keys[0] | "\(.alg) \(.kid)"')"
curl -s $uaa/token_keys | jq -r '.keys[0].value' >"$T/pub.pem"
printf '%s' "${token%.*}" >"$T/signed"
sig=${token##*.}
while [ $((${#sig} % 4)) -ne 0 ]; do sig=$sig=; done
tr -- '-_' '+/' <<<"$sig" | base64 -d >"$T/sig"
check "tokens verify with that key" openssl dgst -sha256 -verify "$T/pub.pem" -signature "$T/sig" "$T/signed"

# --- Cloud Controller ----------------------------------------------------------
get() { curl -s -H "Authorization: bearer $1" "$cc$2"; }
names() { jq -r '[.resources[].guid] | join(" ")'; }
same "no token, no answer" 401 "$(status $cc/v3/apps)"
same "a token signed by another is refused" 401 "$(status -H "Authorization: bearer ${token}A" $cc/v3/apps)"
same "a developer sees the apps of their spaces" "app-1 app-2 app-4" "$(get "$token" /v3/apps | names)"
same "a reading client sees all apps" "app-1 app-2 app-3 app-4" "$(get "$client" /v3/apps | names)"
same "apps by guids" "app-2 app-3" "$(get "$client" '/v3/apps?guids=app-3%2Capp-2%2Cnone' | names)"
same "apps by name and space" "app-4" "$(get "$token" '/v3/apps?names=frontend&space_guids=space-3' | names)"
same "an app links to its space" "$cc/v3/spaces/space-1" "$(get "$token" /v3/apps/app-1 | jq -r .links.space.href)"
same "an app of a foreign space is not found" 404 "$(status -H "Authorization: bearer $token" $cc/v3/apps/app-3)"
page=$(get "$client" '/v3/apps?per_page=3&guids=app-1,app-2,app-3,app-4')
same "a page has its size" "app-1 app-2 app-3" "$(names <<<"$page")"
same "pages are counted" "4 2" "$(jq -r '"\(.pagination.total_results) \(.pagination.total_pages)"' <<<"$page")"
next=$(jq -r .pagination.next.href <<<"$page")
last=$(get "$client" "${next#"$cc"}")
same "the link leads to the rest" app-4 "$(names <<<"$last")"
same "and there it ends" null "$(jq -r .pagination.next <<<"$last")"
same "a page of no size is refused" 400 "$(status -H "Authorization: bearer $client" "$cc/v3/apps?per_page=0")"
same "a space by guid" "dev org-2" "$(get "$client" /v2/spaces/space-2 | jq -r '"\(.entity.name) \(.entity.organization_guid)"')"
same "an unknown space is not found" CF-SpaceNotFound "$(get "$client" /v2/spaces/none | jq -r .error_code)"
v2names() { jq -r '[.resources[].metadata.guid] | join(" ")'; }
same "spaces by developer, name and organisation" space-1 \
    "$(get "$client" '/v2/spaces?q=developer_guid%3Au-1&q=name%3Adev&q=organization_guid%3Aorg-1' | v2names)"
same "no space where the developer is none" "" "$(get "$client" '/v2/spaces?q=developer_guid%3Au-1&q=name%3Adev&q=organization_guid%3Aorg-2' | v2names)"
page=$(get "$client" '/v2/users/u-1/spaces?results-per-page=1')
same "a user's spaces, first page" "space-1 2" "$(jq -r '"\(.resources[0].metadata.guid) \(.total_pages)"' <<<"$page")"
same "a user's spaces, second page" space-3 "$(get "$client" "$(jq -r .next_url <<<"$page")" | v2names)"
same "spaces of v3 name their organisation" org-1 "$(get "$token" '/v3/spaces?guids=space-1' | jq -r '.resources[0].relationships.organization.data.guid')"
same "an organisation is seen through its spaces" org-1 "$(get "$token" /v3/organizations | names)"
same "clients are told where the UAA is" $uaa "$(curl -s $cc/v2/info | jq -r .token_endpoint)"

# --- the world changes -----------------------------------------------------------
change() { jq "$1" "$T/world.json" >"$T/world.new" && mv "$T/world.new" "$T/world.json"; }
change 'del(.apps[] | select(.guid == "app-1")) | .page_max = 1'
same "an app deleted from the world is gone, and pages may be made small" "2" \
    "$(get "$token" /v3/apps | jq -r .pagination.total_pages)"
change '.fail = {"/v3/apps": 503, "/check_token": 500}'
same "the Cloud Controller fails when told to" 503 "$(status -H "Authorization: bearer $token" $cc/v3/apps)"
same "so does the UAA" 500 "$(status -u network-policy:s3cret -d "token=$token" $uaa/check_token)"
lacks "no token is in a log" "${token:0:40}" "$T/uaa.log" "$T/cc.log"
done_testing
