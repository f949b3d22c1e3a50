/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files, by the greatest of the tables: it has a key of every type. */
#include "folder.h"

#include "netman/log.h"
#include "policy-server/config.h"

#include <string.h>

static bool port(int64_t n)
{
        return n >= 0 && n <= UINT16_MAX;
}

/* What was let through is what the program then relies on. */
static void must_hold(const struct ps_config *c)
{
        if (!c->listen_host || !c->log_level || !port(c->listen_port) || !port(c->uaa_port) ||
            c->tag_length < 1 || c->tag_length > 3 || c->max_open_connections < 1 ||
            !(c->cleanup_max_share >= 0 && c->cleanup_max_share <= 1) ||
            !json_is_object(c->database))
                __builtin_trap();
        if (!c->db.connection_string && (!c->db.host || !c->db.user || !c->db.name))
                __builtin_trap();
        for (size_t i = 0; i < c->allowed_cors_domains.count; i++)
                if (!c->allowed_cors_domains.items[i])
                        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char path[PATH_MAX];

        log_set_level(LOG_LEVEL_FATAL);
        folder_open(NULL);
        folder_put("conf.json", data, size, path);
        for (enum ps_role role = PS_EXTERNAL; role <= PS_MIGRATE; role++) {
                OWN(ps_config) struct ps_config c = { 0 };
                OWN(str) struct str problems = { 0 };
                struct err e;

                if (ps_config_load(path, role, &c, &problems, &e) == 0)
                        must_hold(&c);
                else if (!*e.msg)
                        __builtin_trap();
        }
        return 0;
}
