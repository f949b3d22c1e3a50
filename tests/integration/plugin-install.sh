# What make puts where: the plugin into cf, the program, its manual page and its
# completion into a system; then the completion in a real bash.
# alone: make may build anew what the other tests run
# shellcheck shell=bash
. "$TOP/tests/lib/check.sh"

mode=$(basename "$(dirname "$BIN")")
make_it() { make -C "$TOP" --no-print-directory MODE="$mode" "$@"; }

# --- into cf: its part is played by a script that notes its arguments and asks the plugin
# for its metadata, as cf does
cat >"$T/.bin/cf" <<SH
#!/bin/sh
printf '%s\n' "\$@" >"$T/cf.arguments"
exec "$TOOLS/cf-cli" "$T/empty.json" "\$3" SendMetadata 2>"$T/cf.calls"
SH
chmod +x "$T/.bin/cf"
echo '{}' >"$T/empty.json"
check "make install-plugin" make_it install-plugin
same "runs cf install-plugin, without a question" "install-plugin -f" "$(head -n 2 "$T/cf.arguments" | tr '\n' ' ' | sed 's/ $//')"
check "with the program just built" cmp "$(cd "$TOP" && realpath "$(sed -n 3p "$T/cf.arguments")")" "$BIN/network-policy-plugin"
same "which cf accepts" network-policy "$(sed -n 's/^call SetPluginMetadata //p' "$T/cf.calls" | jq -r .Name)"
printf '#!/bin/sh\nexit 1\n' >"$T/.bin/cf"
refuse "cf's refusal is make's failure" make_it install-plugin

# --- into a system ------------------------------------------------------------------------
root=$T/root
check "make install" make_it install DESTDIR="$root"
check "the program" test -x "$root/usr/bin/network-policy-plugin"
match "runs" "^network-policy-plugin " "$("$root/usr/bin/network-policy-plugin" --version)"
check "its manual page" test -s "$root/usr/share/man/man1/network-policy-plugin.1"
manual=$(tr -d '\\' <"$root/usr/share/man/man1/network-policy-plugin.1")
commands=$("$BIN/network-policy-plugin" help | sed -n 's/^   \([a-z-]*\) .*/\1/p')
missing=$(for command in $commands; do
    echo "$command"
    "$BIN/network-policy-plugin" help "$command" | sed -n 's/^   \(--*[a-z-]*\) .*/\1/p'
done | sort -u | while read -r word; do grep -qF -- "$word" <<<"$manual" || echo "$word"; done)
same "which tells of all commands and options" "" "$missing"
for file in share/doc/netman/LICENSE share/doc/netman/NOTICE lib/modules-load.d/netman.conf; do
    check "$(basename "$file") comes along" test -s "$root/usr/$file"
done
completion=$root/usr/share/bash-completion/completions/network-policy-plugin
check "its completion" test -s "$completion"
same "for the program's name" "complete -F _network_policy_plugin network-policy-plugin" \
    "$(bash --norc -c '. "$1"; complete -p network-policy-plugin' - "$completion")"

# --- completion: the program's answer is given, bash and the script are real -----------------
mkdir "$T/answers"
cat >"$T/answers/network-policy-plugin" <<'SH'
#!/bin/sh
[ "$*" = "list-access --json" ] && cat "$(dirname "$0")/list.json"
SH
chmod +x "$T/answers/network-policy-plugin"
name() { jq -n --arg s "$1" --arg d "$2" '{source: {id: "1", name: $s}, destination: {id: "2", name: $d}}'; }
{ name frontend backend; name 'front end' '$(touch pwned)'; name '`touch pwned`' '*'; } | jq -s '{policies: .}' >"$T/answers/list.json"
# completed WORD…: what bash offers for the last word
completed() {
    (cd "$T/answers" && PATH=$T/answers:$PATH bash --norc -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _network_policy_plugin; [ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}"' - "$completion" network-policy-plugin "$@")
}
offers() { same "completion: $1" "$2" "$(shift 2; completed "$@" | tr '\n' ' ' | sed 's/ $//')"; }
offers "commands" "remove-access remove-network-policy" rem
offers "for help too" "list-access" help l
offers "options" "--protocol --port --wait" allow-access a b --
offers "of listing" "--app --source --dest --all --json" list-access ""
offers "of cf's newer commands" "--protocol --port --wait --destination-app" add-network-policy a b --
offers "protocols" "tcp udp" allow-access a b --protocol ""
offers "nothing where a number belongs" "" allow-access a b --port ""
offers "files" "list.json" apply-access -f li
offers "apps, quoted" 'front\ end frontend' allow-access fr
offers "also for options" "backend" list-access --app b
offers "names that look like commands" '\$\(touch\ pwned\)' allow-access frontend '\$'
refuse "which are not run" test -e "$T/answers/pwned"
same "every command is offered but the deprecated one" \
    "$(grep -v deny-access <<<"$commands" | sort | tr '\n' ' ')" \
    "$(completed "" | grep -vxE 'help|--version' | sort | tr '\n' ' ')"
done_testing
