"""Reads metrics with Prometheus' own parser, and complains about what it lets pass."""
import re
import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.read()
wrong = []
seen = set()
families = list(text_string_to_metric_families(text))
helped = re.findall(r"^# HELP (\S+) \S", text, re.M)
typed = re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", text, re.M)

if helped != typed or len(set(typed)) != len(typed) or len(typed) != len(families):
    wrong.append("each metric needs HELP and TYPE, once")
for family in families:
    if not family.name.startswith("netman_"):
        wrong.append(f"{family.name}: not ours")
    if family.type == "counter" and f"# TYPE {family.name}_total counter" not in text:
        wrong.append(f"{family.name}: a counter's name ends in _total")
    last = {}
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        if key in seen:
            wrong.append(f"{key}: twice")
        seen.add(key)
        if sample.name.endswith("_bucket"):
            series = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
            if sample.value < last.get(series, 0):
                wrong.append(f"{key}: buckets go down")
            last[series] = sample.value
        if sample.name.endswith("_count") and family.type == "histogram":
            if sample.value != last.get(tuple(sorted(sample.labels.items()))):
                wrong.append(f"{key}: differs from the bucket +Inf")
if not families:
    wrong.append("no metrics")
for what in wrong:
    print(what)
sys.exit(bool(wrong))
