# Checks that print TAP. Sourced by the integration tests.
#
#   check "a container cannot …" COMMAND ARG…     the command must succeed
#   refuse "…" COMMAND ARG…                       the command must run and fail by itself
#   lacks "…" PATTERN FILE…                       files, or <(COMMAND), that hold something but nothing like it
#   same "…" EXPECTED ACTUAL                      two strings must be equal
#   match "…" PATTERN TEXT                        an extended regular expression
#   wait_for SECONDS COMMAND ARG…                 poll until the command succeeds
#   done_testing                                  the last line of every test

tests_run=0
tests_failed=0

ok() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $1"
}

not_ok() {
    tests_run=$((tests_run + 1))
    tests_failed=$((tests_failed + 1))
    echo "not ok $tests_run - $1"
    [ -z "${2-}" ] || printf '%s\n' "$2" | head -n 40 | sed 's/^/#   /'
}

# Output goes through a file: a pipe would wait for daemons that the command left.
check_out=${T:-/tmp}/.check-out.$$

check() {
    local what=$1
    shift
    if "$@" >"$check_out" 2>&1; then ok "$what"; else not_ok "$what" "\$ $*"$'\n'"$(cat "$check_out")"; fi
}

# What was not found, crashed or was ended by a sanitizer (99, as tests/run has it) has
# refused nothing.
refuse() {
    local what=$1 status
    shift
    "$@" >"$check_out" 2>&1
    status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 99 ] && [ "$status" -lt 126 ]; then
        ok "$what"
    else
        not_ok "$what" "\$ $* (should have failed, status $status)"$'\n'"$(cat "$check_out")"
    fi
}

# A file that is not there or empty proves nothing.
lacks() {
    local what=$1 pattern=$2 file found
    shift 2
    for file in "$@"; do
        cat -- "$file" >"$check_out" 2>&1 && [ -s "$check_out" ] || { not_ok "$what" "nothing to read in $file"; return; }
        found=$(grep -aE -- "$pattern" "$check_out" 2>&1 | tr -d '\0'; exit "${PIPESTATUS[0]}")
        [ $? = 1 ] || { not_ok "$what" "in $file: $found"; return; }
    done
    ok "$what"
}

same() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected: $2"$'\n'"actual:   $3"; fi
}

match() {
    if grep -Eq -- "$2" <<<"$3"; then ok "$1"; else not_ok "$1" "no match for: $2"$'\n'"in: $3"; fi
}

wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# Milliseconds since boot, for what is shown, never for what is asserted.
now_ms() {
    local up
    read -r up _ </proc/uptime
    echo "$((10#${up/./}0))"
}

done_testing() {
    echo "1..$tests_run"
    [ "$tests_run" -gt 0 ] && [ "$tests_failed" -eq 0 ]
    exit $?
}
