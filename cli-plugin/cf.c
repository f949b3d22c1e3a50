/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/cf.h"

#include "cli-plugin/cc.h"
#include "cli-plugin/metadata.h"

#include <string.h>

static struct rpc *rpc_of(struct session *s)
{
        return s->impl;
}

/** call_text() - A method without argument that returns a string */
static int call_text(struct session *s, const char *method, char **ret, struct err *e)
{
        OWN(json) json_t *reply = NULL;

        if (rpc_call_text(rpc_of(s), method, "", &reply, e) < 0)
                return -1;
        return session_copy(json_is_string(reply) ? json_string_value(reply) : "", ret, e);
}

static int cf_api(struct session *s, char **ret, struct err *e)
{
        if (call_text(s, "ApiEndpoint", ret, e) < 0)
                return -1;
        if (!**ret)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "No API endpoint set. Use 'cf login' or 'cf api' to target an "
                               "endpoint.");
        return 0;
}

static int cf_insecure(struct session *s, bool *ret, struct err *e)
{
        OWN(json) json_t *reply = NULL;

        if (rpc_call_text(rpc_of(s), "IsSSLDisabled", "", &reply, e) < 0)
                return -1;
        *ret = json_is_true(reply);
        return 0;
}

static int cf_username(struct session *s, char **ret, struct err *e)
{
        return call_text(s, "Username", ret, e);
}

static int cf_token(struct session *s, bool fresh, char **ret, struct err *e)
{
        OWN(json) json_t *logged_in = NULL;

        (void)fresh; /* the CLI looks after that itself */
        if (call_text(s, "AccessToken", ret, e) == 0)
                return 0;
        /* What the CLI says to somebody who is not logged in is no help: ask it why. */
        if (rpc_call_text(rpc_of(s), "IsLoggedIn", "", &logged_in, NULL) == 0 &&
            json_is_false(logged_in))
                return err_set(e, FAULT_DENIED, 0, "Not logged in. Use 'cf login' to log in.");
        return -1;
}

/** current_space() - Id of the targeted space, which cf knows without asking anybody */
static int current_space(struct session *s, char **ret, struct err *e)
{
        OWN(json) json_t *reply = NULL;
        const char *id;

        if (rpc_call_text(rpc_of(s), "GetCurrentSpace", "", &reply, e) < 0)
                return -1;
        id = json_string_value(json_object_get(json_object_get(reply, "SpaceFields"), "Guid"));
        if (!id || !*id)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "No space targeted, use 'cf target -s SPACE' to target a space.");
        return session_copy(id, ret, e);
}

/**
 * ask_instead() - May we ask the Cloud Controller where cf has failed to?
 *
 * cf asks the controller's API v2, which many a platform no longer has. And it
 * hangs up on a question for an app with anything but texts, numbers and switches
 * in its environment, which it cannot encode. API v3 answers both.
 * @why: cf's failure
 */
static bool ask_instead(struct session *s, const struct err *why)
{
        if (why->fault == FAULT_UPSTREAM)
                return rpc_reopen(rpc_of(s), NULL) == 0;
        return str_starts(why->msg, "Server error, status code: 404") ||
               str_starts(why->msg, "Server error, status code: 410") ||
               strstr(why->msg, "Unknown request");
}

static int cf_app(struct session *s, const char *name, char **ret, struct err *e)
{
        OWN(mem) char *space = NULL;
        OWN(json) json_t *app = NULL;
        const char *id;

        if (rpc_call_text(rpc_of(s), "GetApp", name, &app, e) < 0) {
                if (!ask_instead(s, e) || current_space(s, &space, e) < 0)
                        return -1;
                return cc_app_id(s, space, name, ret, e);
        }
        id = json_string_value(json_object_get(app, "Guid"));
        if (!id || !*id)
                return err_set(e, FAULT_ABSENT, 0, "%.100s not found", name);
        return session_copy(id, ret, e);
}

static const char *member(const json_t *obj, const char *name)
{
        const char *text = json_string_value(json_object_get(obj, name));

        return text ? text : "";
}

static int cf_apps(struct session *s, struct app_list *ret, struct err *e)
{
        OWN(mem) char *space = NULL;
        OWN(json) json_t *apps = NULL;
        json_t *app;
        size_t i;

        progress_show(&s->progress, "Reading apps", 0, 0); /* cf tells them all at once */
        if (rpc_call_text(rpc_of(s), "GetApps", "", &apps, e) < 0) {
                if (!ask_instead(s, e) || current_space(s, &space, e) < 0)
                        return -1;
                return cc_apps_of_space(s, space, ret, e);
        }
        progress_clear(&s->progress);
        json_array_foreach(apps, i, app) {
                if (app_list_add(ret, member(app, "Guid"), member(app, "Name"), "", e) < 0)
                        return -1;
        }
        return 0;
}

/** cf_help() - "help COMMAND", run by the CLI with its output kept from the terminal */
static int cf_help(struct session *s, const char *command, struct str *ret, struct err *e)
{
        const char *const words[] = { "help", command };
        OWN(json) json_t *lines = NULL;
        json_t *line;
        size_t i;

        if (rpc_call_bool(rpc_of(s), "DisableTerminalOutput", true, NULL, e) < 0 ||
            rpc_call_strings(rpc_of(s), "CallCoreCommand", words, 2, NULL, e) < 0 ||
            rpc_call_bool(rpc_of(s), "GetOutputAndReset", true, &lines, e) < 0)
                return -1;
        json_array_foreach(lines, i, line) {
                str_addf(ret, "%s%s", i ? "\n" : "",
                         json_is_string(line) ? json_string_value(line) : "");
        }
        return str_ok(ret, e);
}

static void cf_done(struct session *s)
{
        (void)s; /* the connection is the caller's */
}

static const struct session_ops cf_ops = {
        .api = cf_api,
        .insecure = cf_insecure,
        .username = cf_username,
        .token = cf_token,
        .app = cf_app,
        .apps = cf_apps,
        .help = cf_help,
        .done = cf_done,
};

void cf_open(struct rpc *r, struct session *ret)
{
        *ret = (struct session){ .ops = &cf_ops, .impl = r };
}

int cf_is_recent(struct rpc *r, bool *ret, struct err *e)
{
        OWN(json) json_t *reply = NULL;

        if (rpc_call_text(r, "IsMinCliVersion", METADATA_MIN_CLI, &reply, e) < 0)
                return -1;
        *ret = json_is_true(reply);
        return 0;
}
