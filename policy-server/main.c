/* SPDX-License-Identifier: Apache-2.0 */
/* What the three programs have in common from argv to exit. */
#include "netman/cli.h"
#include "netman/log.h"
#include "policy-server/server.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

/** die() - "<prefix>.<job>: what: why" to standard error, the form operators know */
static int die(const char *prefix, const char *job, const char *what, const char *why)
{
        (void)fprintf(stderr, "%s%s%s: %s%s%s\n", prefix ? prefix : "", prefix ? "." : "", job,
                      what ? what : "", what ? ": " : "", why);
        return 1;
}

static int complain(const char *job, const struct str *problems, const struct err *e)
{
        (void)die(CLI_PREFIX_DEFAULT, job, "could not read config file", e->msg);
        if (problems->len)
                (void)fputs(problems->data, stderr);
        return 1;
}

/** allow_connections() - As many open files as we may have: each client is one */
static void allow_connections(void)
{
        struct rlimit r;

        if (getrlimit(RLIMIT_NOFILE, &r) < 0)
                return;
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r); /* less will do for fewer clients */
}

/** block_signals() - Threads inherit it, so that only wait_for_end() sees them */
static void block_signals(sigset_t *set)
{
        (void)sigemptyset(set);
        (void)sigaddset(set, SIGTERM);
        (void)sigaddset(set, SIGINT);
        (void)sigaddset(set, SIGHUP);
        (void)sigaddset(set, SIGPIPE);
        (void)pthread_sigmask(SIG_BLOCK, set, NULL);
}

/** struct started - What a running program needs to read its files again */
struct started {
        const char *config_file;
        enum ps_role role;
        struct ps *ps;
};

/** reload_level() - Of the whole configuration only the log level is taken up while running */
static int reload_level(const struct started *s, struct err *e)
{
        OWN(ps_config) struct ps_config c = { 0 };
        OWN(str) struct str problems = { 0 };
        enum log_level level;

        if (ps_config_load(s->config_file, s->role, &c, &problems, e) < 0 ||
            log_level_parse(c.log_level, &level, e) < 0)
                return -1;
        log_set_level(level);
        return 0;
}

static void reload(const struct started *s)
{
        struct err e;

        if (ps_reload(s->ps, &e) < 0 || reload_level(s, &e) < 0)
                log_error("reload-failed", LOG_WHY(&e));
        else
                log_info("reloaded");
}

/** end_now() - TERM while the database is waited for, or a stop that takes too long */
static void end_now(int sig)
{
        (void)sig;
        _exit(0); /* nothing that was acknowledged is lost by it */
}

/** limit_stop() - In a little more than the grace all is over, even where a database hangs */
static void limit_stop(void)
{
        const struct itimerval timer = { .it_value = { .tv_sec = PS_GRACE_MS / 1000,
                                                       .tv_usec = 750000 } };

        (void)signal(SIGALRM, end_now);
        (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void wait_for_end(const struct started *s, const sigset_t *set)
{
        int sig = 0;

        while (sigwait(set, &sig) == 0 && sig != SIGTERM && sig != SIGINT) {
                if (sig == SIGHUP)
                        reload(s);
        }
        log_info("stopping", LOG_STR("signal", strsignal(sig)));
        limit_stop();
}

/** serve() - From the open database to the end */
static int serve(const struct started *s, struct err *e)
{
        sigset_t signals;

        block_signals(&signals);
        if (ps_start(s->ps, e) < 0)
                return -1;
        log_info("started");
        wait_for_end(s, &signals);
        return 0;
}

static int run(struct ps_config *c, const char *config_file, const char *job, enum ps_role role)
{
        OWN(mem) char *prefix = strdup(c->log_prefix);
        enum log_level level = LOG_LEVEL_INFO;
        struct started s = { .config_file = config_file, .role = role };
        struct err e;
        int rc;

        log_init(c->log_prefix, job, STDOUT_FILENO);
        (void)log_level_parse(c->log_level, &level, NULL); /* ps_config_load() has checked it */
        log_set_level(level);
        allow_connections();
        (void)signal(SIGTERM, end_now);
        (void)signal(SIGINT, end_now);
        rc = ps_open(c, role, &s.ps, &e);
        if (rc == 0 && role != PS_MIGRATE)
                rc = serve(&s, &e);
        ps_stop(s.ps);
        if (rc < 0) {
                log_fatal("start-failed", LOG_WHY(&e));
                return die(prefix, job, NULL, e.msg);
        }
        log_info("exited");
        return 0;
}

int ps_main(int argc, char **argv, const char *job, enum ps_role role)
{
        OWN(ps_config) struct ps_config c = { 0 };
        OWN(str) struct str problems = { 0 };
        struct cli cli;
        struct err e;
        int status = cli_begin(argv, job, &cli);

        (void)argc;
        if (status >= 0)
                return status;
        if (ps_config_load(cli.config_file, role, &c, &problems, &e) < 0)
                return complain(job, &problems, &e);
        return cli.check_only ? 0 : run(&c, cli.config_file, job, role);
}
