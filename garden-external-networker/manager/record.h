/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the networker remembers of a container from one call to the next, a file
 * each in the folder STATE_FILE_containers: written before anything else is done
 * for the container, removed after everything is undone.
 */
#ifndef NETWORKER_RECORD_H
#define NETWORKER_RECORD_H

#include "garden-external-networker/ipc/request.h"
#include "netman/err.h"
#include "netman/jsonx.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * struct record - @damaged: the file makes no sense, and nothing below is known
 * @handed:  Its namespace came without a process in it that Garden could name
 * @hashed:  Its chain names end in a hash, see names.h
 * @results: Array of the networks it is connected to, see chain.h
 * @ports:   Its port forwards
 */
struct record {
        bool damaged, handed, hashed;
        json_t *results;
        struct net_in *ports;
        size_t port_count;
};

/**
 * record_load() - @e: FAULT_ABSENT where there is none
 *
 * One that is damaged is an empty one that says so: what it remembers makes clean-up
 * better, but must never stand in its way. Whoever adds to a container needs it.
 */
int record_load(const char *state_file, const char *handle, struct record *ret, struct err *e);
int record_save(const char *state_file, const char *handle, const struct record *r, struct err *e);

/** record_remove() - One that is not there is no error */
int record_remove(const char *state_file, const char *handle, struct err *e);

void record_done(struct record *r);

static inline void record_drop(struct record *r)
{
        record_done(r);
}

/**
 * record_lock() - Be the only call for this handle
 * @ret_fd: Close it to let go
 *
 * The lock is shared with every plugin we start, so that a call which was killed
 * holds it until its plugins have ended too: only then can what they did be undone.
 */
int record_lock(const char *state_file, const char *handle, int wait_ms, int *ret_fd,
                struct err *e);

#endif
