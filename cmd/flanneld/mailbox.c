/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flanneld/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
        pthread_mutex_t lock;
        struct mail *first, **end; /* under @lock */
        int bell;
};

int mailbox_new(struct mailbox **ret, struct err *e)
{
        struct mailbox *box = calloc(1, sizeof *box);

        if (!box)
                return err_oom(e);
        box->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (box->bell < 0) {
                free(box);
                return err_set(e, FAULT_SYSTEM, errno, "eventfd");
        }
        (void)pthread_mutex_init(&box->lock, NULL);
        box->end = &box->first;
        *ret = box;
        return 0;
}

void mailbox_free(struct mailbox *box)
{
        struct mail *m;

        if (!box)
                return;
        while ((m = mailbox_take(box)))
                mail_free(m);
        (void)close(box->bell);
        (void)pthread_mutex_destroy(&box->lock);
        free(box);
}

int mailbox_fd(const struct mailbox *box)
{
        return box->bell;
}

void mailbox_post(struct mailbox *box, enum mail_kind kind, const struct lease *lease,
                  struct leases *all)
{
        struct mail *m = calloc(1, sizeof *m);

        /* A change that gets lost here would stay lost; a restart finds it. */
        if (!m)
                abort();
        m->kind = kind;
        if (lease)
                m->lease = *lease;
        if (all) {
                m->all = *all;
                *all = (struct leases){ 0 };
        }
        (void)pthread_mutex_lock(&box->lock);
        *box->end = m;
        box->end = &m->next;
        (void)pthread_mutex_unlock(&box->lock);
        (void)eventfd_write(box->bell, 1); /* cannot overflow before 2^64 messages */
}

struct mail *mailbox_take(struct mailbox *box)
{
        struct mail *m;
        eventfd_t rings;

        (void)pthread_mutex_lock(&box->lock);
        m = box->first;
        if (m)
                box->first = m->next;
        if (!box->first) {
                box->end = &box->first;
                /* Silent from here on, until something is posted. */
                (void)eventfd_read(box->bell, &rings);
        }
        (void)pthread_mutex_unlock(&box->lock);
        return m;
}

void mail_free(struct mail *m)
{
        if (!m)
                return;
        leases_drop(&m->all);
        free(m);
}
