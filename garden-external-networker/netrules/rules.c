/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/netrules/rules.h"

#include <stdio.h>
#include <string.h>

#define DNS_PORT   53
#define FRESH      (FW_INVALID | FW_NEW | FW_UNTRACKED) /* belongs to no open connection */
#define PREFIX_MAX 28 /* characters of a log prefix, before the space that ends it */

/**
 * log_prefix() - "OK_HANDLE ", cut so that the space stays
 */
static void log_prefix(struct fw_rule *r, const char *word, const char *handle)
{
        char text[PREFIX_MAX + 1];

        (void)snprintf(text, sizeof text, "%s%.*s", word, (int)(PREFIX_MAX - strlen(word)), handle);
        fw_to(r, "%s ", text);
}

static int add_deny_log(const struct rules_conf *c, const struct subject *s, const char *word,
                        struct fw_net dst, uint8_t states, struct fw_rules *ret, struct err *e)
{
        struct fw_rule r = {
                .src = fw_host(s->ip),
                .dst = dst,
                .states = states,
                .ctstate = states,
                .verb = FW_LOG,
                .limit = { (uint32_t)c->denied_logs_per_sec, (uint32_t)c->denied_logs_per_sec },
        };

        log_prefix(&r, word, s->handle);
        return fw_rules_add(ret, &r, e);
}

int rules_input(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                struct err *e)
{
        const struct fw_rule replies = { .src = fw_host(s->ip),
                                         .states = FW_RELATED | FW_ESTABLISHED,
                                         .verb = FW_RETURN };
        const struct fw_rule refuse = { .src = fw_host(s->ip), .verb = FW_REJECT };

        if (fw_rules_add(ret, &replies, e) < 0)
                return -1;
        for (size_t i = 0; i < c->service_count; i++) {
                const struct host_service *svc = &c->services[i];
                const struct fw_rule r = { .src = fw_host(s->ip),
                                           .dst = fw_host(svc->addr),
                                           .proto = svc->proto,
                                           .dports = { svc->port, svc->port },
                                           .verb = FW_ACCEPT };

                if (fw_rules_add(ret, &r, e) < 0)
                        return -1;
        }
        for (size_t i = 0; i < c->dns_count * 2; i++) {
                const struct fw_rule r = { .src = fw_host(s->ip),
                                           .dst = fw_host(c->dns[i / 2]),
                                           .proto = i % 2 ? FW_UDP : FW_TCP,
                                           .dports = { DNS_PORT, DNS_PORT },
                                           .verb = FW_ACCEPT };

                if (fw_rules_add(ret, &r, e) < 0)
                        return -1;
        }
        return fw_rules_add(ret, &refuse, e);
}

static struct fw_rule egress_rule(const struct rules_conf *c, const struct subject *s,
                                  const struct egress *g)
{
        struct fw_rule r = { .src = fw_host(s->ip), .proto = g->proto, .verb = FW_RETURN };

        if (g->dst.lo != 0 || g->dst.hi != UINT32_MAX)
                r.dst_range = g->dst;
        if (g->ports.lo != 0 || g->ports.hi != UINT16_MAX)
                r.dports = g->ports;
        if (g->icmp.on && g->icmp.type >= 0)
                r.icmp = g->icmp;
        if (g->log || c->asg_logging) {
                r.verb = FW_GOTO;
                fw_to(&r, "%s", s->names.netlog);
        }
        return r;
}

int rules_egress(const struct rules_conf *c, const struct subject *s,
                 const struct egress_list *list, struct fw_rules *ret, struct err *e)
{
        for (size_t i = 0; i < list->count; i++) {
                struct fw_rule r;

                if (egress_is_void(&list->items[i]))
                        continue;
                r = egress_rule(c, s, &list->items[i]);
                if (fw_rules_add(ret, &r, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * deny_applies() - Is the entry for this kind of container?
 */
static bool deny_applies(const struct deny_network *d, const char *workload)
{
        if (!d->workload)
                return true;
        if (!workload)
                return false;
        if (strcmp(d->workload, "running") == 0)
                return strcmp(workload, "app") == 0 || strcmp(workload, "task") == 0;
        return strcmp(workload, d->workload) == 0;
}

static int add_denies(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                      struct err *e)
{
        for (size_t i = 0; i < c->deny_count; i++) {
                const struct deny_network *d = &c->denies[i];
                /* Who asks from there, a router perhaps, is answered. */
                const struct fw_rule r = { .src = fw_host(s->ip),
                                           .dst = d->net,
                                           .states = FRESH,
                                           .ctstate = true,
                                           .verb = FW_REJECT };

                if (!deny_applies(d, s->workload))
                        continue;
                if (c->asg_logging && add_deny_log(c, s, "DENY_", d->net, FRESH, ret, e) < 0)
                        return -1;
                if (fw_rules_add(ret, &r, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * add_limit() - New TCP connections that come too fast for their destination
 */
static int add_limit(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                     struct err *e)
{
        const struct outbound *out = &c->outbound;
        struct fw_rule r = { .src = fw_host(s->ip),
                             .dst = fw_not(c->overlay),
                             .proto = FW_TCP,
                             .states = FW_NEW,
                             .ctstate = true,
                             .above = { .per_second = out->per_second, .burst = out->burst },
                             .verb = FW_REJECT };

        if (!out->limit && !out->dry_run)
                return 0;
        memcpy(r.above.name, s->names.rate, sizeof r.above.name);
        if (out->logging || out->dry_run) {
                r.verb = FW_JUMP;
                fw_to(&r, "%s", s->names.ratelog);
        }
        return fw_rules_add(ret, &r, e);
}

int rules_ratelog(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e)
{
        const struct outbound *out = &c->outbound;
        const struct fw_rule refuse = { .src = fw_host(s->ip), .verb = FW_REJECT };

        if (!out->dry_run && !(out->limit && out->logging))
                return 0;
        if (add_deny_log(c, s, "DENY_ORL_", (struct fw_net){ 0 }, 0, ret, e) < 0)
                return -1;
        return out->dry_run ? 0 : fw_rules_add(ret, &refuse, e);
}

int rules_first(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                struct err *e)
{
        return add_denies(c, s, ret, e) < 0 ? -1 : add_limit(c, s, ret, e);
}

int rules_replies(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e)
{
        const struct fw_rule replies = { .src = fw_host(s->ip),
                                         .dst = fw_not(c->overlay),
                                         .states = FW_RELATED | FW_ESTABLISHED,
                                         .verb = FW_RETURN };

        return fw_rules_add(ret, &replies, e);
}

int rules_refusal(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                  struct err *e)
{
        const struct fw_rule refuse = { .verb = FW_REJECT };

        if (c->asg_logging && add_deny_log(c, s, "DENY_", (struct fw_net){ 0 }, 0, ret, e) < 0)
                return -1;
        return fw_rules_add(ret, &refuse, e);
}

int rules_netout_end(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                     struct err *e)
{
        const struct fw_rule refuse = { .src = fw_host(s->ip),
                                        .dst = fw_not(c->overlay),
                                        .verb = FW_REJECT };

        if (rules_replies(c, s, ret, e) < 0)
                return -1;
        if (c->asg_logging && add_deny_log(c, s, "DENY_", fw_not(c->overlay), 0, ret, e) < 0)
                return -1;
        return fw_rules_add(ret, &refuse, e);
}

int rules_netlog(const struct rules_conf *c, const struct subject *s, struct fw_rules *ret,
                 struct err *e)
{
        const struct fw_rule back = { .verb = FW_RETURN };
        struct fw_rule others = {
                .proto = FW_UDP, .proto_not = true, .states = FRESH, .ctstate = true, .verb = FW_LOG
        };
        struct fw_rule udp = { .proto = FW_UDP,
                               .limit = { (uint32_t)c->accepted_udp_logs_per_sec,
                                          (uint32_t)c->accepted_udp_logs_per_sec },
                               .verb = FW_LOG };

        log_prefix(&others, "OK_", s->handle);
        log_prefix(&udp, "OK_", s->handle);
        if (fw_rules_add(ret, &others, e) < 0 || fw_rules_add(ret, &udp, e) < 0)
                return -1;
        return fw_rules_add(ret, &back, e);
}

int rules_overlay(const struct rules_conf *c, struct fw_rules *ret, struct err *e)
{
        const struct fw_rule no_policy = { .src = c->overlay, .verb = FW_REJECT };
        const struct fw_rule known = { .states = FW_RELATED | FW_ESTABLISHED | FW_DNATED,
                                       .ctstate = true,
                                       .verb = FW_RETURN };
        const struct fw_rule refuse = { .verb = FW_REJECT };

        if (fw_rules_add(ret, &no_policy, e) < 0 || fw_rules_add(ret, &known, e) < 0)
                return -1;
        return fw_rules_add(ret, &refuse, e);
}

int rules_forward(const struct rules_conf *c, struct fw_rules *ret, struct err *e)
{
        /* Such a packet would leave with the container's own address: NAT passes it by. */
        const struct fw_rule invalid = { .src = c->overlay,
                                         .dst = fw_not(c->overlay),
                                         .proto = FW_TCP,
                                         .states = FW_INVALID,
                                         .verb = FW_DROP };
        /* A bridge hands these to every container, and no egress rule speaks for those. */
        const struct fw_rule to_all = { .src = c->overlay,
                                        .dst_types = FW_TYPE_BROADCAST | FW_TYPE_MULTICAST,
                                        .verb = FW_DROP };
        struct fw_rule src = { .verb = FW_JUMP }, dst = { .verb = FW_JUMP };

        fw_to(&src, "%s", CHAIN_SRC);
        fw_to(&dst, "%s", CHAIN_DST);
        if (fw_rules_add(ret, &invalid, e) < 0 || fw_rules_add(ret, &to_all, e) < 0 ||
            fw_rules_add(ret, &src, e) < 0)
                return -1;
        return fw_rules_add(ret, &dst, e);
}

struct fw_rule rules_netin(uint32_t host_ip, uint16_t host_port, uint32_t container_ip,
                           uint16_t container_port)
{
        return (struct fw_rule){ .dst = fw_host(host_ip),
                                 .proto = FW_TCP,
                                 .dports = { host_port, host_port },
                                 .verb = FW_DNAT,
                                 .nat_addr = container_ip,
                                 .nat_port = container_port };
}
