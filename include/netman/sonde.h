/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dropsonde: metrics to the machine's metron agent, each an Envelope message of
 * Cloud Foundry's events protocol in one UDP datagram. Nobody answers; a metric
 * that gets lost is followed by the next.
 */
#ifndef NETMAN_SONDE_H
#define NETMAN_SONDE_H

#include "netman/err.h"
#include "netman/own.h"

#include <stddef.h>
#include <stdint.h>

struct sonde;

/**
 * sonde_open() - Prepare
 * @address: metron_address, "127.0.0.1:3457" or "host:port"
 * @origin:  The program's name in the metrics, at most 64 characters
 * @e:       FAULT_BAD_INPUT: the address is none
 */
int sonde_open(const char *address, const char *origin, struct sonde **ret, struct err *e);
void sonde_close(struct sonde *s);
OWN_DROP(sonde, struct sonde *, sonde_close)

/** sonde_value() - Send a value now. @name: at most 64 characters; @unit: "ms", … or "" */
int sonde_value(struct sonde *s, const char *name, double value, const char *unit, struct err *e);

/**
 * sonde_encode() - The datagram of a value
 * @timestamp_ns: Since 1970
 *
 * Return: its length, or 0 if it does not fit @size
 */
size_t sonde_encode(uint8_t *buf, size_t size, const char *origin, int64_t timestamp_ns,
                    const char *name, double value, const char *unit);

#endif
