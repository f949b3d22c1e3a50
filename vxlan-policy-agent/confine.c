/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/confine.h"

#include "netman/own.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(cap) (UINT32_C(1) << (cap))
#define KEEP     (BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW)) /* libiptc needs both */

static int failed(const char *what, int sys, struct err *e)
{
        return err_set(e, FAULT_SYSTEM, sys, "give up privileges: %s", what);
}

static int drop_capabilities(struct err *e)
{
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = { { 0 } };

        if (syscall(SYS_capget, &head, data) < 0)
                return failed("capget", errno, e);
        if ((data[0].permitted & KEEP) != KEEP)
                return err_set(e, FAULT_DENIED, 0,
                               "CAP_NET_ADMIN and CAP_NET_RAW are needed to edit iptables");
        /* Dropping from the bounding set is itself a privilege; without it, nothing
         * can be gained through a program either, see PR_SET_NO_NEW_PRIVS. */
        for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (prctl(PR_CAPBSET_READ, cap) == 1 && (cap >= 32 || !(BIT(cap) & KEEP)))
                        (void)prctl(PR_CAPBSET_DROP, cap);
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* older kernels: none */
        data[0] = (struct __user_cap_data_struct){ .effective = KEEP, .permitted = KEEP };
        data[1] = (struct __user_cap_data_struct){ 0 };
        return syscall(SYS_capset, &head, data) < 0 ? failed("capset", errno, e) : 0;
}

static void filter_drop(scmp_filter_ctx *filter)
{
        if (*filter)
                seccomp_release(*filter);
}

/*
 * What the agent, libcurl, OpenSSL, libmicrohttpd and the C library ask of the
 * kernel; a call that a later version of one of them adds has to be added here.
 */
static const int allowed[] = {
        /* memory, threads, time */
        SCMP_SYS(brk),
        SCMP_SYS(mmap),
        SCMP_SYS(mmap2),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(futex),
        SCMP_SYS(futex_time64),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(set_tid_address),
        SCMP_SYS(rseq),
        SCMP_SYS(membarrier),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(getcpu),
        SCMP_SYS(prctl),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(clock_nanosleep_time64),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_gettime64),
        SCMP_SYS(clock_getres),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(getrandom),
        /* ourselves */
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(tgkill),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getegid),
        SCMP_SYS(capget),
        SCMP_SYS(getrlimit),
        SCMP_SYS(ugetrlimit),
        SCMP_SYS(prlimit64),
        SCMP_SYS(getrusage),
        SCMP_SYS(times),
        SCMP_SYS(uname),
        SCMP_SYS(sysinfo),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sigreturn),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(signalfd),
        SCMP_SYS(signalfd4),
        /* files */
        SCMP_SYS(open),
        SCMP_SYS(openat),
        SCMP_SYS(close),
        SCMP_SYS(read),
        SCMP_SYS(readv),
        SCMP_SYS(pread64),
        SCMP_SYS(write),
        SCMP_SYS(writev),
        SCMP_SYS(pwrite64),
        SCMP_SYS(lseek),
        SCMP_SYS(_llseek),
        SCMP_SYS(stat),
        SCMP_SYS(fstat),
        SCMP_SYS(lstat),
        SCMP_SYS(stat64),
        SCMP_SYS(fstat64),
        SCMP_SYS(lstat64),
        SCMP_SYS(newfstatat),
        SCMP_SYS(fstatat64),
        SCMP_SYS(statx),
        SCMP_SYS(statfs),
        SCMP_SYS(fstatfs),
        SCMP_SYS(access),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(getcwd),
        SCMP_SYS(getdents64),
        SCMP_SYS(fcntl),
        SCMP_SYS(fcntl64),
        SCMP_SYS(flock),
        SCMP_SYS(fsync),
        SCMP_SYS(fdatasync),
        SCMP_SYS(ftruncate),
        SCMP_SYS(fchmod),
        SCMP_SYS(fchown),
        SCMP_SYS(rename),
        SCMP_SYS(renameat),
        SCMP_SYS(renameat2),
        SCMP_SYS(unlink),
        SCMP_SYS(unlinkat),
        SCMP_SYS(dup),
        SCMP_SYS(dup2),
        SCMP_SYS(dup3),
        /* events */
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(ppoll_time64),
        SCMP_SYS(select),
        SCMP_SYS(_newselect),
        SCMP_SYS(pselect6),
        SCMP_SYS(epoll_create),
        SCMP_SYS(epoll_create1),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_pwait2),
        SCMP_SYS(eventfd2),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(timerfd_settime64),
        SCMP_SYS(pipe),
        SCMP_SYS(pipe2),
        SCMP_SYS(inotify_init1),
        SCMP_SYS(inotify_add_watch),
        SCMP_SYS(inotify_rm_watch),
        /* sockets; which families is told below */
        SCMP_SYS(socketpair),
        SCMP_SYS(bind),
        SCMP_SYS(listen),
        SCMP_SYS(accept),
        SCMP_SYS(accept4),
        SCMP_SYS(connect),
        SCMP_SYS(shutdown),
        SCMP_SYS(getsockname),
        SCMP_SYS(getpeername),
        SCMP_SYS(getsockopt),
        SCMP_SYS(setsockopt),
        SCMP_SYS(send),
        SCMP_SYS(sendto),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(recv),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(recvmmsg),
        SCMP_SYS(recvmmsg_time64),
#ifdef __SANITIZE_ADDRESS__ /* the leak checker stops and reads its own process */
        SCMP_SYS(ptrace),
        SCMP_SYS(wait4),
        SCMP_SYS(waitid),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(kill),
        SCMP_SYS(tkill),
        SCMP_SYS(getppid),
        SCMP_SYS(getdents),
        SCMP_SYS(personality),
#endif
};

#define NEW_NAMESPACES                                                                             \
        (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
         CLONE_NEWCGROUP)

/**
 * allow_some() - Calls that only some arguments make harmless
 *
 * A thread is made by clone(); the filter cannot read what clone3() is given, so
 * the C library is told that there is no such call, and takes the other.
 */
static int allow_some(scmp_filter_ctx filter)
{
        static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
        static const unsigned long ioctls[] = { FIONREAD, FIONBIO, TCGETS };
        int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

        if (!rc)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                      SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
        for (size_t i = 0; !rc && i < sizeof families / sizeof *families; i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0));
        for (size_t i = 0; !rc && i < sizeof ioctls / sizeof *ioctls; i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                      SCMP_A1(SCMP_CMP_EQ, ioctls[i], 0));
        return rc;
}

/**
 * drop_syscalls() - Refuse what is not on the list, with EPERM
 */
static int drop_syscalls(struct err *e)
{
        OWN(filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        int rc = 0;

        if (!filter)
                return failed("seccomp", ENOMEM, e);
        for (size_t i = 0; !rc && i < sizeof allowed / sizeof *allowed; i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        if (!rc)
                rc = allow_some(filter);
        if (!rc)
                rc = seccomp_load(filter);
        return rc ? failed("seccomp", -rc, e) : 0;
}

int confine_self(struct err *e)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return failed("no new privileges", errno, e);
        return drop_capabilities(e) < 0 ? -1 : drop_syscalls(e);
}
