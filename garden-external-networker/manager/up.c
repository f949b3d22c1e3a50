/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/manager.h"
#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/netrules.h"
#include "garden-external-networker/netrules/proxy.h"
#include "netman/file.h"
#include "netman/log.h"
#include "netman/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HANDED_FD "/proc/self/fd/3" /* the namespace, where Garden names no process */

/**
 * struct upping - One container on its way up
 * @source: Where its namespace was found
 * @ns:     The namespace
 */
struct upping {
        const struct manager *m;
        const char *handle;
        char source[64];
        int ns;
        struct up_request *req;
        struct record record;
        char mount_path[PATH_MAX];
        struct chain_answer answer;
};

/**
 * ensure_mount_dir() - Only for root's eyes: who can enter it can enter containers
 */
static int ensure_mount_dir(const char *dir, struct err *e)
{
        if (access(dir, F_OK) == 0)
                return 0;
        if (file_make_dirs(dir, e) < 0)
                return -1;
        return chmod(dir, 0700) < 0 ? err_set(e, FAULT_SYSTEM, errno, "%s", dir) : 0;
}

/**
 * open_namespace() - The container's, and it must not be our own: its interfaces are the
 *                    cell's, which plugins would take away again
 */
static int open_namespace(struct upping *u, int *ret_fd, struct err *e)
{
        OWN(fd) int fd = -1;

        (void)snprintf(u->source, sizeof u->source, HANDED_FD);
        if (u->req->pid)
                (void)snprintf(u->source, sizeof u->source, "/proc/%lld/ns/net",
                               (long long)u->req->pid);
        if (netns_open(u->source, &fd, e) < 0)
                return err_add(e, "failed mounting %s to %s", u->source, u->mount_path);
        if (netns_is_ours(fd))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "failed mounting %s to %s: it is the cell's own network namespace",
                               u->source, u->mount_path);
        *ret_fd = GIVE_FD(fd);
        return 0;
}

static int keep_namespace(const struct upping *u, struct err *e)
{
        if (ensure_mount_dir(u->m->c->bind_mount_dir, e) < 0 ||
            netns_mount(u->ns, u->mount_path, e) < 0)
                return err_add(e, "failed mounting %s to %s", u->source, u->mount_path);
        return 0;
}

/**
 * book_ports() - Those that the request names: the pool must not give them to others
 */
static int book_ports(const struct upping *u, const struct portalloc *pa, struct err *e)
{
        for (size_t i = 0; i < u->req->netin_count; i++) {
                uint16_t port = u->req->netin[i].host_port;

                if (port && portalloc_book(pa, u->handle, port, e) < 0)
                        return err_add(e, "allocating port");
        }
        return 0;
}

/**
 * choose_ports() - Fill in what the request left to us
 */
static int choose_ports(const struct upping *u, struct err *e)
{
        const struct portalloc pa = step_ports(u->m->c);
        OWN(mem) uint16_t *got = calloc(u->req->netin_count + 1, sizeof *got);
        size_t want = 0, next = 0;
        int64_t lo, hi;

        if (!got)
                return err_oom(e);
        if (book_ports(u, &pa, e) < 0)
                return -1;
        for (size_t i = 0; i < u->req->netin_count; i++)
                want += u->req->netin[i].host_port == 0;
        if (want && portalloc_acquire(&pa, u->handle, want, got, e) < 0)
                return err_add(e, "allocating port");
        if (want && portalloc_overlap(&pa, &lo, &hi))
                log_info("port-range-overlaps-ephemeral-ports",
                         LOG_INT("start_port", pa.range.start),
                         LOG_INT("total_ports", pa.range.count), LOG_INT("ephemeral_from", lo),
                         LOG_INT("ephemeral_to", hi));
        for (size_t i = 0; i < u->req->netin_count; i++) {
                struct net_in *port = &u->req->netin[i];

                if (!port->host_port)
                        port->host_port = got[next++];
                if (!port->container_port)
                        port->container_port = port->host_port;
        }
        return 0;
}

static int connect_it(struct upping *u, struct err *e)
{
        const struct chain chain = {
                .nets = &u->m->nets,
                .handle = u->handle,
                .plugin_dir = u->m->c->cni_plugin_dir,
                .netns = u->mount_path,
                .timeout_ms = (int)u->m->c->plugin_timeout * 1000,
                .metadata = u->req->properties,
                .rules_json = u->req->rules_json,
                .ports = u->req->netin,
                .port_count = u->req->netin_count,
        };

        if (chain_add(&chain, u->record.results, e) < 0 ||
            chain_answer(u->record.results, &u->answer, e) < 0)
                return err_add(e, "cni up failed");
        return 0;
}

/**
 * other_addresses() - Those of more networks that are in the overlay
 */
static int other_addresses(const struct upping *u, uint32_t **ret, size_t *ret_count, struct err *e)
{
        size_t kept = 0;

        if (chain_addresses(u->record.results, ret, ret_count, e) < 0)
                return -1;
        for (size_t i = 0; i < *ret_count; i++)
                if (fw_net_has(u->m->c->rules.overlay, (*ret)[i]))
                        (*ret)[kept++] = (*ret)[i];
        *ret_count = kept;
        return 0;
}

static int set_rules(struct upping *u, struct err *e)
{
        const struct rules_conf *c = &u->m->c->rules;
        OWN(mem) uint32_t *others = NULL;
        OWN(mem) struct forward *list = calloc(u->req->netin_count + 1, sizeof *list);
        struct subject s = {
                .handle = u->handle,
                .ip = ntohl(u->answer.ip.addr.s_addr),
                .workload = json_string_value(
                        json_object_get(u->req->properties, "container_workload")),
                .app = json_string_value(json_object_get(u->req->properties, "policy_group_id")),
        };

        if (!list)
                return err_oom(e);
        if (u->req->netin_count && !c->instance_addr)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "netin: missing required config 'instance_address'");
        for (size_t i = 0; i < u->req->netin_count; i++)
                list[i] = (struct forward){ c->instance_addr, u->req->netin[i] };
        if (other_addresses(u, &others, &s.other_count, e) < 0)
                return -1;
        s.others = others;
        if (netrules_open(c, &s, &u->req->rules, &u->record.hashed, e) < 0)
                return -1;
        return netrules_forward_anew(c, &s, list, u->req->netin_count, e);
}

/**
 * steps() - Everything, in order. The record comes first, so that whatever
 *           happens later is known to need undoing
 */
static int steps(struct upping *u, struct err *e)
{
        const char *state_file = u->m->c->state_file;

        if (record_save(state_file, u->handle, &u->record, e) < 0 || keep_namespace(u, e) < 0 ||
            choose_ports(u, e) < 0 || connect_it(u, e) < 0)
                return -1;
        if (proxy_redirect(u->m->c, u->mount_path, e) < 0)
                return err_add(e, "proxy redirect apply");
        if (config_owns_rules(u->m->c) &&
            (step_bridge_check(u->answer.ip.addr.s_addr, e) < 0 || set_rules(u, e) < 0))
                return -1;
        u->record.ports = u->req->netin;
        u->record.port_count = u->req->netin_count;
        return record_save(state_file, u->handle, &u->record, e);
}

/**
 * mapped_ports() - The JSON text inside the answer's JSON
 */
static char *mapped_ports(const struct up_request *req)
{
        OWN(json) json_t *list = json_array();

        for (size_t i = 0; i < req->netin_count; i++)
                (void)json_array_append_new(
                        list, json_pack("{s:i, s:i}", "HostPort", req->netin[i].host_port,
                                        "ContainerPort", req->netin[i].container_port));
        return list ? json_dumps(list, JSON_COMPACT) : NULL;
}

static int add_strs(json_t *answer, const char *key, const struct conf_strs *list)
{
        json_t *array;

        if (list->count == 0)
                return 0;
        array = json_array();
        for (size_t i = 0; i < list->count; i++)
                (void)json_array_append_new(array, json_string(list->items[i]));
        return json_object_set_new(answer, key, array);
}

static int make_answer(const struct upping *u, json_t **ret, struct err *e)
{
        OWN(mem) char *ports = mapped_ports(u->req);
        OWN(json) json_t *answer = NULL;
        char ip[INET_ADDRSTRLEN];
        int rc;

        if (!ports || !inet_ntop(AF_INET, &u->answer.ip.addr, ip, sizeof ip))
                return err_oom(e);
        answer = json_pack("{s:{s:s, s:s, s:s, s:s*}}", "properties", "garden.network.container-ip",
                           ip, "garden.network.host-ip", "255.255.255.255",
                           "garden.network.mapped-ports", ports, "garden.network.interface",
                           u->answer.interface);
        if (!answer)
                return err_oom(e);
        if (u->answer.dns)
                rc = json_object_set(answer, "dns_servers", u->answer.dns);
        else
                rc = add_strs(answer, "dns_servers", &u->m->c->rules.dns_servers);
        if (rc < 0 || add_strs(answer, "search_domains", &u->m->c->search_domains) < 0)
                return err_oom(e);
        *ret = GIVE(answer);
        return 0;
}

/**
 * clear_leftovers() - Remove what an earlier container of this handle left
 */
static int clear_leftovers(const struct upping *u, struct err *e)
{
        OWN(record) struct record old = { 0 };
        struct err why = { 0 };
        bool known = record_load(u->m->c->state_file, u->handle, &old, &why) == 0;

        if (!known && why.fault == FAULT_ABSENT)
                return 0;
        log_info("clearing-leftovers", LOG_STR("handle", u->handle));
        if (step_teardown(u->m, u->handle, &old, e) < 0)
                return err_add(e, "leftovers of an earlier container");
        return 0;
}

static void undo(const struct upping *u)
{
        struct err why = { 0 };

        if (step_teardown(u->m, u->handle, &u->record, &why) < 0)
                log_error("undo-failed", LOG_STR("handle", u->handle), LOG_WHY(&why));
}

int manager_up(const struct manager *m, const char *handle, struct up_request *req,
               json_t **ret_answer, struct err *e)
{
        struct upping u = { .m = m, .handle = handle, .req = req };
        OWN(json) json_t *results = json_array();
        OWN(fd) int lock = -1, ns = -1;

        u.record.results = results;
        u.record.handed = req->pid == 0;
        if (!results)
                return err_oom(e);
        if (m->nets_why.fault) {
                *e = m->nets_why;
                return -1;
        }
        if (step_mount_path(m->c, handle, u.mount_path, e) < 0 || open_namespace(&u, &ns, e) < 0 ||
            step_lock(m->c, handle, &lock, e) < 0 || clear_leftovers(&u, e) < 0)
                return -1;
        u.ns = ns;
        if (steps(&u, e) < 0 || make_answer(&u, ret_answer, e) < 0) {
                undo(&u);
                return -1;
        }
        return 0;
}
