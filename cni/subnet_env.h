/* SPDX-License-Identifier: Apache-2.0 */
/* The file that flanneld leaves for its CNI plugin: FLANNEL_SUBNET=… and so on. */
#ifndef CNI_SUBNET_ENV_H
#define CNI_SUBNET_ENV_H

#include "netman/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { SUBNET_FAMILIES = 2 }; /* IPv4, IPv6 */

/**
 * struct subnet_env - Networks in CIDR notation, "" where the file has none; those
 *                     of the subnet have their host bits cleared
 */
struct subnet_env {
        char network[SUBNET_FAMILIES][64], subnet[SUBNET_FAMILIES][64];
        int mtu;
        bool ipmasq;
};

/** subnet_env_parse() - From text; @file only names it in errors */
int subnet_env_parse(const char *file, const char *text, struct subnet_env *ret, struct err *e);
int subnet_env_read(const char *file, struct subnet_env *ret, struct err *e);

#endif
