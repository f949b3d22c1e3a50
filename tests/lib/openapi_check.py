# SPDX-License-Identifier: Apache-2.0
"""Check real answers against an OpenAPI document.

openapi_check.py DOCUMENT ANSWERS

Each line of ANSWERS: METHOD<TAB>PATH<TAB>STATUS<TAB>CONTENT-TYPE<TAB>BODY. Prints TAP.
"""
import json
import re
import sys

import jsonschema
import yaml


def deref(doc, node):
    while "$ref" in node:
        at = doc
        for part in node["$ref"][2:].split("/"):
            at = at[part]
        node = at
    return node


def operation(doc, method, path):
    """The most literal path that fits wins: {version} must not swallow v1's own paths."""
    fits = []
    for template, item in doc["paths"].items():
        pattern = "^" + re.sub(r"\{\w+\}", "[^/]+", template) + "$"
        if re.match(pattern, path.split("?")[0]) and method.lower() in item:
            fits.append((template.count("{"), item[method.lower()]))
    return min(fits, key=lambda f: f[0])[1] if fits else None


def check(doc, method, path, status, kind, body):
    op = operation(doc, method, path)
    if not op:
        return "no such operation"
    if status not in op["responses"]:
        return f"status {status} is not described"
    content = deref(doc, op["responses"][status]).get("content")
    if not content:
        return f"a body that is not described: {body}" if body else None
    if kind.split(";")[0] not in content:
        return f"content type {kind} is not described"
    if "json" not in kind:
        return None
    schema = dict(content[kind.split(";")[0]]["schema"], components=doc["components"])
    try:
        jsonschema.Draft202012Validator(schema).validate(json.loads(body))
    except jsonschema.ValidationError as e:
        return e.message
    return None


def main():
    doc = yaml.safe_load(open(sys.argv[1]))
    for line in open(sys.argv[2]):
        method, path, status, kind, body = (line.rstrip("\n").split("\t") + [""] * 5)[:5]
        wrong = check(doc, method, path, status, kind, body)
        print(f"{'not ok' if wrong else 'ok'} - {method} {path}: {status} is as described")
        if wrong:
            print(f"#   {wrong}")


main()
