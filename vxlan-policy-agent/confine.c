/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/confine.h"

#include "netman/own.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
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

/**
 * drop_syscalls() - Refuse what an intruder would want and we never need
 */
static int drop_syscalls(struct err *e)
{
        static const int refused[] = {
                SCMP_SYS(execve),
                SCMP_SYS(execveat),
                SCMP_SYS(setns),
                SCMP_SYS(unshare),
                SCMP_SYS(mount),
                SCMP_SYS(umount2),
                SCMP_SYS(pivot_root),
                SCMP_SYS(chroot),
                SCMP_SYS(move_mount),
                SCMP_SYS(open_tree),
                SCMP_SYS(fsopen),
                SCMP_SYS(fsmount),
#ifndef __SANITIZE_ADDRESS__ /* the leak checker traces its own process */
                SCMP_SYS(ptrace),
#endif
                SCMP_SYS(process_vm_readv),
                SCMP_SYS(process_vm_writev),
                SCMP_SYS(kexec_load),
                SCMP_SYS(kexec_file_load),
                SCMP_SYS(init_module),
                SCMP_SYS(finit_module),
                SCMP_SYS(delete_module),
                SCMP_SYS(bpf),
                SCMP_SYS(perf_event_open),
                SCMP_SYS(keyctl),
                SCMP_SYS(add_key),
                SCMP_SYS(request_key),
                SCMP_SYS(reboot),
                SCMP_SYS(swapon),
                SCMP_SYS(swapoff),
                SCMP_SYS(setuid),
                SCMP_SYS(setgid),
                SCMP_SYS(setreuid),
                SCMP_SYS(setregid),
                SCMP_SYS(setresuid),
                SCMP_SYS(setresgid),
                SCMP_SYS(setgroups),
                SCMP_SYS(userfaultfd),
                SCMP_SYS(open_by_handle_at),
                SCMP_SYS(mknod),
                SCMP_SYS(mknodat),
                SCMP_SYS(settimeofday),
                SCMP_SYS(clock_settime),
                SCMP_SYS(sethostname),
                SCMP_SYS(personality),
        };
        OWN(filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        int rc = 0;

        if (!filter)
                return failed("seccomp", ENOMEM, e);
        for (size_t i = 0; !rc && i < sizeof refused / sizeof *refused; i++)
                rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
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
