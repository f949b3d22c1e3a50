/* SPDX-License-Identifier: Apache-2.0 */
/* Who, but for the name that we keep it under, holds a network namespace. */
#ifndef NETWORKER_HOLDERS_H
#define NETWORKER_HOLDERS_H

#include <stdbool.h>
#include <sys/stat.h>

/**
 * holders_exist() - A thread inside, an open descriptor, another mount?
 * @ns:   The namespace
 * @kept: Where we keep it: that mount does not count, in whatever mount namespace
 *
 * Return: true also where that cannot be found out
 */
bool holders_exist(const struct stat *ns, const char *kept);

#endif
