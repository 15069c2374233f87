"""The OpenAPI 3.1 document, made from the views' own declarations once a process, when it is first asked for."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from helpdesk.api_examples import EXAMPLES, TEXT
from helpdesk.lib import problems
from tickets.api.operations import TAGS, Operation
from tickets.api.tokens import SCOPES
from tickets.api.views.base import ApiView

JSON, FORM = "application/json", "multipart/form-data"
WRITES = ("POST", "PATCH", "DELETE")
PROBLEM = {"$ref": "#/components/schemas/Problem"}
# Which problems an operation may answer with, beside those any may.
ALWAYS = (400, 401, 403, 406, 429)
OF_WRITES = (409, 412, 413, 415, 422)
KEY = {
    "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255},
    "description": "A name of your own for this write. The same key with the same request within 24 hours is answered "
    "as the first time, with `Idempotency-Replayed: true`, and nothing is done twice.",
}  # fmt: skip
MATCH = {
    "name": "If-Match", "in": "header", "schema": {"type": "string"},
    "description": "The ETag you have read: refused with 412 if somebody changed it since.",
}  # fmt: skip
NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "schema": {"type": "string"},
    "description": "The ETag you have: 304 if nothing changed.",
}  # fmt: skip
COUNTED = {
    name: {"description": about, "schema": {"type": "integer"}}
    for name, about in (
        ("RateLimit-Limit", "Requests a minute for this token."),
        ("RateLimit-Remaining", "What is left of this minute."),
        ("RateLimit-Reset", "Seconds until the next minute begins."),
    )
}


class OperationSchema(AutoSchema):
    """Reads what the view's methods and tables say (tickets.api.operations, ApiView.parameters)."""

    @property
    def described(self) -> Operation:
        return getattr(self.view, self.method.lower()).operation

    def get_operation_id(self) -> str:
        return self.described.name

    def get_summary(self) -> str:
        return self.described.summary

    view: Any

    def get_description(self, path: str = "", method: str = "") -> str:
        about = getattr(self.view, self.method.lower()).__doc__ or ""
        scope = self.view.scopes.get(self.method)
        needs = f"Scope: `{scope}`." if scope else "Any token."
        desk = "" if self.view.is_public else " For people of the desk."
        return "\n\n".join(filter(None, [re.sub(r"\s*\n\s*", " ", about).strip(), needs + desk]))

    def get_tags(self) -> list[str]:
        return [self.described.tag]

    def get_override_parameters(self) -> list[Any]:
        return [
            OpenApiParameter(
                one.name, dict(one.schema), OpenApiParameter.QUERY, description=one.about,
                style="form" if one.schema.get("type") == "array" else None,
                explode=False if one.schema.get("type") == "array" else None,
            )
            for one in self.view.parameters.get(self.method, ())
        ]  # fmt: skip

    def get_request_serializer(self) -> Any:
        given = self.described.given
        if given is None or not self.described.takes_files:
            return given
        fields = {"files": serializers.ListField(child=serializers.FileField(), required=False)}
        with_files = type(f"{given.__name__.removesuffix('Given')}WithFilesGiven", (given,), fields)
        return {JSON: given, FORM: with_files}

    def get_response_serializers(self) -> Any:
        described = self.described
        if described.is_file:
            return {(200, "*/*"): OpenApiResponse(bytes, "The file.")}
        if described.answer is None:
            return {described.status: None}
        if not described.is_list:
            return dict.fromkeys((described.status, *described.more_statuses), described.answer)
        page = inline_serializer(
            f"{_name(described.answer)}Page",
            {
                "results": described.answer(many=True),
                "next": serializers.URLField(allow_null=True),
                "previous": serializers.URLField(allow_null=True),
            },
        )
        return {described.status: page}

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"token": []}]

    def get_filter_backends(self) -> list[Any]:
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False


@cache
def document() -> dict[str, Any]:
    """The whole document; public, for it holds no data."""
    ApiView.schema = OperationSchema()
    made: dict[str, Any] = SchemaGenerator(patterns=[path("api/v1/", include("helpdesk.api"))]).get_schema(
        request=None, public=True
    )
    made["servers"] = [{"url": settings.SITE_URL}]
    made["info"]["description"] = TEXT
    made["tags"] = [{"name": name, "description": about} for name, about in TAGS.items()]
    components = made["components"]
    components["securitySchemes"] = {"token": _scheme()}
    components["schemas"] = {_plain(name): schema for name, schema in components["schemas"].items()}
    components["schemas"]["Problem"] = _problem()
    components["responses"] = {"Problem": {"description": "What went wrong and what to do.", "content": _told()}}
    for place, methods in made["paths"].items():
        for method, described in methods.items():
            _finish(place, method.upper(), described)
    renamed: dict[str, Any] = _with_plain_names(made)
    _exemplify(renamed)
    return renamed


def _finish(place: str, method: str, described: dict[str, Any]) -> None:
    """Headers and problems that operations share."""
    parameters, responses = described.setdefault("parameters", []), described["responses"]
    is_page = any(parameter["name"] == "cursor" for parameter in parameters)
    if method in WRITES:
        parameters.append(KEY)
        if "{" in place:
            parameters.append(MATCH)
    elif not is_page:
        parameters.append(NONE_MATCH)
        responses["304"] = {"description": "Nothing changed."}
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = dict(COUNTED)
            if not is_page and status != "204" and method != "DELETE":
                response["headers"]["ETag"] = {"description": "What it looks like now.", "schema": {"type": "string"}}
    has_path = any(parameter["in"] == "path" for parameter in parameters)
    statuses = [*ALWAYS, *([404] if has_path else []), *(OF_WRITES if method in WRITES else [])]
    for status in sorted(statuses):
        title = problems.KINDS[problems.BY_STATUS[status]][1]
        responses[str(status)] = {"description": str(title), "content": _told()}
    responses["default"] = {"$ref": "#/components/responses/Problem"}


def _told() -> dict[str, Any]:
    return {problems.CONTENT_TYPE: {"schema": dict(PROBLEM)}}


def _scheme() -> dict[str, Any]:
    scopes = "\n".join(f"- `{scope}`: {words}" for scope, (words, _for_customers) in SCOPES.items())
    return {"type": "http", "scheme": "bearer", "description": f"A token of yours, `fl_…`. Scopes:\n\n{scopes}"}


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    error = {"type": "object", "properties": {"pointer": text, "parameter": text, "detail": text}}
    return {
        "type": "object",
        "description": "RFC 9457. `detail` says what to do next; `errors` name fields by JSON pointer.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"}, "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599}, "detail": text, "request_id": text,
            "errors": {"type": "array", "items": error},
            "missing": {"type": "array", "items": text, "description": "What a ticket needs before it moves."},
            "scope": {"type": "string", "description": "The scope the token lacks."},
        },
    }  # fmt: skip


def _name(serializer: type) -> str:
    return serializer.__name__.removesuffix("Shape")


def _plain(name: str) -> str:
    """TicketShape is Ticket to the world, TicketGiven is NewTicket or what its name says."""
    return re.sub(r"Given$", "Input", re.sub(r"Shape$", "", name.removeprefix("Patched")))


def _with_plain_names(made: Any) -> Any:
    if isinstance(made, Mapping):
        return {
            key: f"#/components/schemas/{_plain(value.rpartition('/')[2])}"
            if key == "$ref" and isinstance(value, str) and "/schemas/" in value
            else _with_plain_names(value)
            for key, value in made.items()
        }
    return [_with_plain_names(one) for one in made] if isinstance(made, list) else made


def _exemplify(made: dict[str, Any]) -> None:
    """An example for everything sent and answered; sparse answers need none of their fields."""
    schemas = made["components"]["schemas"]
    for name, example in EXAMPLES.items():
        if name in schemas:
            schemas[name]["example"] = example
            if not name.endswith("Input") and name != "Problem":
                schemas[name].pop("required", None)
    for methods in made["paths"].values():
        for described in methods.values():
            contents = [described.get("requestBody", {}), *described["responses"].values()]
            for content in contents:
                for told in content.get("content", {}).values():
                    name = told.get("schema", {}).get("$ref", "").rpartition("/")[2]
                    if example := _example(name):
                        told["example"] = example


def _example(name: str) -> Any:
    if name.endswith("Page"):
        single = EXAMPLES.get(name.removesuffix("Page"))
        return {"results": [single], "next": None, "previous": None} if single else None
    return EXAMPLES.get(name.replace("WithFiles", ""))
