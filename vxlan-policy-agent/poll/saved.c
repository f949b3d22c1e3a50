/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/saved.h"

#include "netman/clock.h"
#include "netman/file.h"
#include "netman/own.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAVED_NAME  "policies.saved"
#define SAVED_MAGIC "netman-policies 1 "
#define SAVED_MAX   ((size_t)65 << 20)
#define FIRST_MS    1000
#define LAST_MS     300000

int saved_prepare(const char *dir, struct err *e)
{
        if (file_make_dirs(dir, e) < 0)
                return -1;
        return access(dir, W_OK | X_OK) == 0 ? 0
                                             : err_set(e, FAULT_SYSTEM, errno, "write to %s", dir);
}

int saved_sum(const char *data, size_t len, struct saved_sum *ret, struct err *e)
{
        unsigned int n = 0;

        if (EVP_Digest(data, len, ret->bytes, &n, EVP_sha256(), NULL) != 1 || n != SAVED_SUM)
                return err_set(e, FAULT_SYSTEM, 0, "SHA-256 is not available");
        return 0;
}

bool saved_sum_eq(const struct saved_sum *a, const struct saved_sum *b)
{
        return memcmp(a->bytes, b->bytes, SAVED_SUM) == 0;
}

static int write_name(const char *dir, char *path, size_t size, struct err *e)
{
        int n = snprintf(path, size, "%s/" SAVED_NAME, dir);

        return n < 0 || (size_t)n >= size ? err_set(e, FAULT_BAD_INPUT, 0, "%s: name too long", dir)
                                          : 0;
}

/**
 * write_head() - The first line, which tells whether the rest is whole
 */
static int write_head(const struct saved_sum *sum, struct str *out, struct err *e)
{
        str_add(out, SAVED_MAGIC);
        for (unsigned int i = 0; i < SAVED_SUM; i++)
                str_addf(out, "%02x", sum->bytes[i]);
        str_add(out, "\n");
        return str_ok(out, e);
}

static int write_file(const char *path, const struct str *body, const struct saved_sum *sum,
                      struct err *e)
{
        OWN(str) struct str head = { 0 };

        if (write_head(sum, &head, e) < 0)
                return -1;
        return file_swap_parts(
                path, (const struct iovec[]){ { head.data, head.len }, { body->data, body->len } },
                2, 0600, e);
}

int saved_put(struct saved *s, struct str *body, const struct saved_sum *sum, struct err *e)
{
        char path[PATH_MAX];

        s->unflushed = false;
        if (write_name(s->dir, path, sizeof path, e) < 0)
                return -1;
        if (write_file(path, body, sum, e) < 0) {
                (void)unlink(path); /* the error above is the one that matters */
                if (body != &s->body) {
                        str_done(&s->body);
                        s->body = *body;
                        *body = (struct str){ 0 };
                }
                s->sum = *sum;
                s->pause_ms = s->pause_ms ? s->pause_ms * 2 : FIRST_MS;
                if (s->pause_ms > LAST_MS)
                        s->pause_ms = LAST_MS;
                s->retry_ms = clock_ms() + s->pause_ms;
                return -1;
        }
        str_done(&s->body);
        s->pause_ms = 0;
        s->unflushed = true;
        return 0;
}

int saved_retry(struct saved *s, struct err *e)
{
        struct saved_sum sum = s->sum;

        if (!s->body.len || clock_ms() < s->retry_ms)
                return 0;
        return saved_put(s, &s->body, &sum, e) < 0 ? -1 : saved_flush(s, e);
}

int saved_flush(struct saved *s, struct err *e)
{
        char path[PATH_MAX];

        if (!s->unflushed)
                return 0;
        s->unflushed = false;
        if (write_name(s->dir, path, sizeof path, e) < 0)
                return -1;
        if (file_flush(path, e) == 0)
                return 0;
        (void)unlink(path); /* as above */
        return -1;
}

int saved_read(const struct saved *s, struct policy_list *ret, struct saved_sum *ret_sum,
               struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(str) struct str head = { 0 };
        struct saved_sum sum;
        char path[PATH_MAX];
        const char *body;

        if (write_name(s->dir, path, sizeof path, e) < 0 ||
            file_read(path, SAVED_MAX, &text, e) < 0)
                return -1;
        body = strchr(str_text(&text), '\n');
        if (!body)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: torn", path);
        body++;
        if (saved_sum(body, text.len - (size_t)(body - text.data), &sum, e) < 0 ||
            write_head(&sum, &head, e) < 0)
                return -1;
        if (head.len != (size_t)(body - text.data) || memcmp(head.data, text.data, head.len) != 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: its checksum is wrong", path);
        if (policy_list_parse_answer(body, text.len - head.len, ret, e) < 0)
                return -1;
        *ret_sum = sum;
        return 0;
}

void saved_done(struct saved *s)
{
        str_done(&s->body);
}
