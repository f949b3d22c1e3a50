/* SPDX-License-Identifier: Apache-2.0 */
/* Policies and tags in the database. Safe from any thread. */
#ifndef NETMAN_POLICY_SERVER_STORE_STORE_H
#define NETMAN_POLICY_SERVER_STORE_STORE_H

#include "netman/policy.h"
#include "policy-server/store/db.h"

/**
 * struct store_limits - What creating must keep to
 * @tag_max:      The highest tag
 * @quarantine_s: A freed tag is not given before, unless no other is left
 * @max_policies: Per source app; 0: no limit
 */
struct store_limits {
        uint32_t tag_max;
        int64_t quarantine_s, max_policies;
};

/**
 * struct store_created - What creating has led to
 * @revision:   The one that holds the policies
 * @tags_early: Tags given before their quarantine was over, for want of others:
 *              to be logged
 */
struct store_created {
        int64_t revision, tags_early;
};

/**
 * store_create() - Add policies, all or none; those that exist are no error
 * @e: FAULT_DENIED: more than max_policies for a source; FAULT_CONFLICT: no tag
 *     is left; else trouble with the database
 */
int store_create(struct db *db, const struct policy_list *list, const struct store_limits *limits,
                 struct store_created *ret, struct err *e);

/** store_delete() - Remove policies; those that do not exist are no error */
int store_delete(struct db *db, const struct policy_list *list, int64_t *ret_revision,
                 struct err *e);

/**
 * store_unfit() - Policies whose ids are none that the API takes, from a database that
 *                 others have filled; no snapshot has them
 */
int store_unfit(struct db *db, struct policy_list *list, struct err *e);

struct store_tag {
        char *id, *type;
        uint32_t tag;
};

struct store_tags {
        struct store_tag *items;
        size_t count;
};

/** store_tags() - All tags in use, in their order */
int store_tags(struct db *db, struct store_tags *ret, struct err *e);
void store_tags_done(struct store_tags *tags);

static inline void store_tags_drop(struct store_tags *tags)
{
        store_tags_done(tags);
}

/** store_tag_count() - How many tags are in use */
int store_tag_count(struct db *db, int64_t *ret, struct err *e);

/**
 * store_tag_make() - The tag of @id, given now if it has none
 * @limits:    For tags
 * @ret_early: As in struct store_created
 * @e: FAULT_CONFLICT: it has one of another type, or none is left
 */
int store_tag_make(struct db *db, const char *id, const char *type,
                   const struct store_limits *limits, uint32_t *ret_tag, int64_t *ret_early,
                   struct err *e);

#endif
