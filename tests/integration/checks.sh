# The checks themselves: one that passes for the wrong reason would hide a failure.
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"

# says CHECK…: what it prints in a test of its own, "ok" or "not ok"
says() { bash -c '. "$TOP/tests/lib/check.sh"; "$@"' - "$@" | sed -n 's/ [0-9]* - .*//p'; }
exits() { return "$1"; }
export -f exits

same "a command that fails is refused" ok "$(says refuse x false)"
same "one that succeeds is not" "not ok" "$(says refuse x true)"
same "one that is out of time is" ok "$(says refuse x exits 124)"
same "a command that there is none of proves nothing" "not ok" "$(says refuse x no-such-command)"
same "nor one that is no program" "not ok" "$(says refuse x /etc/passwd)"
same "nor one that a signal ended" "not ok" "$(says refuse x sh -c 'kill -KILL $$')"
same "nor one that a sanitizer ended" "not ok" "$(says refuse x exits 99)"

echo "one line" >"$T/some"
echo "another" >"$T/more"
: >"$T/empty"
same "a file lacks what is not in it" ok "$(says lacks x nothing "$T/some")"
same "and not what is" "not ok" "$(says lacks x 'o.e l' "$T/some")"
same "several files lack what is in none" ok "$(says lacks x nothing "$T/some" "$T/more")"
same "and not what one has" "not ok" "$(says lacks x another "$T/some" "$T/more")"
same "a file that was never written proves nothing" "not ok" "$(says lacks x nothing "$T/some" "$T/none")"
same "nor does an empty one" "not ok" "$(says lacks x nothing "$T/empty" "$T/some")"
same "nor the answer of a command that failed" "not ok" "$(says lacks x nothing <(false))"
same "nor a pattern that is none" "not ok" "$(says lacks x '(' "$T/some")"
same "the answer of a command lacks what is not in it" ok "$(says lacks x nothing <(echo some))"
same "bytes that are no text can be searched" "not ok" "$(says lacks x secret <(printf 'a\0secret\377\n'))"
done_testing
