/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cf CLI, as far as its plugins see it: listens on loopback, starts the
 * plugin with the port, answers its calls in gob, and ends with 1 if the plugin
 * ends with anything but 0.
 *
 *   cf-cli [--ids N] [--dribble] WORLD PLUGIN COMMAND [ARGUMENT…]
 *
 * WORLD is a JSON file: {"api", "username", "token", "insecure", "recent", "logged_in", "help",
 * "space", "apps": [{"guid", "name"}], "errors": {"METHOD": "text"}, "hang_up": "METHOD"}.
 * --ids sets the first type id, since every Go process has its own; --dribble
 * sends one byte at a time. Each call is a line on standard error; metadata that
 * the plugin sets is printed there as JSON.
 */
#include "cf-cli.h"
#include "cf-plugin.h"

#include "netman/clock.h"
#include "netman/file.h"

#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>

/** take() - The next value; NULL at the connection's end or for what is not gob */
static json_t *take(struct talk *t)
{
        for (;;) {
                char buf[4096];
                size_t head = 0, len = 0;
                json_t *value = NULL;
                int rc = gob_frame(str_text(&t->in), t->in.len, &head, &len, NULL);
                ssize_t n;

                if (rc < 0)
                        return NULL;
                if (rc && t->in.len >= head + len) {
                        if (gob_message(&t->types, t->in.data + head, len, &value, NULL) < 0)
                                return NULL;
                        t->in.len -= head + len;
                        memmove(t->in.data, t->in.data + head + len, t->in.len);
                        if (value)
                                return value;
                        continue;
                }
                n = recv(t->fd, buf, sizeof buf, 0);
                if (n <= 0)
                        return NULL;
                str_add_mem(&t->in, buf, (size_t)n);
        }
}

static const json_t *find_app(const struct cli *c, const char *name)
{
        json_t *app;
        size_t i;

        json_array_foreach(json_object_get(c->world, "apps"), i, app) {
                if (strcmp(json_string_value(json_object_get(app, "name")), name) == 0)
                        return app;
        }
        return NULL;
}

/** put_reply() - The reply to a method; false where there is no such method */
static bool put_reply(struct talk *t, struct str *out, const char *method, const json_t *arg)
{
        static const struct {
                const char *method, *key;
        } texts[] = { { "ApiEndpoint", "api" },
                      { "Username", "username" },
                      { "AccessToken", "token" } };
        const struct cli *c = t->cli;

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                if (strcmp(method, texts[i].method) == 0) {
                        put_text(out, world_text(c, texts[i].key));
                        return true;
                }
        }
        if (strcmp(method, "IsMinCliVersion") == 0)
                put_bool(out, !json_is_false(json_object_get(c->world, "recent")));
        else if (strcmp(method, "IsLoggedIn") == 0)
                put_bool(out, !json_is_false(json_object_get(c->world, "logged_in")));
        else if (strcmp(method, "IsSSLDisabled") == 0)
                put_bool(out, json_is_true(json_object_get(c->world, "insecure")));
        else if (strcmp(method, "DisableTerminalOutput") == 0 ||
                 strcmp(method, "CallCoreCommand") == 0 || strcmp(method, "SetPluginMetadata") == 0)
                put_bool(out, true);
        else if (strcmp(method, "GetOutputAndReset") == 0)
                put_lines(t, out, world_text(c, "help"));
        else if (strcmp(method, "GetCurrentSpace") == 0)
                put_space(t, out, world_text(c, "space"));
        else if (strcmp(method, "GetApps") == 0)
                put_apps(t, out);
        else if (strcmp(method, "GetApp") == 0)
                put_app(t, out,
                        json_string_value(
                                json_object_get(find_app(c, json_string_value(arg)), "guid")),
                        json_string_value(arg));
        else
                return false;
        return true;
}

/** error_of() - Why a call fails, or nothing */
static void error_of(const struct cli *c, const char *method, const json_t *arg, struct str *why)
{
        json_t *told = json_object_get(json_object_get(c->world, "errors"), method);

        if (told)
                str_add(why, json_string_value(told));
        else if (strcmp(method, "GetApp") == 0 && !find_app(c, json_string_value(arg)))
                str_addf(why, "App %s not found", json_string_value(arg));
}

static bool send_out(const struct talk *t, const struct str *out)
{
        size_t step = t->cli->dribble ? 1 : out->len;

        for (size_t at = 0; at < out->len; at += step) {
                if (send(t->fd, out->data + at, step, MSG_NOSIGNAL) != (ssize_t)step)
                        return false;
        }
        return true;
}

/** serve_call() - One call; false at the connection's end */
static bool serve_call(struct talk *t)
{
        OWN(json) json_t *request = take(t);
        OWN(json) json_t *arg = request ? take(t) : NULL;
        OWN(mem) char *told = arg ? json_dumps(arg, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        OWN(str) struct str why = { 0 };
        OWN(str) struct str out = { 0 };
        const char *full = json_string_value(json_object_get(request, "ServiceMethod"));
        const char *method = full && str_starts(full, "CliRpcCmd.") ? strchr(full, '.') + 1 : "";
        int64_t seq = json_integer_value(json_object_get(request, "Seq"));

        if (!full || !arg)
                return false;
        (void)fprintf(stderr, "call %s %s\n", method, told ? told : "?");
        if (strcmp(world_text(t->cli, "hang_up"), method) == 0)
                return false;
        error_of(t->cli, method, arg, &why);
        put_response(t, &out, full, seq, str_text(&why));
        if (why.len)
                put_none(t, &out);
        else if (!put_reply(t, &out, method, arg))
                return false;
        return send_out(t, &out);
}

/** serve() - Until the plugin has ended */
static int serve(struct cli *c, pid_t plugin)
{
        int status = 0;

        while (waitpid(plugin, &status, WNOHANG) == 0) {
                OWN(talk)
                struct talk t = { .cli = c, .fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC) };
                int on = 1;

                if (t.fd < 0) {
                        clock_sleep_ms(2);
                        continue;
                }
                (void)setsockopt(t.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                while (serve_call(&t))
                        ;
        }
        return plugin_verdict(status);
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "ids", 1, NULL, 'i' },
                                                 { "dribble", 0, NULL, 'd' },
                                                 { 0 } };
        struct cli c = { .ids = 64, .listener = -1 };
        OWN(str) struct str text = { 0 };
        struct err e = { .msg = "usage: cf-cli [--ids N] [--dribble] WORLD PLUGIN COMMAND…" };
        pid_t plugin;
        int opt, rc = 2;

        while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
                c.ids = opt == 'i' ? (int)strtol(optarg, NULL, 10) : c.ids;
                c.dribble |= opt == 'd';
        }
        if (argc - optind < 3 || file_read(argv[optind], 64U << 20, &text, &e) < 0 ||
            jsonx_parse(str_text(&text), text.len, &c.world, &e) < 0)
                (void)fprintf(stderr, "cf-cli: %s\n", e.msg);
        else if (!plugin_listen(&c.listener, &c.port) ||
                 plugin_start(argv[optind + 1], c.port, argv + optind + 2, &plugin) != 0)
                (void)fprintf(stderr, "cf-cli: cannot start the plugin\n");
        else
                rc = serve(&c, plugin);
        json_decref(c.world);
        fd_drop(&c.listener);
        return rc;
}
