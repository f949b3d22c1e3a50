/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a CNI plugin: find it, give it its environment, read its answer. */
#include "netman/cni.h"

#include "netman/child.h"
#include "netman/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESULT_MAX (1U << 20) /* bytes of a plugin's output */
#define PIECE_MAX  200        /* of what a plugin wrote that failed without an error object */
#define WORDS_MAX  4096       /* of what a plugin that did well has to say */
#define TIMEOUT_MS 60000
#define OWN_VARS   7 /* that a plugin's environment has from us */

/*
 * When a plugin of ours, run by a program of ours, will be put down, in milliseconds of
 * the clock that all processes share: what it runs in its turn has until then.
 */
#define DEADLINE_VAR "NETMAN_CNI_DEADLINE_MS"

static const char *const versions[] = {
        "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", NULL
};

const char *const *cni_versions(void)
{
        return versions;
}

bool cni_version_known(const char *version)
{
        for (size_t i = 0; versions[i]; i++)
                if (strcmp(versions[i], version) == 0)
                        return true;
        return false;
}

static bool is_program(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int cni_find(const char *type, const char *path, char **ret, struct err *e)
{
        char file[PATH_MAX];

        if (!*type || strchr(type, '/'))
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid CNI plugin type '%s'", type);
        for (const char *dir = path, *end; *dir; dir = *end ? end + 1 : end) {
                int n;

                end = dir + strcspn(dir, ":");
                n = snprintf(file, sizeof file, "%.*s/%s", (int)(end - dir), dir, type);
                if (n < 0 || (size_t)n >= sizeof file || end == dir || !is_program(file))
                        continue;
                *ret = strdup(file);
                return *ret ? 0 : err_oom(e);
        }
        return err_set(e, FAULT_ABSENT, 0, "failed to find plugin \"%s\" in path [%s]", type, path);
}

/**
 * inherited_ms() - How long a plugin may take that a plugin runs
 *
 * A little less than is left, so that the one which hangs is named, not who runs it.
 */
static int inherited_ms(void)
{
        const char *text = getenv(DEADLINE_VAR);
        int64_t at, left;

        if (!text || str_to_int(text, 0, INT64_MAX, &at, NULL) < 0)
                return TIMEOUT_MS;
        left = at - clock_ms();
        left -= left / 20;
        return left < 1 ? 1 : (int)(left < INT_MAX ? left : INT_MAX);
}

/**
 * struct envir - A plugin's environment: ours, but for the CNI variables and the deadline
 * @vars: NULL-terminated; those come first and are owned
 */
struct envir {
        char **vars;
        size_t owned;
};

static void envir_drop(struct envir *env)
{
        for (size_t i = 0; i < env->owned; i++)
                free(env->vars[i]);
        free(env->vars);
}

static int envir_add(struct envir *env, const char *name, const char *value, struct err *e)
{
        if (asprintf(&env->vars[env->owned], "%s=%s", name, value ? value : "") < 0)
                return err_oom(e);
        env->owned++;
        return 0;
}

static int envir_make(const struct cni_call *call, int timeout_ms, struct envir *env, struct err *e)
{
        char deadline[24];
        size_t count = 0, at;

        (void)snprintf(deadline, sizeof deadline, "%" PRId64, clock_ms() + timeout_ms);
        while (environ[count])
                count++;
        env->vars = calloc(count + OWN_VARS + 1, sizeof *env->vars);
        if (!env->vars)
                return err_oom(e);
        if (envir_add(env, "CNI_COMMAND", call->command, e) < 0 ||
            envir_add(env, "CNI_CONTAINERID", call->container_id, e) < 0 ||
            envir_add(env, "CNI_NETNS", call->netns, e) < 0 ||
            envir_add(env, "CNI_IFNAME", call->ifname, e) < 0 ||
            envir_add(env, "CNI_ARGS", call->args, e) < 0 ||
            envir_add(env, "CNI_PATH", call->path, e) < 0 ||
            envir_add(env, DEADLINE_VAR, deadline, e) < 0)
                return -1;
        at = env->owned;
        for (size_t i = 0; i < count; i++)
                if (!str_starts(environ[i], "CNI_") && !str_starts(environ[i], DEADLINE_VAR "="))
                        env->vars[at++] = environ[i];
        return 0;
}

/**
 * add_piece() - The start of what a program wrote, as a part of one line
 */
static void add_piece(const struct str *text, struct str *ret)
{
        size_t len = text->len;

        while (len && text->data[len - 1] == '\n')
                len--;
        for (size_t i = 0; i < len && i < PIECE_MAX; i++) {
                const char c = text->data[i];
                const char shown = c == '\n' || c == '\t' ? ' ' : '?';

                str_add_mem(ret, c >= ' ' && c <= '~' ? &c : &shown, 1);
        }
}

/**
 * complaint() - A failed plugin's own words
 * @out: What it wrote to standard output: an error object, if it keeps to the rules
 * @err: What it wrote to standard error
 */
static void complaint(const struct str *out, const struct str *err, int status, struct str *ret)
{
        OWN(json) json_t *root = NULL;
        const char *msg = NULL, *details = NULL;

        if (jsonx_parse(str_text(out), out->len, &root, NULL) == 0 && json_is_object(root)) {
                msg = json_string_value(json_object_get(root, "msg"));
                details = json_string_value(json_object_get(root, "details"));
        }
        if (msg && *msg) {
                str_add(ret, msg);
                if (details && *details)
                        str_addf(ret, "; %s", details);
        } else if (err->len || out->len) {
                add_piece(err->len ? err : out, ret);
                str_addf(ret, " (exit status %d)", status);
        } else {
                str_addf(ret, "exit status %d without a word", status);
        }
}

/**
 * pass_on() - A successful plugin's words go where ours go
 *
 * A DEL has to exit 0 whatever it left behind: this is all that tells of it.
 */
static void pass_on(const struct str *err)
{
        size_t len = err->len < WORDS_MAX ? err->len : WORDS_MAX;
        bool ended = len == 0 || err->data[len - 1] == '\n';

        (void)fwrite(str_text(err), 1, len, stderr);
        if (!ended)
                (void)fputc('\n', stderr);
}

/** verb() - "add" for ADD, for messages */
static const char *verb(const char *command)
{
        if (strcmp(command, "ADD") == 0)
                return "add";
        if (strcmp(command, "DEL") == 0)
                return "delete";
        return strcmp(command, "CHECK") == 0 ? "check" : "version";
}

/**
 * read_result() - What a plugin that succeeded printed
 * @ret: NULL where it printed nothing but white space
 */
static int read_result(const struct str *out, json_t **ret, struct err *e)
{
        const char *text = str_text(out);
        OWN(json) json_t *root = NULL;

        if (text[strspn(text, " \t\r\n")] == '\0') {
                *ret = NULL;
                return 0;
        }
        if (jsonx_parse(text, out->len, &root, e) < 0)
                return err_add(e, "its result");
        if (!json_is_object(root))
                return err_set(e, FAULT_UPSTREAM, 0, "its result is no JSON object");
        *ret = GIVE(root);
        return 0;
}

int cni_exec(const char *type, const struct cni_call *call, const json_t *conf, json_t **ret_result,
             struct err *e)
{
        OWN(mem) char *program = NULL, *text = NULL;
        OWN(envir) struct envir env = { 0 };
        OWN(str) struct str out = { 0 }, errout = { 0 }, why = { 0 };
        const int timeout_ms = call->timeout_ms ? call->timeout_ms : inherited_ms();
        int status;

        text = json_dumps(conf, JSON_COMPACT | JSON_SORT_KEYS);
        if (!text)
                return err_oom(e);
        if (cni_find(type, call->path, &program, e) < 0 ||
            envir_make(call, timeout_ms, &env, e) < 0)
                return -1;

        const char *argv[] = { program, NULL };
        const struct child_run run = { .argv = argv,
                                       .envp = (const char *const *)env.vars,
                                       .in = text,
                                       .in_len = strlen(text),
                                       .timeout_ms = timeout_ms,
                                       .out_max = RESULT_MAX,
                                       .meanwhile = call->meanwhile };

        if (child_run(&run, &out, &errout, &status, e) < 0)
                return err_add(e, "plugin type=\"%s\" failed (%s)", type, verb(call->command));
        if (status) {
                complaint(&out, &errout, status, &why);
                return err_set(e, FAULT_UPSTREAM, 0, "plugin type=\"%s\" failed (%s): %s", type,
                               verb(call->command), str_text(&why));
        }
        pass_on(&errout);
        if (ret_result && read_result(&out, ret_result, e) < 0) {
                e->fault = FAULT_UPSTREAM;
                return err_add(e, "plugin type=\"%s\" failed (%s)", type, verb(call->command));
        }
        return 0;
}

char *cni_error_json(const char *version, int code, const char *msg, const char *details)
{
        OWN(json) json_t *obj = json_pack("{s:i, s:s%}", "code", code, "msg", msg, strlen(msg));

        if (!obj) /* the message is not UTF-8, or memory ran out */
                obj = json_pack("{s:i, s:s}", "code", code, "msg", "error text is not UTF-8");
        if (obj && version && *version)
                (void)json_object_set_new(obj, "cniVersion", json_string(version));
        if (obj && details && *details)
                (void)json_object_set_new(obj, "details", json_string(details));
        return obj ? json_dumps(obj, JSON_COMPACT) : NULL;
}
