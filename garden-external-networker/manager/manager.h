/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five actions. Each takes the lock of its handle, does its steps in order,
 * and on failure undoes what it did.
 */
#ifndef NETWORKER_MANAGER_H
#define NETWORKER_MANAGER_H

#include "garden-external-networker/config.h"
#include "garden-external-networker/ipc/request.h"
#include "netman/cni.h"
#include "netman/err.h"
#include "netman/jsonx.h"

/**
 * struct manager - What the actions work with
 * @nets_why: Why there are no networks: their files could not be read. Port forwards
 *            and egress rules need none
 */
struct manager {
        const struct config *c;
        struct cni_networks nets;
        struct err nets_why;
};

/**
 * manager_up() - Connect a container
 * @req:        Its host ports that are 0 are filled in
 * @ret_answer: What to print, new reference
 */
int manager_up(const struct manager *m, const char *handle, struct up_request *req,
               json_t **ret_answer, struct err *e);

/**
 * manager_down() - Disconnect it: all that is there; nothing there is no error
 *
 * A step that fails does not stop those behind it. What a second call needs to
 * do better is kept.
 */
int manager_down(const struct manager *m, const char *handle, struct err *e);

int manager_net_in(const struct manager *m, const char *handle, const struct net_in_request *req,
                   json_t **ret_answer, struct err *e);
int manager_net_out(const struct manager *m, const char *handle, const struct net_out_request *req,
                    struct err *e);

#endif
