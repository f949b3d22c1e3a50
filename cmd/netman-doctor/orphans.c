/* SPDX-License-Identifier: Apache-2.0 */
/* What the networker and the plugins know of containers that are gone. */
#include "cmd/netman-doctor/checks.h"

#include "cni/owned.h"
#include "garden-external-networker/manager/orphans.h"
#include "netman/own.h"

#include <stdio.h>

/**
 * each_plugin() - Call @fn for every plugin of every network
 */
static int each_plugin(const struct manager *m,
                       int (*fn)(const json_t *conf, const char *network, void *ctx, struct err *e),
                       void *ctx, struct err *e)
{
        for (size_t i = 0; i < m->nets.count; i++) {
                const struct cni_network *net = &m->nets.items[i];
                const json_t *conf;
                size_t j;

                json_array_foreach(net->plugins, j, conf) {
                        if (fn(conf, net->name, ctx, e) < 0)
                                return -1;
                }
        }
        return 0;
}

static int look(const json_t *conf, const char *network, void *ctx, struct err *e)
{
        return owned_files(conf, network, ctx, e);
}

/* Not const: fits each_plugin(). */
static int release(const json_t *conf, const char *network, void *ctx, struct err *e)
{
        return owned_release(conf, network, ctx, e);
}

static int find(const struct manager *m, struct orphans *ret, struct err *e)
{
        OWN(json) json_t *seen = json_object();

        if (!seen)
                return err_oom(e);
        if (each_plugin(m, look, seen, e) < 0 || owned_rules(seen, e) < 0)
                return -1;
        return orphans_find(m, seen, ret, e);
}

static bool has(const json_t *list, const json_t *handle)
{
        const json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (json_equal(item, handle))
                        return true;
        }
        return false;
}

/**
 * remove_one() - All of it, as far as that goes
 * @ret_removed: False if it has come to life meanwhile
 */
static int remove_one(const struct manager *m, const json_t *handle, bool *ret_removed,
                      struct err *e)
{
        if (orphans_remove(m, json_string_value(handle), ret_removed, e) < 0)
                return -1;
        return *ret_removed ? each_plugin(m, release, (void *)json_string_value(handle), e) : 0;
}

/**
 * tell_removed() - Look again: a plugin's DEL succeeds whatever it left behind
 */
static void tell_removed(const struct manager *m, const json_t *removed, struct report *r)
{
        OWN(orphans) struct orphans left = { 0 };
        const json_t *handle;
        char what[240];
        struct err e;
        size_t i;

        if (find(m, &left, &e) < 0) {
                report_fail(r, "orphans that were removed", "%s", e.msg);
                return;
        }
        json_array_foreach(removed, i, handle) {
                (void)snprintf(what, sizeof what, "orphan %s removed", json_string_value(handle));
                if (has(left.gone, handle))
                        report_fail(r, what, "something of it is left; see standard error");
                else
                        report_pass(r, what);
        }
}

static void remove_all(const struct manager *m, json_t *gone, struct report *r)
{
        OWN(json) json_t *done = json_array();
        json_t *handle;
        size_t i;

        json_array_foreach(gone, i, handle) {
                bool removed;
                struct err e;
                char what[240];

                (void)snprintf(what, sizeof what, "orphan %s", json_string_value(handle));
                if (remove_one(m, handle, &removed, &e) < 0)
                        report_fail(r, what, "could not be removed: %s", e.msg);
                else if (removed)
                        (void)json_array_append(done, handle);
        }
        tell_removed(m, done, r);
}

void check_orphans(const struct manager *m, const char *config_file, bool fix, struct report *r)
{
        static const char what[] = "nothing is owned by containers that are gone";
        OWN(orphans) struct orphans o = { 0 };
        const json_t *handle;
        struct err e;
        size_t i;

        if (find(m, &o, &e) < 0) {
                report_fail(r, what, "%s", e.msg);
                return;
        }
        json_array_foreach(o.doubtful, i, handle) {
                report_warn(r, what,
                            "%s is empty, and came so: it may wait for its first process; if it is "
                            "gone, do: garden-external-networker --configFile %s --action down "
                            "--handle %s </dev/null",
                            json_string_value(handle), config_file, json_string_value(handle));
        }
        if (json_array_size(o.gone) + json_array_size(o.doubtful) == 0)
                report_pass(r, what);
        if (fix && json_array_size(o.gone)) {
                remove_all(m, o.gone, r);
                return;
        }
        json_array_foreach(o.gone, i, handle) {
                report_fail(r, what, "%s; do: netman-doctor --fix-orphans",
                            json_string_value(handle));
        }
}
