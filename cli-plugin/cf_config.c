/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/cf_config.h"

#include "netman/file.h"
#include "netman/own.h"
#include "netman/str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_MAX ((size_t)4 << 20)

/**
 * member() - A member by name in any case: cf is written in Go, whose decoder
 *            does not care, and its versions spell some names differently
 */
static json_t *member(json_t *obj, const char *name)
{
        const char *key;
        json_t *value;

        json_object_foreach(obj, key, value) {
                if (strcasecmp(key, name) == 0)
                        return value;
        }
        return NULL;
}

static const char *text(json_t *obj, const char *name)
{
        const char *value = json_string_value(member(obj, name));

        return value ? value : "";
}

static int find_path(struct str *path, struct err *e)
{
        const char *home = getenv("CF_HOME");

        if (!home || !*home)
                home = getenv("HOME");
        if (!home || !*home)
                return err_set(e, FAULT_BAD_INPUT, 0, "neither CF_HOME nor HOME is set");
        str_addf(path, "%s/.cf/config.json", home);
        return str_ok(path, e);
}

static void read_members(struct cf_config *c)
{
        json_t *space = member(c->root, "SpaceFields");
        json_t *org = member(c->root, "OrganizationFields");

        c->target = text(c->root, "Target");
        c->uaa = text(c->root, "UaaEndpoint");
        if (!*c->uaa)
                c->uaa = text(c->root, "AuthorizationEndpoint");
        c->access_token = text(c->root, "AccessToken");
        c->refresh_token = text(c->root, "RefreshToken");
        c->client = text(c->root, "UAAOAuthClient");
        if (!*c->client)
                c->client = "cf"; /* older files do not name it */
        c->client_secret = text(c->root, "UAAOAuthClientSecret");
        c->space = text(space, "GUID");
        c->space_name = text(space, "Name");
        c->org = text(org, "GUID");
        c->org_name = text(org, "Name");
        c->ssl_disabled = json_is_true(member(c->root, "SSLDisabled"));
}

int cf_config_load(struct cf_config *c, struct err *e)
{
        OWN(str) struct str path = { 0 };
        OWN(str) struct str data = { 0 };

        *c = (struct cf_config){ 0 };
        if (find_path(&path, e) < 0)
                return -1;
        c->path = realpath(path.data, NULL);
        if (!c->path)
                return err_set(e, FAULT_ABSENT, 0,
                               "No API endpoint set. Use 'cf login' or 'cf api' to target an "
                               "endpoint (no %s).",
                               path.data);
        if (file_read(c->path, CONFIG_MAX, &data, e) < 0)
                return -1;
        if (jsonx_parse(str_text(&data), data.len, &c->root, e) < 0)
                return err_add(e, "%s", c->path);
        read_members(c);
        return 0;
}

int cf_config_set_tokens(struct cf_config *c, const char *access_token, const char *refresh_token,
                         struct err *e)
{
        if (json_object_set_new(c->root, "AccessToken", json_string(access_token)) < 0)
                return err_oom(e);
        if (refresh_token &&
            json_object_set_new(c->root, "RefreshToken", json_string(refresh_token)) < 0)
                return err_oom(e);
        read_members(c);
        return 0;
}

int cf_config_save(const struct cf_config *c, struct err *e)
{
        OWN(mem) char *data = NULL;
        struct stat old;
        bool others;

        if (stat(c->path, &old) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "%s", c->path);
        data = json_dumps(c->root, JSON_INDENT(2));
        if (!data)
                return err_oom(e);
        /* Under sudo the file must stay the user's: else cf could not read it any more. */
        others = old.st_uid != geteuid();
        return file_replace(c->path, data, strlen(data), 0600, others ? old.st_uid : (uid_t)-1,
                            others ? old.st_gid : (gid_t)-1, e);
}

void cf_config_done(struct cf_config *c)
{
        free(c->path);
        json_decref(c->root);
        *c = (struct cf_config){ 0 };
}
