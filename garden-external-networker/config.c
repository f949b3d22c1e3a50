/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/config.h"

#include <stddef.h>

#define AT(field)   offsetof(struct config, field)
#define MAX_SECONDS 3600

static const struct conf_key keys[] = {
        { "cni_plugin_dir", CONF_STR, AT(cni_plugin_dir), true, NULL, 0, 0, 0 },
        { "cni_config_dir", CONF_STR, AT(cni_config_dir), true, NULL, 0, 0, 0 },
        { "bind_mount_dir", CONF_STR, AT(bind_mount_dir), true, NULL, 0, 0, 0 },
        { "state_file", CONF_STR, AT(state_file), true, NULL, 0, 0, 0 },
        { "start_port", CONF_INT, AT(start_port), true, NULL, 0, 1, 65535 },
        { "total_ports", CONF_INT, AT(total_ports), true, NULL, 0, 1, 65535 },
        { "log_prefix", CONF_STR, AT(log_prefix), false, CONFIG_PREFIX_DEFAULT, 0, 0, 0 },
        { "search_domains", CONF_STRS, AT(search_domains), false, NULL, 0, 0, 0 },
        { "proxy_redirect_cidr", CONF_STR, AT(proxy_redirect_cidr), false, NULL, 0, 0, 0 },
        { "proxy_port", CONF_INT, AT(proxy_port), false, NULL, 0, 0, 65535 },
        { "proxy_uid", CONF_INT, AT(proxy_uid), false, NULL, -1, -1, INT32_MAX },
        { "enable_ingress_proxy_redirect", CONF_BOOL, AT(proxy_ingress), false, NULL, 0, 0, 0 },
        { "cni_timeout_seconds", CONF_INT, AT(plugin_timeout), false, NULL, 60, 1, MAX_SECONDS },
        RULES_CONF_KEYS(AT(rules), 60),
        { NULL, CONF_STR, 0, false, NULL, 0, 0, 0 },
};

static void check(const void *conf, struct str *problems)
{
        const struct config *c = conf;
        struct fw_net net;
        struct err e;

        if (c->start_port + c->total_ports - 1 > 65535)
                conf_problem(problems, "total_ports", "the range would end at port %d",
                             (int)(c->start_port + c->total_ports - 1));
        if (c->proxy_redirect_cidr && fw_net_parse(c->proxy_redirect_cidr, &net, &e) < 0)
                conf_problem(problems, "proxy_redirect_cidr", "%.150s", e.msg);
        if ((c->proxy_redirect_cidr || c->proxy_ingress) && !c->proxy_port)
                conf_problem(problems, "proxy_port", "missing, and connections are to go there");
        rules_conf_check(&c->rules, problems);
}

static const struct conf_spec spec = {
        .keys = keys,
        .missing_text = "missing required config '%s'",
        .check = check,
};

int config_load(const char *path, struct config *ret, struct str *problems, struct err *e)
{
        if (conf_load(path, &spec, ret, problems, e) < 0)
                return -1;
        return rules_conf_finish(&ret->rules, e);
}

void config_done(struct config *c)
{
        rules_conf_done(&c->rules);
        conf_done(&spec, c);
        *c = (struct config){ 0 };
}
