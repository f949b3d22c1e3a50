# SPDX-License-Identifier: Apache-2.0
"""Check an OpenAPI document, and real answers against it.

openapi_check.py DOCUMENT ANSWERS

Each line of ANSWERS: METHOD<TAB>PATH<TAB>STATUS<TAB>CONTENT-TYPE<TAB>BODY. Prints TAP.

Debian has no validator for OpenAPI 3.1 documents; what is checked here is what such a one
complains of: members that an object cannot have, references that lead nowhere, schemas
that are none, path parameters that nobody declares, operations with the same name.
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


MAY_HAVE = {
    "path": "summary description servers parameters get put post delete options head patch trace",
    "operation": "tags summary description externalDocs operationId parameters requestBody responses deprecated security servers",
    "parameter": "name in description required deprecated style explode allowReserved schema example examples content",
    "header": "description required deprecated style explode schema example examples content",
    "body": "description content required",
    "response": "description headers content links",
    "media": "schema example examples encoding",
}
METHODS = "get put post delete options head patch trace".split()


class Document:
    """Walks a document and collects what is wrong with it."""

    def __init__(self, doc):
        self.doc, self.wrong, self.names = doc, [], []

    def node(self, kind, node, where):
        """The object behind a reference, if it has only members that its kind may have"""
        try:
            node = deref(self.doc, node)
        except (KeyError, TypeError):
            self.wrong.append(f"{where}: leads nowhere")
            return {}
        for key in set(node) - set(MAY_HAVE[kind].split()):
            self.wrong.append(f"{where}: a {kind} has no '{key}'")
        if kind == "response" and not isinstance(node.get("description"), str):
            self.wrong.append(f"{where}: no description")
        return node

    def schema(self, schema, where):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            self.wrong.append(f"{where}: {e.message}")
        self.references(schema, where)

    def references(self, node, where):
        if isinstance(node, dict) and "$ref" in node:
            try:
                deref(self.doc, node)
            except KeyError:
                self.wrong.append(f"{where}: {node['$ref']} leads nowhere")
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
            self.references(child, where)

    def content(self, node, where):
        for kind, media in node.get("content", {}).items():
            self.schema(self.node("media", media, where).get("schema", {}), f"{where} {kind}")

    def operation(self, path, item, method):
        where, op = f"{method} {path}", self.node("operation", item[method], f"{method} {path}")
        parameters = [self.node("parameter", p, where) for p in item.get("parameters", []) + op.get("parameters", [])]
        for p in parameters:
            self.schema(p.get("schema", {}), f"{where} {p.get('name')}")
        declared = {p["name"] for p in parameters if p.get("in") == "path" and p.get("required")}
        if declared != set(re.findall(r"{(\w+)}", path)):
            self.wrong.append(f"{where}: the path's parameters are not those declared")
        self.names.append(op.get("operationId"))
        self.content(self.node("body", op.get("requestBody", {}), where), where)
        for status, response in op.get("responses", {"none": {}}).items():
            response = self.node("response", response, f"{where} {status}")
            self.content(response, f"{where} {status}")
            for name, header in response.get("headers", {}).items():
                self.schema(self.node("header", header, f"{where} {name}").get("schema", {}), f"{where} {name}")

    def check(self):
        if not str(self.doc.get("openapi", "")).startswith("3.1."):
            self.wrong.append("it is not OpenAPI 3.1")
        for path, item in self.doc["paths"].items():
            self.node("path", item, path)
            for method in [m for m in METHODS if m in item]:
                self.operation(path, item, method)
        for name, schema in self.doc.get("components", {}).get("schemas", {}).items():
            self.schema(schema, name)
        if None in self.names or len(set(self.names)) < len(self.names):
            self.wrong.append("operations without a name of their own")
        return self.wrong


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
    faults = Document(doc).check()
    print(f"{'not ok' if faults else 'ok'} - the document is OpenAPI")
    for fault in faults:
        print(f"#   {fault}")
    for line in open(sys.argv[2]):
        method, path, status, kind, body = (line.rstrip("\n").split("\t") + [""] * 5)[:5]
        wrong = check(doc, method, path, status, kind, body)
        print(f"{'not ok' if wrong else 'ok'} - {method} {path}: {status} is as described")
        if wrong:
            print(f"#   {wrong}")


main()
