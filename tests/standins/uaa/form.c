/* SPDX-License-Identifier: Apache-2.0 */
#include "uaa.h"

#include <ctype.h>
#include <strings.h>

/** hex() - A digit's value; 16 for what is none */
static unsigned int hex(char c)
{
        static const char digits[] = "0123456789abcdef";
        const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

        return at ? (unsigned int)(at - digits) : 16;
}

static void decode(const char *text, size_t len, struct str *ret)
{
        for (size_t i = 0; i < len; i++) {
                char c = text[i] == '+' ? ' ' : text[i];

                if (c == '%' && i + 2 < len && hex(text[i + 1]) < 16 && hex(text[i + 2]) < 16) {
                        c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
                        i += 2;
                }
                str_add_mem(ret, &c, 1);
        }
}

bool form_get(const char *form, const char *name, struct str *ret)
{
        size_t name_len = strlen(name);

        while (*form) {
                size_t len = strcspn(form, "&");

                if (len > name_len && form[name_len] == '=' && strncmp(form, name, name_len) == 0) {
                        decode(form + name_len + 1, len - name_len - 1, ret);
                        return true;
                }
                form += len + (form[len] == '&');
        }
        return false;
}

bool basic_auth(struct http_request *rq, struct str *user, struct str *password)
{
        const char *header = http_request_header(rq, "Authorization");
        OWN(str) struct str pair = { 0 };
        const char *colon;

        if (!header || strncasecmp(header, "Basic ", 6) != 0 ||
            !base64_decode(&pair, header + 6, strlen(header + 6)))
                return false;
        colon = strchr(str_text(&pair), ':');
        if (!colon)
                return false;
        str_add_mem(user, pair.data, (size_t)(colon - pair.data));
        str_add(password, colon + 1);
        return true;
}
