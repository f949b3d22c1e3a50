/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that another cell, or whoever writes to etcd, can make flanneld read. */
#include "cmd/flanneld/etcd2_json.h"
#include "cmd/flanneld/etcd3_json.h"
#include "cmd/flanneld/netconf.h"
#include "cmd/flanneld/static.h"
#include "cmd/flanneld/subnet_env.h"
#include "netman/log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void on_put(void *arg, const struct lease *l)
{
        OWN(leases) struct leases all = { 0 };
        struct err e;

        (void)arg;
        if (leases_put(&all, l, &e) < 0 || !leases_find(&all, l->subnet))
                abort();
}

static void on_gone(void *arg, struct ip4_net subnet)
{
        (void)arg;
        if (subnet.ip & ~ip4_mask(subnet.len))
                abort();
}

static void parse_all(const char *text, size_t len)
{
        struct store_news news = { on_put, on_gone, NULL };
        OWN(leases) struct leases all = { 0 };
        OWN(json) json_t *root = NULL;
        struct netconf conf;
        struct ip4_net net;
        struct lease l = { 0 };
        int64_t rev = 0;
        struct err e;

        (void)etcd3_watch_line(text, len, &news, &rev, &e);
        (void)lease_value_parse(text, len, &l, &e);
        (void)lease_key_parse(text, &net);
        (void)subnet_env_parse(text, &net);
        if (netconf_parse(text, len, &conf, &e) == 0 && leases_pick(&all, &conf, 7, &net, &e) < 0)
                abort(); /* a configuration that is right has room for a first cell */
        if (jsonx_parse(text, len, &root, &e) == 0) {
                (void)etcd3_leases(root, &all, &e);
                rev = 0;
                (void)etcd2_event(root, &news, &rev, &e);
                (void)etcd2_refusal(root, &e);
                (void)etcd2_lease(root, &l);
                (void)etcd2_ttl(root);
                (void)etcd2_leases(root, &all, &e);
                (void)static_leases(root, 1, &all, &e);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(mem) char *text = malloc(size + 1);

        if (!text)
                return 0;
        log_set_level(LOG_LEVEL_FATAL);
        memcpy(text, data, size);
        text[size] = '\0';
        parse_all(text, size);
        return 0;
}
