# policy-server/openapi.yaml says what the server really does.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"
. "$TOP/tests/lib/services.sh"
. "$TOP/tests/lib/policy-server.sh"

start_world
external_config "$T/external.json"
internal_config "$T/internal.json"
start_both
root=$(token_of root) nobody=$(token_of nobody)
: >"$T/answers"
# ask METHOD URL [CURL ARGS]: note the answer in one line
ask() {
    local method=$1 url=$2 meta
    shift 2
    : >"$T/body" # curl leaves the last one where there is none
    meta=$(curl -s -o "$T/body" -w '%{http_code}\t%{content_type}' -X "$method" "$@" "$url")
    printf '%s\t%s\t%s\t%s\n' "$method" "/${url#*//*/}" "$meta" "$(tr -d '\n' <"$T/body")" >>"$T/answers"
}
A=(-H "Authorization: bearer $root") N=(-H "Authorization: bearer $nobody")
for path in / /networking; do ask GET "$PS$path"; done
for path in / /networking /health /networking/v1/external/{whoami,tags,policies,policies/{delete,cleanup,status}}; do ask OPTIONS "$PS$path"; done
for v in v0 v1; do
    E=$PS/networking/$v/external
    body=$(v0 app-1 app-2 tcp 80)
    [ $v = v0 ] || body=$(v1 app-1 app-2 udp 1 9)
    ask POST "$E/policies" "${A[@]}" -d "$body"
    ask POST "$E/policies" "${A[@]}" -d '{}'
    ask POST "$E/policies" -d "$body"
    ask POST "$E/policies" "${N[@]}" -d "$body"
    ask GET "$E/policies" "${A[@]}"
    ask GET "$E/policies?id=app-1" "${A[@]}"
    ask GET "$E/policies" "${N[@]}"
    ask GET "$E/tags" "${A[@]}"
    ask GET "$E/tags" "${N[@]}"
    ask GET "$E/whoami" "${A[@]}"
    ask GET "$E/whoami"
    ask POST "$E/policies/cleanup" "${A[@]}"
    ask GET "$PSI/networking/$v/internal/policies?id=app-1" "${CELL[@]}"
    ask GET "$PSI/networking/$v/internal/policies" "${CELL[@]}"
    ask POST "$E/policies/delete" "${A[@]}" -d "$body"
    ask POST "$E/policies/delete" "${A[@]}" -d '{"policies":1}'
done
ask GET "$PS/networking/v9/external/policies" "${A[@]}"
ask GET "$PS/networking/v1/external/policies/status" "${A[@]}"
ask GET "$PS/networking/v1/external/policies/status"
ask GET "$PSI/networking/v1/internal/policies_last_updated" "${CELL[@]}"
ask PUT "$PSI/networking/v1/internal/tags" "${CELL[@]}" -d '{"id":"r","type":"router"}'
ask PUT "$PSI/networking/v1/internal/tags" "${CELL[@]}" -d '{'
head -c 10485761 /dev/zero >"$T/large"
ask PUT "$PSI/networking/v1/internal/tags" "${CELL[@]}" -H 'Expect:' --data-binary @"$T/large"
tag=$(internal /networking/v1/internal/policies -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
ask GET "$PSI/networking/v1/internal/policies" "${CELL[@]}" -H "If-None-Match: $tag"
ask GET "$PSI/networking/v1/internal/policies" "${CELL[@]}" -H "If-None-Match: $tag" -H 'Prefer: wait=1'
postgres_down "$T/pg" immediate
ask GET "$PS/health"
ask GET "$PS/networking/v1/external/policies" "${A[@]}"
ask GET "$PSI/networking/v1/internal/policies" "${CELL[@]}"
ask GET "$PSI/networking/v1/internal/policies" "${CELL[@]}" -H "If-None-Match: $tag"
ask GET "$PSI/networking/v1/internal/policies_last_updated" "${CELL[@]}"
ask POST "$PS/networking/v1/external/policies" "${A[@]}" -d "$(v1 app-1 app-2 udp 1 9)"
ask POST "$PS/networking/v1/external/policies/delete" "${A[@]}" -d "$(v1 app-1 app-2 udp 1 9)"
ask GET "$PS/networking/v1/external/policies/status" "${A[@]}"

python3 "$TOP/tests/lib/openapi_check.py" "$TOP/policy-server/openapi.yaml" "$T/answers" >"$T/tap" 2>&1
while IFS= read -r line; do
    case $line in
    "ok - "*) ok "${line#ok - }" ;;
    "not ok - "*) not_ok "${line#not ok - }" "$(grep -A1 -F -- "$line" "$T/tap" | tail -1)" ;;
    "#"*) ;;
    *) not_ok "the checker runs" "$line" ;;
    esac
done <"$T/tap"
same "every answer was checked" "$(wc -l <"$T/answers")" "$(grep -c 'ok - .*is as described' "$T/tap")"
sed 's/{description: The database answers}/{description: The database answers, and: more}/; s|responses/Done"|responses/Gone"|; s/required: true, schema: {enum/schema: {enum/; s/operationId: health/operationId: uptime/; s/minimum: 1, maximum/minimum: one, maximum/' \
    "$TOP/policy-server/openapi.yaml" >"$T/broken.yaml"
: >"$T/none"
faults=$(python3 "$TOP/tests/lib/openapi_check.py" "$T/broken.yaml" "$T/none")
for fault in "a response has no 'and'" 'leads nowhere' "the path's parameters are not those declared" 'operations without a name of their own' "'one' is not of type 'number'"; do
    match "a broken document would be noticed: $fault" "$fault" "$faults"
done
printf 'GET\t/networking/v0/external/whoami\t200\tapplication/json\t{"name":1}\n' >"$T/wrong"
match "a wrong answer would be noticed" '^not ok' "$(python3 "$TOP/tests/lib/openapi_check.py" "$TOP/policy-server/openapi.yaml" "$T/wrong")"
routes=$(grep -ohE '(EXTERNAL|INTERNAL)? ?"/[a-z_/]*"' "$TOP/policy-server/http/routes.c" | sed 's/EXTERNAL "/\/networking\/{version}\/external/; s/INTERNAL "/\/networking\/{version}\/internal/; s/"//g; s/^ //' | grep -v :version | sort -u)
described=$(grep -oE '^  /[^:]*' "$TOP/policy-server/openapi.yaml" | sed 's/^  //; s/\/v1\//\/{version}\//' | sort -u)
same "every route is described, and nothing else" "$routes" "$described"
done_testing
