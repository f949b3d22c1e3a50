/* SPDX-License-Identifier: Apache-2.0 */
#include "vxlan-policy-agent/poll/subnet.h"

#include "netman/file.h"
#include "netman/own.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUBNET_FILE_MAX 65536U
#define KEY             "FLANNEL_SUBNET="

static const char *find_value(const char *text)
{
        for (const char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (str_starts(line, KEY))
                        return line + strlen(KEY);
        }
        return NULL;
}

int subnet_parse(const char *text, struct fw_net *ret, struct err *e)
{
        const char *value = find_value(text);
        struct fw_net net = { 0 };
        char addr[32], *slash;
        int64_t len;

        if (!value)
                return err_set(e, FAULT_BAD_INPUT, 0, "no line " KEY);
        (void)snprintf(addr, sizeof addr, "%.*s", (int)strcspn(value, "\r\n"), value);
        slash = strchr(addr, '/'); /* what was cut off does not parse */
        if (!slash)
                return err_set(e, FAULT_BAD_INPUT, 0, KEY ": no network: %s", addr);
        *slash = '\0';
        if (fw_addr_parse(addr, &net.addr, e) < 0 || str_to_int(slash + 1, 1, 32, &len, e) < 0)
                return err_add(e, KEY);
        net.len = (uint8_t)len;
        net.addr &= fw_mask(net.len); /* flannel writes the gateway's address */
        *ret = net;
        return 0;
}

/**
 * look() - Which file is it now? All zero where there is none
 */
static struct subnet look(const char *path)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return (struct subnet){ 0 };
        return (struct subnet){ .inode = st.st_ino, .changed = st.st_ctim };
}

bool subnet_stale(const char *path, const struct subnet *s)
{
        struct subnet now = look(path);

        return !s->looked || now.inode != s->inode || now.changed.tv_sec != s->changed.tv_sec ||
               now.changed.tv_nsec != s->changed.tv_nsec;
}

int subnet_read(const char *path, struct subnet *s, struct err *e)
{
        OWN(str) struct str text = { 0 };
        struct subnet now = look(path); /* before the read: a change meanwhile is seen next time */

        s->looked = true;
        s->inode = now.inode;
        s->changed = now.changed;
        if (file_read(path, SUBNET_FILE_MAX, &text, e) < 0)
                return -1;
        return subnet_parse(str_text(&text), &s->net, e) < 0 ? err_add(e, "%s", path) : 0;
}
