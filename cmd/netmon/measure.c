/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/netmon/measure.h"

#include "netman/fw_tx.h"

#include <stdlib.h>
#include <string.h>

const char *reading_name(enum reading r)
{
        static const char *const names[READING_COUNT_] = {
                [READING_INTERFACES] = "NetInterfaceCount",
                [READING_RULES] = "IPTablesRuleCount",
                [READING_TX_BYTES] = "OverlayTxBytes",
                [READING_RX_BYTES] = "OverlayRxBytes",
                [READING_RX_DROPPED] = "OverlayRxDropped",
                [READING_TX_DROPPED] = "OverlayTxDropped",
        };

        return names[r];
}

uint64_t reading_for_metron(const uint64_t now[READING_COUNT_], enum reading r)
{
        return r == READING_RULES ? now[READING_RULES] + now[READING_CHAINS] : now[r];
}

/* Adds the table's rules and chains to the readings @ctx. */
static int count_rules(struct fw_table *t, void *ctx, struct err *e)
{
        OWN(mem) char **chains = NULL;
        uint64_t *now = ctx;
        size_t count;

        if (fw_chain_names(t, "", &chains, &count, e) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                now[READING_RULES] += fw_chain_count(t, chains[i]);
        now[READING_CHAINS] += count;
        return 0;
}

int measure(struct nlx *nl, const char *device, uint64_t ret[READING_COUNT_], size_t *ret_count,
            struct err *e)
{
        OWN(mem) struct nlx_link *all = NULL;
        const struct nlx_link *overlay = NULL;
        size_t count;

        *ret_count = 0;
        memset(ret, 0, READING_COUNT_ * sizeof *ret);
        if (nlx_links(nl, &all, &count, e) < 0)
                return -1;
        ret[READING_INTERFACES] = count;
        *ret_count = READING_INTERFACES + 1;
        if (fw_view("filter", count_rules, ret, e) < 0 || fw_view("nat", count_rules, ret, e) < 0)
                return err_add(e, "count iptables rules");
        *ret_count = READING_CHAINS + 1;
        for (size_t i = 0; i < count; i++)
                if (strcmp(all[i].name, device) == 0)
                        overlay = &all[i];
        if (!overlay)
                return err_set(e, FAULT_ABSENT, 0, "there is no interface %s", device);
        ret[READING_TX_BYTES] = overlay->tx_bytes;
        ret[READING_RX_BYTES] = overlay->rx_bytes;
        ret[READING_RX_DROPPED] = overlay->rx_dropped;
        ret[READING_TX_DROPPED] = overlay->tx_dropped;
        *ret_count = READING_COUNT_;
        return 0;
}
