/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/subnet_env.h"

#include "netman/file.h"
#include "netman/log.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 65536 };

int subnet_env_write(const char *path, const struct subnet_env *env, struct err *e)
{
        OWN(mem) char *dir = strdup(path);
        OWN(str) struct str s = { 0 };
        OWN(str) struct str is = { 0 };
        char *slash = dir ? strrchr(dir, '/') : NULL;

        if (!dir)
                return err_oom(e);
        str_addf(&s, "FLANNEL_NETWORK=%s\n", ip4_net_text(env->network).s);
        /* The gateway's address, the first of the subnet. */
        str_addf(&s, "FLANNEL_SUBNET=%s/%u\n", ip4_text(env->subnet.ip + 1).s, env->subnet.len);
        str_addf(&s, "FLANNEL_MTU=%u\nFLANNEL_IPMASQ=%s\n", env->mtu,
                 env->ip_masq ? "true" : "false");
        if (str_ok(&s, e) < 0)
                return -1;
        if (file_read(path, FILE_MAX, &is, NULL) == 0 && str_eq(str_text(&is), str_text(&s)))
                return 0;
        if (slash && slash != dir) {
                *slash = '\0';
                if (file_make_dirs(dir, e) < 0)
                        return -1;
        }
        return file_replace(path, str_text(&s), s.len, 0644, (uid_t)-1, (gid_t)-1, e);
}

bool subnet_env_parse(const char *text, struct ip4_net *ret)
{
        static const char key[] = "FLANNEL_SUBNET=";

        for (const char *line = text; line; line = strchr(line, '\n')) {
                char value[32];
                size_t len;

                line += *line == '\n';
                if (strncmp(line, key, sizeof key - 1) != 0)
                        continue;
                line += sizeof key - 1;
                len = strcspn(line, "\r\n");
                if (len >= sizeof value)
                        return false;
                memcpy(value, line, len);
                value[len] = '\0';
                return ip4_net_parse(value, '/', false, ret) && ret->len > 0;
        }
        return false;
}

struct ip4_net subnet_env_previous(const char *path)
{
        OWN(str) struct str text = { 0 };
        struct ip4_net none = { 0 }, net;
        struct err e;

        if (file_read(path, FILE_MAX, &text, &e) < 0) {
                if (e.fault != FAULT_ABSENT)
                        log_error("subnet-file-unreadable", LOG_WHY(&e));
                return none;
        }
        return subnet_env_parse(str_text(&text), &net) ? net : none;
}
