/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/args.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/**
 * struct scan - The command line while it is read
 * @words:       What is no option
 * @destination: --destination-app, which may stand for the second word
 * @after_wait:  What stands behind a --wait without a '='
 */
struct scan {
        int argc;
        char **argv;
        int at;
        const char *words[2];
        size_t word_count;
        const char *protocol, *port, *wait, *destination, *after_wait;
        bool waits;
};

/** shape() - The arguments are not even of the right shape; the usage tells */
static int shape(struct err *e)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "%s", "");
}

/** too_many() - A word for which there is no place: maybe meant for --wait */
static int too_many(const struct scan *s, struct err *e)
{
        int64_t n;

        if (!s->after_wait || str_to_int(s->after_wait, 1, INT32_MAX, &n, NULL) < 0)
                return shape(e);
        return err_set(e, FAULT_BAD_INPUT, 0,
                       "Wait takes its seconds behind a '=': --wait=%" PRId64, n);
}

/** struct option - An option of any command, and where its value goes */
struct option {
        const char *name;
        const char **value; /* NULL for a switch */
        bool *flag;
};

/**
 * option_value() - "--name=value" or "--name value"
 * @ret: Borrowed from argv
 */
static int option_value(struct scan *s, const char *equals, const char **ret, struct err *e)
{
        if (equals) {
                *ret = equals + 1;
                return 0;
        }
        if (s->at + 1 >= s->argc)
                return shape(e);
        *ret = s->argv[++s->at];
        return 0;
}

/** known() - Does this command have the option? */
static bool known(const struct command *c, const char *name, size_t len)
{
        for (const struct command_option *o = c->options; o->name; o++) {
                const char *bare = o->name[0] == '-' ? o->name + 1 : o->name;

                if (strlen(bare) == len && strncmp(bare, name, len) == 0)
                        return true;
        }
        return false;
}

static int take_option(struct scan *s, struct args *a, struct err *e)
{
        const char *arg = s->argv[s->at];
        const char *name = arg[1] == '-' ? arg + 2 : arg + 1, *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        const struct option options[] = {
                { "protocol", &s->protocol, NULL },
                { "port", &s->port, NULL },
                { "app", &a->app, NULL },
                { "source", &a->source, NULL },
                { "dest", &a->destination, NULL },
                { "destination-app", &s->destination, NULL },
                { "f", &a->file, NULL },
                { "o", &a->org, NULL },
                { "s", &a->space, NULL },
                { "all", NULL, &a->all },
                { "json", NULL, &a->json },
                { "dry-run", NULL, &a->dry_run },
                { "prune", NULL, &a->prune },
        };

        if (!known(a->command, name, len))
                return err_set(e, FAULT_BAD_INPUT, 0, "flag provided but not defined: -%.*s",
                               (int)(len < 60 ? len : 60), name);
        if (len == 4 && strncmp(name, "wait", len) == 0) {
                s->waits = true; /* its value is optional, so only after a '=' */
                s->wait = equals ? equals + 1 : NULL;
                if (!equals && s->at + 1 < s->argc)
                        s->after_wait = s->argv[s->at + 1];
                return 0;
        }
        for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
                const struct option *o = &options[i];

                if (strlen(o->name) != len || strncmp(o->name, name, len) != 0)
                        continue;
                if (o->value)
                        return option_value(s, equals, o->value, e);
                *o->flag = true;
                return equals ? shape(e) : 0;
        }
        return shape(e);
}

static int scan_all(struct scan *s, struct args *a, struct err *e)
{
        bool words_only = false;

        for (s->at = 1; s->at < s->argc; s->at++) {
                const char *arg = s->argv[s->at];

                if (!words_only && strcmp(arg, "--") == 0) {
                        words_only = true; /* an app's name may begin with a dash */
                } else if (!words_only && arg[0] == '-' && arg[1]) {
                        if (take_option(s, a, e) < 0)
                                return -1;
                } else if (s->word_count < 2) {
                        s->words[s->word_count++] = arg;
                } else {
                        return too_many(s, e);
                }
        }
        return 0;
}

static int port_range(struct err *e)
{
        return err_set(e, FAULT_BAD_INPUT, 0, "Port is not valid. Must be in range [1-65535].");
}

/** parse_ports() - "8080" or "8080-8090" */
static int parse_ports(const char *text, struct args *a, struct err *e)
{
        const char *dash = *text ? strchr(text + 1, '-') : NULL;
        char first[24]; /* any number that there is */
        size_t len = dash ? (size_t)(dash - text) : strlen(text);
        int64_t start, end;

        if (len >= sizeof first)
                return err_set(e, FAULT_BAD_INPUT, 0, "Port is not valid: %.100s", text);
        memcpy(first, text, len);
        first[len] = '\0';
        if (str_to_int(first, INT64_MIN, INT64_MAX, &start, NULL) < 0 ||
            str_to_int(dash ? dash + 1 : first, INT64_MIN, INT64_MAX, &end, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "Port is not valid: %.100s", text);
        if (start < 1 || end > UINT16_MAX || start > end)
                return port_range(e);
        a->start = (uint16_t)start;
        a->end = (uint16_t)end;
        return 0;
}

static int parse_wait(const struct scan *s, struct args *a, struct err *e)
{
        int64_t seconds = WAIT_DEFAULT_S;

        if (s->wait && str_to_int(s->wait, 1, 86400, &seconds, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "Wait is not valid: %.60s", s->wait);
        a->wait_s = s->waits ? (int)seconds : 0;
        return 0;
}

/** parse_pair() - SOURCE DESTINATION --protocol P --port N */
static int parse_pair(struct scan *s, struct args *a, struct err *e)
{
        if (!s->words[0] || !s->words[1] || !s->protocol || !s->port)
                return shape(e);
        a->source = s->words[0];
        a->destination = s->words[1];
        if (parse_ports(s->port, a, e) < 0)
                return -1;
        if (policy_proto_parse(s->protocol, &a->proto, NULL) < 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "Protocol is not valid. Must be tcp or udp.");
        return parse_wait(s, a, e);
}

/** parse_newer() - The same, with the defaults and the complaints of cf's own commands */
static int parse_newer(struct scan *s, struct args *a, struct err *e)
{
        static const char *const words[] = { "SOURCE_APP", "DESTINATION_APP" };
        bool remove = a->command->id == COMMAND_REMOVE_POLICY;

        if (s->destination && s->words[1])
                return shape(e);
        s->words[1] = s->destination ? s->destination : s->words[1];
        for (size_t i = 0; i < 2; i++) {
                if (!s->words[i])
                        return err_set(e, FAULT_BAD_INPUT, 0,
                                       "the required argument `%s` was not provided", words[i]);
        }
        if (remove && (!s->protocol || !s->port))
                return err_set(e, FAULT_BAD_INPUT, 0, "the required flag `--%s' was not specified",
                               s->port ? "protocol" : "port");
        if (!s->protocol != !s->port)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "--protocol and --port flags must be specified together");
        if (a->org && !a->space)
                return err_set(e, FAULT_BAD_INPUT, 0,
                               "A space must be provided when an org is provided, but the '-s' "
                               "flag was not specified.");
        if (!s->port)
                s->port = "8080";
        s->protocol = !s->protocol || strcasecmp(s->protocol, "tcp") == 0 ? "tcp"
                      : strcasecmp(s->protocol, "udp") == 0               ? "udp"
                                                                          : s->protocol;
        return parse_pair(s, a, e);
}

int args_parse(const struct command *command, int argc, char **argv, struct args *ret,
               struct err *e)
{
        struct scan s = { .argc = argc, .argv = argv };

        *ret = (struct args){ .command = command };
        if (scan_all(&s, ret, e) < 0)
                return -1;
        switch (command->id) {
        case COMMAND_LIST:
        case COMMAND_POLICIES:
                return s.word_count ? too_many(&s, e) : 0;
        case COMMAND_APPLY:
                if (s.word_count)
                        return too_many(&s, e);
                return ret->file ? parse_wait(&s, ret, e) : shape(e);
        case COMMAND_ADD_POLICY:
        case COMMAND_REMOVE_POLICY:
                return parse_newer(&s, ret, e);
        case COMMAND_ALLOW:
        case COMMAND_REMOVE:
        case COMMAND_EXPLAIN:
                break;
        }
        return parse_pair(&s, ret, e);
}
