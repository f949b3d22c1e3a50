/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's net/rpc as a client, as the cf CLI serves it to plugins: per call a
 * Request and an argument go out, a Response and a reply come back, all gob.
 */
#ifndef NETMAN_PLUGIN_RPC_H
#define NETMAN_PLUGIN_RPC_H

#include "cli-plugin/gob.h"

#include "netman/own.h"

/**
 * struct rpc - One connection; all zero but the descriptor (-1) is closed
 * @port:      Where the CLI listens
 * @in, @taken: Bytes received, and how many of them have been taken
 * @types:     Definitions received
 * @introduced: The Request type has been defined, under the first free id
 * @next_id:   First type id that we have not given out
 * @strings:   Id of []string in this connection; 0 before its definition
 * @seq:       Number of the next call
 */
struct rpc {
        int fd;
        uint16_t port;
        struct str in;
        size_t taken;
        struct gob_types types;
        bool introduced;
        int next_id, strings;
        uint64_t seq;
};

/** rpc_connect() - To the CLI on 127.0.0.1; @e: nobody listens there */
int rpc_connect(struct rpc *r, uint16_t port, struct err *e);
void rpc_close(struct rpc *r);

/** rpc_reopen() - Another connection to the same CLI, after it closed this one */
int rpc_reopen(struct rpc *r, struct err *e);

static inline void rpc_drop(struct rpc *r)
{
        rpc_close(r);
}

/**
 * rpc_call_text() and the two below - Call CliRpcCmd.METHOD with an argument of that type
 *
 * @ret: The reply, as gob.h says; NULL to drop it
 * @e:   FAULT_DENIED, in the CLI's words, if the method failed;
 *       FAULT_UPSTREAM if the connection did
 */
int rpc_call_text(struct rpc *r, const char *method, const char *arg, json_t **ret, struct err *e);
int rpc_call_bool(struct rpc *r, const char *method, bool arg, json_t **ret, struct err *e);
int rpc_call_strings(struct rpc *r, const char *method, const char *const *args, size_t count,
                     json_t **ret, struct err *e);

/**
 * rpc_call_raw() - The same with an argument encoded by the caller
 * @arg: Whole messages: definitions and the value
 */
int rpc_call_raw(struct rpc *r, const char *method, const struct str *arg, json_t **ret,
                 struct err *e);

/** rpc_take_ids() - Reserve @count type ids for definitions; returns the first */
int rpc_take_ids(struct rpc *r, int count);

#endif
