/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where leases are kept, seen from those who need them. Behind it: etcd's v3
 * API through its JSON gateway, etcd's older v2 key API, or a file.
 *
 * A store belongs to one thread; a program with several threads opens one each.
 */
#ifndef FLANNELD_STORE_H
#define FLANNELD_STORE_H

#include "cmd/flanneld/lease.h"
#include "netman/err.h"
#include "netman/own.h"
#include "netman/str.h"

#include <stdbool.h>
#include <stdint.h>

enum store_api { STORE_ETCD_V3, STORE_ETCD_V2, STORE_FILE };

/**
 * struct store_conf - Which store; texts are borrowed and must outlive it
 * @endpoints: Comma-separated base URLs; one that fails is followed by the next
 * @prefix:    Of all keys
 * @silence_s: Seconds that a watch may be silent before it is asked whether etcd still lives
 * @file:      For STORE_FILE
 */
struct store_conf {
        enum store_api api;
        const char *endpoints;
        const char *prefix;
        int64_t silence_s;
        const char *ca_file, *cert_file, *key_file;
        const char *user, *password;
        const char *file;
};

struct store;

int store_open(const struct store_conf *conf, struct store **ret, struct err *e);
void store_close(struct store *s);
OWN_DROP(store, struct store *, store_close)

/**
 * store_config() - The network's configuration, as stored
 * @e: FAULT_ABSENT: nobody has stored one yet; FAULT_UPSTREAM: the store is away
 */
int store_config(struct store *s, struct str *ret, struct err *e);

/**
 * store_list() - All leases
 * @ret:     Emptied first. A lease that cannot be understood is logged and
 *           occupies its subnet
 * @ret_rev: Revision of the store that this shows
 */
int store_list(struct store *s, struct leases *ret, int64_t *ret_rev, struct err *e);

/**
 * store_create() - Take a subnet that nobody holds
 * @l:     @id and @rev are set
 * @ttl_s: Life without renewal
 * @e:     FAULT_CONFLICT: somebody holds it
 */
int store_create(struct store *s, struct lease *l, int64_t ttl_s, struct err *e);

/**
 * store_update() - Change a lease of ours, which gets a new life of @ttl_s
 * @l: As listed, with its cell changed; @id and @rev are set anew. One that
 *     was to stay for ever (@id 0) goes on to
 * @e: FAULT_CONFLICT: it was changed since
 */
int store_update(struct store *s, struct lease *l, int64_t ttl_s, struct err *e);

/**
 * store_renew() - Give a lease its whole life again
 * @ret_ttl_s: Seconds from now; 0: it stays for ever
 * @e:         FAULT_ABSENT: it has ended
 */
int store_renew(struct store *s, struct lease *l, int64_t ttl_s, int64_t *ret_ttl_s, struct err *e);

/**
 * struct store_news - Who is told about changes
 * @put:  A lease was made or changed
 * @gone: A lease has ended
 */
struct store_news {
        void (*put)(void *arg, const struct lease *l);
        void (*gone)(void *arg, struct ip4_net subnet);
        void *arg;
};

/**
 * store_watch() - Hear of every change after a revision, as it happens
 * @rev:     Last revision known; moves on with what is told
 * @wake_fd: Ends it once readable
 * @e:       FAULT_CONFLICT: the store no longer has that revision: list again;
 *           FAULT_UPSTREAM: the connection broke: watch again from @rev
 *
 * Return: 0 when @wake_fd ended it; else -1
 */
int store_watch(struct store *s, int64_t *rev, const struct store_news *news, int wake_fd,
                struct err *e);

#endif
