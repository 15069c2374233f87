"""Who may come in, with which scopes; what anybody may send; how often."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from tests.tickets.api.program import PLACE, Program, problem
from tests.world import INTERNAL, OTHERS, RESTRICTED, routes
from tickets.api import tokens
from tickets.models import ApiToken, Message, Role, Ticket

pytestmark = pytest.mark.django_db
# What answers whose token, every scope given: own is the customer whose ticket it is, out another customer.
TABLE = """\
#                       GET                         | POST
#                       own out agt lea mgr adm     | own out agt lea mgr adm
me                      200 200 200 200 200 200     | 405 405 405 405 405 405
tickets                 200 200 200 200 200 200     | 422 422 422 422 422 422
ticket                  200 404 200 200 200 200     | 405 405 405 405 405 405
ticket_messages         200 404 200 200 200 200     | 422 404 422 422 422 422
ticket_transitions      200 404 200 200 200 200     | 422 404 422 422 422 422
ticket_events           403 403 200 200 200 200     | 403 403 405 405 405 405
ticket_handover         403 403 405 405 405 405     | 403 403 422 422 422 422
ticket_merge            403 403 405 405 405 405     | 403 403 422 422 422 422
ticket_links            403 403 200 200 200 200     | 403 403 422 422 422 422
ticket_link             403 403 405 405 405 405     | 403 403 405 405 405 405
file                    200 404 200 200 200 200     | 405 405 405 405 405 405
customers               403 403 200 200 200 200     | 403 403 422 422 422 422
customer                403 403 200 200 200 200     | 403 403 405 405 405 405
organisations           403 403 200 200 200 200     | 403 403 405 405 405 405
organisation            403 403 200 200 200 200     | 403 403 405 405 405 405
users                   403 403 200 200 200 200     | 403 403 405 405 405 405
user                    403 403 200 200 200 200     | 403 403 405 405 405 405
teams                   403 403 200 200 200 200     | 403 403 405 405 405 405
categories              200 200 200 200 200 200     | 405 405 405 405 405 405
macros                  403 403 200 200 200 200     | 403 403 405 405 405 405
tags                    403 403 200 200 200 200     | 403 403 405 405 405 405
articles                200 200 200 200 200 200     | 405 405 405 405 405 405
article                 200 200 200 200 200 200     | 405 405 405 405 405 405
nothing                 404 404 404 404 404 404     | 404 404 404 404 404 404
"""
PEOPLE = ("owner", "outsider", "agent", "lead", "manager", "administrator")
# Every field of a ticket somebody might try to set, with a value it might take.
FIELDS = {
    "number": 1, "id": 1, "pk": 1, "state": "closed", "subject": "Theirs", "priority": "urgent", "category": None,
    "reference": "R", "tags": ["x"], "channel": "phone", "language": "de", "customer": 1, "customer_id": 1,
    "organisation": 1, "team": "tier-1", "tier": 3, "assignee_id": None, "assignee": 1, "mood": "angry",
    "is_angry": True, "is_spam": False, "due_at": None, "has_breached": False, "created_at": "2020-01-01T00:00:00Z",
    "resolved_at": None, "closed_at": None, "reopen_count": 9, "cause": "c", "fix": "f", "merged_into": 1, "follows": 1,
    "access_key": "x", "handle_seconds": 1, "snoozed_until": None, "url": "x", "updated_at": None,
}  # fmt: skip
MAY_CHANGE = {
    "subject", "priority", "category", "reference", "tags", "team", "assignee_id", "is_spam", "cause", "fix",
    "snoozed_until",
}  # fmt: skip


def names():
    return [name.removeprefix("api:") for name, _pattern in routes() if name.startswith("api:")]


def path_of(world, name, *, hidden=False):
    return world.path(f"api:{name}", hidden=hidden).removeprefix(PLACE)


@pytest.mark.parametrize(("method", "column"), [("get", 0), ("post", 1)])
def test_every_address_answers_each_role_as_listed(world, programs, method, column):
    rows = [line for line in TABLE.splitlines() if not line.startswith("#")]
    listed = {row.split()[0]: row[24:].split("|")[column].split() for row in rows}
    real = {
        name: [str(getattr(programs[role], method)(path_of(world, name)).status_code) for role in PEOPLE]
        for name in names()
    }
    assert real == listed


def test_without_a_token_nothing_opens_and_nothing_happens(world):
    before = (Ticket.objects.count(), Message.objects.count())
    for headers in ({}, {"Authorization": "Bearer fl_wrong"}, {"Authorization": "Basic bWlyYTp4"},
                    {"Authorization": "Bearer"}, {"Authorization": "Bearer \x80"}):  # fmt: skip
        client = world.client("administrator")  # signed in by a session, which opens no door here
        for name in names():
            for method in ("get", "post", "patch", "delete", "put"):
                answer = getattr(client, method)(PLACE + path_of(world, name), headers=headers)
                kind = problem(answer)
                assert (name, kind[0]) in {(name, 401), (name, 404 if name == "nothing" else 429)}
                if kind[0] == 401:
                    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert (Ticket.objects.count(), Message.objects.count()) == before


def test_a_scope_opens_its_doors_and_no_others(world):
    mira = world.people["agent"]
    for scope in tokens.scopes_for(mira):
        program = Program(mira, [scope])
        opened = {name for name in names() if program.get(path_of(world, name)).status_code == 200}
        expected = {
            "tickets:read": {"tickets", "ticket", "ticket_messages", "ticket_transitions", "ticket_events",
                             "ticket_links", "file"},
            "customers:read": {"customers", "customer", "organisations", "organisation"},
            "staff:read": {"users", "user", "teams"},
            "settings:read": {"categories", "macros", "tags"},
        }.get(scope, set())  # fmt: skip
        assert (scope, opened - {"me", "articles", "article"}) == (scope, expected)
        tokens.revoke(program.token)
    reader = Program(mira, ["tickets:read", "customers:read"])
    assert problem(reader.post("tickets", {"body": "x"})) == (403, "missing-scope")
    assert problem(reader.patch(f"tickets/{world.ticket.pk}", {"subject": "x"})) == (403, "missing-scope")
    assert problem(reader.patch(f"customers/{world.dana.pk}", {"name": "x"})) == (403, "missing-scope")


@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_sets_a_field_by_the_way(world, programs, role):
    """Each field alone, by each role: what is not a field to change is refused by name and stays as it was."""
    program, number = programs[role], world.ticket.pk
    columns = [field.attname for field in Ticket._meta.concrete_fields]
    for name, value in FIELDS.items():
        before = Ticket.objects.values(*columns).get(pk=number)
        answer = program.patch(f"tickets/{number}", {name: value})
        allowed = name in MAY_CHANGE and role not in ("owner", "outsider")
        expected = 200 if allowed else {"owner": 403, "outsider": 404}.get(role, 422)
        assert (name, answer.status_code) == (name, expected)
        if not allowed:
            assert Ticket.objects.values(*columns).get(pk=number) == before


def test_a_customer_reads_only_what_their_own_page_shows(world, programs):
    closed_to = {
        "owner": (*INTERNAL, *OTHERS, *RESTRICTED),
        "outsider": (*INTERNAL, *OTHERS, *RESTRICTED, "nothing works"),
    }
    leaks = []
    for role, secrets in closed_to.items():
        for name in names():
            for hidden in (False, True):
                for query in ("", "?q=heliotrope", "?limit=100"):
                    answer = programs[role].get(path_of(world, name, hidden=hidden) + query)
                    said = b"".join(answer.streaming_content) if answer.streaming else answer.content
                    leaks += [(role, name, word) for word in secrets if word in said.decode(errors="replace").lower()]
        for number in range(1, 9):
            answer = programs[role].get(f"tickets/{number}/messages")
            leaks += [(role, number, word) for word in secrets if word in answer.content.decode().lower()]
    assert leaks == []
    found = [
        programs["owner"].get(f"tickets?q={word}").json()["results"] for word in ("zqnote", "zqwithdrawn", "works")
    ]
    assert [len(rows) for rows in found] == [0, 0, 1]


@pytest.mark.parametrize("role", ["agent", "lead"])
def test_a_restricted_teams_tickets_are_not_there_for_others(world, programs, role):
    number, leaks = world.hidden.pk, []
    for name in ("ticket", "ticket_messages", "ticket_transitions", "ticket_events", "ticket_links", "file"):
        assert (name, problem(programs[role].get(path_of(world, name, hidden=True)))) == (name, (404, "not-found"))
    for query in ("tickets?limit=100", "tickets?q=heliotrope", "tickets?tag=zqhiddentag", "tags", "macros"):
        answer = programs[role].get(query).content.decode().lower()
        leaks += [(query, word) for word in RESTRICTED if word in answer]
    for path, given in (("messages", {"body": "x"}), ("transitions", {"to": "closed"}), ("merge", {"into": 1})):
        assert problem(programs[role].post(f"tickets/{number}/{path}", given)) == (404, "not-found")
    assert problem(programs[role].post(f"tickets/{world.ticket.pk}/links", {"number": number}))[0] == 422
    assert leaks == []
    assert programs["insider"].get(f"tickets/{number}").json()["subject"] == "heliotrope zqhidden"


def test_a_customer_writes_in_their_own_name_only(world, programs):
    dana = programs["owner"]
    opened = dana.post("tickets", {"subject": "Mine", "body": "Hello"}).json()
    ticket = Ticket.objects.get(pk=opened["number"])
    assert (ticket.customer, ticket.messages.get().author, set(opened) & {"priority", "customer", "team"}) == (
        world.dana, None, set(),
    )  # fmt: skip
    for name, value in {"email": "ravi@menon.example", "priority": "urgent", "tags": ["x"], "channel": "web"}.items():
        assert (name, problem(dana.post("tickets", {"body": "x", name: value}))[0]) == (name, 422)
    said = dana.post(f"tickets/{ticket.pk}/messages", {"body": "One thing more"}).json()
    assert (said["kind"], "author_id" in said) == ("customer", False)
    for kind in ("reply", "note"):
        assert problem(dana.post(f"tickets/{ticket.pk}/messages", {"kind": kind, "body": "x"})) == (403, "forbidden")
    moves = [row["to"] for row in dana.get(f"tickets/{ticket.pk}/transitions").json()["results"]]
    assert moves == ["closed"]
    assert problem(dana.post(f"tickets/{ticket.pk}/transitions", {"to": "pending_customer"})) == (409, "conflict")
    assert dana.post(f"tickets/{ticket.pk}/transitions", {"to": "closed"}).json()["state"] == "closed"
    assert dana.post(f"tickets/{ticket.pk}/transitions", {"to": "in_progress"}).json()["state"] == "in_progress"
    assert problem(programs["outsider"].post(f"tickets/{ticket.pk}/transitions", {"to": "closed"})) == (
        404,
        "not-found",
    )


def test_a_customer_opens_no_more_than_the_form_lets_them(settings):
    settings.PUBLIC_FORMS_PER_HOUR = 2
    olaf = Program(cast.olaf())
    answers = [olaf.post("tickets", {"body": "x"}).status_code for _time in range(3)]
    assert (answers, Ticket.objects.count()) == ([201, 201, 429], 2)


def test_a_token_that_is_over_opens_nothing_at_once():
    mira = cast.mira()
    for end in (
        lambda token: tokens.revoke(token),
        lambda token: ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now()),
        lambda token: type(mira).objects.filter(pk=mira.pk).update(is_active=False),
    ):
        program = Program(mira)
        assert program.get("me").status_code == 200
        end(program.token)
        assert problem(program.get("me")) == (401, "not-signed-in")
    type(mira).objects.filter(pk=mira.pk).update(is_active=True)
    program = Program(mira)
    type(mira).objects.filter(pk=mira.pk).update(role=Role.CUSTOMER)
    assert program.get("me").json()["scopes"] == ["tickets:read", "tickets:write", "messages:write", "settings:read"]
    assert problem(program.get("customers")) == (403, "forbidden")


def test_a_token_is_kept_as_a_hash_and_its_use_noted_once_a_minute():
    program = Program(cast.mira())
    row = ApiToken.objects.get()
    assert (program.secret.startswith("fl_"), len(program.secret), program.secret in str(vars(row))) == (
        True,
        35,
        False,
    )
    with time_machine.travel(timezone.now(), tick=False) as clock:
        program.get("me")
        first = ApiToken.objects.get().last_used_at
        clock.shift(timedelta(seconds=30))
        program.get("me")
        assert ApiToken.objects.get().last_used_at == first
        clock.shift(timedelta(seconds=31))
        program.get("me")
        assert ApiToken.objects.get().last_used_at == first + timedelta(seconds=61)


def test_a_token_has_so_many_requests_a_minute_and_is_told_of_them(settings):
    settings.API_PER_MINUTE = 2
    program, other = Program(cast.mira()), Program(cast.jonas())
    with time_machine.travel(timezone.now(), tick=False) as clock:
        answers = [program.get("me") for _time in range(3)]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
        assert (problem(answers[2]), answers[2]["Retry-After"]) == ((429, "too-many"), answers[2]["RateLimit-Reset"])
        assert other.get("me").status_code == 200
        clock.shift(timedelta(seconds=61))
        assert program.get("me").status_code == 200


def test_who_guesses_tokens_is_slowed_and_right_ones_still_open():
    program, guesser = Program(cast.mira()), Client(headers={"Authorization": "Bearer fl_guess"})
    statuses = {guesser.get(f"{PLACE}me").status_code for _try in range(62)}
    assert (statuses, program.get("me").status_code) == ({401, 429}, 200)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "bad-request")),
        (b"[]", "application/json", (400, "bad-request")),
        (b"", "application/json", (422, "invalid")),
        (b"null", "application/json", (400, "bad-request")),
        (b'{"body": NaN}', "application/json", (400, "bad-request")),
        (b'{"body": "\xff"}', "application/json", (400, "bad-request")),
        (b'{"a":' * 100_000, "application/json", (400, "bad-request")),
        (b'{"body": ' + b"9" * 5000 + b"}", "application/json", (400, "bad-request")),
        (b'{"body": "' + b"x" * 1024 * 1024 + b'"}', "application/json", (413, "too-large")),
        (b'{"body": "x\\u0000y", "email": "a@b.example"}', "application/json", (422, "invalid")),
        (b'{"body": "x\\ud800y", "email": "a@b.example"}', "application/json", (422, "invalid")),
        (b'{"body": {"a": []}, "email": ["x"]}', "application/json", (422, "invalid")),
        (b'{"body": "x"}', "application/json; charset=utf-16", (415, "unsupported-type")),
        (b'{"body": "x"}', "application/json; charset=idna", (415, "unsupported-type")),
        (b"body=x", "application/x-www-form-urlencoded", (415, "unsupported-type")),
        (b"x", "text/plain", (415, "unsupported-type")),
        (b"x", "multipart/form-data", (400, "bad-request")),
        (b"x", "multipart/form-data; boundary=y", (422, "invalid")),
        (b"x", "nonsense", (415, "unsupported-type")),
    ],
)
def test_whatever_is_sent_gets_a_clear_answer(body, content_type, expected):
    program = Program(cast.mira())
    assert problem(program.raw("tickets", body, content_type)) == expected
    assert Ticket.objects.count() == 0


def test_errors_of_every_kind_are_problems(monkeypatch):
    program = Program(cast.mira())
    assert problem(program.client.put(f"{PLACE}tickets")) == (405, "method-not-allowed")
    assert problem(program.client.options(f"{PLACE}tickets")) == (405, "method-not-allowed")
    assert program.client.put(f"{PLACE}tickets")["Allow"]
    assert problem(program.get("me", Accept="text/html")) == (406, "not-acceptable")
    assert problem(program.get("no/such/place")) == (404, "not-found")
    assert problem(program.client.get("/api/v9/")) == (404, "not-found")
    assert problem(program.get(f"tickets/{2**70}")) == (404, "not-found")
    assert problem(program.client.get(f"{PLACE}me", headers={"Host": "evil.example"})) == (400, "bad-request")
    monkeypatch.setattr("tickets.api.views.settings.moment", lambda at: 1 / 0)
    answer = program.get("me", X_Request_ID="abc123")
    assert (problem(answer), answer.json()["request_id"]) == ((500, "server-error"), "abc123")


def test_what_each_costs(settings, tmp_path):
    """Statements: a list at most 7, a ticket 9, a new one 12, however many rows there are."""
    settings.FILES_DIR = tmp_path
    program = Program(cast.mira())
    ticket = cast.a_ticket()
    details = {"email": "ravi@menon.example", "body": "It broke."}

    def cost(ask):
        ask()
        with CaptureQueriesContext(connection) as asked:
            assert ask().status_code in (200, 201)
        made = [query["sql"] for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        return len(made)

    lists = ["tickets?q=moved", "tickets", f"tickets/{ticket.pk}/messages", f"tickets/{ticket.pk}/events", "customers",
             "organisations", "users", "teams", "categories", "macros", "tags", "articles"]  # fmt: skip
    few = {path: cost(lambda path=path: program.get(path)) for path in lists}
    assert max(few.values()) <= 7
    for number in range(3):
        other = cast.a_ticket(customer=cast.CustomerFactory(organisation=cast.OrganisationFactory()))
        program.patch(f"tickets/{other.pk}", {"tags": [f"t{number}"]})
        program.post(f"tickets/{ticket.pk}/messages", {"body": f"{number}"})
    assert {path: cost(lambda path=path: program.get(path)) for path in lists} == few
    assert cost(lambda: program.get(f"tickets/{ticket.pk}")) <= 9
    keys = iter(range(9))
    assert cost(lambda: program.post("tickets", details, Idempotency_Key=f"k{next(keys)}")) <= 12
