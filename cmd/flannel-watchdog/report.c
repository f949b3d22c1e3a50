/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flannel-watchdog/report.h"

static void healthy(struct http_request *rq)
{
        /* Who is not is not there to be asked. */
        http_answer_text(rq, 200, "text/plain; charset=utf-8",
                         "The cell is healthy! The cell is configured with the correct subnet.");
}

static const struct http_route routes[] = {
        { .method = "GET", .pattern = "/", .handler = healthy, .quick = true },
        { 0 },
};

int report_start(const struct watchdog_conf *c, struct report *ret, struct err *e)
{
        const struct dropsonde_config metron = { .address = c->metron_address,
                                                 .origin = "flannel-watchdog" };
        const struct http_server_config health = { .host = "127.0.0.1",
                                                   .port = (uint16_t)c->health_check_port,
                                                   .routes = routes,
                                                   .limits = { .workers = 1 } };

        if (c->metron_address && dropsonde_start(&metron, &ret->metron, e) < 0)
                return err_add(e, "metron_address");
        if (c->health_check_port && http_server_start(&health, &ret->health, e) < 0)
                return err_add(e, "health_check_port");
        return 0;
}

void report_drop(struct report *r)
{
        http_server_stop(r->health, 0);
        dropsonde_stop(r->metron);
}

void report_down(const struct report *r, bool down)
{
        dropsonde_value(r->metron, "flannelDown", down, "bool");
}
