/* SPDX-License-Identifier: Apache-2.0 */
#include "garden-external-networker/manager/manager.h"
#include "garden-external-networker/manager/steps.h"
#include "netman/log.h"

#include <unistd.h>

/**
 * was_up() - Was anything ever done for this handle?
 */
static bool was_up(const struct config *c, const char *handle, bool has_record)
{
        char path[PATH_MAX];

        return has_record ||
               (step_mount_path(c, handle, path, NULL) == 0 && access(path, F_OK) == 0);
}

int manager_down(const struct manager *m, const char *handle, struct err *e)
{
        OWN(record) struct record r = { 0 };
        OWN(fd) int lock = -1;
        struct err why = { 0 };
        bool known;

        if (step_lock(m->c, handle, &lock, e) < 0)
                return -1;
        known = record_load(m->c->state_file, handle, &r, &why) == 0;
        if (!known && why.fault != FAULT_ABSENT)
                log_error("container-record", LOG_STR("handle", handle), LOG_WHY(&why));
        known = was_up(m->c, handle, known || why.fault != FAULT_ABSENT);
        if (step_teardown(m, handle, &r, &why) == 0)
                return 0;
        if (!known)
                (void)record_remove(m->c->state_file, handle, NULL); /* only its lock is there */
        /* Without the networks it cannot be told that nothing is there. */
        if (known || m->nets_why.fault) {
                *e = why;
                return -1;
        }
        /* Garden runs down after failures of its own, for containers we never saw. */
        log_info("down-of-unknown-container", LOG_STR("handle", handle), LOG_WHY(&why));
        return 0;
}
