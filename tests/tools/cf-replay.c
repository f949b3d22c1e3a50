/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the cf CLI's part of a conversation that cf-tap recorded, and holds the
 * plugin to its own: it must send the recorded bytes, no others.
 *
 *   cf-replay [--token TEXT] RECORDING PLUGIN     run the plugin with the recorded arguments
 *   cf-replay --corpus RECORDING                  the CLI's bytes on standard output
 *
 * The exit status is the CLI's, 1 if the plugin failed with anything; 3 if it said
 * something else than recorded, and then standard error shows what.
 */
#include "cf-plugin.h"

#include "cli-plugin/gob.h"
#include "netman/file.h"

#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S  20
#define LINE_BYTES  4096
#define OTHER_WORDS 3

static int hex_digit(char c)
{
        const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

        return at ? (int)(at - digits) : -1;
}

/** line_bytes() - "2e 7f …" */
static size_t line_bytes(const char *hex, unsigned char *ret)
{
        size_t count = 0;
        int high, low;

        while (count < LINE_BYTES && (high = hex_digit(hex[0])) >= 0 &&
               (low = hex_digit(hex[1])) >= 0) {
                ret[count++] = (unsigned char)(high << 4 | low);
                hex += hex[2] == ' ' ? 3 : 2;
        }
        return count;
}

/** put_line() - What the CLI says in a line: bytes, or the token */
static void put_line(const char *line, const char *token, struct str *out)
{
        OWN(str) struct str body = { 0 };
        unsigned char bytes[LINE_BYTES];

        if (strcmp(line, "@token") != 0) {
                str_add_mem(out, bytes, line_bytes(line, bytes));
                return;
        }
        gob_put_int(&body, GOB_STRING);
        gob_put_uint(&body, 0);
        gob_put_text(&body, token);
        gob_put_message(out, &body);
}

/** expect() - Do the recorded bytes come from the plugin? */
static bool expect(int fd, const char *line)
{
        unsigned char want[LINE_BYTES], got[LINE_BYTES] = { 0 };
        size_t len = line_bytes(line, want), have = 0;

        while (have < len) {
                ssize_t n = recv(fd, got + have, len - have, 0);

                if (n <= 0)
                        break;
                have += (size_t)n;
        }
        if (have == len && memcmp(want, got, len) == 0)
                return true;
        (void)fprintf(stderr, "cf-replay: expected %s\ncf-replay: got     ", line);
        for (size_t i = 0; i < have; i++)
                (void)fprintf(stderr, " %02x", got[i]);
        (void)fputs("\n", stderr);
        return false;
}

/** take_connection() - The plugin's next one; -1 if none comes */
static int take_connection(int listener)
{
        struct pollfd waiting = { .fd = listener, .events = POLLIN };
        struct timeval limit = { .tv_sec = PATIENCE_S };
        OWN(fd) int fd = -1;

        if (poll(&waiting, 1, PATIENCE_S * 1000) == 1)
                fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
                return -1;
        return GIVE_FD(fd);
}

/** take_line() - Do what one line says; false where the plugin does not */
static bool take_line(int listener, int *fd, const char *line, const char *token)
{
        OWN(str) struct str out = { 0 };
        char byte;

        if (line[0] == '|') {
                bool ended = strcmp(line, "| plugin") != 0 || recv(*fd, &byte, 1, 0) == 0;

                fd_drop(fd);
                *fd = -1;
                if (!ended)
                        (void)fputs("cf-replay: the plugin says more than recorded\n", stderr);
                return ended;
        }
        if (*fd < 0 && (line[0] == '>' || line[0] == '<'))
                *fd = take_connection(listener);
        if (line[0] == '>')
                return expect(*fd, line + 2);
        if (line[0] != '<')
                return true;
        put_line(line + 2, token, &out);
        return send(*fd, str_text(&out), out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
}

static bool converse(int listener, char *text, const char *token)
{
        OWN(fd) int fd = -1;
        char *line;

        while ((line = strsep(&text, "\n"))) {
                if (!take_line(listener, &fd, line, token))
                        return false;
        }
        return true;
}

/** arguments() - The "$ […]" of the first line; borrowed from @words */
static char **arguments(const char *text, json_t **words)
{
        char **args;
        json_t *word;
        size_t i;

        if (text[0] != '$')
                return NULL;
        *words = json_loadb(text + 1, strcspn(text + 1, "\n"), 0, NULL);
        args = calloc(json_array_size(*words) + 1, sizeof *args);
        json_array_foreach(*words, i, word) {
                if (args)
                        args[i] = (char *)json_string_value(word); /* exec wants it so */
        }
        return args;
}

static int replay(struct str *text, const char *plugin, const char *token)
{
        OWN(json) json_t *words = NULL;
        OWN(mem) char **args = arguments(str_text(text), &words);
        OWN(fd) int listener = -1;
        uint16_t port;
        int status = 1;
        bool same;
        pid_t pid;

        if (!args || !args[0] || !plugin_listen(&listener, &port) ||
            plugin_start(plugin, port, args, &pid) != 0) {
                (void)fputs("cf-replay: cannot start the plugin\n", stderr);
                return 2;
        }
        same = converse(listener, text->data, token);
        fd_drop(&listener); /* the plugin must not wait for us */
        listener = -1;
        if (waitpid(pid, &status, 0) < 0)
                return 2;
        return same ? plugin_verdict(status) : OTHER_WORDS;
}

static int corpus(char *text)
{
        char *line;

        while ((line = strsep(&text, "\n"))) {
                OWN(str) struct str out = { 0 };

                if (line[0] != '<')
                        continue;
                put_line(line + 2, "bearer token", &out);
                if (fwrite(str_text(&out), 1, out.len, stdout) != out.len)
                        return 2;
        }
        return fflush(stdout) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
        static const struct option options[] = { { "token", 1, NULL, 't' },
                                                 { "corpus", 0, NULL, 'c' },
                                                 { 0 } };
        OWN(str) struct str text = { 0 };
        struct err e = { .msg = "usage: cf-replay [--corpus] [--token TEXT] RECORDING [PLUGIN]" };
        const char *token = "";
        bool only_bytes = false;
        int opt;

        while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
                token = opt == 't' ? optarg : token;
                only_bytes |= opt == 'c';
        }
        if (argc - optind != (only_bytes ? 1 : 2) ||
            file_read(argv[optind], 16U << 20, &text, &e) < 0) {
                (void)fprintf(stderr, "cf-replay: %s\n", e.msg);
                return 2;
        }
        if (only_bytes)
                return corpus(text.data);
        return replay(&text, argv[optind + 1], token);
}
