/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All SQL that runs after the migrations. Statements are prepared on each
 * connection before their first use; values travel as parameters, never in the
 * text.
 */
#ifndef NETMAN_POLICY_SERVER_STORE_STATEMENTS_H
#define NETMAN_POLICY_SERVER_STORE_STATEMENTS_H

enum statement {
        ST_PING,           /* is it there, and does it have our tables? */
        ST_STATE,          /* epoch, revision, changes_from */
        ST_QUEUE_UP,       /* writers wait here, first come, first served */
        ST_LOCK_STATE,     /* as ST_STATE, held until the transaction ends: one writer at a time */
        ST_MISSING_GROUPS, /* those of $1 that have no tag */
        ST_GROW_GROUPS,    /* make up to $1 unused rows, none above $2 */
        ST_TAKE_GROUPS,    /* give the $1 their tags, type $2, none above $3; tells of each
                              whether it was freed within $4 seconds and cells may hold it */
        ST_FREE_GROUPS,    /* tags nothing refers to any more, after the changes of $1 */
        ST_GROUP,          /* tag and type of $1 */
        ST_TAGS,           /* all tags in use */
        ST_TAG_COUNT,      /* how many those are */
        ST_UNFIT,          /* policies, as ST_POLICIES, whose ids no API has let in */
        ST_ADD_DESTINATIONS,    /* destination, protocol, start, end arrays */
        ST_ADD_POLICIES,        /* source + the same; $6 the revision they belong to */
        ST_OVER_QUOTA,          /* sources changed by revision $1 that have more than $2 policies */
        ST_DELETE_POLICIES,     /* source, destination, protocol, start, end arrays, revision */
        ST_DELETE_DESTINATIONS, /* that no policy uses after the changes of $1 */
        ST_COMMIT_REVISION,     /* move to revision $1 and tell everybody */
        ST_PRUNE_CHANGES,       /* forget changes up to $1 */
        ST_POLICIES,            /* all of them, with tags */
        ST_CHANGES,             /* state, and what changed after revision $1 */
        ST_PUBLISH_READERS,     /* instance $1, then as struct readers */
        ST_READERS,             /* newest revision, and the sums over the instances alive */
        ST_COUNT_
};

struct statement_text {
        const char *name;
        const char *sql;
        int params;
};

const struct statement_text *statement_text(enum statement st);

#endif
