/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CNI results in other versions. There are three forms: "ip4" and "ip6" (0.1.0,
 * 0.2.0), a list "ips" whose elements say "version" (0.3.0 to 0.4.0), and the
 * same without it (1.0.0).
 */
#include "netman/cni.h"

#include <stdbool.h>
#include <string.h>

static bool is_v6(const json_t *ip)
{
        const char *address = json_string_value(json_object_get(ip, "address"));

        return address && strchr(address, ':');
}

/**
 * copy_member() - @from[@key] -> @to[@name], if it is there
 */
static int copy_member(const json_t *from, const char *key, json_t *to, const char *name,
                       struct err *e)
{
        json_t *v = json_object_get(from, key);

        return v && json_object_set(to, name, v) < 0 ? err_oom(e) : 0;
}

/**
 * list_from_old() - "ip4" or "ip6" to an element of "ips" and to "routes"
 */
static int list_from_old(const json_t *old, json_t *ips, json_t *routes, struct err *e)
{
        json_t *its_routes = json_object_get(old, "routes");
        json_t *ip;

        if (!json_is_object(old))
                return 0;
        if (json_is_array(its_routes) && json_array_extend(routes, its_routes) < 0)
                return err_oom(e);
        ip = json_object();
        if (json_array_append_new(ips, ip) < 0 || copy_member(old, "ip", ip, "address", e) < 0)
                return err_oom(e);
        return copy_member(old, "gateway", ip, "gateway", e);
}

/**
 * set_families() - "version" in each element, or in none
 */
static int set_families(json_t *ips, bool wanted, struct err *e)
{
        json_t *ip;
        size_t i;

        json_array_foreach(ips, i, ip) {
                if (!wanted)
                        (void)json_object_del(ip, "version"); /* may well be absent */
                else if (json_object_set_new(ip, "version", json_string(is_v6(ip) ? "6" : "4")) < 0)
                        return err_oom(e);
        }
        return 0;
}

static int to_list(const json_t *result, const char *version, json_t *ret, struct err *e)
{
        OWN(json) json_t *ips = NULL, *routes = NULL;
        json_t *given = json_object_get(result, "ips");
        json_t *given_routes = json_object_get(result, "routes");

        ips = json_is_array(given) ? json_deep_copy(given) : json_array();
        routes = json_is_array(given_routes) ? json_deep_copy(given_routes) : json_array();
        if (!ips || !routes)
                return err_oom(e);
        if (list_from_old(json_object_get(result, "ip4"), ips, routes, e) < 0 ||
            list_from_old(json_object_get(result, "ip6"), ips, routes, e) < 0 ||
            set_families(ips, strcmp(version, "1.0.0") < 0, e) < 0)
                return -1;
        if (json_object_set_new(ret, "cniVersion", json_string(version)) < 0 ||
            copy_member(result, "interfaces", ret, "interfaces", e) < 0 ||
            json_object_set(ret, "ips", ips) < 0)
                return err_oom(e);
        if (json_array_size(routes) > 0 && json_object_set(ret, "routes", routes) < 0)
                return err_oom(e);
        return 0;
}

/**
 * old_from_list() - First element of "ips" of a family -> "ip4" or "ip6"
 */
static int old_from_list(const json_t *result, bool v6, json_t *ret, struct err *e)
{
        const json_t *ips = json_object_get(result, "ips"), *ip;
        const json_t *routes = json_object_get(result, "routes"), *route;
        json_t *old, *its_routes;
        size_t i, j;

        json_array_foreach(ips, i, ip) {
                if (is_v6(ip) != v6)
                        continue;
                old = json_object();
                its_routes = json_array();
                if (json_object_set_new(ret, v6 ? "ip6" : "ip4", old) < 0 ||
                    copy_member(ip, "address", old, "ip", e) < 0 ||
                    copy_member(ip, "gateway", old, "gateway", e) < 0 ||
                    json_object_set_new(old, "routes", its_routes) < 0)
                        return err_oom(e);
                json_array_foreach(routes, j, route) {
                        const char *dst = json_string_value(json_object_get(route, "dst"));

                        if (dst && (strchr(dst, ':') != NULL) == v6 &&
                            json_array_append(its_routes, (json_t *)route) < 0)
                                return err_oom(e);
                }
                if (json_array_size(its_routes) == 0)
                        (void)json_object_del(old, "routes"); /* just set */
                return 0;
        }
        return 0;
}

static int to_old(const json_t *result, json_t *ret, struct err *e)
{
        if (json_object_get(result, "ips")) {
                if (old_from_list(result, false, ret, e) < 0)
                        return -1;
                return old_from_list(result, true, ret, e);
        }
        if (copy_member(result, "ip4", ret, "ip4", e) < 0)
                return -1;
        return copy_member(result, "ip6", ret, "ip6", e);
}

int cni_result_convert(const json_t *result, const char *version, json_t **ret, struct err *e)
{
        OWN(json) json_t *out = json_object();
        json_t *dns = json_object_get(result, "dns");
        int rc;

        if (!out)
                return err_oom(e);
        if (strcmp(version, "0.3.0") < 0)
                rc = to_old(result, out, e);
        else
                rc = to_list(result, version, out, e);
        if (rc < 0)
                return -1;
        dns = json_is_object(dns) ? json_incref(dns) : json_object();
        if (json_object_set_new(out, "dns", dns) < 0)
                return err_oom(e);
        *ret = GIVE(out);
        return 0;
}
