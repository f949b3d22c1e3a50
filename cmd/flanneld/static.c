/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/static.h"

#include "cmd/flanneld/netconf.h"
#include "cmd/flanneld/store_ops.h"
#include "cmd/flanneld/wait.h"
#include "netman/file.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { FILE_MAX = 16 << 20, NEVER_MS = 24 * 3600 * 1000 };

static int read_lease(const json_t *obj, uint32_t vni, struct lease *l, struct err *e)
{
        const char *subnet = NULL, *ip = NULL, *mac = NULL;

        if (jsonx_str(obj, "Subnet", &subnet, e) < 0 || jsonx_str(obj, "PublicIP", &ip, e) < 0 ||
            jsonx_opt_str(obj, "VtepMAC", &mac, e) < 0)
                return -1;
        if (!ip4_net_parse(subnet, '/', true, &l->subnet))
                return err_set(e, FAULT_BAD_INPUT, 0, "'Subnet' must be like 10.255.7.0/24");
        if (!ip4_parse(ip, &l->public_ip) || !ip4_usable(l->public_ip))
                return err_set(e, FAULT_BAD_INPUT, 0, "'PublicIP' is no host's IPv4 address");
        if (mac && !mac_parse(mac, l->mac))
                return err_set(e, FAULT_BAD_INPUT, 0, "'VtepMAC' is no MAC address");
        if (!mac) {
                /* 0a:58 is what CNI plugins put before an address, too. */
                uint32_t p = l->public_ip;
                const uint8_t made[] = {
                        0x0a,      0x58, (uint8_t)(p >> 24), (uint8_t)(p >> 16), (uint8_t)(p >> 8),
                        (uint8_t)p
                };

                memcpy(l->mac, made, sizeof l->mac);
        }
        l->vxlan = true;
        l->vni = vni;
        return 0;
}

int static_leases(const json_t *root, uint32_t vni, struct leases *ret, struct err *e)
{
        json_t *list = NULL, *each;
        size_t i;

        if (jsonx_opt_array(root, "leases", &list, e) < 0)
                return -1;
        json_array_foreach(list, i, each) {
                struct lease l = { 0 };

                if (read_lease(each, vni, &l, e) < 0)
                        return err_add(e, "leases[%zu]", i);
                if (leases_find(ret, l.subnet) || leases_of(ret, l.public_ip))
                        return err_set(e, FAULT_BAD_INPUT, 0,
                                       "leases[%zu]: its subnet or public address was there before",
                                       i);
                if (leases_put(ret, &l, e) < 0)
                        return -1;
        }
        return 0;
}

/**
 * struct file - The state
 * @conf: The network's configuration at the start: what was built of it stays
 */
struct file {
        char *path;   /* owned */
        json_t *conf; /* owned */
};

static const char *path_of(const void *s)
{
        return ((const struct file *)s)->path;
}

static void file_close(void *s)
{
        struct file *f = s;

        free(f->path);
        json_decref(f->conf);
        free(f);
}

/* The whole document. @ret_rev: changes when the file does. */
static int load(const char *path, json_t **ret, int64_t *ret_rev, struct err *e)
{
        OWN(str) struct str text = { 0 };
        struct stat st;

        if (stat(path, &st) < 0)
                return err_set(e, FAULT_BAD_INPUT, errno, "%s", path);
        *ret_rev = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (file_read(path, FILE_MAX, &text, e) < 0)
                return -1;
        if (jsonx_parse(str_text(&text), text.len, ret, e) < 0)
                return err_add(e, "%s", path);
        if (!json_is_object(json_object_get(*ret, "config")))
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: missing 'config'", path);
        return 0;
}

static int file_open(const struct store_conf *conf, void **ret, struct err *e)
{
        struct file *f = calloc(1, sizeof *f);
        OWN(json) json_t *root = NULL;
        int64_t rev;

        if (!f || !(f->path = strdup(conf->file))) {
                free(f);
                return err_oom(e);
        }
        if (load(f->path, &root, &rev, e) < 0) {
                file_close(f);
                return -1;
        }
        f->conf = json_incref(json_object_get(root, "config"));
        *ret = f;
        return 0;
}

static int file_config(void *s, struct str *ret, struct err *e)
{
        const struct file *f = s;
        OWN(mem) char *text = json_dumps(f->conf, JSON_COMPACT);

        if (!text)
                return err_oom(e);
        str_add(ret, text);
        return str_ok(ret, e);
}

static int file_list(void *s, struct leases *ret, int64_t *ret_rev, struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(json) json_t *root = NULL;
        struct file *f = s;
        struct netconf conf;

        if (load(f->path, &root, ret_rev, e) < 0 || file_config(s, &text, e) < 0)
                return -1;
        if (!json_equal(json_object_get(root, "config"), f->conf))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "%s: 'config' is not what flanneld started with: start it anew, "
                               "or put back what was there",
                               f->path);
        if (netconf_parse(str_text(&text), text.len, &conf, e) < 0 ||
            static_leases(root, conf.vni, ret, e) < 0)
                return err_add(e, "%s", f->path);
        return 0;
}

static int file_create(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        OWN(leases) struct leases all = { 0 };
        int64_t rev;

        (void)ttl_s;
        if (file_list(s, &all, &rev, e) < 0)
                return -1;
        if (leases_find(&all, l->subnet))
                return err_set(e, FAULT_CONFLICT, 0, "%s has subnet %s", path_of(s),
                               ip4_net_text(l->subnet).s);
        return err_set(e, FAULT_BAD_INPUT, 0, "%s has no lease with this cell's PublicIP %s",
                       path_of(s), ip4_text(l->public_ip).s);
}

static int file_update(void *s, struct lease *l, int64_t ttl_s, struct err *e)
{
        (void)ttl_s;
        return err_set(e, FAULT_BAD_INPUT, 0,
                       "%s gives this cell another PublicIP or VtepMAC than it has, which are %s "
                       "and %s: write those into the file, or start flanneld anew",
                       path_of(s), ip4_text(l->public_ip).s, mac_text(l->mac).s);
}

static int file_renew(void *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e)
{
        (void)s;
        (void)l;
        (void)ttl_s;
        (void)e;
        *ret_ttl_s = 0;
        return 0;
}

/* Watched is the folder: files that are replaced whole are other files then. */
static int file_watch(void *s, int64_t *rev, const struct store_news *news, int wake_fd,
                      struct err *e)
{
        OWN(mem) char *path = strdup(path_of(s));
        OWN(fd) int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        (void)news;
        if (!path)
                return err_oom(e);
        if (notify < 0 ||
            inotify_add_watch(notify, dirname(path), IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
                return err_set(e, FAULT_UPSTREAM, errno, "watch %s", path_of(s));
        for (;;) {
                char notes[4096];
                int64_t now = *rev;
                struct stat st;

                if (stat(path_of(s), &st) == 0)
                        now = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
                if (now != *rev)
                        return err_set(e, FAULT_CONFLICT, 0, "%s has changed", path_of(s));
                if (wait_for_two(wake_fd, notify, NEVER_MS))
                        return 0;
                while (read(notify, notes, sizeof notes) > 0)
                        continue;
        }
}

const struct store_ops store_file = {
        .open = file_open,
        .close = file_close,
        .config = file_config,
        .list = file_list,
        .create = file_create,
        .update = file_update,
        .renew = file_renew,
        .watch = file_watch,
};
