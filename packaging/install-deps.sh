#!/usr/bin/env bash
# Install what netman needs on Debian 12 or 13. Safe to run again: it asks dpkg first
# and touches the package lists only when something is missing.
#
#   packaging/install-deps.sh [build] [run] [test] [lint] [fuzz]      default: all of them
set -eu

build="gcc make git pkg-config libc6-dev libmicrohttpd-dev libgnutls28-dev libjansson-dev libpq-dev
       libip4tc-dev libnetfilter-conntrack-dev libseccomp-dev libxtables-dev libnl-3-dev libnl-route-3-dev libcurl4-openssl-dev libssl-dev libyaml-dev
       libsystemd-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler"
# The CNI project's own plugins (bridge, host-local …) run below ours; kmod loads what
# packaging/modules-load.conf names.
run="containernetworking-plugins ca-certificates kmod"
# Servers for the tests, and the tools that look at the kernel from outside.
test="libcmocka-dev postgresql postgresql-client etcd-server iptables iproute2 curl jq
      conntrack iputils-ping strace tcpdump socat netcat-openbsd util-linux procps openssl python3-yaml python3-jsonschema python3-prometheus-client libasan8 libubsan1"
lint="clang clang-format clang-tidy cppcheck mandoc shellcheck"
# libFuzzer and the sanitizers of clang, which only recommends them.
fuzz="clang libclang-rt-dev"

[ $# -gt 0 ] || set -- build run test lint fuzz
wanted=""
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    run) wanted="$wanted $run" ;;
    test) wanted="$wanted $test" ;;
    lint) wanted="$wanted $lint" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    *) echo "$0: no such group: $group" >&2; exit 2 ;;
    esac
done

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $wanted; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || { echo "$0: needs root to install:$missing" >&2; exit 1; }
echo "  APT  $missing"
export DEBIAN_FRONTEND=noninteractive

# Servers that a package brings must not start by themselves, now or when the machine
# boots: the tests run their own. What somebody had installed before is left alone.
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
mark="# made by netman's install-deps.sh while it installs"
log=$(mktemp)
clean() {
    rm -f "$log" "$clusters/netman.conf"
    rmdir -p --ignore-fail-on-non-empty "$clusters" 2>/dev/null || true
    ! grep -qsF "$mark" $policy || rm -f $policy
}
trap clean EXIT
trap 'exit 1' INT TERM HUP
if [ ! -e $policy ]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy
    chmod +x $policy
fi
mkdir -p $clusters
printf '%s\ncreate_main_cluster = false\n' "$mark" >$clusters/netman.conf
ours=""
is_installed postgresql-common || ours="$ours postgresql"
is_installed etcd-server || ours="$ours etcd"

get="apt-get -q -o DPkg::Lock::Timeout=300"
# shellcheck disable=SC2086 # lists of words
if ! { $get update && $get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
for service in $ours; do
    if [ -e "/etc/init.d/$service" ]; then update-rc.d "$service" disable; fi
    if command -v systemctl; then systemctl disable "$service"; fi
done >/dev/null 2>&1 || true
