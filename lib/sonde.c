/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: the few bytes of Protocol Buffers that a value needs
 *
 * Envelope    { 1: origin (string), 2: eventType (6, ValueMetric), 6: timestamp (int64), 9: value }
 * ValueMetric { 1: name (string), 2: value (double), 3: unit (string) }
 *
 * A field is its number and wire type in one varint, then a varint, eight bytes
 * of little endian, or a length and so many bytes.
 */
#include "netman/sonde.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { TEXT_MAX = 64, DATAGRAM_MAX = 512 };
enum { WIRE_VARINT = 0, WIRE_EIGHT = 1, WIRE_BYTES = 2 };
enum { EVENT_VALUE_METRIC = 6 };

struct sonde {
        int fd;
        char origin[TEXT_MAX + 1];
};

/** struct pen - Writes into a buffer until it is full, and remembers that it was */
struct pen {
        uint8_t *at, *end;
        bool full;
};

static void put_bytes(struct pen *p, const void *data, size_t len)
{
        if (p->full || (size_t)(p->end - p->at) < len) {
                p->full = true;
                return;
        }
        memcpy(p->at, data, len);
        p->at += len;
}

static void put_varint(struct pen *p, uint64_t v)
{
        do {
                uint8_t byte = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

                put_bytes(p, &byte, 1);
                v >>= 7;
        } while (v);
}

static void put_key(struct pen *p, unsigned int field, unsigned int wire)
{
        put_varint(p, field << 3 | wire);
}

static void put_text(struct pen *p, unsigned int field, const char *text)
{
        size_t len = strlen(text);

        put_key(p, field, WIRE_BYTES);
        put_varint(p, len);
        put_bytes(p, text, len);
}

static void put_double(struct pen *p, unsigned int field, double v)
{
        uint8_t bytes[8];
        uint64_t bits;

        memcpy(&bits, &v, sizeof bits);
        for (int i = 0; i < 8; i++)
                bytes[i] = (uint8_t)(bits >> (8 * i));
        put_key(p, field, WIRE_EIGHT);
        put_bytes(p, bytes, sizeof bytes);
}

size_t sonde_encode(uint8_t *buf, size_t size, const char *origin, int64_t timestamp_ns,
                    const char *name, double value, const char *unit)
{
        uint8_t inner[DATAGRAM_MAX];
        struct pen in = { inner, inner + sizeof inner, false };
        struct pen out = { buf, buf + size, false };

        put_text(&in, 1, name);
        put_double(&in, 2, value);
        put_text(&in, 3, unit);
        put_text(&out, 1, origin);
        put_key(&out, 2, WIRE_VARINT);
        put_varint(&out, EVENT_VALUE_METRIC);
        put_key(&out, 6, WIRE_VARINT);
        put_varint(&out, (uint64_t)timestamp_ns);
        put_key(&out, 9, WIRE_BYTES);
        put_varint(&out, (uint64_t)(in.at - inner));
        put_bytes(&out, inner, (size_t)(in.at - inner));
        return in.full || out.full ? 0 : (size_t)(out.at - buf);
}

static void addrinfo_drop(struct addrinfo **a)
{
        if (*a)
                freeaddrinfo(*a);
}

int sonde_open(const char *address, const char *origin, struct sonde **ret, struct err *e)
{
        struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
        OWN(addrinfo) struct addrinfo *found = NULL;
        OWN(sonde) struct sonde *s = NULL;
        const char *colon = strrchr(address, ':');
        char host[256];
        int rc;

        if (!colon || colon == address || (size_t)(colon - address) >= sizeof host ||
            strlen(origin) > TEXT_MAX)
                return err_set(e, FAULT_BAD_INPUT, 0, "metron address %s: must be HOST:PORT",
                               address);
        (void)snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
        rc = getaddrinfo(host, colon + 1, &hints, &found);
        if (rc)
                return err_set(e, FAULT_BAD_INPUT, 0, "metron address %s: %s", address,
                               gai_strerror(rc));
        s = calloc(1, sizeof *s);
        if (!s)
                return err_oom(e);
        (void)snprintf(s->origin, sizeof s->origin, "%s", origin);
        s->fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s->fd < 0 || connect(s->fd, found->ai_addr, found->ai_addrlen) < 0)
                return err_set(e, FAULT_SYSTEM, errno, "metron address %s", address);
        *ret = GIVE(s);
        return 0;
}

void sonde_close(struct sonde *s)
{
        if (!s)
                return;
        fd_drop(&s->fd);
        free(s);
}

int sonde_value(struct sonde *s, const char *name, double value, const char *unit, struct err *e)
{
        uint8_t buf[DATAGRAM_MAX];
        struct timespec now;
        size_t len;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        len = sonde_encode(buf, sizeof buf, s->origin,
                           (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, name, value, unit);
        if (len == 0)
                return err_set(e, FAULT_BAD_INPUT, 0, "metric %s: name or unit too long", name);
        /* ECONNREFUSED tells of an earlier one: no agent listens. */
        if (send(s->fd, buf, len, MSG_NOSIGNAL) < 0 && errno != ECONNREFUSED)
                return err_set(e, FAULT_SYSTEM, errno, "send metric %s", name);
        return 0;
}
