/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership, visible at the declaration: OWN(type) calls type_drop() on the
 * variable when it goes out of scope, on every path; GIVE(p) hands the value on
 * and leaves NULL behind. Declare owned variables with their empty value.
 *
 * A module that has a struct foo with foo_free() declares foo_drop() beside it
 * with OWN_DROP(foo, struct foo *, foo_free).
 */
#ifndef NETMAN_OWN_H
#define NETMAN_OWN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN(type) __attribute__((cleanup(type##_drop)))

#define GIVE(p)                                                                                    \
        __extension__({                                                                            \
                __typeof__(p) give_ = (p);                                                         \
                (p) = NULL;                                                                        \
                give_;                                                                             \
        })

/* The same for a file descriptor, whose empty value is -1. */
#define GIVE_FD(fd)                                                                                \
        __extension__({                                                                            \
                int give_ = (fd);                                                                  \
                (fd) = -1;                                                                         \
                give_;                                                                             \
        })

/* Defines name_drop() for a pointer type with a destructor that accepts NULL. */
#define OWN_DROP(name, ptrtype, destructor)                                                        \
        static inline void name##_drop(ptrtype *p)                                                 \
        {                                                                                          \
                destructor(*p);                                                                    \
        }

/* OWN(mem): anything from malloc. The argument is a pointer to the owner's pointer. */
static inline void mem_drop(void *p)
{
        free(*(void **)p);
}

/* OWN(fd) int fd = -1; */
static inline void fd_drop(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd); /* nothing left to do about a failing close */
}

/* OWN(file) FILE *f = NULL; */
static inline void file_drop(FILE **f)
{
        if (*f)
                (void)fclose(*f); /* writers flush and check before they get here */
}

/* OWN(dir) DIR *d = NULL; */
static inline void dir_drop(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

#endif
