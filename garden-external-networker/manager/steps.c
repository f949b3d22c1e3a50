/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/steps.h"

#include "garden-external-networker/netrules/netrules.h"
#include "netman/netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HANDLE_MAX  200 /* it is a file's name, with a suffix */
#define LARGE_TABLE 500 /* rules; some thirty containers' */

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
                      const char *mount_path, struct meanwhile *meanwhile, struct err *e)
{
        const struct chain chain = {
                .nets = &m->nets,
                .handle = handle,
                .plugin_dir = m->c->cni_plugin_dir,
                .netns = netns_or_gone(mount_path),
                .timeout_ms = (int)m->c->plugin_timeout * 1000,
                .ports = r->ports,
                .port_count = r->port_count,
                .meanwhile = meanwhile,
        };

        if (m->nets_why.fault) {
                *e = m->nets_why;
                return err_add(e, "cni down");
        }
        return chain_del(&chain, r->results, e) < 0 ? err_add(e, "cni down") : 0;
}

/** struct leaving - A container that is taken off its networks and out of the tables */
struct leaving {
        const char *handle;
        struct rules_conf rules; /* a copy: the wait may get shorter */
        struct first first;
        bool has_forwards; /* could not be taken away */
};

static void unforward(struct leaving *l)
{
        struct err why = { 0 };
        int rc = netrules_unforward(&l->rules, l->handle, &why);

        l->has_forwards = rc < 0;
        note(&l->first, rc, &why, &l->rules);
}

static void close_rules(void *arg)
{
        struct leaving *l = arg;
        struct err why = { 0 };

        note(&l->first, netrules_close(&l->rules, l->handle, &why), &why, &l->rules);
}

/**
 * is_large() - Does it take longer to take rules from the filter table than to shut a
 *              container off, two thirds of a millisecond?
 */
static bool is_large(void)
{
        unsigned int rules, bytes;

        return fw_size("filter", &rules, &bytes, &(struct err){ 0 }) == 0 && rules > LARGE_TABLE;
}

/**
 * leave() - The networks and the tables
 *
 * Ingress first: once a plugin has given the address back, it may be another container's.
 * Egress rules stand until the interface is gone, or until the container is shut off: the
 * plugins wait for the kernel more than they work, so then rules go meanwhile, which pays
 * where there are many.
 *
 * Return: The plugins' outcome
 */
static int leave(const struct manager *m, struct leaving *l, const struct record *r,
                 const char *mount_path)
{
        struct meanwhile closing = { close_rules, l };
        bool owns_rules = config_owns_rules(m->c);
        bool is_shut = owns_rules && is_large() && step_shut(r->results, mount_path);
        struct err why = { 0 };
        int rc;

        if (owns_rules)
                unforward(l);
        rc = disconnect(m, l->handle, r, mount_path, is_shut ? &closing : NULL, &why);
        note(&l->first, rc, &why, &l->rules);
        if (owns_rules)
                meanwhile_do(&closing);
        return rc;
}

int step_teardown(const struct manager *m, const char *handle, const struct record *r,
                  struct err *e)
{
        const struct portalloc pa = step_ports(m->c);
        struct leaving l = { handle, m->c->rules, { e, 0 }, false };
        struct first *first = &l.first;
        struct err why = { 0 };
        char path[PATH_MAX];
        int cni_rc;

        if (step_mount_path(m->c, handle, path, e) < 0)
                return -1;
        cni_rc = leave(m, &l, r, path);
        if (cni_rc == 0)
                note(first, netns_unmount(path, &why), &why, &l.rules);
        if (!l.has_forwards) /* who got such a port would not come up */
                note(first, portalloc_release(&pa, handle, 0, &why), &why, &l.rules);
        if (first->rc == 0)
                note(first, record_remove(m->c->state_file, handle, &why), &why, &l.rules);
        return first->rc;
}
