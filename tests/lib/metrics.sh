# What programs tell of themselves. Sourced after check.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # $T, $TOP, $TOOLS come from tests/sandbox

METRON=127.0.0.1:3457

# start_metron: who hears dropsonde; a line for each metric in $T/metron
start_metron() {
    "$TOOLS/metron" "${METRON##*:}" >"$T/metron" 2>"$T/metron.err" &
    wait_for 10 sh -c 'ss -Hlun "sport = :3457" | grep -q .'
}

# told_value ORIGIN NAME VALUE UNIT: was such a value told? VALUE is an extended regular expression
told_value() { grep -Eqx "$1 value $2 ($3) $4" "$T/metron"; }
# told_counter ORIGIN NAME TOTAL: do the deltas add up to that?
told_counter() { awk -v o="$1" -v n="$2" -v t="$3" '$1 == o && $2 == "counter" && $3 == n { sum += $4 } END { exit sum != t }' "$T/metron"; }
no_garbage() { ! grep garbage "$T/metron"; }
# shellcheck disable=SC2034 # for those who source this
NUMBER='[0-9]+(\.[0-9]+)?(e-[0-9]+)?'

# valid_metrics URL: is this Prometheus' format, as its own parser reads it? The parser is Debian's,
# which another python3 in the way would not find.
valid_metrics() { curl -sf "$1" | /usr/bin/python3 "$TOP/tests/lib/metrics_check.py"; }
# metric_of URL SAMPLE: the value of a sample, named as it is printed
metric_of() { curl -sf "$1" | awk -v s="$2" '{ v = $NF; sub(/ [^ ]*$/, "") } $0 == s { print v }'; }
