/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/steps.h"

#include "garden-external-networker/netrules/netrules.h"
#include "netman/netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HANDLE_MAX 200 /* it is a file's name, with a suffix */

bool step_handle_ok(const char *handle)
{
        return *handle && *handle != '.' && !strchr(handle, '/') && strlen(handle) <= HANDLE_MAX;
}

int step_mount_path(const struct config *c, const char *handle, char ret[PATH_MAX], struct err *e)
{
        int n = snprintf(ret, PATH_MAX, "%s/%s", c->bind_mount_dir, handle);

        if (n < 0 || n >= PATH_MAX)
                return err_set(e, FAULT_BAD_INPUT, ENAMETOOLONG, "%s", c->bind_mount_dir);
        return 0;
}

struct portalloc step_ports(const struct config *c)
{
        return (struct portalloc){ .state_file = c->state_file,
                                   .range = { (uint16_t)c->start_port, (uint32_t)c->total_ports },
                                   .wait_ms = c->rules.wait_ms };
}

int step_lock(const struct config *c, const char *handle, int *ret_fd, struct err *e)
{
        return record_lock(c->state_file, handle, c->rules.wait_ms, ret_fd, e);
}

/**
 * find_record() - Of a container that is up
 *
 * Without knowing how its chains are named they are not touched: the plain names may be
 * those of another container.
 */
static int find_record(const struct config *c, const char *handle, struct record *ret,
                       struct err *e)
{
        OWN(record) struct record r = { 0 };
        struct err why = { 0 };

        if (record_load(c->state_file, handle, &r, &why) < 0) {
                if (why.fault == FAULT_ABSENT)
                        (void)record_remove(c->state_file, handle, NULL); /* the lock just made */
                *e = why;
                return err_add(e, why.fault == FAULT_ABSENT ? "container is not up"
                                                            : "container's record");
        }
        if (r.damaged)
                return err_set(
                        e, FAULT_SYSTEM, 0,
                        "container's record in %s_containers is damaged; take the container down",
                        c->state_file);
        *ret = r;
        r = (struct record){ 0 };
        return 0;
}

int step_find(const struct config *c, const char *handle, int *ret_fd, struct record *ret,
              struct err *e)
{
        OWN(fd) int fd = -1;

        if (step_lock(c, handle, &fd, e) < 0 || find_record(c, handle, ret, e) < 0)
                return -1;
        *ret_fd = GIVE_FD(fd);
        return 0;
}

/** struct first - The first of several failures */
struct first {
        struct err *e;
        int rc;
};

/**
 * note() - How a step ended
 * @rules: A lock that could not be had is not waited for again
 */
static void note(struct first *f, int rc, const struct err *why, struct rules_conf *rules)
{
        if (rc == 0)
                return;
        if (why->fault == FAULT_CONFLICT)
                rules->wait_ms = 0;
        if (f->rc == 0)
                *f->e = *why;
        f->rc = -1;
}

static int disconnect(const struct manager *m, const char *handle, const struct record *r,
                      const char *mount_path, struct err *e)
{
        const struct chain chain = {
                .nets = &m->nets,
                .handle = handle,
                .plugin_dir = m->c->cni_plugin_dir,
                .netns = netns_or_gone(mount_path),
                .timeout_ms = (int)m->c->plugin_timeout * 1000,
                .ports = r->ports,
                .port_count = r->port_count,
        };

        if (m->nets_why.fault) {
                *e = m->nets_why;
                return err_add(e, "cni down");
        }
        return chain_del(&chain, r->results, e) < 0 ? err_add(e, "cni down") : 0;
}

int step_teardown(const struct manager *m, const char *handle, const struct record *r,
                  struct err *e)
{
        const struct portalloc pa = step_ports(m->c);
        struct rules_conf rules = m->c->rules; /* a copy: the wait may get shorter */
        struct first first = { e, 0 };
        struct err why = { 0 };
        char path[PATH_MAX];
        int cni_rc;

        if (step_mount_path(m->c, handle, path, e) < 0)
                return -1;
        /* Ingress first: nothing new comes in while the rest is taken away. */
        if (config_owns_rules(m->c))
                note(&first, netrules_unforward(&rules, handle, &why), &why, &rules);
        cni_rc = disconnect(m, handle, r, path, &why);
        note(&first, cni_rc, &why, &rules);
        /* Egress rules stand until the interface is gone. */
        if (config_owns_rules(m->c))
                note(&first, netrules_close(&rules, handle, &why), &why, &rules);
        if (cni_rc == 0)
                note(&first, netns_unmount(path, &why), &why, &rules);
        note(&first, portalloc_release(&pa, handle, 0, &why), &why, &rules);
        if (first.rc == 0)
                note(&first, record_remove(m->c->state_file, handle, &why), &why, &rules);
        return first.rc;
}
