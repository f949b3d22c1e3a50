/* SPDX-License-Identifier: Apache-2.0 */
/* The file that tells the CNI plugin what this cell's subnet is. */
#ifndef FLANNELD_SUBNET_ENV_H
#define FLANNELD_SUBNET_ENV_H

#include "cmd/flanneld/ip4.h"
#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct subnet_env - Its contents. @ip_masq: The daemon masquerades, the CNI plugin must not */
struct subnet_env {
        struct ip4_net network;
        struct ip4_net subnet;
        uint32_t mtu;
        bool ip_masq;
};

/** subnet_env_write() - Replace the file whole, with its folder if that is missing */
int subnet_env_write(const char *path, const struct subnet_env *env, struct err *e);

/**
 * subnet_env_parse() - The subnet in such a file's text
 * Return: false if it names none
 */
bool subnet_env_parse(const char *text, struct ip4_net *ret);

/** subnet_env_previous() - The subnet that the file names; length 0 if there is none */
struct ip4_net subnet_env_previous(const char *path);

#endif
