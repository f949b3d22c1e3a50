/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last policies, kept on disk: a cell that comes up while the server is away
 * still has policy. One file, a line with a checksum and below it the server's
 * own answer.
 */
#ifndef VXLAN_POLICY_AGENT_SAVED_H
#define VXLAN_POLICY_AGENT_SAVED_H

#include "netman/err.h"
#include "netman/policy.h"
#include "netman/str.h"

/** saved_prepare() - Make folder @dir if it is not there; can we write into it? */
int saved_prepare(const char *dir, struct err *e);

/** saved_write() - Keep @body, an answer of the internal API, in folder @dir */
int saved_write(const char *dir, const struct str *body, struct err *e);

/**
 * saved_read() - What was kept
 * @e: FAULT_ABSENT: nothing; FAULT_BAD_INPUT: the file is not what was written
 */
int saved_read(const char *dir, struct policy_list *ret, struct err *e);

#endif
