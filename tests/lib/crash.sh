# Programs killed before every system call that changes the world. Sourced after cell.sh.
#
# What is a change is told by what is none: calls that only read, or that only the
# process itself could see. Whatever else a program does is a boundary, today's calls
# and tomorrow's.

# Leak checks cannot run under a tracer.
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"

harmless='read|pread64|readv|close|mmap|munmap|mprotect|madvise|mremap|brk|stat|fstat|lstat|newfstatat|statx|access|faccessat2?|getdents64
    |getpid|gettid|getppid|get[ug]id|gete[ug]id|getsockname|getsockopt|getrandom|clock_gettime|clock_nanosleep|fcntl|futex|ioctl|lseek|pidfd_open|pipe2?
    |prlimit64|readlink|recvfrom|recvmsg|rt_sig[a-z]*|rseq|set_robust_list|set_tid_address|sigaltstack|socket|bind|fsync|flock
    |arch_prctl|prctl|execve|exit_group|uname|sysinfo|sched_[a-z]*|dup[23]?|open'
harmless=${harmless//[$'\n' ]/}

# boundaries TRACE: "NAME N" for each call that changes the world, N counting from 1 for
# each name. A call that failed changed nothing; to open a file is a change only where
# it may be made or written.
boundaries() {
    awk -v harmless="^($harmless)\$" '{ name = $0; sub(/\(.*/, "", name); n[name]++ }
        name !~ /^[a-z0-9_]+$/ || name ~ harmless { next }
        / = -1 E[A-Z]+ / { next }
        name == "openat" && !/O_CREAT|O_WRONLY|O_RDWR/ { next }
        { print name, n[name] }' "$1"
}

# killed CALL N PROGRAM ARG…: run it, with SIGKILL before its Nth such call.
killed() {
    local call=$1 n=$2
    shift 2
    strace -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@"
}

# use_up_ports: every port of the pool given and given back, so that from then on a free
# port that is not in the queue is one that was lost from it.
use_up_ports() {
    container ports
    up ports '{"Pid":'"$(pid ports)"',"netin":'"$(jq -c '[range(.total_ports) | {host_port: 0}]' "$T/networker.json")"'}'
    down ports
    kill_container ports
    queue=$(queued)
}
queued() { jq -c sort "$T/state.json_freed"; }

# clean WHAT: run down, and look.
clean() {
    down k
    # shellcheck disable=SC2154 # cell.sh's
    [ "$status" = 0 ] || { not_ok "$1: down succeeds" "$(cat "$T/err")"; return; }
    snapshot after
    check "$1: down leaves nothing" diff "$T/before" "$T/after"
    [ -z "${queue-}" ] || same "$1: every port is in the queue again, once" "$queue" "$(queued)"
}

# each WHAT TRACE COMMAND…: COMMAND CALL N for each boundary of a traced run, then clean.
# The command tells by its status whether the kill came.
each() {
    local what=$1 trace=$2 call n rounds=0
    shift 2
    while read -r call n <&7; do
        "$@" "$call" "$n" && rounds=$((rounds + 1))
        clean "$what killed before $call $n"
    done 7< <(boundaries "$trace")
    match "$what was killed many times ($rounds: $(boundaries "$trace" | cut -d' ' -f1 | uniq -c | xargs))" '^([5-9]|[0-9]{2,})$' "$rounds"
}

# crash_wrapper JSON: the CNI wrapper killed at every boundary of its ADD and of its DEL,
# on an up of k with JSON and on a down.
crash_wrapper() {
    local json=$1
    # A wrapper that runs under the tracer for the command it is told to.
    mkdir "$T/traced"
    cat >"$T/traced/cni-wrapper-plugin" <<SH
#!/bin/sh
[ "\$CNI_COMMAND" = "\$KILL_COMMAND" ] || exec "$BIN/cni-wrapper-plugin"
[ -z "\$KILL_TRACE" ] || exec strace -o "\$KILL_TRACE" "$BIN/cni-wrapper-plugin"
exec strace -o /dev/null -e "trace=\$KILL_CALL" -e "inject=\$KILL_CALL:signal=KILL:when=\$KILL_N" "$BIN/cni-wrapper-plugin"
SH
    chmod +x "$T/traced/cni-wrapper-plugin"
    jq --arg t "$T" '.cni_plugin_dir = $t + "/traced:" + .cni_plugin_dir' "$T/networker.json" >"$T/traced.json"

    KILL_COMMAND=ADD KILL_TRACE=$T/trace.ADD up k "$json" "$T/traced.json"
    same "up comes through" 0 "$status"
    KILL_COMMAND=DEL KILL_TRACE=$T/trace.DEL down k "$T/traced.json"
    same "down comes through" 0 "$status"
    shot_add() { KILL_COMMAND=ADD KILL_CALL=$1 KILL_N=$2 up k "$json" "$T/traced.json"; [ "$status" = 1 ]; }
    each "the wrapper's ADD" "$T/trace.ADD" shot_add
    # A wrapper that is killed is no success: the networker keeps what the next down needs.
    shot_del() {
        up k "$json" || return 1
        KILL_COMMAND=DEL KILL_CALL=$1 KILL_N=$2 down k "$T/traced.json"
        [ "$status" = 1 ]
    }
    each "the wrapper's DEL" "$T/trace.DEL" shot_del
}

# networker ACTION JSON: for k, under whatever stands before it in $tracer. traced: with its
# calls in $T/trace.ACTION. shot ACTION JSON CALL N: killed; the status says whether it was.
networker() {
    "${tracer[@]}" "$NETWORKER" --configFile="$T/networker.json" --action "$1" --handle k <<<"$2" >"$T/out" 2>"$T/err"
}
traced() { tracer=(strace -o "$T/trace.$1") && networker "$1" "$2"; }
shot() { tracer=(killed "$3" "$4") && networker "$1" "$2"; [ $? = 137 ]; }
