/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of libFuzzer: every file of a corpus once, as TAP. So the tests keep
 * targets and seeds alive without clang; a parser that fails ends the program.
 */
#include "netman/file.h"
#include "netman/own.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of just that length, so that a read past its end is one past the heap's block. */
static bool replay(const char *path)
{
        OWN(str) struct str text = { 0 };
        OWN(mem) uint8_t *data = NULL;

        if (file_read(path, SIZE_MAX / 2, &text, NULL) < 0 ||
            !(data = malloc(text.len + !text.len)))
                return false;
        memcpy(data, str_text(&text), text.len);
        return LLVMFuzzerTestOneInput(data, text.len) == 0;
}

int main(int argc, char **argv)
{
        OWN(dir) DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;
        const struct dirent *entry;
        int count = 0, failed = 0;

        (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
        while (corpus && (entry = readdir(corpus))) {
                char path[PATH_MAX];
                bool ok;

                if (entry->d_name[0] == '.')
                        continue;
                (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
                ok = replay(path);
                failed += !ok;
                (void)printf("%sok %d - %s\n", ok ? "" : "not ", ++count, entry->d_name);
                (void)fflush(stdout);
        }
        (void)printf("1..%d\n", count);
        return !count || failed;
}
