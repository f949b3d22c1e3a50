/* SPDX-License-Identifier: Apache-2.0 */
#include "policy-server/config.h"

#include "netman/dropsonde.h"
#include "netman/log.h"

#include <limits.h>
#include <string.h>

#define AT(field)   .at = offsetof(struct ps_config, field)
#define PORT_LIMITS .min = 0, .max = 65535
#define YEAR_S      (366 * 24 * 3600)

/* Keys of all three programs. Which of them a program insists on is said by
 * the tables of names below: one table of types cannot have two truths. */
static const struct conf_key keys[] = {
        { "listen_host", CONF_STR, AT(listen_host), .def_str = "0.0.0.0" },
        { "listen_port", CONF_INT, AT(listen_port), PORT_LIMITS },
        { "internal_listen_port", CONF_INT, AT(internal_listen_port), PORT_LIMITS },
        { "health_check_port", CONF_INT, AT(health_check_port), PORT_LIMITS },
        { "debug_server_host", CONF_STR, AT(debug_server_host), .def_str = "127.0.0.1" },
        { "debug_server_port", CONF_INT, AT(debug_server_port), PORT_LIMITS },
        { "log_prefix", CONF_STR, AT(log_prefix), .def_str = "cfnetworking" },
        { "log_level", CONF_STR, AT(log_level), .def_str = "info" },
        { "enable_tls", CONF_BOOL, AT(enable_tls) },
        { "ca_cert_file", CONF_STR, AT(ca_cert_file) },
        { "server_cert_file", CONF_STR, AT(server_cert_file) },
        { "server_key_file", CONF_STR, AT(server_key_file) },
        { "uaa_client", CONF_STR, AT(uaa_client) },
        { "uaa_client_secret", CONF_STR, AT(uaa_client_secret) },
        { "uaa_url", CONF_STR, AT(uaa_url) },
        { "uaa_port", CONF_INT, AT(uaa_port), PORT_LIMITS },
        { "uaa_ca", CONF_STR, AT(uaa_ca) },
        { "uaa_verify", CONF_STR, AT(uaa_verify), .def_str = "remote" },
        { "uaa_issuer", CONF_STR, AT(uaa_issuer) },
        { "token_cache_seconds", CONF_INT, AT(token_cache_seconds), .max = 300 },
        { "cc_url", CONF_STR, AT(cc_url) },
        { "cc_ca_cert", CONF_STR, AT(cc_ca_cert) },
        { "cc_app_request_chunk_size", CONF_INT, AT(cc_app_request_chunk_size), .def_int = 100,
          .max = 5000 },
        { "skip_ssl_validation", CONF_BOOL, AT(skip_ssl_validation) },
        { "database", CONF_JSON, AT(database), .required = true },
        { "database_migration_timeout", CONF_INT, AT(database_migration_timeout), .def_int = 600,
          .min = 1, .max = YEAR_S },
        { "max_idle_connections", CONF_INT, AT(max_idle_connections), .def_int = 10, .max = 1000 },
        { "max_open_connections", CONF_INT, AT(max_open_connections), .def_int = 10, .max = 1000 },
        { "connections_max_lifetime_seconds", CONF_INT, AT(connections_max_lifetime_seconds),
          .def_int = 3600, .max = YEAR_S },
        { "tag_length", CONF_INT, AT(tag_length), .def_int = 2, .min = 1, .max = 3 },
        { "tag_quarantine_seconds", CONF_INT, AT(tag_quarantine_seconds), .def_int = 3600,
          .max = YEAR_S },
        { "max_policies", CONF_INT, AT(max_policies), .def_int = 50, .min = 1, .max = INT_MAX },
        { "cleanup_interval", CONF_INT, AT(cleanup_interval), .def_int = 3600, .min = 1,
          .max = YEAR_S },
        { "cleanup_grace_seconds", CONF_INT, AT(cleanup_grace_seconds), .def_int = 300,
          .max = YEAR_S },
        { "cleanup_max_share", CONF_REAL, AT(cleanup_max_share), .def_str = "0.2", .max = 1 },
        { "enable_space_developer_self_service", CONF_BOOL,
          AT(enable_space_developer_self_service) },
        { "allowed_cors_domains", CONF_STRS, AT(allowed_cors_domains) },
        { "max_connections_per_client", CONF_INT, AT(max_connections_per_client), .def_int = 2048,
          .min = 1, .max = 4096 },
        { "request_timeout", CONF_INT, AT(request_timeout), .def_int = 30, .min = 1, .max = 3600 },
        { "metron_address", CONF_STR, AT(metron_address) },
        { 0 },
};

static bool given(const void *conf, const char *name)
{
        for (const struct conf_key *k = keys; k->name; k++) {
                const char *at = (const char *)conf + k->at;

                if (strcmp(k->name, name) == 0)
                        return k->type == CONF_STR ? *(char *const *)(const void *)at != NULL
                                                   : *(const int64_t *)(const void *)at != 0;
        }
        return false;
}

static void need(const void *conf, const char *const *names, struct str *problems)
{
        for (; *names; names++) {
                if (!given(conf, *names))
                        conf_problem(problems, *names, "missing");
        }
}

#define DB_AT(field) .at = offsetof(struct ps_database, field)

static const struct conf_key db_keys[] = {
        { "type", CONF_STR, DB_AT(type), .def_str = "postgres" },
        { "connection_string", CONF_STR, DB_AT(connection_string) },
        { "user", CONF_STR, DB_AT(user) },
        { "password", CONF_STR, DB_AT(password) },
        { "host", CONF_STR, DB_AT(host) },
        { "port", CONF_INT, DB_AT(port), .def_int = 5432, .min = 1, .max = 65535 },
        { "timeout", CONF_INT, DB_AT(timeout_s), .def_int = 5, .min = 1, .max = 3600 },
        { "database_name", CONF_STR, DB_AT(name) },
        { "require_ssl", CONF_BOOL, DB_AT(require_ssl) },
        { "ca_cert", CONF_STR, DB_AT(ca_cert) },
        { "skip_hostname_validation", CONF_BOOL, DB_AT(skip_hostname_validation) },
        { 0 },
};

static void check_db(const void *conf, struct str *problems)
{
        const struct ps_database *d = conf;

        if (!str_eq(d->type, "postgres"))
                conf_problem(problems, "database.type", "must be \"postgres\"");
        if (d->connection_string)
                return;
        if (!d->host)
                conf_problem(problems, "database.host", "missing");
        if (!d->user)
                conf_problem(problems, "database.user", "missing");
        if (!d->name)
                conf_problem(problems, "database.database_name", "missing");
        if (d->require_ssl && !d->skip_hostname_validation && !d->ca_cert)
                conf_problem(problems, "database.ca_cert",
                             "missing, and needed to verify the server (require_ssl)");
}

static const struct conf_spec db_spec = { .keys = db_keys,
                                          .within = "database",
                                          .check = check_db };

static void forget(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
}

static void database_done(struct ps_database *d)
{
        forget(d->password);
        forget(d->connection_string);
        conf_done(&db_spec, d);
}

static void check_database(const json_t *root, struct str *problems)
{
        struct ps_database d = { 0 };
        struct err e;

        if (root && conf_from_json(root, &db_spec, &d, problems, &e) == 0)
                database_done(&d);
}

static void check_common(const struct ps_config *c, struct str *problems)
{
        enum log_level level;
        struct err e;

        if (log_level_parse(c->log_level, &level, &e) < 0)
                conf_problem(problems, "log_level", "%s", e.msg);
        if (c->metron_address && *c->metron_address && dropsonde_check(c->metron_address, &e) < 0)
                conf_problem(problems, "metron_address", "%s", e.msg);
        check_database(c->database, problems);
}

static void check_external(const void *conf, struct str *problems)
{
        static const char *const always[] = { "listen_port", "uaa_client", "uaa_client_secret",
                                              "uaa_url",     "cc_url",     NULL };
        static const char *const with_tls[] = { "server_cert_file", "server_key_file", NULL };
        const struct ps_config *c = conf;

        check_common(c, problems);
        need(c, always, problems);
        /* Without an authority the internal API is another program's. */
        if (c->enable_tls || (c->internal_listen_port && c->ca_cert_file))
                need(c, with_tls, problems);
        if (!str_eq(c->uaa_verify, "remote") && !str_eq(c->uaa_verify, "local"))
                conf_problem(problems, "uaa_verify", "must be \"remote\" or \"local\"");
}

static void check_internal(const void *conf, struct str *problems)
{
        static const char *const always[] = { "internal_listen_port", "ca_cert_file",
                                              "server_cert_file", "server_key_file", NULL };

        check_common(conf, problems);
        need(conf, always, problems);
}

static void check_migrate(const void *conf, struct str *problems)
{
        check_common(conf, problems);
}

static const struct conf_spec specs[] = {
        [PS_EXTERNAL] = { .keys = keys, .check = check_external },
        [PS_INTERNAL] = { .keys = keys, .check = check_internal },
        [PS_MIGRATE] = { .keys = keys, .check = check_migrate },
};

int ps_config_load(const char *path, enum ps_role role, struct ps_config *c, struct str *problems,
                   struct err *e)
{
        if (conf_load(path, &specs[role], c, problems, e) < 0)
                return -1;
        if (conf_from_json(c->database, &db_spec, &c->db, problems, e) < 0) {
                ps_config_done(c);
                return -1;
        }
        /* 0 is the other generation's word for "no limit of my own". */
        if (!c->max_open_connections)
                c->max_open_connections = 10;
        return 0;
}

void ps_config_done(struct ps_config *c)
{
        forget(c->uaa_client_secret);
        database_done(&c->db);
        conf_done(&specs[PS_EXTERNAL], c);
}

char *ps_config_uaa_base(const struct ps_config *c)
{
        OWN(str) struct str s = { 0 };

        str_add(&s, c->uaa_url);
        while (s.len && s.data[s.len - 1] == '/')
                s.data[--s.len] = '\0';
        if (c->uaa_port)
                str_addf(&s, ":%lld", (long long)c->uaa_port);
        return str_steal(&s);
}
