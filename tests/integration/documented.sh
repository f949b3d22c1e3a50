# What a program can be told is in the README beside it: every key of its configuration,
# every flag of flanneld's; and nothing is there that the program does not know. What it
# is made of is in NOTICE.
. "$TOP/tests/lib/check.sh"
cd "$TOP" || exit 1

# keys FILE…: the names in their tables of keys (struct conf_key), one a line
keys() {
    tr -d '\n' <"$1" | grep -oE '(\{|KEY_\(at,) *(\.name = )?"[a-z_]+", *(CONF_|\.type = CONF_)' | cut -d'"' -f2 | sort -u
}

# documented README: the names in the first column of its tables of keys
documented() {
    awk -F'|' '/^\| key \|/ {in_table = 1; next} !/^\|/ {in_table = 0} in_table {print $2}' "$1" | grep -oE '`[a-z_]+`' | tr -d '`' | sort -u
}

# compare PROGRAM README FILE…
compare() {
    local program=$1 readme=$2 file
    shift 2
    for file; do keys "$file"; done | sort -u >"$T/keys"
    documented "$readme" >"$T/documented"
    check "$program has keys, $readme a table" test -s "$T/keys" -a -s "$T/documented"
    same "every key of $program's is in $readme" "" "$(comm -23 "$T/keys" "$T/documented")"
    same "and no other" "" "$(comm -13 "$T/keys" "$T/documented")"
}

compare policy-server policy-server/README.md policy-server/config.c
compare vxlan-policy-agent vxlan-policy-agent/README.md vxlan-policy-agent/config.c
compare garden-external-networker garden-external-networker/README.md garden-external-networker/config.c garden-external-networker/netrules/conf.h
compare netmon cmd/netmon/README.md cmd/netmon/netmon.c
compare flannel-watchdog cmd/flannel-watchdog/README.md cmd/flannel-watchdog/watch.c

keys garden-external-networker/netrules/conf.h >"$T/keys"
same "the wrapper's rules' keys are in cni/README.md" "" "$(documented cni/README.md | comm -23 "$T/keys" -)"
same "no program with a table of keys was forgotten" "7" \
    "$(grep -rlE '^static const struct conf_key|define RULES_CONF_KEYS\(' --include='*.[ch]' policy-server vxlan-policy-agent garden-external-networker cni cli-plugin cmd lib include | wc -l)"

grep -oE '^        \{ "[a-z0-9_-]+", KIND_' cmd/flanneld/options.c | cut -d'"' -f2 | grep -vx h | sort >"$T/flags"
check "flanneld has flags" test -s "$T/flags"
named() { grep -oE -- '--[a-z][a-z0-9_-]*' | cut -c3- | sort -u; }
same "every flag is in flanneld --help" "" "$("$BIN/flanneld" --help | named | comm -23 "$T/flags" -)"
same "and in its README" "" "$(named <cmd/flanneld/README.md | comm -23 "$T/flags" -)"
# (--enable-v2 is etcd's own.)
same "the README names no flag that flanneld does not know" "" \
    "$(sed -n '/^## Flags/,/^## Metrics/p' cmd/flanneld/README.md | named | grep -vx enable-v2 | comm -13 "$T/flags" -)"

# --- licences ---------------------------------------------------------------------------
needs() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[lib\([a-z0-9_-]*\)\.so.*/\1/p'; }
# called LIBRARY: its name in NOTICE; nothing for the C compiler's and library's own
called() {
    case $1 in
    c | m | gcc_s | asan | ubsan) ;;
    ssl | crypto) echo OpenSSL ;;
    curl | pq | seccomp | systemd | yaml* | microhttpd | netfilter_conntrack | ip4tc) echo "lib${1%-0}" ;;
    gnutls) echo GnuTLS ;;
    nl-*) echo libnl ;;
    *) echo "$1" ;;
    esac
}
for program in "$BIN"/*; do needs "$program"; done | sort -u >"$T/needed"
check "programs need libraries" grep -q ip4tc "$T/needed"
same "NOTICE names every library" "" \
    "$(while read -r library; do name=$(called "$library"); grep -qwF "$name" NOTICE || echo "$library"; done <"$T/needed")"
combined=$(sed -n '/^Programs that link libip4tc/,/^$/p' NOTICE | tr '\n' ' ')
for program in "$BIN"/*; do
    listed=no linked=no
    grep -qE "(: |, |and )$(basename "$program")[ ,.]" <<<"$combined" && listed=yes
    needs "$program" | grep -qE '^(ip4tc|netfilter_conntrack|nfnetlink)$' && linked=yes
    same "$(basename "$program") is listed as a combination under the GPL if it is one" $linked $listed
done
for library in $(sed -n 's/^LIBS_SHORT := -Wl,-Bstatic \(.*\) -Wl,-Bdynamic$/\1/p' Makefile); do
    check "NOTICE tells that ${library#-l} is linked statically" eval \
        "sed -n '/^Linked statically/,\$p' NOTICE | grep -qF -- '${library#-l}'"
done
done_testing
