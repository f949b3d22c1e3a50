/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETMAN_BASE64URL_H
#define NETMAN_BASE64URL_H

#include "netman/str.h"

#include <stdbool.h>

/**
 * base64url_decode() - The base64 of tokens: no padding, and nothing but its digits
 * @out: Appended to
 *
 * Return: false if it is none, or there is no memory
 */
bool base64url_decode(const char *text, size_t len, struct str *out);

#endif
