/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/ipc/ipc.h"

#include "garden-external-networker/manager/steps.h"
#include "netman/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (64U << 20)

/**
 * read_input() - All of it: Garden closes its end
 */
static int read_input(int fd, struct str *ret, struct err *e)
{
        char chunk[65536];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof chunk)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, FAULT_SYSTEM, errno, "standard input");
                str_add_mem(ret, chunk, (size_t)n);
                if (ret->len > INPUT_MAX)
                        return err_set(e, FAULT_BAD_INPUT, 0, "standard input: more than %u bytes",
                                       INPUT_MAX);
        }
        return str_ok(ret, e);
}

static int print(const json_t *answer, struct str *out, struct err *e)
{
        OWN(mem) char *text = json_dumps(answer, JSON_COMPACT);

        if (!text)
                return err_oom(e);
        str_add(out, text);
        str_add(out, "\n");
        return str_ok(out, e);
}

static int do_up(const struct manager *m, const char *handle, const struct str *in, struct str *out,
                 struct err *e)
{
        OWN(up_request) struct up_request req = { 0 };
        OWN(json) json_t *answer = NULL;

        if (up_request_parse(str_text(in), in->len, &req, e) < 0 ||
            manager_up(m, handle, &req, &answer, e) < 0)
                return -1;
        return print(answer, out, e);
}

/* What it is given does not matter: "null" today, anything tomorrow. */
static int do_down(const struct manager *m, const char *handle, const struct str *in,
                   struct str *out, struct err *e)
{
        (void)in;
        (void)out;
        return manager_down(m, handle, e);
}

static int do_net_in(const struct manager *m, const char *handle, const struct str *in,
                     struct str *out, struct err *e)
{
        struct net_in_request req = { 0 };
        OWN(json) json_t *answer = NULL;

        if (net_in_request_parse(str_text(in), in->len, &req, e) < 0 ||
            manager_net_in(m, handle, &req, &answer, e) < 0)
                return -1;
        return print(answer, out, e);
}

static int net_out(const struct manager *m, const char *handle, const struct str *in, bool bulk,
                   struct err *e)
{
        OWN(net_out_request) struct net_out_request req = { 0 };

        if (net_out_request_parse(str_text(in), in->len, bulk, &req, e) < 0)
                return -1;
        return manager_net_out(m, handle, &req, e);
}

static int do_net_out(const struct manager *m, const char *handle, const struct str *in,
                      struct str *out, struct err *e)
{
        (void)out;
        return net_out(m, handle, in, false, e);
}

static int do_bulk_net_out(const struct manager *m, const char *handle, const struct str *in,
                           struct str *out, struct err *e)
{
        (void)out;
        return net_out(m, handle, in, true, e);
}

static const struct {
        const char *name;
        int (*run)(const struct manager *m, const char *handle, const struct str *in,
                   struct str *out, struct err *e);
} actions[] = {
        { "up", do_up },
        { "down", do_down },
        { "net-in", do_net_in },
        { "net-out", do_net_out },
        { "bulk-net-out", do_bulk_net_out },
};

/**
 * is_cni_id() - May it be a container's id for CNI plugins?
 *
 * Those of the CNI project refuse others, on DEL as well: what had been made until
 * then would stay.
 */
static bool is_cni_id(const char *handle)
{
        static const char all[] = "_.-" /* not at the start */
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

        return strspn(handle, all + 3) > 0 && handle[strspn(handle, all)] == '\0';
}

/**
 * check_handle() - It names files and chains: it must stay inside its folder
 *
 * "down" is not so strict: it succeeds for what cannot be up.
 */
static int check_handle(const char *action, const char *handle, struct err *e)
{
        if (!*handle)
                return err_set(e, FAULT_BAD_INPUT, 0, "missing handle");
        if (!step_handle_ok(handle) || (strcmp(action, "up") == 0 && !is_cni_id(handle)))
                return err_set(e, FAULT_BAD_INPUT, 0, "invalid handle '%.60s'", handle);
        return 0;
}

int ipc_handle(const struct manager *m, const char *action, const char *handle, int in,
               struct str *out, struct err *e)
{
        OWN(str) struct str input = { 0 };
        struct err why = { 0 };

        if (check_handle(action, handle, &why) < 0 && strcmp(action, "down") == 0) {
                /* It was never up. What its name might lead to is not ours to touch. */
                log_info("down-of-unknown-container", LOG_STR("handle", handle), LOG_WHY(&why));
                return 0;
        }
        if (why.fault) {
                *e = why;
                return -1;
        }
        for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
                if (strcmp(actions[i].name, action) != 0)
                        continue;
                if (read_input(in, &input, e) < 0)
                        return -1;
                return actions[i].run(m, handle, &input, out, e);
        }
        return err_set(e, FAULT_BAD_INPUT, 0, "unrecognized action: %s", action);
}
