# SPDX-License-Identifier: Apache-2.0
# bash completion for network-policy-plugin. Names of apps are those that have a policy.

_network_policy_plugin_apps() {
    network-policy-plugin list-access --json 2>/dev/null | sed -n 's/^ *"name": "\([^"\\]*\)",\{0,1\}$/\1/p' | sort -u
}

# Names are other people's words: compgen -W would expand what looks like a command in them.
_network_policy_plugin_offer_apps() {
    local cur=$1 name quoted
    while IFS= read -r name; do
        printf -v quoted %q "$name"
        [[ $name == "$cur"* || $quoted == "$cur"* ]] && COMPREPLY+=("$quoted")
    done < <(_network_policy_plugin_apps)
}

_network_policy_plugin() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
    local commands="allow-access remove-access list-access explain-access apply-access
                    add-network-policy remove-network-policy network-policies"

    COMPREPLY=()
    case $COMP_CWORD:${COMP_WORDS[1]}:$prev in
    1:*) words="$commands help --version" ;;
    *:help:*) words=$commands ;;
    *:--protocol) words="tcp udp" ;;
    *:--port | *:--wait | *:-[os]) ;;
    *:-f) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    *:--app | *:--source | *:--dest | *:--destination-app) _network_policy_plugin_offer_apps "$cur"; return ;;
    [23]:explain-access:* | [23]:allow-access:* | [23]:*remove-access:* | [23]:deny-access:* | [23]:*-network-policy:*)
        _network_policy_plugin_offer_apps "$cur"; return ;;
    *:explain-access:*) words="--protocol --port" ;;
    *:list-access:*) words="--app --source --dest --all --json" ;;
    *:network-policies:*) words="--source" ;;
    *:apply-access:*) words="-f --dry-run --prune --wait" ;;
    *:*-network-policy:*) words="--protocol --port --wait --destination-app -o -s" ;;
    *) words="--protocol --port --wait" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _network_policy_plugin network-policy-plugin
