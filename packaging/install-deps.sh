#!/usr/bin/env bash
# Install what netman needs on Debian 12 or 13. Safe to run again: it asks dpkg first
# and touches the package lists only when something is missing.
#
#   packaging/install-deps.sh [build] [run] [test] [lint]      default: all of them
set -eu

build="gcc make git pkg-config libc6-dev libmicrohttpd-dev libgnutls28-dev libjansson-dev libpq-dev
       libip4tc-dev libnetfilter-conntrack-dev libseccomp-dev libxtables-dev libnl-3-dev libnl-route-3-dev libcurl4-openssl-dev libssl-dev libyaml-dev
       libsystemd-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler"
# The CNI project's own plugins (bridge, host-local …) run below ours.
run="containernetworking-plugins ca-certificates"
# Servers for the tests, and the tools that look at the kernel from outside.
test="libcmocka-dev postgresql postgresql-client etcd-server iptables iproute2 curl jq
      conntrack iputils-ping strace tcpdump socat netcat-openbsd util-linux procps openssl python3-yaml python3-jsonschema python3-prometheus-client libasan8 libubsan1"
lint="clang clang-format clang-tidy cppcheck mandoc"

[ $# -gt 0 ] || set -- build run test lint
wanted=""
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    run) wanted="$wanted $run" ;;
    test) wanted="$wanted $test" ;;
    lint) wanted="$wanted $lint" ;;
    *) echo "$0: no such group: $group" >&2; exit 2 ;;
    esac
done

missing=""
for package in $wanted; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || { echo "$0: needs root to install:$missing" >&2; exit 1; }
echo "  APT  $missing"
export DEBIAN_FRONTEND=noninteractive
# Servers that a package brings must not start by themselves: the tests run their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
fi
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
rm -f "$log"
