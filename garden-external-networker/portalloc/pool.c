/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/portalloc/pool.h"

#include <stdbool.h>
#include <string.h>

#define PORTS 65536

/** struct ports - A set of port numbers */
struct ports {
        bool has[PORTS];
};

static bool is_port(const json_t *v)
{
        return json_is_integer(v) && json_integer_value(v) > 0 && json_integer_value(v) < PORTS;
}

/**
 * check_acquired() - Every handle with a list of ports?
 */
static int check_acquired(json_t *acquired, struct err *e)
{
        const char *handle;
        json_t *list;

        json_object_foreach(acquired, handle, list) {
                const json_t *port;
                size_t i;

                if (!json_is_array(list))
                        return err_set(e, FAULT_BAD_INPUT, 0,
                                       "acquired_ports['%.60s'] must be a list of ports", handle);
                json_array_foreach(list, i, port) {
                        if (!is_port(port))
                                return err_set(e, FAULT_BAD_INPUT, 0,
                                               "acquired_ports['%.60s'][%zu] is no port", handle,
                                               i);
                }
        }
        return 0;
}

static int read_state(const char *text, size_t len, struct pool *p, struct err *e)
{
        OWN(json) json_t *root = NULL;
        json_t *acquired;

        if (len > 0 && jsonx_parse(text, len, &root, e) < 0)
                return -1;
        acquired = json_object_get(root, "acquired_ports");
        if (root && (!json_is_object(root) ||
                     (acquired && !json_is_object(acquired) && !json_is_null(acquired))))
                return err_set(e, FAULT_BAD_INPUT, 0, "'acquired_ports' must be an object");
        p->acquired = json_is_object(acquired) ? json_incref(acquired) : json_object();
        if (!p->acquired)
                return err_oom(e);
        return check_acquired(p->acquired, e);
}

static int read_freed(const char *text, size_t len, struct pool *p, struct err *e)
{
        OWN(json) json_t *list = NULL;
        const json_t *port;
        size_t i;

        p->freed = json_array();
        if (!p->freed)
                return err_oom(e);
        if (jsonx_parse(text, len, &list, NULL) < 0)
                return 0;
        json_array_foreach(list, i, port) {
                if (is_port(port) &&
                    json_array_append_new(p->freed, json_integer(json_integer_value(port))) < 0)
                        return err_oom(e);
        }
        return 0;
}

int pool_read(const char *state, size_t state_len, const char *freed, size_t freed_len,
              struct pool *ret, struct err *e)
{
        OWN(pool) struct pool p = { 0 };

        if (read_state(state, state_len, &p, e) < 0 || read_freed(freed, freed_len, &p, e) < 0)
                return -1;
        *ret = p;
        p = (struct pool){ 0 };
        return 0;
}

static int print(const json_t *value, char **ret, struct err *e)
{
        *ret = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        return *ret ? 0 : err_oom(e);
}

int pool_print_state(const struct pool *p, char **ret, struct err *e)
{
        OWN(json) json_t *root = json_pack("{s:O}", "acquired_ports", p->acquired);

        return print(root, ret, e);
}

int pool_print_freed(const struct pool *p, char **ret, struct err *e)
{
        return print(p->freed, ret, e);
}

static void mark_acquired(const struct pool *p, struct ports *set)
{
        const char *handle;
        json_t *list;

        json_object_foreach(p->acquired, handle, list) {
                const json_t *port;
                size_t i;

                json_array_foreach(list, i, port) {
                        set->has[json_integer_value(port)] = true;
                }
        }
}

/**
 * take_never_used() - The lowest port of the range that nobody has or had
 *
 * Return: the port, or 0
 */
static uint16_t take_never_used(const struct pool *p, struct pool_range range,
                                const struct ports *held)
{
        struct ports used = *held;
        const json_t *port;
        size_t i;

        json_array_foreach(p->freed, i, port) {
                used.has[json_integer_value(port)] = true;
        }
        for (uint32_t n = range.start; n < range.start + range.count && n < PORTS; n++)
                if (!used.has[n])
                        return (uint16_t)n;
        return 0;
}

/**
 * take_oldest_freed() - The first of the queue that is in the range and not held
 *
 * Return: the port, which is no longer in the queue, or 0
 */
static uint16_t take_oldest_freed(struct pool *p, struct pool_range range, const struct ports *held)
{
        const json_t *port;
        size_t i;

        json_array_foreach(p->freed, i, port) {
                json_int_t n = json_integer_value(port);

                if (n < range.start || n >= range.start + range.count || held->has[n])
                        continue;
                (void)json_array_remove(p->freed, i);
                return (uint16_t)n;
        }
        return 0;
}

/**
 * give() - Note that a port is @handle's
 */
static int give(struct pool *p, const char *handle, uint16_t port, struct err *e)
{
        json_t *list = json_object_get(p->acquired, handle);

        if (!list) {
                list = json_array();
                if (json_object_set_new(p->acquired, handle, list) < 0)
                        return err_set(e, FAULT_BAD_INPUT, 0, "handle is not UTF-8");
        }
        return json_array_append_new(list, json_integer(port)) < 0 ? err_oom(e) : 0;
}

int pool_acquire(struct pool *p, struct pool_range range, const char *handle, uint16_t *ret,
                 struct err *e)
{
        struct ports held = { 0 };
        uint16_t port;

        mark_acquired(p, &held);
        port = take_never_used(p, range, &held);
        if (!port)
                port = take_oldest_freed(p, range, &held);
        if (!port)
                return err_set(e, FAULT_CONFLICT, 0, "port pool exhausted");
        if (give(p, handle, port, e) < 0)
                return -1;
        *ret = port;
        return 0;
}

/**
 * queue() - To the end of the queue, wherever in it the port was
 *
 * It may be there already: whoever gave it back before was killed after that.
 */
static int queue(struct pool *p, json_t *port, struct err *e)
{
        for (size_t i = json_array_size(p->freed); i > 0; i--)
                if (json_equal(json_array_get(p->freed, i - 1), port) &&
                    json_array_remove(p->freed, i - 1) < 0)
                        return err_oom(e);
        return json_array_append(p->freed, port) < 0 ? err_oom(e) : 0;
}

int pool_book(struct pool *p, const char *handle, uint16_t port, struct err *e)
{
        const char *holder;
        json_t *list, *item;
        size_t i;

        json_object_foreach(p->acquired, holder, list) {
                json_array_foreach(list, i, item) {
                        if (json_integer_value(item) != port)
                                continue;
                        if (strcmp(holder, handle) == 0)
                                return 0;
                        return err_set(e, FAULT_CONFLICT, 0, "host port %u is container %s's", port,
                                       holder);
                }
        }
        return give(p, handle, port, e);
}

int pool_release(struct pool *p, const char *handle, uint16_t port, size_t *ret_count,
                 struct err *e)
{
        json_t *list = json_object_get(p->acquired, handle);

        *ret_count = 0;
        for (size_t i = 0; i < json_array_size(list);) {
                json_t *item = json_array_get(list, i);

                if (port && json_integer_value(item) != port) {
                        i++;
                        continue;
                }
                if (queue(p, item, e) < 0)
                        return -1;
                if (json_array_remove(list, i) < 0)
                        return err_oom(e);
                ++*ret_count;
        }
        if (list && json_array_size(list) == 0)
                (void)json_object_del(p->acquired, handle); /* it is there: just looked */
        return 0;
}

void pool_done(struct pool *p)
{
        json_decref(p->acquired);
        json_decref(p->freed);
        *p = (struct pool){ 0 };
}
