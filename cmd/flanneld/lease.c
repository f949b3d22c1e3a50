/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/lease.h"

#include "netman/grow.h"
#include "netman/jsonx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICK_FROM = 100 };

bool mac_parse(const char *text, uint8_t mac[LEASE_MAC_LEN])
{
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        uint8_t out[LEASE_MAC_LEN] = { 0 };

        if (strlen(text) != LEASE_MAC_LEN * 3 - 1)
                return false;
        for (size_t i = 0; i < LEASE_MAC_LEN * 3 - 1; i++) {
                const char *d = strchr(digits, text[i]);

                if (i % 3 == 2 ? text[i] != ':' : !d)
                        return false;
                if (i % 3 != 2)
                        out[i / 3] = (uint8_t)(out[i / 3] << 4 | (d - digits) % 16);
        }
        memcpy(mac, out, sizeof out);
        return true;
}

struct ip4_text mac_text(const uint8_t mac[LEASE_MAC_LEN])
{
        struct ip4_text t;

        (void)snprintf(t.s, sizeof t.s, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                       mac[3], mac[4], mac[5]);
        return t;
}

bool lease_key_parse(const char *key, struct ip4_net *ret)
{
        const char *slash = strrchr(key, '/');
        const char *name = slash ? slash + 1 : key;
        char four[sizeof "255.255.255.255-32"];
        size_t len = strcspn(name, "&");

        if (len >= sizeof four)
                return false;
        memcpy(four, name, len);
        four[len] = '\0';
        return ip4_net_parse(four, '-', true, ret);
}

struct ip4_text lease_key(struct ip4_net subnet)
{
        struct ip4_text t = ip4_net_text(subnet);

        *strchr(t.s, '/') = '-';
        return t;
}

/* Backend data of a VXLAN lease: without it the cell cannot be reached. */
static int vxlan_data(const json_t *root, struct lease *l, struct err *e)
{
        const json_t *data = json_object_get(root, "BackendData");
        int64_t vni = LEASE_VNI_UNSAID;
        const char *mac = NULL;

        if (!json_is_object(data))
                return err_set(e, FAULT_BAD_INPUT, 0, "missing 'BackendData'");
        if (jsonx_opt_int(data, "VNI", 0, (1 << 24) - 1, &vni, e) < 0 ||
            jsonx_str(data, "VtepMAC", &mac, e) < 0)
                return -1;
        if (!mac_parse(mac, l->mac))
                return err_set(e, FAULT_BAD_INPUT, 0, "'VtepMAC' is no MAC address");
        if ((l->mac[0] & 1) || memcmp(l->mac, (uint8_t[LEASE_MAC_LEN]){ 0 }, LEASE_MAC_LEN) == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "'VtepMAC' is no host's MAC address");
        l->vni = (uint32_t)vni;
        return 0;
}

int lease_value_parse(const char *text, size_t len, struct lease *l, struct err *e)
{
        OWN(json) json_t *root = NULL;
        const char *ip = NULL, *type = "";
        struct lease out = *l;

        if (len > LEASE_VALUE_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "longer than %d bytes", (int)LEASE_VALUE_MAX);
        if (jsonx_parse(text, len, &root, e) < 0)
                return -1;
        if (!json_is_object(root))
                return err_set(e, FAULT_BAD_INPUT, 0, "must be a JSON object");
        if (jsonx_str(root, "PublicIP", &ip, e) < 0 ||
            jsonx_opt_str(root, "BackendType", &type, e) < 0)
                return -1;
        if (!ip4_parse(ip, &out.public_ip) || !ip4_usable(out.public_ip))
                return err_set(e, FAULT_BAD_INPUT, 0, "'PublicIP' is no host's IPv4 address");
        out.vxlan = strcmp(type, "vxlan") == 0;
        if (out.vxlan && vxlan_data(root, &out, e) < 0)
                return -1;
        *l = out;
        return 0;
}

void lease_value_print(const struct lease *l, struct str *s)
{
        str_addf(s, "{\"PublicIP\":\"%s\",\"BackendType\":\"vxlan\",", ip4_text(l->public_ip).s);
        str_addf(s, "\"BackendData\":{\"VNI\":%u,\"VtepMAC\":\"%s\"}}", l->vni, mac_text(l->mac).s);
}

bool lease_same_cell(const struct lease *a, const struct lease *b)
{
        if (a->public_ip != b->public_ip || a->vxlan != b->vxlan)
                return false;
        return !a->vxlan || (a->vni == b->vni && memcmp(a->mac, b->mac, LEASE_MAC_LEN) == 0);
}

void leases_drop(struct leases *all)
{
        free(all->at);
        *all = (struct leases){ 0 };
}

/* Where the lease of @subnet is, or would be. */
static size_t place(const struct leases *all, struct ip4_net subnet)
{
        size_t low = 0, high = all->count;

        while (low < high) {
                size_t mid = low + (high - low) / 2;
                const struct ip4_net *m = &all->at[mid].subnet;

                if (m->ip < subnet.ip || (m->ip == subnet.ip && m->len < subnet.len))
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static bool is_at(const struct leases *all, size_t i, struct ip4_net subnet)
{
        return i < all->count && ip4_net_same(all->at[i].subnet, subnet);
}

int leases_put(struct leases *all, const struct lease *l, struct err *e)
{
        size_t i = place(all, l->subnet);

        if (is_at(all, i, l->subnet)) {
                all->at[i] = *l;
                return 0;
        }
        if (all->count >= LEASES_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "more than %d leases", (int)LEASES_MAX);
        if (grow(&all->at, all->count, &all->cap, sizeof *all->at, e) < 0)
                return -1;
        memmove(&all->at[i + 1], &all->at[i], (all->count - i) * sizeof *all->at);
        all->at[i] = *l;
        all->count++;
        return 0;
}

void leases_remove(struct leases *all, struct ip4_net subnet)
{
        size_t i = place(all, subnet);

        if (!is_at(all, i, subnet))
                return;
        all->count--;
        memmove(&all->at[i], &all->at[i + 1], (all->count - i) * sizeof *all->at);
}

const struct lease *leases_find(const struct leases *all, struct ip4_net subnet)
{
        size_t i = place(all, subnet);

        return is_at(all, i, subnet) ? &all->at[i] : NULL;
}

const struct lease *leases_of(const struct leases *all, uint32_t public_ip)
{
        for (size_t i = 0; i < all->count; i++)
                if (all->at[i].public_ip == public_ip)
                        return &all->at[i];
        return NULL;
}

/**
 * leases_pick() walks subnets and leases side by side, both being sorted. A
 * lease of another length (an old configuration's) may cover several subnets:
 * @covered is the end of what the leases walked past occupy.
 */
int leases_pick(const struct leases *all, const struct netconf *c, uint32_t dice,
                struct ip4_net *ret, struct err *e)
{
        uint64_t size = 1ULL << (32 - c->subnet_len), covered = 0;
        uint32_t open[PICK_FROM];
        size_t found = 0, next = 0;

        for (uint64_t ip = c->min; ip <= c->max && found < PICK_FROM; ip += size) {
                while (next < all->count && all->at[next].subnet.ip < ip + size) {
                        uint64_t end = (uint64_t)ip4_last(all->at[next].subnet) + 1;

                        covered = end > covered ? end : covered;
                        next++;
                }
                if (covered <= ip)
                        open[found++] = (uint32_t)ip;
        }
        if (found == 0)
                return err_set(e, FAULT_CONFLICT, 0,
                               "no subnet is free: all /%u from %s to %s are leased (%zu leases); "
                               "enlarge the range or remove leases of cells that are gone",
                               c->subnet_len, ip4_text(c->min).s, ip4_text(c->max).s, all->count);
        *ret = (struct ip4_net){ open[dice % found], c->subnet_len };
        return 0;
}
