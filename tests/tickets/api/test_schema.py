"""The OpenAPI document is whole, its examples are true, and whatever is made up from it is answered as it says."""

from functools import cache

import jsonschema
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from helpdesk.api_docs_page import page
from helpdesk.api_schema import document
from helpdesk.wsgi import application
from tests.tickets.api.program import Program
from tests.tickets.api.test_doors import names

pytestmark = pytest.mark.django_db
OPERATIONS = sorted(
    described["operationId"] for methods in document()["paths"].values() for described in methods.values()
)
CHECKS = [
    not_a_server_error, response_schema_conformance, status_code_conformance, content_type_conformance,
    response_headers_conformance,
]  # fmt: skip


def operations():
    return [
        (place, method, described)
        for place, methods in document()["paths"].items()
        for method, described in methods.items()
    ]


def told_by(content):
    return [body for kind, body in content.get("content", {}).items() if kind.endswith("json")]


def test_the_document_is_public_and_of_the_version_it_says(client):
    answer = client.get("/api/schema/")
    assert (answer.status_code, answer.json()["openapi"][:3]) == (200, "3.1")
    assert client.get("/api/schema/", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert "/api/v1/support/tickets" in answer.json()["paths"]


def test_every_address_stands_in_it():
    assert len(document()["paths"]) == len(names()) - 1  # all but what answers “nothing here”


def test_every_operation_has_an_example_of_what_it_takes_and_answers():
    without = []
    for _place, _method, described in operations():
        good = [answer for status, answer in described["responses"].items() if status in ("200", "201")]
        for body in [
            *told_by(described.get("requestBody", {})),
            *(body for answer in good for body in told_by(answer)),
        ]:
            without += [] if "example" in body else [described["operationId"]]
    assert without == []


def test_every_example_is_as_its_schema_says():
    resolver = {"components": document()["components"]}
    for schema in document()["components"]["schemas"].values():
        if "example" in schema:
            faults = jsonschema.Draft202012Validator({**resolver, **schema}).iter_errors(schema["example"])
            assert [fault.message for fault in faults] == []


def test_every_operation_is_described():
    for place, method, described in operations():
        assert (place, method, bool(described["summary"]), bool(described["tags"])) == (place, method, True, True)
        assert {"401", "default"} <= set(described["responses"])
        assert [parameter["name"] for parameter in described["parameters"] if not parameter.get("description")] in (
            [], [parameter["name"] for parameter in described["parameters"] if parameter["in"] == "path"],
        )  # fmt: skip


def test_the_page_for_people_holds_every_operation(client):
    shown = client.get("/api/docs/")
    assert shown.status_code == 200
    text = shown.content.decode()
    assert [name for name in OPERATIONS if f'id="{name}"' not in text] == []
    assert sum(len(entries) for _name, _about, entries in page().groups) == len(OPERATIONS)
    assert "http://" not in text.replace("http://localhost:8000", "")


def test_a_program_needs_no_session_and_gets_none():
    answer = Client().get("/api/schema/")
    assert answer.cookies == {}


@cache
def made_up():
    return schemathesis.openapi.from_wsgi("/api/schema/", application)


@pytest.fixture
def one_connection():
    """A request asked past Django's own test client leaves the test's transaction alone."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(world, one_connection):
    program = Program(world.people["manager"])
    real = {
        "number": world.ticket.pk, "other": world.closed.pk, "customer": world.dana.pk, "slug": "how-to",
        "user": world.people["agent"].pk, **world.given["api:file"], **world.given["api:organisation"],
    }  # fmt: skip
    return made_up(), {"Authorization": f"Bearer {program.secret}"}, real


@pytest.mark.hypothesis
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_is_made_up_is_answered_as_the_document_says(schema, operation):
    made, headers, real = schema
    strategy = made.find_operation_by_id(operation).as_strategy()
    tries = settings.default.max_examples // 5

    @settings(max_examples=tries, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=strategy, is_real=st.booleans())
    def ask(case, is_real):
        if is_real:  # made-up numbers hardly ever meet a row
            case.path_parameters = {name: real[name] for name in case.path_parameters or {}}
        if is_real and operation == "tickets_create" and isinstance(case.body, dict):
            case.body = {**{name: case.body[name] for name in case.body if name != "phone"}, "email": "a@b.example"}
        assert case.call_and_validate(headers=headers, checks=CHECKS).status_code < 500

    ask()
