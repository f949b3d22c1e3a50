/* SPDX-License-Identifier: Apache-2.0 */
/* From action and standard input to standard output. */
#ifndef NETWORKER_IPC_H
#define NETWORKER_IPC_H

#include "garden-external-networker/manager/manager.h"
#include "netman/err.h"
#include "netman/str.h"

/**
 * ipc_handle() - Do one action
 * @in:  File descriptor with the request
 * @out: Gets the answer, a line of JSON or nothing; only if all went well
 */
int ipc_handle(const struct manager *m, const char *action, const char *handle, int in,
               struct str *out, struct err *e);

#endif
