/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/options.h"

#include "netman/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char options_usage[] =
        "Usage: flanneld [FLAG]...      (-flag and --flag, 'flag value' and 'flag=value')\n"
        "\n"
        "  --etcd-endpoints=URL,…            default http://127.0.0.1:4001,http://127.0.0.1:2379\n"
        "  --etcd-prefix=KEY                 default /coreos.com/network\n"
        "  --etcd-api=v3|v2                  v2: share the network with flannel up to 0.20\n"
        "  --etcd-cafile, --etcd-certfile, --etcd-keyfile=FILE\n"
        "  --etcd-silence=SECONDS            how long a watch may be silent before we make sure\n"
        "                                    that etcd lives; default 300\n"
        "  --etcd-username, --etcd-password=TEXT\n"
        "  --iface=NAME|ADDRESS              underlay; may be repeated, the first that exists is\n"
        "                                    taken; default: that of the default route\n"
        "  --iface-regex=EXPRESSION          the same by an extended regular expression\n"
        "  --iface-can-reach=ADDRESS         the same by what it leads to\n"
        "  --public-ip=ADDRESS               how other cells reach this one\n"
        "  --subnet-file=FILE                default /run/flannel/subnet.env\n"
        "  --subnet-lease-renew-margin=MIN   default 60, at most 1439\n"
        "  --subnet-lease-ttl=SECONDS        default 86400\n"
        "  --static=FILE                     configuration and leases from this file, no etcd\n"
        "  --allow-no-gbp                    go on although the network has no group policy\n"
        "  --ip-masq                         masquerade what leaves the overlay\n"
        "  --guard=true|false                refuse VXLAN packets from others than the other\n"
        "                                    cells; default true\n"
        "  --iptables-lock-file=FILE         lock shared with the other programs of the cell\n"
        "  --iptables-resync=SECONDS         how often rules are looked at; default 60\n"
        "  --healthz-ip=ADDRESS, --healthz-port=PORT\n"
        "                                    answer GET /healthz; default 0.0.0.0 and no port\n"
        "  --debug-port=PORT                 GET /metrics and POST /log-level on 127.0.0.1\n"
        "  --log-level=debug|info|error      default info\n"
        "  --check-config                    only check the command line, and the files it names\n"
        "  --version, --help\n"
        "\n"
        "Taken and without effect, as others see to it here: --iptables-forward-rules,\n"
        "--ip-masq-fully-random-disable, --set-node-network-unavailable, --health-check-port,\n"
        "and klog's flags for logs: --v, --vmodule, --log_dir, --log_backtrace_at,\n"
        "--logtostderr, --alsologtostderr, --stderrthreshold.\n"
        "Refused: --kube-subnet-mgr, --kube-api-url, --kube-annotation-prefix,\n"
        "--kubeconfig-file, --net-config-path, --public-ipv6, --ip-blackhole-route.\n";

enum kind {
        KIND_STR,
        KIND_INT,
        KIND_BOOL,
        KIND_API,
        KIND_LIST, /* one more of at most UNDERLAY_IFACES_MAX; their number is at @count_at */
        KIND_LEVEL,
        KIND_UNUSED,
        KIND_UNUSED_BOOL,
        KIND_REFUSED, /* @why tells; false and nothing at all are as if it were not given */
        KIND_REFUSED_BOOL,
};

/**
 * struct flag - One flag
 * @at:       Where its value goes in struct options
 * @min, @max: Of a number
 * @count_at: Of a list
 * @why:      Of one that is refused
 */
struct flag {
        const char *name;
        enum kind kind;
        size_t at;
        int64_t min, max;
        size_t count_at;
        const char *why;
};

#define AT(field) offsetof(struct options, field)
#define KUBE      "leases come from etcd or --static here, not from Kubernetes"
#define IPV6      "the overlay is IPv4 only"

/* The unused ones are flannel's for logs and for rules that others here see to:
 * command lines that have them go on working. */
static const struct flag flags[] = {
        { "etcd-endpoints", KIND_STR, AT(store.endpoints), 0, 0, 0, NULL },
        { "etcd-prefix", KIND_STR, AT(store.prefix), 0, 0, 0, NULL },
        { "etcd-api", KIND_API, AT(store.api), 0, 0, 0, NULL },
        { "etcd-silence", KIND_INT, AT(store.silence_s), 1, 86400, 0, NULL },
        { "etcd-cafile", KIND_STR, AT(store.ca_file), 0, 0, 0, NULL },
        { "etcd-certfile", KIND_STR, AT(store.cert_file), 0, 0, 0, NULL },
        { "etcd-keyfile", KIND_STR, AT(store.key_file), 0, 0, 0, NULL },
        { "etcd-username", KIND_STR, AT(store.user), 0, 0, 0, NULL },
        { "etcd-password", KIND_STR, AT(store.password), 0, 0, 0, NULL },
        { "iface", KIND_LIST, AT(underlay.ifaces), 0, 0, AT(underlay.iface_count), NULL },
        { "iface-regex", KIND_LIST, AT(underlay.regexes), 0, 0, AT(underlay.regex_count), NULL },
        { "iface-can-reach", KIND_STR, AT(underlay.can_reach), 0, 0, 0, NULL },
        { "public-ip", KIND_STR, AT(underlay.public_ip), 0, 0, 0, NULL },
        { "subnet-file", KIND_STR, AT(subnet_file), 0, 0, 0, NULL },
        { "subnet-lease-renew-margin", KIND_INT, AT(margin_min), 1, 24 * 60 - 1, 0, NULL },
        { "subnet-lease-ttl", KIND_INT, AT(ttl_s), 2, 366LL * 86400, 0, NULL },
        { "static", KIND_STR, AT(store.file), 0, 0, 0, NULL },
        { "allow-no-gbp", KIND_BOOL, AT(no_gbp), 0, 0, 0, NULL },
        { "ip-masq", KIND_BOOL, AT(ip_masq), 0, 0, 0, NULL },
        { "guard", KIND_BOOL, AT(guard), 0, 0, 0, NULL },
        { "iptables-lock-file", KIND_STR, AT(lock_file), 0, 0, 0, NULL },
        { "iptables-resync", KIND_INT, AT(resync_s), 1, 86400, 0, NULL },
        { "healthz-ip", KIND_STR, AT(healthz_ip), 0, 0, 0, NULL },
        { "healthz-port", KIND_INT, AT(healthz_port), 0, UINT16_MAX, 0, NULL },
        { "debug-port", KIND_INT, AT(debug_port), 0, UINT16_MAX, 0, NULL },
        { "log-level", KIND_LEVEL, 0, 0, 0, 0, NULL },
        { "check-config", KIND_BOOL, AT(check), 0, 0, 0, NULL },
        { "version", KIND_BOOL, AT(version), 0, 0, 0, NULL },
        { "help", KIND_BOOL, AT(help), 0, 0, 0, NULL },
        { "h", KIND_BOOL, AT(help), 0, 0, 0, NULL },
        { "log_dir", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "v", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "vmodule", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "stderrthreshold", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "log_backtrace_at", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "logtostderr", KIND_UNUSED_BOOL, 0, 0, 0, 0, NULL },
        { "alsologtostderr", KIND_UNUSED_BOOL, 0, 0, 0, 0, NULL },
        { "health-check-port", KIND_UNUSED, 0, 0, 0, 0, NULL },
        { "iptables-forward-rules", KIND_UNUSED_BOOL, 0, 0, 0, 0, NULL },
        { "ip-masq-fully-random-disable", KIND_UNUSED_BOOL, 0, 0, 0, 0, NULL },
        { "set-node-network-unavailable", KIND_UNUSED_BOOL, 0, 0, 0, 0, NULL },
        { "kube-subnet-mgr", KIND_REFUSED_BOOL, 0, 0, 0, 0, KUBE },
        { "kube-api-url", KIND_REFUSED, 0, 0, 0, 0, KUBE },
        { "kube-annotation-prefix", KIND_REFUSED, 0, 0, 0, 0, KUBE },
        { "kubeconfig-file", KIND_REFUSED, 0, 0, 0, 0, KUBE },
        { "net-config-path", KIND_REFUSED, 0, 0, 0, 0, KUBE },
        { "public-ipv6", KIND_REFUSED, 0, 0, 0, 0, IPV6 },
        { "ip-blackhole-route", KIND_REFUSED_BOOL, 0, 0, 0, 0,
          "the bridge of the cell's containers has the route to them" },
};

enum { FLAG_COUNT = sizeof flags / sizeof *flags };

static const struct flag *find(const char *name, size_t len)
{
        for (size_t i = 0; i < FLAG_COUNT; i++)
                if (strlen(flags[i].name) == len && strncmp(flags[i].name, name, len) == 0)
                        return &flags[i];
        return NULL;
}

static bool is_switch(const struct flag *f)
{
        return f->kind == KIND_BOOL || f->kind == KIND_UNUSED_BOOL || f->kind == KIND_REFUSED_BOOL;
}

static int set_bool(const struct flag *f, const char *value, bool *at, struct err *e)
{
        if (str_eq(value, "true") || str_eq(value, "1"))
                *at = true;
        else if (str_eq(value, "false") || str_eq(value, "0"))
                *at = false;
        else
                return err_set(e, FAULT_BAD_INPUT, 0, "--%s: must be true or false", f->name);
        return 0;
}

static int add_to_list(const struct flag *f, const char *value, struct options *o, struct err *e)
{
        const char **list = (const char **)((char *)o + f->at);
        size_t *count = (size_t *)((char *)o + f->count_at);

        if (*count == UNDERLAY_IFACES_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "--%s: more than %d", f->name,
                               (int)UNDERLAY_IFACES_MAX);
        list[(*count)++] = value;
        return 0;
}

static int set_api(const char *value, enum store_api *at, struct err *e)
{
        if (str_eq(value, "v3"))
                *at = STORE_ETCD_V3;
        else if (str_eq(value, "v2"))
                *at = STORE_ETCD_V2;
        else
                return err_set(e, FAULT_BAD_INPUT, 0, "--etcd-api: must be v3 or v2");
        return 0;
}

static int set(const struct flag *f, const char *value, struct options *o, struct err *e)
{
        void *at = (char *)o + f->at;
        bool refused = true;

        switch (f->kind) {
        case KIND_STR:
                if (*value) /* empty is as flannel has it: not given */
                        *(const char **)at = value;
                return 0;
        case KIND_INT:
                if (str_to_int(value, f->min, f->max, at, e) < 0)
                        return err_add(e, "--%s", f->name);
                return 0;
        case KIND_BOOL:
                return set_bool(f, value, at, e);
        case KIND_API:
                return set_api(value, at, e);
        case KIND_LIST:
                return *value ? add_to_list(f, value, o, e) : 0;
        case KIND_LEVEL:
                return log_level_parse(value, &o->level, e) < 0 ? err_add(e, "--log-level") : 0;
        case KIND_UNUSED:
        case KIND_UNUSED_BOOL:
                return 0;
        case KIND_REFUSED_BOOL:
                if (set_bool(f, value, &refused, e) < 0)
                        return -1;
                break;
        case KIND_REFUSED:
                refused = *value;
                break;
        }
        return refused ? err_set(e, FAULT_BAD_INPUT, 0, "--%s: %s", f->name, f->why) : 0;
}

/* FLANNELD_ETCD_ENDPOINTS for "etcd-endpoints". */
static void variable(const struct flag *f, char *buf, size_t size)
{
        (void)snprintf(buf, size, "FLANNELD_%s", f->name);
        for (char *at = buf; *at; at++)
                *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
}

static void note(struct str *problems, const char *before, const struct err *why)
{
        str_addf(problems, "%s%s%s\n", before, *before ? ": " : "", why->msg);
}

static void from_environment(char *(*environment)(const char *), const bool *given,
                             struct options *o, struct str *problems)
{
        for (size_t i = 0; i < FLAG_COUNT; i++) {
                struct err why = { 0 };
                char name[64];
                const char *value;

                variable(&flags[i], name, sizeof name);
                value = given[i] ? NULL : environment(name);
                if (value && *value && set(&flags[i], value, o, &why) < 0)
                        note(problems, name, &why);
        }
}

/**
 * take_argument() - One flag, and its value if that is an argument of its own
 * @at: Its place in @argv
 *
 * Return: how many arguments that was
 */
static int take_argument(char *const *argv, int at, bool *given, struct options *o,
                         struct str *problems)
{
        const char *arg = argv[at];
        const char *name = arg + (arg[0] == '-') + str_starts(arg, "--");
        size_t len = strcspn(name, "=");
        const struct flag *f = arg[0] == '-' ? find(name, len) : NULL;
        const char *value = name[len] ? name + len + 1 : NULL;
        struct err why = { 0 };
        int taken = 1;

        if (!f) {
                str_addf(problems, "unknown argument %s\n", arg);
                return taken;
        }
        if (!value && is_switch(f))
                value = "true";
        if (!value)
                value = argv[at + taken++];
        given[f - flags] = true;
        if (!value) {
                str_addf(problems, "--%s: needs a value\n", f->name);
                return taken;
        }
        if (set(f, value, o, &why) < 0)
                note(problems, "", &why);
        return taken;
}

/* What is wrong with the flags taken together, or with texts that must be something. */
static void check(const struct options *o, struct str *problems)
{
        const struct store_conf *s = &o->store;
        const struct underlay_wish *w = &o->underlay;
        uint32_t ip;

        if (!s->cert_file != !s->key_file)
                str_add(problems, "--etcd-certfile and --etcd-keyfile: one needs the other\n");
        if (!s->user != !s->password)
                str_add(problems, "--etcd-username and --etcd-password: one needs the other\n");
        if (s->prefix[0] != '/' || s->prefix[strlen(s->prefix) - 1] == '/')
                str_add(problems, "--etcd-prefix: must begin with a slash and not end with one\n");
        if (w->public_ip && !ip4_parse(w->public_ip, &ip))
                str_addf(problems, "--public-ip: %s is no IPv4 address\n", w->public_ip);
        if (w->can_reach && !ip4_parse(w->can_reach, &ip))
                str_addf(problems, "--iface-can-reach: %s is no IPv4 address\n", w->can_reach);
        for (size_t i = 0; i < w->regex_count; i++) {
                struct err why = { 0 };
                regex_t re;

                if (underlay_regex(w->regexes[i], &re, &why) < 0)
                        note(problems, "", &why);
                else
                        regfree(&re);
        }
}

void options_parse(int argc, char *const *argv, char *(*environment)(const char *name),
                   struct options *ret, struct str *problems)
{
        bool given[FLAG_COUNT] = { false };

        *ret = (struct options){
                .store = { .endpoints = "http://127.0.0.1:4001,http://127.0.0.1:2379",
                           .prefix = "/coreos.com/network",
                           .silence_s = 300 },
                .subnet_file = "/run/flannel/subnet.env",
                .margin_min = 60,
                .ttl_s = 86400,
                .guard = true,
                .resync_s = 60,
                .healthz_ip = "0.0.0.0",
                .level = LOG_LEVEL_INFO,
        };
        for (int i = 1; i < argc;)
                i += take_argument(argv, i, given, ret, problems);
        from_environment(environment, given, ret, problems);
        check(ret, problems);
        if (ret->store.file)
                ret->store.api = STORE_FILE;
}
