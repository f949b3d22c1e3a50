/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error value. A function that can fail returns 0 or -1 and takes a
 * struct err * as its last argument; it writes there only on failure. The
 * class says what a caller may do about it, the text is for people. Nothing is
 * allocated, so an error can be told even when memory has run out.
 *
 * err_set() and err_add() are macros only so that compilers and analysers see the
 * -1: they then know that a failed call left its results untouched.
 */
#ifndef NETMAN_ERR_H
#define NETMAN_ERR_H

#include <errno.h>

enum fault {
        FAULT_NONE = 0,
        FAULT_BAD_INPUT, /* what we were given is wrong: giving it again is no use */
        FAULT_DENIED,    /* understood, and not allowed */
        FAULT_ABSENT,    /* the thing named does not exist */
        FAULT_CONFLICT,  /* somebody else changed it, or it exists already */
        FAULT_UPSTREAM,  /* a server we depend on failed us: trying later may help */
        FAULT_SYSTEM,    /* the machine failed us; sys holds errno where there is one */
        FAULT_COUNT_
};

struct err {
        enum fault fault;
        int sys; /* errno value, or 0 */
        char msg[320];
};

/**
 * err_set() - Say what went wrong
 * @e:     Where to say it; NULL is allowed and says nothing
 * @fault: What a caller may do about it
 * @sys:   errno value whose text is appended, or 0
 *
 * Text longer than the buffer is cut. errno is left as it was.
 *
 * Return: always -1, for "return err_set(...)"
 */
#define err_set(...) (err_set_(__VA_ARGS__), -1)
void err_set_(struct err *e, enum fault fault, int sys, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

/**
 * err_add() - Put context in front of an error: "context: what went wrong"
 *
 * Return: always -1
 */
#define err_add(...) (err_add_(__VA_ARGS__), -1)
void err_add_(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** err_oom() - Out of memory. Return: always -1 */
#define err_oom(e) err_set((e), FAULT_SYSTEM, ENOMEM, "out of memory")

/** fault_name() - "bad-input", "denied", … for logs; never NULL */
const char *fault_name(enum fault fault);

#endif
