# SPDX-License-Identifier: Apache-2.0
# bash completion for network-policy-plugin. Names of apps are those that have a policy.

_network_policy_plugin_apps() {
    network-policy-plugin list-access --json 2>/dev/null | sed -n 's/.*"name": "\([^"]*\)".*/\1/p' | sort -u
}

_network_policy_plugin() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
    local commands="allow-access remove-access list-access explain-access apply-access
                    add-network-policy remove-network-policy network-policies"

    case $COMP_CWORD:${COMP_WORDS[1]}:$prev in
    1:*) words="$commands help --version" ;;
    *:help:*) words=$commands ;;
    *:--protocol) words="tcp udp" ;;
    *:--port | *:--wait) ;;
    *:-f) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    *:--app | *:--source | *:--dest) words=$(_network_policy_plugin_apps) ;;
    [23]:explain-access:* | [23]:allow-access:* | [23]:*remove-access:* | [23]:deny-access:* | [23]:*-network-policy:*)
        words=$(_network_policy_plugin_apps) ;;
    *:explain-access:*) words="--protocol --port" ;;
    *:list-access:*) words="--app --source --dest --all --json" ;;
    *:network-policies:*) words="--source" ;;
    *:apply-access:*) words="-f --dry-run --prune --wait" ;;
    *) words="--protocol --port --wait" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _network_policy_plugin network-policy-plugin
