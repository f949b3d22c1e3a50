/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DOC: Additions come first, so that nothing that stays is ever without its policy.
 * Each request is all or nothing. Where one fails without an answer, what became of it
 * is read from the policies that are there: it was carried out if all of what it asked
 * for is so. Other people work at the same time. What they made or removed meanwhile
 * is theirs and stays as it is; only where one of them made the very policies that we
 * were to make, nobody can tell whose they are.
 */
#include "cli-plugin/replace.h"

#include "cli-plugin/policies.h"

#include <signal.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof signals / sizeof *signals)

/** struct hold - Signals that wait; @before: the mask to go back to */
struct hold {
        sigset_t held, before;
};

/** hold_signals() - But those that are ignored: nothing would come of them later either */
static struct hold hold_signals(void)
{
        struct sigaction now;
        struct hold h;

        (void)sigemptyset(&h.held);
        for (size_t i = 0; i < SIGNALS; i++) {
                if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
                        (void)sigaddset(&h.held, signals[i]);
        }
        (void)sigprocmask(SIG_BLOCK, &h.held, &h.before);
        return h;
}

/** hold_drop() - Let them act, if any came */
static void hold_drop(struct hold *h)
{
        (void)sigprocmask(SIG_SETMASK, &h->before, NULL);
}

static bool interrupted(const struct hold *h)
{
        sigset_t came;

        if (sigpending(&came) < 0)
                return false;
        for (size_t i = 0; i < SIGNALS; i++) {
                if (sigismember(&h->held, signals[i]) == 1 && sigismember(&came, signals[i]) == 1)
                        return true;
        }
        return false;
}

/** common() - What is in both lists, which are sorted */
static int common(const struct policy_list *a, const struct policy_list *b, struct policy_list *ret,
                  struct err *e)
{
        size_t i = 0, j = 0;

        while (i < a->count && j < b->count) {
                int order = policy_compare(&a->items[i], &b->items[j]);

                if (order == 0 && policy_list_add(ret, &a->items[i], e) < 0)
                        return -1;
                i += order <= 0;
                j += order >= 0;
        }
        return 0;
}

/** there_are() - Those of @some that are there now */
static int there_are(struct session *s, const struct policy_list *some, struct policy_list *ret,
                     struct err *e)
{
        OWN(policy_list) struct policy_list now = { 0 };

        if (policies_list(s, &(struct policy_filter){ 0 }, &now, e) < 0)
                return -1;
        policy_list_sort(&now);
        return common(some, &now, ret, e);
}

/** undo_addition() - @sure: it was answered, so what is there of it is ours */
static int undo_addition(struct session *s, const struct policy_list *add, bool sure, struct err *e)
{
        OWN(policy_list) struct policy_list there = { 0 };

        if (there_are(s, add, &there, e) < 0)
                return -1;
        if (!there.count || (!sure && there.count < add->count))
                return 0;
        return policies_delete(s, &there, e);
}

/** undo_removal() - Of one without an answer; if some are still there, it came to nothing */
static int undo_removal(struct session *s, const struct policy_list *remove, struct err *e)
{
        OWN(policy_list) struct policy_list there = { 0 };

        if (there_are(s, remove, &there, e) < 0)
                return -1;
        return there.count ? 0 : policies_create(s, remove, e);
}

/** undo() - Deleting comes first: both together may be more than the quota */
static int undo(struct session *s, const struct policy_list *add, const struct policy_list *remove,
                const struct err *failed, struct err *e)
{
        if (add->count && undo_addition(s, add, true, e) < 0)
                return -1;
        return failed->fault == FAULT_UPSTREAM ? undo_removal(s, remove, e) : 0;
}

static int replace(struct session *s, const struct policy_list *add,
                   const struct policy_list *remove, struct err *e)
{
        struct err why;

        if (add->count && policies_create(s, add, e) < 0) {
                /* A refusal has changed nothing; without an answer it is not known. */
                if (e->fault != FAULT_UPSTREAM || undo_addition(s, add, false, NULL) == 0)
                        return -1;
                return err_add(e, "it is not known whether policies were added");
        }
        if (!remove->count || policies_delete(s, remove, e) == 0)
                return 0;
        if (undo(s, add, remove, e, &why) < 0)
                return err_add(e, "policies were changed, and that could not be undone (%.80s)",
                               why.msg);
        return err_add(e, "nothing was changed");
}

int replace_policies(struct session *s, const struct policy_list *add,
                     const struct policy_list *remove, struct err *e)
{
        OWN(hold) struct hold h = hold_signals();
        int rc = replace(s, add, remove, e);

        if (interrupted(&h)) { /* then nobody will come to print the error */
                progress_clear(&s->progress);
                (void)fprintf(stderr, "network-policy-plugin: interrupted after %s\n",
                              rc < 0 ? e->msg : "the policies were changed");
        }
        return rc;
}
