/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/config.h"
#include "garden-external-networker/ipc/args.h"
#include "garden-external-networker/ipc/ipc.h"
#include "netman/fw_tx.h"
#include "netman/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/**
 * read_config() - Check the command line in the order that its users know
 */
static int read_config(const struct args *args, struct config *ret, struct err *e)
{
        OWN(str) struct str problems = { 0 };
        struct stat st;

        if (!*args->config_file)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing required flag 'configFile'");
        if (stat(args->config_file, &st) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "file does not exist: stat %s: %s",
                               args->config_file,
                               errno == ENOENT ? "no such file or directory" : strerror(errno));
        if (config_load(args->config_file, ret, &problems, e) < 0) {
                const char *rest = strchr(str_text(&problems), '\n');

                if (rest && rest[1]) /* the first is the caller's to tell */
                        (void)fputs(rest + 1, stderr);
                return -1;
        }
        if (args->check_config)
                return 0;
        if (args->extra)
                return err_set(e, FAULT_BAD_INPUT, 0, "unexpected extra args: [%s]",
                               args->extra[0]);
        if (!*args->handle)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing required flag 'handle'");
        if (!*args->action)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing required flag 'action'");
        return 0;
}

static int run(const char *const *argv, struct config *c, struct str *out, struct err *e)
{
        struct args args;
        struct manager m = { .c = c };
        int rc;

        if (args_is_help(argv))
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "this is a plugin for Garden-runC.  Don't run it directly.");
        if (args_parse(argv, &args, e) < 0)
                return err_add(e, "parse args");
        if (args.version) {
                str_add(out, "garden-external-networker " NETMAN_VERSION "\n");
                return 0;
        }
        if (read_config(&args, c, e) < 0)
                return err_add(e, "parse args");
        if (args.check_config)
                return 0;
        log_init(c->log_prefix, "garden-external-networker", STDERR_FILENO);
        if (cni_networks_load(c->cni_config_dir, &m.nets, &m.nets_why) < 0)
                err_add_(&m.nets_why, "load cni config"); /* for the actions that need them */
        rc = ipc_handle(&m, args.action, args.handle, STDIN_FILENO, out, e);
        cni_networks_done(&m.nets);
        return rc;
}

/**
 * tell() - One line, whatever a plugin's words or a handle hold
 */
static void tell(const char *prefix, char *msg)
{
        for (char *p = msg; *p; p++)
                if ((unsigned char)*p < ' ' || *p == '\x7f')
                        *p = ' ';
        (void)fprintf(stderr, "%s: %s\n", prefix, msg);
}

int main(int argc, char **argv)
{
        OWN(config) struct config c = { 0 };
        OWN(str) struct str out = { 0 };
        struct err e = { 0 };

        (void)argc;
        (void)signal(SIGPIPE, SIG_IGN);
        fw_keep_memory();
        log_init(CONFIG_PREFIX_DEFAULT, "garden-external-networker", STDERR_FILENO);
        if (run((const char *const *)argv, &c, &out, &e) < 0) {
                tell(c.log_prefix ? c.log_prefix : CONFIG_PREFIX_DEFAULT, e.msg);
                return EXIT_FAILURE;
        }
        (void)fputs(str_text(&out), stdout);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
