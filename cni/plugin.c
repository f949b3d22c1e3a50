/* SPDX-License-Identifier: Apache-2.0 */
#include "cni/plugin.h"

#include "netman/netns.h"
#include "netman/str.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_MAX (16U << 20)

/* Error codes of the specification; ours for everything else. */
enum { CODE_VERSION = 1, CODE_ENVIRONMENT = 4, CODE_DECODE = 6, CODE_OTHER = 100 };

static int read_stdin(struct str *ret, struct err *e)
{
        char chunk[16384];
        ssize_t n;

        while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, FAULT_SYSTEM, errno, "standard input");
                str_add_mem(ret, chunk, (size_t)n);
                if (ret->len > STDIN_MAX)
                        return err_set(e, FAULT_BAD_INPUT, 0, "standard input: too long");
        }
        return str_ok(ret, e);
}

static int fail(const char *version, int code, const char *msg)
{
        OWN(mem) char *text = cni_error_json(version, code, msg, NULL);

        (void)puts(text ? text : "{\"code\":100,\"msg\":\"out of memory\"}");
        return EXIT_FAILURE;
}

static int print_versions(void)
{
        OWN(json) json_t *list = json_array(), *root = NULL;
        OWN(mem) char *text = NULL;
        const char *newest = NULL;

        for (const char *const *v = cni_versions(); *v; v++) {
                (void)json_array_append_new(list, json_string(*v));
                newest = *v;
        }
        root = json_pack("{s:s, s:O}", "cniVersion", newest, "supportedVersions", list);
        text = root ? json_dumps(root, JSON_COMPACT) : NULL;
        if (!text)
                return fail(NULL, CODE_OTHER, "out of memory");
        (void)puts(text);
        return EXIT_SUCCESS;
}

static const char *env(const char *name)
{
        const char *value = getenv(name);

        return value ? value : "";
}

/**
 * read_env() - The CNI variables; which of them may not be empty depends on the command
 */
static int read_env(const char *command, struct cni_call *ret, struct err *e)
{
        bool del = strcmp(command, "DEL") == 0;
        const struct {
                const char *name, **at;
                bool needed;
        } vars[] = {
                { "CNI_CONTAINERID", &ret->container_id, true },
                { "CNI_NETNS", &ret->netns, !del },
                { "CNI_IFNAME", &ret->ifname, true },
                { "CNI_ARGS", &ret->args, false },
                { "CNI_PATH", &ret->path, true },
        };

        for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++) {
                *vars[i].at = env(vars[i].name);
                if (vars[i].needed && !**vars[i].at)
                        return err_set(e, FAULT_BAD_INPUT, 0, "required env variables [%s] missing",
                                       vars[i].name);
        }
        if (del)
                ret->netns = netns_or_gone(ret->netns);
        /* It becomes a file's name. */
        if (strchr(ret->container_id, '/') || ret->container_id[0] == '.')
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid CNI_CONTAINERID '%.60s'",
                               ret->container_id);
        return 0;
}

static int read_version(struct plugin_args *args, struct err *e)
{
        const char *version = CNI_VERSION_DEFAULT;

        if (!json_is_object(args->conf))
                return err_set(e, FAULT_BAD_INPUT, 0, "failed to load netconf: must be an object");
        if (jsonx_opt_str(args->conf, "cniVersion", &version, e) < 0)
                return err_add(e, "failed to load netconf");
        args->version = *version ? version : CNI_VERSION_DEFAULT;
        return 0;
}

static int check_version(const struct plugin_args *args, struct err *e)
{
        if (cni_version_known(args->version))
                return 0;
        return err_set(e, FAULT_BAD_INPUT, 0,
                       "incompatible CNI versions: config is \"%s\", plugin supports 0.1.0 "
                       "to 1.0.0",
                       args->version);
}

/**
 * read_conf() - Standard input
 * @ret_conf: Owner of what @args then borrows
 * @ret_code: Which error it is, on failure
 */
static int read_conf(struct plugin_args *args, json_t **ret_conf, int *ret_code, struct err *e)
{
        OWN(str) struct str text = { 0 };

        *ret_code = CODE_DECODE;
        if (read_stdin(&text, e) < 0 || jsonx_parse(str_text(&text), text.len, ret_conf, e) < 0)
                return err_add(e, "failed to load netconf");
        args->conf = *ret_conf;
        if (read_version(args, e) < 0)
                return -1;
        *ret_code = CODE_VERSION;
        return check_version(args, e);
}

static int print_result(const struct plugin_args *args, json_t *result)
{
        OWN(mem) char *text = json_dumps(result, JSON_INDENT(4));

        if (!text)
                return fail(args->version, CODE_OTHER, "out of memory");
        (void)puts(text);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/**
 * mute() - A DEL that failed must not keep the runtime from forgetting the container
 */
static int mute(const struct plugin *p, const struct err *e)
{
        (void)fprintf(stderr, "%s: %s\n", p->name, e->msg);
        return EXIT_SUCCESS;
}

/**
 * work() - One command
 * @ret: ADD's result
 */
static int work(const struct plugin *p, const char *command, const struct plugin_args *args,
                json_t **ret, struct err *e)
{
        if (strcmp(command, "ADD") == 0)
                return p->add(args, ret, e);
        if (strcmp(command, "DEL") == 0)
                return p->del(args, e);
        return p->check ? p->check(args, e) : 0;
}

static int run(const struct plugin *p, const char *command, const struct plugin_args *args)
{
        OWN(json) json_t *result = NULL;
        struct err e = { 0 };

        if (work(p, command, args, &result, &e) == 0)
                return result ? print_result(args, result) : EXIT_SUCCESS;
        if (p->del_mute && strcmp(command, "DEL") == 0)
                return mute(p, &e);
        return fail(args->version, CODE_OTHER, e.msg);
}

/**
 * guarded() - Read what we were given, then do it
 */
static int guarded(const struct plugin *p, const char *command)
{
        OWN(json) json_t *conf = NULL;
        struct plugin_args args = { .rules = p->rules };
        struct err e = { 0 };
        int code = CODE_ENVIRONMENT;

        if (read_env(command, &args.call, &e) == 0 && read_conf(&args, &conf, &code, &e) == 0)
                return run(p, command, &args);
        return p->del_mute && strcmp(command, "DEL") == 0 ? mute(p, &e) : fail(NULL, code, e.msg);
}

int plugin_main(const struct plugin *p)
{
        const char *command = env("CNI_COMMAND");

        (void)signal(SIGPIPE, SIG_IGN);
        if (!*command) {
                (void)fprintf(stderr, "%s " NETMAN_VERSION " is a CNI plugin, run by a runtime\n",
                              p->name);
                return fail(NULL, CODE_ENVIRONMENT, "required env variables [CNI_COMMAND] missing");
        }
        if (strcmp(command, "VERSION") == 0)
                return print_versions();
        if (strcmp(command, "ADD") != 0 && strcmp(command, "DEL") != 0 &&
            strcmp(command, "CHECK") != 0) {
                (void)fprintf(stderr, "%s: unknown CNI_COMMAND\n", p->name);
                return fail(NULL, CODE_ENVIRONMENT, "unknown CNI_COMMAND");
        }
        return guarded(p, command);
}

/* ---- Delegates ---- */

/**
 * is_us() - Would the plugin that is run for @type be this very file?
 *
 * Whoever puts another program of that name there gets that one.
 */
static bool is_us(const char *type, const char *path)
{
        OWN(mem) char *program = NULL;
        struct stat its, ours;

        return cni_find(type, path, &program, &(struct err){ 0 }) == 0 &&
               stat(program, &its) == 0 && stat("/proc/self/exe", &ours) == 0 &&
               its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

/**
 * run_own() - What running the program would do, without running it
 */
static int run_own(const struct plugin *p, const struct plugin_args *outer, const char *command,
                   const json_t *conf, json_t **ret, struct err *e)
{
        OWN(json) json_t *copy = json_deep_copy(conf), *result = NULL;
        struct plugin_args args = { .call = outer->call, .conf = copy };
        bool add = strcmp(command, "ADD") == 0;

        if (!copy)
                return err_oom(e);
        if (read_version(&args, e) < 0 || check_version(&args, e) < 0 ||
            work(p, command, &args, &result, e) < 0) {
                e->fault = FAULT_UPSTREAM;
                return err_add(e, "plugin type=\"%s\" failed (%s)", p->name,
                               add ? "add" : "delete");
        }
        if (ret)
                *ret = GIVE(result);
        return 0;
}

int plugin_delegate(const struct plugin_args *args, const char *command, const json_t *conf,
                    json_t **ret, struct err *e)
{
        const char *type = json_string_value(json_object_get(conf, "type"));
        struct cni_call call = args->call;

        if (!type)
                return err_set(e, FAULT_BAD_INPUT, 0, "delegate config is missing type");
        if (strcmp(type, flannel_plugin.name) == 0 && is_us(type, call.path))
                return run_own(&flannel_plugin, args, command, conf, ret, e);
        call.command = command;
        return cni_exec(type, &call, conf, ret, e);
}
