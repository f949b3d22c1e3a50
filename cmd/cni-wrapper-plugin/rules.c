/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the networker touches no table, it hands port forwards and net-out rules on in
 * runtimeConfig, and the wrapper makes of them the very rules that the networker would.
 */
#include "cmd/cni-wrapper-plugin/rules.h"

#include "garden-external-networker/ipc/request.h"
#include "garden-external-networker/manager/steps.h"
#include "garden-external-networker/netrules/netrules.h"

#include <arpa/inet.h>

static const struct conf_key keys[] = {
        RULES_CONF_KEYS(0, PLUGIN_WAIT_SECONDS),
        { NULL, CONF_STR, 0, false, NULL, 0, 0, 0 },
};

static void check(const void *conf, struct str *problems)
{
        rules_conf_check(conf, problems);
}

static const struct conf_spec spec = { .keys = keys, .check = check };

static void rules_conf_drop(struct rules_conf *c)
{
        rules_conf_done(c);
        conf_done(&spec, c);
}

static int load(const json_t *conf, struct rules_conf *ret, struct err *e)
{
        OWN(str) struct str problems = { 0 };

        if (conf_from_json(conf, &spec, ret, &problems, e) < 0)
                return -1;
        return rules_conf_finish(ret, e);
}

/**
 * read_request() - What Garden asked the networker for, out of runtimeConfig
 */
static int read_request(const json_t *conf, struct up_request *ret, struct err *e)
{
        const json_t *runtime = json_object_get(conf, "runtimeConfig");
        OWN(json)
        json_t *root =
                json_pack("{s:O*, s:O*, s:O*}", "Properties", json_object_get(conf, "metadata"),
                          "netin", json_object_get(runtime, "portMappings"), "netout_rules",
                          json_object_get(runtime, "netOutRules"));

        if (!root)
                return err_oom(e);
        return up_request_read(root, ret, e) < 0 ? err_add(e, "runtimeConfig") : 0;
}

static int make_forwards(const struct rules_conf *c, const struct up_request *req,
                         struct forward *ret, struct err *e)
{
        for (size_t i = 0; i < req->netin_count; i++) {
                struct net_in port = req->netin[i];

                if (!port.host_port)
                        return err_set(e, FAULT_BAD_INPUT, 0, "cannot allocate port 0");
                if (!port.container_port)
                        port.container_port = port.host_port;
                ret[i] = (struct forward){ c->instance_addr, port };
        }
        return 0;
}

static int set(const json_t *conf, const char *handle, uint32_t ip, struct err *e)
{
        OWN(rules_conf) struct rules_conf c = { 0 };
        OWN(up_request) struct up_request req = { 0 };
        OWN(mem) struct forward *forwards = NULL;
        struct subject s = { .handle = handle, .ip = ip };
        bool hashed;

        if (load(conf, &c, e) < 0 || read_request(conf, &req, e) < 0)
                return -1;
        s.workload = json_string_value(json_object_get(req.properties, "container_workload"));
        s.app = json_string_value(json_object_get(req.properties, "policy_group_id"));
        forwards = calloc(req.netin_count + 1, sizeof *forwards);
        if (!forwards)
                return err_oom(e);
        if (make_forwards(&c, &req, forwards, e) < 0 || step_bridge_check(htonl(ip), e) < 0 ||
            netrules_open(&c, &s, &req.rules, &hashed, e) < 0)
                return -1;
        return netrules_forward_anew(&c, &s, forwards, req.netin_count, e);
}

static int drop(const json_t *conf, const char *handle, int wait_ms, struct err *e)
{
        OWN(rules_conf) struct rules_conf c = { 0 };
        struct err why = { 0 };

        if (load(conf, &c, e) < 0)
                return -1;
        c.wait_ms = wait_ms;
        if (netrules_unforward(&c, handle, &why) < 0) {
                (void)netrules_close(&c, handle, e); /* as much as can be; the first is told */
                *e = why;
                return -1;
        }
        return netrules_close(&c, handle, e);
}

const struct plugin_rules networker_rules = { .set = set, .drop = drop };
