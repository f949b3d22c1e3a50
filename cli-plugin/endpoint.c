/* SPDX-License-Identifier: Apache-2.0 */
#include "cli-plugin/endpoint.h"

#include <stdlib.h>
#include <string.h>

#define DIAL_S     3
#define DIAL_MAX_S 3600
#define FOR_EVER_S 127 /* the kernel's own patience */
#define REQUEST_MS 60000
#define ANSWER_MAX ((size_t)256 << 20) /* 50,000 policies are about 10 MB */

int endpoint_dial_ms(const char *seconds)
{
        int64_t s;

        if (!seconds || str_to_int(seconds, 0, DIAL_MAX_S, &s, NULL) < 0)
                s = DIAL_S;
        return (int)(s ? s : FOR_EVER_S) * 1000;
}

int endpoint_open(const char *url, bool insecure, struct http_client **ret, struct err *e)
{
        const char *trusted = getenv("SSL_CERT_FILE");
        int dial_ms = endpoint_dial_ms(getenv("CF_DIAL_TIMEOUT"));
        OWN(str) struct str base = { 0 };
        struct http_client_conf conf = { .ca_file = trusted && *trusted ? trusted : NULL,
                                         .skip_verify = insecure,
                                         .use_env_proxy = true,
                                         .connect_timeout_ms = dial_ms,
                                         .timeout_ms = dial_ms + REQUEST_MS,
                                         .body_max = ANSWER_MAX };
        size_t len = strlen(url);

        while (len && url[len - 1] == '/')
                len--;
        str_add_mem(&base, url, len);
        if (str_ok(&base, e) < 0)
                return -1;
        conf.base_url = str_text(&base);
        return http_client_new(&conf, ret, e);
}
