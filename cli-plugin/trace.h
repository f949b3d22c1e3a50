/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CF_TRACE=true: requests to the API and their answers in the form of the reference,
 * "REQUEST: [time]" and "RESPONSE: [time]". The token is never shown, wherever it
 * stands; what is said to the UAA, which is tokens and nothing else, not at all.
 */
#ifndef NETMAN_PLUGIN_TRACE_H
#define NETMAN_PLUGIN_TRACE_H

#include "netman/http_client.h"

#include <time.h>

/** trace_request() - @api: the address that the call's path is added to */
void trace_request(struct str *out, const char *api, const struct http_call *call, time_t now);

/** trace_answer() - @token: as it was sent, "bearer …" */
void trace_answer(struct str *out, const struct http_answer *a, const char *token, time_t now);

/** trace_status_text() - The words that belong to a status; "" for an unusual one */
const char *trace_status_text(int status);

#endif
