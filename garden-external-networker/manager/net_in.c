/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/manager.h"
#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/netrules.h"
#include "netman/log.h"

/**
 * choose_port() - Take one from the pool, or check the one that was asked for
 */
static int choose_port(const struct portalloc *pa, const char *handle, struct net_in *port,
                       struct err *e)
{
        if (port->host_port && portalloc_owns(pa, port->host_port))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "allocate port: cannot specify port from allocation range");
        if (!port->host_port && portalloc_acquire(pa, handle, 1, &port->host_port, e) < 0)
                return err_add(e, "allocate port");
        if (!port->container_port)
                port->container_port = port->host_port;
        return 0;
}

static int add_rule(const struct manager *m, const char *handle, const struct record *r,
                    const struct net_in_request *req, struct net_in port, struct err *e)
{
        const struct forward f = { req->host_ip ? req->host_ip : m->c->rules.instance_addr, port };
        struct subject s = { .handle = handle, .ip = req->container_ip };

        if (!f.host_ip)
                return err_set(e, FAULT_BAD_INPUT, 0, "'HostIP' must be an IPv4 address");
        chain_names_make(handle, r->hashed, &s.names);
        return netrules_forward(&m->c->rules, &s, &f, e);
}

static void give_back(const struct portalloc *pa, const char *handle, uint16_t port)
{
        struct err why = { 0 };

        if (portalloc_owns(pa, port) && portalloc_release(pa, handle, port, &why) < 0)
                log_error("undo-failed", LOG_STR("handle", handle), LOG_WHY(&why));
}

int manager_net_in(const struct manager *m, const char *handle, const struct net_in_request *req,
                   json_t **ret_answer, struct err *e)
{
        const struct portalloc pa = step_ports(m->c);
        OWN(record) struct record r = { 0 };
        struct net_in port = req->port;
        OWN(fd) int lock = -1;

        if (!config_owns_rules(m->c))
                return err_set(e, FAULT_BAD_INPUT, 0, "unrecognized action: net-in");
        if (step_find(m->c, handle, &lock, &r, e) < 0 || choose_port(&pa, handle, &port, e) < 0)
                return -1;
        if (add_rule(m, handle, &r, req, port, e) < 0) {
                give_back(&pa, handle, port.host_port);
                return err_add(e, "add rule");
        }
        *ret_answer = json_pack("{s:i, s:i}", "host_port", port.host_port, "container_port",
                                port.container_port);
        return *ret_answer ? 0 : err_oom(e);
}
