/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_FW_TARGET_H
#define LIB_FW_TARGET_H

#include "netman/fw_encode.h"

/** fw_put_target() - Put the target behind the matches that are there */
void fw_put_target(struct fw_entry *b, const struct fw_rule *r);

#endif
