/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records what the real cf CLI and a plugin say to each other: stands between
 * the two, passes on every byte, and writes the messages as annotated hex. cf
 * installs a script as readily as a program:
 *
 *   #!/bin/sh
 *   exec cf-tap /tmp/recorded/$$.hex /usr/bin/network-policy-plugin "$@"
 *
 *   cf-tap FILE PLUGIN PORT COMMAND [ARGUMENT…]
 *
 * The file: "$ [COMMAND, ARGUMENT…]", then "> hex" for what the plugin sent and
 * "< hex" for what the CLI did; "# …" says what the bytes below mean; "| plugin" or
 * "| cli" tells who ended a connection. In place of an access token stands
 * "< @token": what is recorded is for others to read.
 */
#include "cf-plugin.h"

#include "cli-plugin/gob.h"
#include "netman/clock.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define BYTES_A_LINE 32

/**
 * struct side - What comes from one of the two
 * @pending: Bytes of a message that is not complete
 * @token:   The next reply is the access token
 */
struct side {
        int fd;
        char sign;
        struct str pending;
        struct gob_types types;
        bool token;
};

static void side_drop(struct side *s)
{
        fd_drop(&s->fd);
        str_done(&s->pending);
        gob_types_done(&s->types);
}

static void write_bytes(FILE *f, char sign, const char *data, size_t len)
{
        for (size_t i = 0; i < len; i++)
                (void)fprintf(f, "%s%02x%s",
                              i % BYTES_A_LINE == 0 ? (char[]){ sign, ' ', '\0' } : " ",
                              (unsigned char)data[i],
                              i % BYTES_A_LINE == BYTES_A_LINE - 1 || i + 1 == len ? "\n" : "");
}

static void write_type(FILE *f, const struct gob_type *t)
{
        static const char *const kinds[] = { "",    "array",  "slice",  "struct",
                                             "map", "opaque", "binary", "text" };

        (void)fprintf(f, "# type %jd: %s", (intmax_t)t->id, kinds[t->kind]);
        for (size_t i = 0; i < t->field_count; i++)
                (void)fprintf(f, " %s %jd", t->fields[i].name, (intmax_t)t->fields[i].type);
        if (t->kind == GOB_KIND_MAP)
                (void)fprintf(f, " of %jd to %jd", (intmax_t)t->key, (intmax_t)t->elem);
        else if (t->kind == GOB_KIND_SLICE || t->kind == GOB_KIND_ARRAY)
                (void)fprintf(f, " of %jd", (intmax_t)t->elem);
        (void)fputs("\n", f);
}

/** write_message() - One message, with what it means above it; false for no gob */
static bool write_message(FILE *f, struct side *s, size_t head, size_t len)
{
        OWN(json) json_t *value = NULL;
        OWN(mem) char *text = NULL;
        const char *method;

        if (gob_message(&s->types, s->pending.data + head, len, &value, NULL) < 0)
                return false;
        if (!value) {
                write_type(f, &s->types.items[s->types.count - 1]);
        } else if (s->token && json_is_string(value)) {
                s->token = false;
                (void)fprintf(f, "# the access token\n%c @token\n", s->sign);
                return true;
        } else {
                text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
                (void)fprintf(f, "# %s\n", text ? text : "a value with bytes that are no text");
        }
        method = json_string_value(json_object_get(value, "ServiceMethod"));
        s->token = s->sign == '<' && method && strcmp(method, "CliRpcCmd.AccessToken") == 0;
        write_bytes(f, s->sign, s->pending.data, head + len);
        return true;
}

/** pass_on() - What @from says to @to and to the file; false at its end */
static bool pass_on(FILE *f, struct side *from, const struct side *to)
{
        char buf[65536];
        ssize_t n = recv(from->fd, buf, sizeof buf, 0);
        size_t head, len;

        if (n <= 0 || send(to->fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
                return false;
        str_add_mem(&from->pending, buf, (size_t)n);
        while (gob_frame(str_text(&from->pending), from->pending.len, &head, &len, NULL) == 1 &&
               from->pending.len >= head + len) {
                if (!write_message(f, from, head, len))
                        return false;
                from->pending.len -= head + len;
                memmove(from->pending.data, from->pending.data + head + len, from->pending.len);
        }
        return true;
}

/** tap() - Until one of the two ends the connection */
static void tap(FILE *f, struct side *plugin, struct side *cli)
{
        struct pollfd fds[] = { { .fd = plugin->fd, .events = POLLIN },
                                { .fd = cli->fd, .events = POLLIN } };

        while (poll(fds, 2, -1) > 0) {
                if (fds[0].revents && !pass_on(f, plugin, cli)) {
                        (void)fputs("| plugin\n", f);
                        return;
                }
                if (fds[1].revents && !pass_on(f, cli, plugin)) {
                        (void)fputs("| cli\n", f);
                        return;
                }
        }
}

static int connect_to(uint16_t port)
{
        struct sockaddr_in at = { .sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        OWN(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;

        if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
                return -1;
        return GIVE_FD(fd);
}

static void write_command(FILE *f, char *const *args)
{
        OWN(json) json_t *words = json_array();
        OWN(mem) char *text = NULL;

        for (; *args; args++)
                (void)json_array_append_new(words, json_string(*args));
        text = json_dumps(words, 0);
        (void)fprintf(f, "$ %s\n", text ? text : "[]");
}

/** record() - The plugin's exit status as the CLI would pass it on */
static int record(FILE *f, const char *plugin, uint16_t cli_port, char *const *args)
{
        OWN(fd) int listener = -1;
        uint16_t port;
        pid_t pid;
        int status = 1;

        if (!plugin_listen(&listener, &port) || plugin_start(plugin, port, args, &pid) != 0)
                return 1;
        while (waitpid(pid, &status, WNOHANG) == 0) {
                OWN(side)
                struct side mine = { .fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC),
                                     .sign = '>' };
                OWN(side) struct side cli = { .fd = -1, .sign = '<' };

                if (mine.fd < 0) {
                        clock_sleep_ms(2);
                        continue;
                }
                cli.fd = connect_to(cli_port);
                if (cli.fd >= 0)
                        tap(f, &mine, &cli);
        }
        return plugin_verdict(status);
}

int main(int argc, char **argv)
{
        FILE *f;
        int rc;

        if (argc < 5) {
                (void)fputs("usage: cf-tap FILE PLUGIN PORT COMMAND [ARGUMENT…]\n", stderr);
                return 2;
        }
        f = fopen(argv[1], "we");
        if (!f) {
                perror(argv[1]);
                return 2;
        }
        write_command(f, argv + 4);
        rc = record(f, argv[2], (uint16_t)strtoul(argv[3], NULL, 10), argv + 4);
        return fclose(f) == 0 ? rc : 2;
}
