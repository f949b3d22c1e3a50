/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/saved.h"

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

static int write_name(const char *dir, char *path, size_t size, struct err *e)
{
        int n = snprintf(path, size, "%s/" SAVED_NAME, dir);

        return n < 0 || (size_t)n >= size ? err_set(e, FAULT_BAD_INPUT, 0, "%s: name too long", dir)
                                          : 0;
}

/**
 * write_sum() - SHA-256 in hex
 */
static int write_sum(const char *data, size_t len, struct str *out, struct err *e)
{
        unsigned char sum[EVP_MAX_MD_SIZE];
        unsigned int n = 0;

        if (EVP_Digest(data, len, sum, &n, EVP_sha256(), NULL) != 1)
                return err_set(e, FAULT_SYSTEM, 0, "SHA-256 is not available");
        for (unsigned int i = 0; i < n; i++)
                str_addf(out, "%02x", sum[i]);
        return 0;
}

int saved_prepare(const char *dir, struct err *e)
{
        if (file_make_dirs(dir, e) < 0)
                return -1;
        return access(dir, W_OK | X_OK) == 0 ? 0
                                             : err_set(e, FAULT_SYSTEM, errno, "write to %s", dir);
}

int saved_write(const char *dir, const struct str *body, struct err *e)
{
        OWN(str) struct str text = { 0 };
        char path[PATH_MAX];

        if (write_name(dir, path, sizeof path, e) < 0)
                return -1;
        str_add(&text, SAVED_MAGIC);
        if (write_sum(str_text(body), body->len, &text, e) < 0)
                return -1;
        str_add(&text, "\n");
        str_add_mem(&text, str_text(body), body->len);
        if (str_ok(&text, e) < 0)
                return -1;
        return file_replace(path, text.data, text.len, 0600, (uid_t)-1, (gid_t)-1, e);
}

int saved_read(const char *dir, struct policy_list *ret, struct err *e)
{
        OWN(str) struct str text = { 0 };
        OWN(str) struct str head = { 0 };
        char path[PATH_MAX];
        const char *body;

        if (write_name(dir, path, sizeof path, e) < 0 || file_read(path, SAVED_MAX, &text, e) < 0)
                return -1;
        body = strchr(str_text(&text), '\n');
        if (!body)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: torn", path);
        body++;
        str_add(&head, SAVED_MAGIC);
        if (write_sum(body, text.len - (size_t)(body - text.data), &head, e) < 0)
                return -1;
        str_add(&head, "\n");
        if (str_ok(&head, e) < 0)
                return -1;
        if (head.len != (size_t)(body - text.data) || memcmp(head.data, text.data, head.len) != 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "%s: its checksum is wrong", path);
        return policy_list_parse_answer(body, text.len - head.len, ret, e);
}
