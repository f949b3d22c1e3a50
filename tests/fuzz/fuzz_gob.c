/* SPDX-License-Identifier: Apache-2.0 */
/* A whole stream as the cf CLI might send it, or somebody who pretends to be it. */
#include "cli-plugin/gob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        OWN(gob_types) struct gob_types types = { 0 };
        size_t at = 0, head, len;

        while (at < size) {
                OWN(json) json_t *value = NULL;

                if (gob_frame(data + at, size - at, &head, &len, NULL) != 1 ||
                    len > size - at - head ||
                    gob_message(&types, data + at + head, len, &value, NULL) < 0)
                        break;
                at += head + len;
        }
        return 0;
}
