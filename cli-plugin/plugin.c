/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/plugin.h"

#include "cli-plugin/cf.h"
#include "cli-plugin/hand.h"
#include "cli-plugin/metadata.h"
#include "cli-plugin/run.h"

#include <assert.h>
#include <string.h>

#define NOT_ALONE "This cf CLI plugin is not intended to be run on its own\n\n"

typedef int run_fn(struct session *s, const struct args *a, struct out *o, struct err *e);
static run_fn *const runs[] = {
        [COMMAND_ALLOW] = run_change,
        [COMMAND_REMOVE] = run_change,
        [COMMAND_LIST] = run_list,
        [COMMAND_EXPLAIN] = run_explain,
        [COMMAND_APPLY] = run_apply,
        [COMMAND_ADD_POLICY] = run_add_policy,
        [COMMAND_REMOVE_POLICY] = run_remove_policy,
        [COMMAND_POLICIES] = run_policies,
};
static_assert(sizeof runs / sizeof *runs == COMMAND_POLICIES + 1, "a function per command");

/** fail() - FAILED and the reason; what was to be said before it is said */
static int fail(struct out *o, const char *why)
{
        out_add(o, STYLE_RED, "FAILED");
        str_addf(&o->text, "\n%s", why);
        if (!o->text.len || o->text.data[o->text.len - 1] != '\n')
                str_add(&o->text, "\n");
        out_fail(o);
        return 1;
}

/** fail_usage() - The arguments are wrong: say why, then the command's help */
static int fail_usage(struct session *s, const struct command *c, struct out *o, const char *why)
{
        OWN(str) struct str text = { 0 };
        struct err e;

        str_addf(&text, c->hand_only ? "Incorrect Usage: %s\n\n" : "Incorrect usage. %s\n\n", why);
        if (s->ops->help(s, c->name, &text, &e) < 0) {
                (void)err_add(&e, "cf cli error");
                return fail(o, e.msg);
        }
        return fail(o, str_text(&text));
}

/**
 * perform() - One command in an open session
 * @argv: The command's name first
 */
static int perform(struct session *s, const struct command *c, int argc, char **argv, struct out *o)
{
        struct args a = { 0 };
        struct err e;
        int rc;

        if (c->notice) {
                str_addf(&o->text, "%s\n", c->notice);
                (void)out_flush(o, NULL); /* the same will be noticed at the next flush */
        }
        if (session_connect(s, &e) < 0)
                return fail(o, e.msg);
        rc = args_parse(c, argc, argv, &a, &e);
        o->data = a.json;
        if (rc < 0)
                return fail_usage(s, c, o, e.msg);
        s->progress.quiet = a.json || s->trace; /* for programs; among other lines */
        rc = runs[c->id](s, &a, o, &e);
        progress_clear(&s->progress); /* where an error came in between */
        if (rc < 0 || out_flush(o, &e) < 0)
                return fail(o, e.msg);
        return o->status;
}

static int help(const char *name)
{
        const struct command *c = name ? command_find(name) : NULL;
        OWN(out) struct out o = { 0 };

        if (c)
                command_help(c, &o.text);
        else
                command_overview(&o.text);
        return out_flush(&o, NULL) < 0 || (name && !c) ? 1 : 0;
}

/** by_hand() - Without the cf CLI */
static int by_hand(int argc, char **argv)
{
        const struct command *c = command_find(argv[0]);
        OWN(session) struct session s = { 0 };
        OWN(out) struct out o = { .colour = out_wants_colour() };
        struct err e;

        if (str_eq(argv[0], "help") || str_eq(argv[0], "--help") || str_eq(argv[0], "-h"))
                return help(argc > 1 ? argv[1] : NULL);
        if (str_eq(argv[0], "--version") || str_eq(argv[0], "-version")) {
                str_add(&o.text, "network-policy-plugin " NETMAN_VERSION "\n");
                return out_flush(&o, NULL) < 0;
        }
        if (!c) {
                (void)fprintf(stderr, "network-policy-plugin: no such command: %s\n", argv[0]);
                return 1;
        }
        for (int i = 1; i < argc && !str_eq(argv[i], "--"); i++) {
                if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
                        return help(c->name);
        }
        if (hand_open(&s, &e) < 0)
                return fail(&o, e.msg);
        return perform(&s, c, argc, argv, &o);
}

/** say_too_old() - The CLI knows a command less than we need; no failure of ours */
static int say_too_old(void)
{
        (void)fputs("Minimum CLI version " METADATA_MIN_CLI
                    " is required to run this plugin command\n\n",
                    stdout);
        return 0;
}

/** from_cf() - Started by the cf CLI: COMMAND ARGUMENT… behind the port */
static int from_cf(uint16_t port, int argc, char **argv)
{
        const struct command *c = command_find(argv[0]);
        OWN(rpc) struct rpc r = { .fd = -1 };
        OWN(session) struct session s = { 0 };
        OWN(out) struct out o = { .colour = out_wants_colour() };
        bool recent = false;
        struct err e;

        if (rpc_connect(&r, port, &e) < 0) {
                (void)printf("%s\n", e.msg);
                return 1;
        }
        if (argc == 1 && str_eq(argv[0], "SendMetadata"))
                return metadata_send(&r, &e) < 0 ? fail(&o, e.msg) : 0;
        if (cf_is_recent(&r, &recent, &e) < 0)
                return fail(&o, e.msg);
        if (!recent)
                return say_too_old();
        if (c && c->hand_only)
                return fail(&o, "Invalid command"); /* cf does not know it of us */
        if (c) {
                cf_open(&r, &s);
                return perform(&s, c, argc, argv, &o);
        }
        /* CLI-MESSAGE-UNINSTALL, or a command of a later version: must succeed */
        say_ok(&o);
        str_add(&o.text, "\n");
        return out_flush(&o, &e) < 0;
}

int plugin_main(int argc, char **argv)
{
        int64_t port;

        if (argc < 2) {
                (void)fputs(NOT_ALONE, stdout);
                return 1;
        }
        if (argc > 2 && str_to_int(argv[1], 1, UINT16_MAX, &port, NULL) == 0)
                return from_cf((uint16_t)port, argc - 2, argv + 2);
        return by_hand(argc - 1, argv + 1);
}
