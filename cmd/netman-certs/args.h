/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETMAN_CERTS_ARGS_H
#define NETMAN_CERTS_ARGS_H

#include "cert.h"

enum action { ACTION_HELP, ACTION_VERSION, ACTION_ISSUE, ACTION_BUNDLE };

/**
 * struct args - The command line, understood
 * @dir:   Where files are
 * @ca:    Name of the authority in @dir; NULL when an authority itself is made
 * @force: Replace an authority that is there
 * @out, @files, @file_count: For a bundle
 *
 * All texts are borrowed from argv.
 */
struct args {
        enum action action;
        const char *dir, *ca;
        bool force;
        struct cert_wish wish;
        const char *out;
        const char *const *files;
        size_t file_count;
};

extern const char args_usage[];

/** args_parse() - @e says which argument is wrong */
int args_parse(int argc, char **argv, struct args *ret, struct err *e);

#endif
