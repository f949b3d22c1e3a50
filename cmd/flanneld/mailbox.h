/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads that talk to the store tell the one that programs the kernel. */
#ifndef FLANNELD_MAILBOX_H
#define FLANNELD_MAILBOX_H

#include "cmd/flanneld/lease.h"
#include "netman/err.h"

enum mail_kind {
        MAIL_ALL,  /* all leases as they are */
        MAIL_PUT,  /* one was made or changed */
        MAIL_GONE, /* one has ended */
        MAIL_LOST, /* ours belongs to another cell now */
};

/**
 * struct mail - One message
 * @lease: Of MAIL_PUT; in MAIL_GONE and MAIL_LOST only its subnet counts
 * @all:   Of MAIL_ALL
 */
struct mail {
        enum mail_kind kind;
        struct lease lease;
        struct leases all;
        struct mail *next;
};

struct mailbox;

int mailbox_new(struct mailbox **ret, struct err *e);
void mailbox_free(struct mailbox *box);
OWN_DROP(mailbox, struct mailbox *, mailbox_free)

/** mailbox_fd() - Readable while there is mail */
int mailbox_fd(const struct mailbox *box);

/** mailbox_post() - From any thread. @all: taken over, may be NULL. Without memory: abort() */
void mailbox_post(struct mailbox *box, enum mail_kind kind, const struct lease *lease,
                  struct leases *all);

/** mailbox_take() - The oldest message, freed with mail_free(); NULL if there is none */
struct mail *mailbox_take(struct mailbox *box);
void mail_free(struct mail *m);
OWN_DROP(mail, struct mail *, mail_free)

#endif
