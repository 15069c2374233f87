"""The page for people, made from the OpenAPI document: what every operation takes and answers, and how to try it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from markupsafe import Markup

from helpdesk.api_schema import FORM, JSON, document
from knowledge.rendering import as_html
from tickets.api.tokens import SCOPES

TOKEN = "$FIRSTLINE_TOKEN"  # noqa: S105  (a variable of the reader's shell)


@dataclass(frozen=True)
class Row:
    """A parameter or a field: its name, where it stands, its kind in words, what it is for."""

    name: str
    place: str
    kind: str
    about: Markup
    is_required: bool = False


@dataclass(frozen=True)
class Entry:
    name: str
    method: str
    address: str
    summary: str
    about: Markup
    curl: str
    parameters: list[Row] = field(default_factory=list)
    fields: list[Row] = field(default_factory=list)
    answer: str = ""
    statuses: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    title: str
    version: str
    intro: Markup
    groups: list[tuple[str, str, list[Entry]]]
    scopes: list[tuple[str, Any, bool]]


@cache
def page() -> Page:
    made = document()
    entries: dict[str, list[Entry]] = {}
    for address, methods in made["paths"].items():
        for method, described in methods.items():
            entries.setdefault(described["tags"][0], []).append(_entry(made, address, method.upper(), described))
    groups = [(tag["name"], tag["description"], entries[tag["name"]]) for tag in made["tags"] if tag["name"] in entries]
    scopes = [(scope, words, for_customers) for scope, (words, for_customers) in SCOPES.items()]
    info = made["info"]
    return Page(info["title"], info["version"], as_html(info["description"]), groups, scopes)


def _entry(made: Mapping[str, Any], address: str, method: str, described: Mapping[str, Any]) -> Entry:
    sent = described.get("requestBody", {}).get("content", {})
    [*_early, good] = sorted((status for status in described["responses"] if status.startswith("2")), key=int)
    answered = described["responses"][good].get("content", {}).get(JSON, {})
    return Entry(
        name=described["operationId"],
        method=method,
        address=address,
        summary=described["summary"],
        about=as_html(described["description"]),
        curl=_curl(address, method, described, sent),
        parameters=[_parameter(one) for one in described.get("parameters", [])],
        fields=list(_fields(made, sent.get(FORM) or sent.get(JSON) or {})),
        answer=json.dumps(answered["example"], indent=2, ensure_ascii=False) if "example" in answered else "",
        statuses=[
            (status, response["description"])
            for status, response in described["responses"].items()
            if status != "default"
        ],
    )


def _parameter(one: Mapping[str, Any]) -> Row:
    return Row(
        one["name"], one["in"], _kind(one["schema"]), as_html(one.get("description", "")), one.get("required", False)
    )


def _fields(made: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterator[Row]:
    schema = _resolved(made, sent.get("schema", {}))
    for name, inner in schema.get("properties", {}).items():
        yield Row(name, "", _kind(inner), as_html(inner.get("description", "")), name in schema.get("required", ()))


def _resolved(made: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return made["components"]["schemas"][name] if name else schema


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words, as “string: new, open” or “integer ≤ 100”."""
    kinds = schema.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if schema.get("format") in ("date-time", "binary", "email"):
        kind = {"date-time": "time", "binary": "file", "email": "email"}[schema["format"]]
    if one_of := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(one) for one in one_of))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if choices := schema.get("enum"):
        return f"one of {', '.join(str(choice) for choice in choices if choice not in (None, ''))}"
    if "maximum" in schema and schema["maximum"] < 2**31:
        return f"{kind} ≤ {schema['maximum']}"
    return f"{kind} ≤ {schema['maxLength']}" if "maxLength" in schema else kind


def _curl(address: str, method: str, described: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    """A line to copy into a shell that knows the token."""
    place = address
    for one in described.get("parameters", []):
        if one["in"] == "path":
            place = place.replace(f"{{{one['name']}}}", "4711" if one["schema"].get("type") == "integer" else "key")
    lines = [f"curl {settings.SITE_URL}{place}", f'-H "Authorization: Bearer {TOKEN}"']
    if method != "GET":
        lines.insert(1, f"-X {method}")
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if JSON in sent:
        body = json.dumps(sent[JSON].get("example", {}), ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)
