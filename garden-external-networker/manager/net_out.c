/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/manager.h"
#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/netrules.h"

int manager_net_out(const struct manager *m, const char *handle, const struct net_out_request *req,
                    struct err *e)
{
        OWN(record) struct record r = { 0 };
        OWN(fd) int lock = -1;
        struct subject s = { .handle = handle, .ip = req->container_ip };

        if (!config_owns_rules(m->c))
                return err_set(e, FAULT_BAD_INPUT, 0, "unrecognized action: net-out");
        if (step_find(m->c, handle, &lock, &r, e) < 0)
                return -1;
        chain_names_make(handle, r.hashed, &s.names);
        if (netrules_egress_add(&m->c->rules, &s, &req->rules, e) < 0)
                return err_add(e, "inserting net-out rule");
        return 0;
}
