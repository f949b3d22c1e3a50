/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WRAPPER_RULES_H
#define WRAPPER_RULES_H

#include "cni/plugin.h"

/** networker_rules - The networker's own rules, made from runtimeConfig */
extern const struct plugin_rules networker_rules;

#endif
