/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/rpc.h"

#include "netman/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CONNECT_TRIES   5
#define CONNECT_WAIT_MS 200
#define REPLY_S         300 /* the CLI may have to ask its servers, at length */
#define READ_SIZE       65536
#define MESSAGES_MAX    2048 /* definitions before one value; empty ones count too */

static int open_socket(uint16_t port, int *ret_fd)
{
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        struct timeval limit = { .tv_sec = REPLY_S };
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;

        if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
                return -1;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
                return -1;
        *ret_fd = GIVE_FD(fd);
        return 0;
}

int rpc_connect(struct rpc *r, uint16_t port, struct err *e)
{
        *r = (struct rpc){ .fd = -1, .port = port, .next_id = GOB_FIRST_FREE + 1 };
        for (int i = 0; i < CONNECT_TRIES; i++) {
                if (i)
                        clock_sleep_ms(CONNECT_WAIT_MS);
                if (open_socket(port, &r->fd) == 0)
                        return 0;
        }
        return err_set(e, FAULT_UPSTREAM, errno, "connecting to the cf CLI on port %d", port);
}

void rpc_close(struct rpc *r)
{
        fd_drop(&r->fd);
        str_done(&r->in);
        gob_types_done(&r->types);
        r->taken = 0;
        r->fd = -1;
}

int rpc_reopen(struct rpc *r, struct err *e)
{
        rpc_close(r);
        return rpc_connect(r, r->port, e);
}

int rpc_take_ids(struct rpc *r, int count)
{
        int first = r->next_id;

        r->next_id += count;
        return first;
}

static int send_all(struct rpc *r, const struct str *data, struct err *e)
{
        size_t sent = 0;

        if (str_ok(data, e) < 0)
                return -1;
        while (sent < data->len) {
                ssize_t n = send(r->fd, data->data + sent, data->len - sent, MSG_NOSIGNAL);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(e, FAULT_UPSTREAM, errno, "sending to the cf CLI");
                sent += (size_t)n;
        }
        return 0;
}

static int receive_more(struct rpc *r, struct err *e)
{
        char buf[READ_SIZE];
        ssize_t n;

        if (r->taken) { /* once per piece received, not per message */
                r->in.len -= r->taken;
                memmove(r->in.data, r->in.data + r->taken, r->in.len);
                r->taken = 0;
        }
        do
                n = recv(r->fd, buf, sizeof buf, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return err_set(e, FAULT_UPSTREAM, errno, "reading from the cf CLI");
        if (n == 0)
                return err_set(e, FAULT_UPSTREAM, 0, "the cf CLI closed the connection");
        str_add_mem(&r->in, buf, (size_t)n);
        return str_ok(&r->in, e);
}

/** take_message() - The next message out of the stream; NULL for a definition */
static int take_message(struct rpc *r, json_t **ret, struct err *e)
{
        size_t head = 0, len = 0;
        int rc;

        for (;;) {
                rc = gob_frame(str_text(&r->in) + r->taken, r->in.len - r->taken, &head, &len, e);
                if (rc < 0)
                        return -1;
                if (rc && r->in.len - r->taken >= head + len)
                        break;
                if (receive_more(r, e) < 0)
                        return -1;
        }
        if (gob_message(&r->types, r->in.data + r->taken + head, len, ret, e) < 0)
                return -1;
        r->taken += head + len;
        return 0;
}

static int take_value(struct rpc *r, json_t **ret, struct err *e)
{
        for (int i = 0; i < MESSAGES_MAX; i++) {
                if (take_message(r, ret, e) < 0)
                        return -1;
                if (*ret)
                        return 0;
        }
        return err_set(e, FAULT_UPSTREAM, 0, "%d messages without a value", MESSAGES_MAX);
}

/** put_request() - Request{ServiceMethod, Seq}, defined first if it is the first */
static void put_request(struct rpc *r, const char *method, struct str *out)
{
        static const struct gob_def def = { .kind = GOB_KIND_STRUCT,
                                            .id = GOB_FIRST_FREE,
                                            .name = "Request",
                                            .fields = { { "ServiceMethod", GOB_STRING },
                                                        { "Seq", GOB_UINT } } };
        OWN(str) struct str body = { 0 };
        OWN(str) struct str name = { 0 };
        unsigned int delta = 1;

        if (!r->introduced) {
                gob_put_def(out, &def);
                r->introduced = true;
        }
        str_addf(&name, "CliRpcCmd.%s", method);
        gob_put_int(&body, def.id);
        gob_put_text_field(&body, &delta, str_text(&name));
        if (r->seq) {
                gob_put_uint(&body, delta);
                gob_put_uint(&body, r->seq);
        }
        gob_put_uint(&body, 0);
        gob_put_message(out, &body);
}

/**
 * take_reply() - Response, then the reply, or the empty struct in place of one
 */
static int take_reply(struct rpc *r, const char *method, json_t **ret, struct err *e)
{
        OWN(json) json_t *response = NULL;
        OWN(json) json_t *reply = NULL;
        const char *error;

        if (take_value(r, &response, e) < 0 || take_value(r, &reply, e) < 0)
                return err_add(e, "%s", method);
        if (!json_is_object(response))
                return err_set(e, FAULT_UPSTREAM, 0, "%s: no response", method);
        if ((uint64_t)json_integer_value(json_object_get(response, "Seq")) != r->seq++)
                return err_set(e, FAULT_UPSTREAM, 0, "%s: reply to another call", method);
        error = json_string_value(json_object_get(response, "Error"));
        if (error && *error)
                return err_set(e, FAULT_DENIED, 0, "%s", error);
        if (ret)
                *ret = GIVE(reply);
        return 0;
}

int rpc_call_raw(struct rpc *r, const char *method, const struct str *arg, json_t **ret,
                 struct err *e)
{
        OWN(str) struct str out = { 0 };

        put_request(r, method, &out);
        str_add_mem(&out, str_text(arg), arg->len);
        out.bad |= arg->bad;
        if (send_all(r, &out, e) < 0)
                return -1;
        return take_reply(r, method, ret, e);
}

int rpc_call_text(struct rpc *r, const char *method, const char *text, json_t **ret, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(str) struct str arg = { 0 };

        gob_put_int(&body, GOB_STRING);
        gob_put_uint(&body, 0);
        gob_put_text(&body, text);
        gob_put_message(&arg, &body);
        return rpc_call_raw(r, method, &arg, ret, e);
}

int rpc_call_bool(struct rpc *r, const char *method, bool value, json_t **ret, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(str) struct str arg = { 0 };

        gob_put_int(&body, GOB_BOOL);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, value);
        gob_put_message(&arg, &body);
        return rpc_call_raw(r, method, &arg, ret, e);
}

int rpc_call_strings(struct rpc *r, const char *method, const char *const *args, size_t count,
                     json_t **ret, struct err *e)
{
        OWN(str) struct str body = { 0 };
        OWN(str) struct str arg = { 0 };

        if (!r->strings) {
                struct gob_def def = { .kind = GOB_KIND_SLICE, .name = "", .elem = GOB_STRING };

                def.id = r->strings = rpc_take_ids(r, 1);
                gob_put_def(&arg, &def);
        }
        gob_put_int(&body, r->strings);
        gob_put_uint(&body, 0);
        gob_put_uint(&body, count);
        for (size_t i = 0; i < count; i++)
                gob_put_text(&body, args[i]);
        gob_put_message(&arg, &body);
        return rpc_call_raw(r, method, &arg, ret, e);
}
