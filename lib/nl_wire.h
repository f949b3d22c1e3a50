/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the netlink module share; no business of anybody else. */
#ifndef NETMAN_LIB_NL_WIRE_H
#define NETMAN_LIB_NL_WIRE_H

#include "netman/nl.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

OWN_DROP(nl_msg, struct nl_msg *, nlmsg_free)

/* Numbers of attributes; 0 where one is absent or of another size, at which libnl's
 * getters do not look. */
static inline uint32_t nlx_u32(const struct nlattr *a)
{
        return a && nla_len(a) == sizeof(uint32_t) ? nla_get_u32(a) : 0;
}

static inline uint16_t nlx_u16(const struct nlattr *a)
{
        return a && nla_len(a) == sizeof(uint16_t) ? nla_get_u16(a) : 0;
}

static inline uint8_t nlx_u8(const struct nlattr *a)
{
        return a && nla_len(a) == sizeof(uint8_t) ? nla_get_u8(a) : 0;
}

/**
 * struct nlx_list - Array that a dump fills
 * @item_size: Of one element
 */
struct nlx_list {
        char *items; /* owned */
        size_t item_size, count, cap;
};

void nlx_list_drop(struct nlx_list *l);

/** nlx_list_next() - Room for one more element, zeroed; NULL without memory */
void *nlx_list_next(struct nlx_list *l);

/**
 * typedef nlx_take_fn - Take one message of a dump
 * @list: Where its element goes
 * @arg:  As given to nlx_dump()
 *
 * Return: 0, taken or passed over; -1: out of memory
 */
typedef int (*nlx_take_fn)(const struct nlmsghdr *h, struct nlx_list *list, const void *arg);

/**
 * nlx_do() - Send one request, wait for its acknowledgement
 * @ask:  What was asked for, in the error's text
 * @list: Gets what @take makes of the answers before it; both may be NULL
 *
 * @e carries the kernel's errno and its own words where it has any.
 */
int nlx_do(struct nlx *nl, struct nl_msg *msg, const char *ask, nlx_take_fn take,
           struct nlx_list *list, struct err *e);

/**
 * nlx_dump() - Send a dump request, take all answers
 *
 * If the kernel says that what it dumped changed meanwhile, the list is emptied
 * and the dump made again.
 */
int nlx_dump(struct nlx *nl, struct nl_msg *msg, const char *ask, nlx_take_fn take, const void *arg,
             struct nlx_list *list, struct err *e);

/** nlx_msg_new() - A message with its fixed header. Return: NULL without memory */
struct nl_msg *nlx_msg_new(int type, int flags, const void *head, size_t head_len);

/** nlx_change_encode() - One change as a message; NULL without memory */
struct nl_msg *nlx_change_encode(const struct nlx_change *c);

/** nlx_finished() - @msg, or NULL and @msg freed when an attribute did not fit (@rc < 0) */
struct nl_msg *nlx_finished(struct nl_msg *msg, int rc);

/** nlx_change_decode() - A dumped or told entry. Return: false for anything else */
bool nlx_change_decode(struct nlmsghdr *h, struct nlx_change *c);

/** nlx_link_decode() - A dumped or told interface. Return: false for anything else */
bool nlx_link_decode(struct nlmsghdr *h, struct nlx_link *ret);

/** nlx_notes_tell() - Tell of every change in the @len bytes of one notification */
void nlx_notes_tell(void *bytes, size_t len, nlx_note_fn fn, void *arg);

/** nlx_fail() - Tell a kernel errno. Return: -1 */
int nlx_fail(int sys, const char *ask, const char *kernel_words, struct err *e);

#endif
