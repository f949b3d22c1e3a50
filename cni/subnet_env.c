/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/subnet_env.h"

#include "netman/file.h"
#include "netman/str.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX 65536U

/** struct seen - Which of the needed lines the file has */
struct seen {
        bool network, subnet, mtu, ipmasq;
};

/**
 * clear_host_bits() - Of an address in network byte order
 */
static void clear_host_bits(unsigned char *addr, size_t len, int64_t prefix)
{
        for (size_t i = 0; i < len; i++) {
                int64_t keep = prefix - (int64_t)i * 8;

                if (keep <= 0)
                        addr[i] = 0;
                else if (keep < 8)
                        addr[i] &= (unsigned char)(0xff << (8 - keep));
        }
}

/**
 * read_cidr() - "10.255.7.1/24" -> "10.255.7.0/24"
 */
static int read_cidr(const char *value, int family, char ret[64], struct err *e)
{
        unsigned char addr[16];
        char text[INET6_ADDRSTRLEN];
        const char *slash = strchr(value, '/');
        int64_t prefix;

        if (!slash || (size_t)(slash - value) >= sizeof text)
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid CIDR address: %.60s", value);
        (void)snprintf(text, sizeof text, "%.*s", (int)(slash - value), value);
        if (inet_pton(family, text, addr) != 1 ||
            str_to_int(slash + 1, 0, family == AF_INET ? 32 : 128, &prefix, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid CIDR address: %.60s", value);
        clear_host_bits(addr, family == AF_INET ? 4 : 16, prefix);
        if (!inet_ntop(family, addr, text, sizeof text))
                return err_set(e, FAULT_SYSTEM, 0, "address %.60s", value);
        (void)snprintf(ret, 64, "%s/%d", text, (int)prefix);
        return 0;
}

static int read_mtu(const char *value, int *ret, struct err *e)
{
        int64_t mtu;

        if (str_to_int(value, 0, 65535, &mtu, e) < 0)
                return err_add(e, "FLANNEL_MTU");
        *ret = (int)mtu;
        return 0;
}

static int read_line(const char *key, const char *value, struct subnet_env *env, struct seen *seen,
                     struct err *e)
{
        if (strcmp(key, "FLANNEL_NETWORK") == 0) {
                seen->network = true;
                return read_cidr(value, AF_INET, env->network[0], e);
        }
        if (strcmp(key, "FLANNEL_SUBNET") == 0) {
                seen->subnet = true;
                return read_cidr(value, AF_INET, env->subnet[0], e);
        }
        if (strcmp(key, "FLANNEL_IPV6_NETWORK") == 0) {
                seen->network = true;
                return read_cidr(value, AF_INET6, env->network[1], e);
        }
        if (strcmp(key, "FLANNEL_IPV6_SUBNET") == 0) {
                seen->subnet = true;
                return read_cidr(value, AF_INET6, env->subnet[1], e);
        }
        if (strcmp(key, "FLANNEL_MTU") == 0) {
                seen->mtu = true;
                return read_mtu(value, &env->mtu, e);
        }
        if (strcmp(key, "FLANNEL_IPMASQ") == 0) {
                seen->ipmasq = true;
                env->ipmasq = strcmp(value, "true") == 0;
        }
        return 0;
}

static int check_seen(const struct seen *seen, struct err *e)
{
        const char *missing = NULL;

        if (!seen->network)
                missing = "FLANNEL_NETWORK";
        else if (!seen->subnet)
                missing = "FLANNEL_SUBNET";
        else if (!seen->mtu)
                missing = "FLANNEL_MTU";
        else if (!seen->ipmasq)
                missing = "FLANNEL_IPMASQ";
        return missing ? err_set(e, FAULT_BAD_INPUT, 0, "is missing %s", missing) : 0;
}

int subnet_env_parse(const char *file, const char *text, struct subnet_env *ret, struct err *e)
{
        OWN(mem) char *copy = strdup(text);
        struct subnet_env env = { 0 };
        struct seen seen = { 0 };
        char *rest = copy, *line;

        if (!copy)
                return err_oom(e);
        while ((line = strsep(&rest, "\n"))) {
                char *equals = strchr(line, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                if (read_line(line, equals + 1, &env, &seen, e) < 0)
                        return err_add(e, "%s", file);
        }
        if (check_seen(&seen, e) < 0)
                return err_add(e, "%s", file);
        *ret = env;
        return 0;
}

int subnet_env_read(const char *file, struct subnet_env *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };

        if (file_read(file, FILE_MAX, &text, e) < 0)
                return -1;
        return subnet_env_parse(file, str_text(&text), ret, e);
}
