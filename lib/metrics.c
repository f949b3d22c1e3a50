/* SPDX-License-Identifier: Apache-2.0 */
#include "netman/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** struct bucket - Upper bound, in the unit that is counted and as it is printed */
struct bucket {
        int64_t le_us;
        const char *le;
};

static const struct bucket buckets[] = {
        { 1000, "0.001" },  { 2500, "0.0025" },    { 5000, "0.005" },  { 10000, "0.01" },
        { 25000, "0.025" }, { 50000, "0.05" },     { 100000, "0.1" },  { 250000, "0.25" },
        { 500000, "0.5" },  { 1000000, "1" },      { 2500000, "2.5" }, { 5000000, "5" },
        { 10000000, "10" }, { INT64_MAX, "+Inf" },
};
enum { BUCKETS = sizeof buckets / sizeof *buckets };

/**
 * struct series - One combination of label values
 * @value:  Of a counter or a gauge; of a histogram the sum, in microseconds
 * @counts: Of a histogram: in each bucket, those of smaller ones not included
 */
struct series {
        char *labels[METRIC_LABELS_MAX];
        double value;
        uint64_t counts[BUCKETS];
};

struct family {
        struct series *items;
        size_t count;
};

struct metrics {
        const struct metric *table;
        size_t count;
        pthread_mutex_t lock;
        struct family families[]; /* one for each of the table, below the lock */
};

static size_t label_count(const struct metric *def)
{
        size_t n = 0;

        while (n < METRIC_LABELS_MAX && def->labels[n])
                n++;
        return n;
}

static void series_done(struct series *s)
{
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
                free(s->labels[i]);
        *s = (struct series){ 0 };
}

static bool same_labels(const struct series *s, const char *const *labels, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(s->labels[i], labels[i]) != 0)
                        return false;
        return true;
}

/** series_new() - Under the lock: room for these labels; NULL where there is none */
static struct series *series_new(struct family *f, const char *const *labels, size_t count)
{
        struct series fresh = { 0 };
        struct series *items;

        if (f->count == METRIC_SERIES_MAX)
                return NULL;
        items = reallocarray(f->items, f->count + 1, sizeof *items);
        if (!items)
                return NULL;
        f->items = items;
        for (size_t i = 0; i < count; i++) {
                fresh.labels[i] = strdup(labels[i]);
                if (!fresh.labels[i]) {
                        series_done(&fresh);
                        return NULL;
                }
        }
        items[f->count] = fresh;
        return &items[f->count++];
}

/** series_of() - Under the lock: the series of these labels, made if need be */
static struct series *series_of(struct metrics *m, unsigned int which, const char *const *labels)
{
        struct family *f = &m->families[which];
        size_t count = label_count(&m->table[which]);

        for (size_t i = 0; i < f->count; i++)
                if (same_labels(&f->items[i], labels, count))
                        return &f->items[i];
        return series_new(f, labels, count);
}

int metrics_new(const struct metric *table, struct metrics **ret, struct err *e)
{
        struct metrics *m;
        size_t count = 0;

        while (table[count].name)
                count++;
        m = calloc(1, sizeof *m + count * sizeof *m->families);
        if (!m)
                return err_oom(e);
        (void)pthread_mutex_init(&m->lock, NULL); /* with default attributes it cannot fail */
        m->table = table;
        m->count = count;
        for (unsigned int i = 0; i < count; i++)
                if (label_count(&table[i]) == 0)
                        (void)series_of(m, i, NULL); /* without memory it appears when it is set */
        *ret = m;
        return 0;
}

static void family_clear(struct family *f)
{
        for (size_t i = 0; i < f->count; i++)
                series_done(&f->items[i]);
        free(f->items);
        *f = (struct family){ 0 };
}

void metrics_free(struct metrics *m)
{
        if (!m)
                return;
        for (size_t i = 0; i < m->count; i++)
                family_clear(&m->families[i]);
        (void)pthread_mutex_destroy(&m->lock);
        free(m);
}

void metrics_add(struct metrics *m, unsigned int which, double by, const char *const *labels)
{
        struct series *s;

        (void)pthread_mutex_lock(&m->lock);
        s = series_of(m, which, labels);
        if (s)
                s->value += by;
        (void)pthread_mutex_unlock(&m->lock);
}

void metrics_set(struct metrics *m, unsigned int which, double value, const char *const *labels)
{
        struct series *s;

        (void)pthread_mutex_lock(&m->lock);
        s = series_of(m, which, labels);
        if (s)
                s->value = value;
        (void)pthread_mutex_unlock(&m->lock);
}

void metrics_observe_us(struct metrics *m, unsigned int which, int64_t us,
                        const char *const *labels)
{
        struct series *s;
        size_t i = 0;

        while (us > buckets[i].le_us)
                i++;
        (void)pthread_mutex_lock(&m->lock);
        s = series_of(m, which, labels);
        if (s) {
                s->counts[i]++;
                s->value += (double)us;
        }
        (void)pthread_mutex_unlock(&m->lock);
}

void metrics_unset(struct metrics *m, unsigned int which)
{
        (void)pthread_mutex_lock(&m->lock);
        family_clear(&m->families[which]);
        (void)pthread_mutex_unlock(&m->lock);
}

/* ---- Printing ---- */

/** put_escaped() - Text with backslash, newline and @also escaped */
static void put_escaped(struct str *out, const char *text, char also)
{
        for (; *text; text++) {
                if (*text == '\n')
                        str_add(out, "\\n");
                else if (*text == '\\' || *text == also)
                        str_addf(out, "\\%c", *text);
                else
                        str_add_mem(out, text, 1);
        }
}

static void put_number(struct str *out, double v)
{
        if (isnan(v))
                str_add(out, "NaN");
        else if (isinf(v))
                str_add(out, v > 0 ? "+Inf" : "-Inf");
        else if (v == floor(v) && fabs(v) < 9007199254740992.0) /* 2^53: bytes in full */
                str_addf(out, "%.0f", v);
        else
                str_addf(out, "%.15g", v);
}

/**
 * put_sample() - One line
 * @suffix: After the metric's name
 * @le:     The bucket's bound, or NULL
 */
static void put_sample(struct str *out, const struct metric *def, const struct series *s,
                       const char *suffix, const char *le, double value)
{
        const char *before = "{";

        str_addf(out, "%s%s", def->name, suffix);
        for (size_t i = 0; i < label_count(def); i++) {
                str_addf(out, "%s%s=\"", before, def->labels[i]);
                put_escaped(out, s->labels[i], '"');
                str_add(out, "\"");
                before = ",";
        }
        if (le)
                str_addf(out, "%sle=\"%s\"", before, le);
        if (le || s->labels[0])
                str_add(out, "}");
        str_add(out, " ");
        put_number(out, value);
        str_add(out, "\n");
}

static void put_histogram(struct str *out, const struct metric *def, const struct series *s)
{
        uint64_t below = 0;

        for (size_t i = 0; i < BUCKETS; i++) {
                below += s->counts[i];
                put_sample(out, def, s, "_bucket", buckets[i].le, (double)below);
        }
        put_sample(out, def, s, "_sum", NULL, s->value / 1e6);
        put_sample(out, def, s, "_count", NULL, (double)below);
}

void metrics_print(struct metrics *m, struct str *out)
{
        static const char *const types[] = { "counter", "gauge", "histogram" };

        (void)pthread_mutex_lock(&m->lock);
        for (size_t i = 0; i < m->count; i++) {
                const struct metric *def = &m->table[i];
                const struct family *f = &m->families[i];

                if (!f->count)
                        continue;
                str_addf(out, "# HELP %s ", def->name);
                put_escaped(out, def->help, '\\');
                str_addf(out, "\n# TYPE %s %s\n", def->name, types[def->kind]);
                for (size_t k = 0; k < f->count; k++) {
                        if (def->kind == METRIC_HISTOGRAM)
                                put_histogram(out, def, &f->items[k]);
                        else
                                put_sample(out, def, &f->items[k], "", NULL, f->items[k].value);
                }
        }
        (void)pthread_mutex_unlock(&m->lock);
}
