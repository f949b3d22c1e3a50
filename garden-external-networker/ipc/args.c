/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/ipc/args.h"

#include <string.h>

/* A flag that needs a value, or a switch. */
struct flag {
        const char *name;
        const char **value;
        bool *on;
};

bool args_is_help(const char *const *argv)
{
        return !argv[0] || !argv[1] || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0;
}

static const struct flag *find(const struct flag *flags, const char *name, size_t len)
{
        for (; flags->name; flags++)
                if (strlen(flags->name) == len && memcmp(flags->name, name, len) == 0)
                        return flags;
        return NULL;
}

/**
 * take_bool() - "-flag" or "-flag=VALUE", with the words that Go takes
 * @value: What follows the flag's name
 */
static int take_bool(const struct flag *flag, const char *value, struct err *e)
{
        static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
        static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

        if (*value == '\0') {
                *flag->on = true;
                return 0;
        }
        for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
                if (strcmp(value + 1, yes[i]) != 0 && strcmp(value + 1, no[i]) != 0)
                        continue;
                *flag->on = strcmp(value + 1, yes[i]) == 0;
                return 0;
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "invalid boolean value \"%s\" for -%s: parse error",
                       value + 1, flag->name);
}

/**
 * take() - One flag
 * @arg:  Without its dashes
 * @next: The argument behind it, or NULL
 * @ret_used_next: Was @next its value?
 */
static int take(const struct flag *flags, const char *arg, const char *next, bool *ret_used_next,
                struct err *e)
{
        size_t len = strcspn(arg, "=");
        const struct flag *flag = find(flags, arg, len);

        *ret_used_next = false;
        if (len == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "bad flag syntax: -%s", arg);
        if (!flag && (strcmp(arg, "h") == 0 || strcmp(arg, "help") == 0))
                return err_set(e, FAULT_BAD_INPUT, 0, "flag: help requested");
        if (!flag)
                return err_set(e, FAULT_BAD_INPUT, 0, "flag provided but not defined: -%.*s",
                               (int)len, arg);
        if (flag->on)
                return take_bool(flag, arg + len, e);
        if (arg[len] == '=') {
                *flag->value = arg + len + 1;
                return 0;
        }
        if (!next)
                return err_set(e, FAULT_BAD_INPUT, 0, "flag needs an argument: -%s", arg);
        *flag->value = next;
        *ret_used_next = true;
        return 0;
}

int args_parse(const char *const *argv, struct args *ret, struct err *e)
{
        struct args args = { .config_file = "", .action = "", .handle = "" };
        const struct flag flags[] = {
                { "configFile", &args.config_file, NULL },
                { "action", &args.action, NULL },
                { "handle", &args.handle, NULL },
                { "check-config", NULL, &args.check_config },
                { "version", NULL, &args.version },
                { NULL, NULL, NULL },
        };
        const char *const *at = argv + 1;

        while (*at) {
                const char *arg = *at;
                bool used_next;

                if (arg[0] != '-' || arg[1] == '\0')
                        break; /* the first that is no flag ends them */
                at++;
                if (strcmp(arg, "--") == 0)
                        break;
                if (take(flags, arg + (arg[1] == '-' ? 2 : 1), *at, &used_next, e) < 0)
                        return -1;
                if (used_next)
                        at++;
        }
        args.extra = *at ? at : NULL;
        *ret = args;
        return 0;
}
