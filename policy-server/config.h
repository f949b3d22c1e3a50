/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration of the policy server's programs. */
#ifndef NETMAN_POLICY_SERVER_CONFIG_H
#define NETMAN_POLICY_SERVER_CONFIG_H

#include "netman/conf.h"

/** enum ps_role - Which program reads the file, hence which keys it must have */
enum ps_role { PS_EXTERNAL, PS_INTERNAL, PS_MIGRATE };

/**
 * struct ps_database - Where Postgres is; parsed from the key "database"
 * @connection_string: The early form: a URL or "key=value …"; else NULL and
 *                     the fields below hold
 * @timeout_s:         For connecting
 */
struct ps_database {
        char *connection_string;
        char *type, *user, *password, *host, *name, *ca_cert;
        int64_t port, timeout_s;
        bool require_ssl, skip_hostname_validation;
};

struct ps_config {
        char *listen_host, *log_prefix, *log_level, *debug_server_host;
        int64_t listen_port, internal_listen_port, health_check_port, debug_server_port;
        bool enable_tls;
        char *ca_cert_file, *server_cert_file, *server_key_file;

        char *uaa_client, *uaa_client_secret, *uaa_url, *uaa_ca, *uaa_verify, *uaa_issuer;
        int64_t uaa_port, token_cache_seconds;
        char *cc_url, *cc_ca_cert;
        int64_t cc_app_request_chunk_size;
        bool skip_ssl_validation;

        json_t *database;
        struct ps_database db; /* from @database */
        int64_t database_migration_timeout;
        int64_t max_idle_connections, max_open_connections, connections_max_lifetime_seconds;

        int64_t tag_length, tag_quarantine_seconds;
        int64_t max_policies, cleanup_interval, cleanup_grace_seconds;
        double cleanup_max_share;
        bool enable_space_developer_self_service;
        struct conf_strs allowed_cors_domains;
        int64_t max_connections_per_client, request_timeout;
        char *metron_address;
};

/**
 * ps_config_load() - Read and check a program's configuration
 * @problems: One line for each
 */
int ps_config_load(const char *path, enum ps_role role, struct ps_config *c, struct str *problems,
                   struct err *e);
void ps_config_done(struct ps_config *c);

static inline void ps_config_drop(struct ps_config *c)
{
        ps_config_done(c);
}

/** ps_config_uaa_base() - UAA's base URL, with the port where one is given; to be freed */
char *ps_config_uaa_base(const struct ps_config *c);

#endif
