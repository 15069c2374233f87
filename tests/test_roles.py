"""Every address of the product, and what each role is answered there; an address that is not listed fails the test."""

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from tests import world as worlds
from tests.world import ROLES
from tickets import desk

pytestmark = pytest.mark.django_db

# What answers whom: a status, or “in” where strangers are asked to sign in and “->” for any other redirect.
# ano: nobody signed in · own: the customer whose ticket it is · out: another customer · then staff, by role.
TABLE = """\
#                       GET                         | POST
#                       ano own out agt lea mgr adm | ano own out agt lea mgr adm
portal_home             200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
request_new             200 200 200 200 200 200 200 | ->  ->  ->  ->  ->  ->  ->
request_sent            ->  ->  ->  ->  ->  ->  ->  | 405 405 405 405 405 405 405
request_suggestions     200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
request_page            200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
request_reply           405 405 405 405 405 405 405 | ->  ->  ->  ->  ->  ->  ->
request_solved          405 405 405 405 405 405 405 | ->  ->  ->  ->  ->  ->  ->
request_reopen          405 405 405 405 405 405 405 | ->  ->  ->  ->  ->  ->  ->
request_satisfaction    200 200 200 200 200 200 200 | 422 422 422 422 422 422 422
request_file            200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
surveys                 200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
my_requests             200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
my_requests_link        200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
my_requests_leave       405 405 405 405 405 405 405 | ->  ->  ->  ->  ->  ->  ->
my_requests_open        410 410 410 410 410 410 410 | 410 410 410 410 410 410 410
sign_in                 200 ->  ->  ->  ->  ->  ->  | 422 422 422 422 422 422 422
sign_out                405 405 405 405 405 405 405 | ->  ->  ->  ->  ->  ->  ->
after_sign_in           in  ->  ->  ->  ->  ->  ->  | 405 405 405 405 405 405 405
password_reset          200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
password_change         in  200 200 200 200 200 200 | in  200 200 200 200 200 200
password_reset_confirm  200 200 200 200 200 200 200 | 200 200 200 200 200 200 200
preferences             in  200 200 200 200 200 200 | in  200 200 200 200 200 200
api_tokens              in  200 200 200 200 200 200 | in  422 422 422 422 422 422
api_token_revocation    405 405 405 405 405 405 405 | in  404 404 ->  404 404 404
queue                   in  403 403 200 200 200 200 | in  403 403 405 405 405 405
queue_rows              in  403 403 200 200 200 200 | in  403 403 405 405 405 405
take_next               in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
keys                    in  403 403 200 200 200 200 | in  403 403 405 405 405 405
bulk                    in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
views                   in  403 403 200 200 200 200 | in  403 403 ->  ->  ->  ->
view_edit               in  403 403 405 405 405 405 | in  403 403 ->  404 404 404
search                  in  403 403 200 200 200 200 | in  403 403 405 405 405 405
palette                 in  403 403 200 200 200 200 | in  403 403 405 405 405 405
pulse                   in  403 403 200 200 200 200 | in  403 403 405 405 405 405
availability            in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
notifications           in  403 403 200 200 200 200 | in  403 403 ->  ->  ->  ->
ticket_new              in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket                  in  403 403 200 200 200 200 | in  403 403 405 405 405 405
ticket_messages         in  403 403 200 200 200 200 | in  403 403 405 405 405 405
ticket_presence         in  403 403 405 405 405 405 | in  403 403 200 200 200 200
ticket_draft            in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_clocks           in  403 403 200 200 200 200 | in  403 403 405 405 405 405
ticket_timeline         in  403 403 200 200 200 200 | in  403 403 405 405 405 405
ticket_reply            in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_note             in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_macro            in  403 403 200 200 200 200 | in  403 403 ->  ->  ->  ->
ticket_state            in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_resolution       in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_assignee         in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_handover         in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_details          in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_merge            in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_unmerge          in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_split            in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_links            in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_spam             in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
ticket_snooze           in  403 403 200 200 200 200 | in  403 403 422 422 422 422
ticket_participants     in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
message_withdrawal      in  403 403 405 405 405 405 | in  403 403 ->  403 403 403
message_as_sent         in  403 403 200 200 200 200 | in  403 403 405 405 405 405
message_html            in  403 403 200 200 200 200 | in  403 403 405 405 405 405
desk_file               in  403 403 200 200 200 200 | in  403 403 405 405 405 405
customers               in  403 403 200 200 200 200 | in  403 403 405 405 405 405
customer                in  403 403 200 200 200 200 | in  403 403 422 422 422 422
customer_merge          in  403 403 405 405 405 405 | in  403 403 403 ->  ->  ->
customer_address        in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
my_day                  in  403 403 200 200 200 200 | in  403 403 405 405 405 405
escalations             in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
my_escalations          in  403 403 200 200 200 200 | 405 405 405 405 405 405 405
ticket_escalation       in  403 403 200 200 200 200 | in  403 403 422 422 422 422
escalation_acknowledge  in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
escalation_climb        in  403 403 200 200 200 200 | in  403 403 ->  ->  ->  ->
escalation_hand_down    in  403 403 200 200 200 200 | in  403 403 422 422 422 422
escalation_end          in  403 403 200 200 200 200 | in  403 403 ->  ->  ->  ->
rules                   in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
rule_new                in  403 403 403 200 200 200 | in  403 403 403 200 200 200
rule                    in  403 403 403 200 200 200 | in  403 403 403 200 200 200
rule_standing           405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
rule_place              405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
rule_removal            405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
outbox                  in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
returned                in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
returned_clear          405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
outbox_resend_all       405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
outbox_resend           405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
webhooks                in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
webhook_new             in  403 403 403 403 200 200 | in  403 403 403 403 200 200
webhook                 in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
webhook_settings        in  403 403 403 403 200 200 | in  403 403 403 403 ->  ->
webhook_secret          405 405 405 405 405 405 405 | in  403 403 403 403 200 200
webhook_secret_end      405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
webhook_standing        405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
webhook_removal         405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
webhook_test            405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
webhook_again           405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
webhook_delivery        in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
webhook_delivery_again  405 405 405 405 405 405 405 | in  403 403 403 403 ->  ->
set_aside               in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
set_aside_again         405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
mailboxes               in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
quarantine              in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
quarantine_mail         in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
quarantine_raw          in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
quarantine_release      405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
quarantine_drop         405 405 405 405 405 405 405 | in  403 403 403 ->  ->  ->
message_source          in  403 403 403 200 200 200 | 405 405 405 405 405 405 405
message_verdict         in  403 403 405 405 405 405 | in  403 403 ->  ->  ->  ->
provider_both           405 405 405 405 405 405 405 | 404 404 404 404 404 404 404
provider_inbound        405 405 405 405 405 405 405 | 404 404 404 404 404 404 404
provider_inbound_mime   405 405 405 405 405 405 405 | 404 404 404 404 404 404 404
provider_tracking       405 405 405 405 405 405 405 | 404 404 404 404 404 404 404
demo_mail               404 404 404 404 404 404 404 | 405 405 405 405 405 405 405
demo_mail_one           404 404 404 404 404 404 404 | 405 405 405 405 405 405 405
demo_mail_answer        405 405 405 405 405 405 405 | 404 404 404 404 404 404 404
demo_mail_html          404 404 404 404 404 404 404 | 405 405 405 405 405 405 405
articles                200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
article                 200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
api:me                  401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:tickets             401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket              401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_messages     401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_transitions  401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_events       401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_handover     401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_merge        401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_links        401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:ticket_link         401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:file                401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:customers           401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:customer            401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:organisations       401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:organisation        401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:users               401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:user                401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:teams               401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:categories          401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:macros              401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:tags                401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:articles            401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:article             401 401 401 401 401 401 401 | 401 401 401 401 401 401 401
api:nothing             404 404 404 404 404 404 404 | 404 404 404 404 404 404 404
api_docs:schema         200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
api_docs:docs           200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
api_docs:nothing        ->  ->  ->  ->  ->  ->  ->  | ->  ->  ->  ->  ->  ->  ->
healthz                 200 200 200 200 200 200 200 | 405 405 405 405 405 405 405
readyz                  503 503 503 503 503 503 503 | 405 405 405 405 405 405 405
"""
# Fields with which a POST does what it is for; {…} is filled in from the world. All others are sent empty.
FIELDS = {
    "request_new": {"email": "nia@people.example", "subject": "Hello", "body": "It broke."},
    "request_reply": {"body": "Thank you."},
    "request_satisfaction": {"score": "5"},
    "my_requests_link": {"email": "dana@whitfield.example"},
    "password_reset": {"email": "mira@desk.example"},
    "sign_in": {"username": "nobody@desk.example", "password": "wrong"},
    "ticket_reply": {"body": "Thank you."},
    "ticket_note": {"body": "Thank you."},
    "ticket_draft": {"body": "Thank you."},
    "ticket_state": {"state": "in_progress"},
    "ticket_participants": {"add": "boss@whitfield.example"},
    "bulk": {"do": "priority:1", "tickets": "1"},
    "views": {"name": "Mine too"},
    "webhook_new": {"name": "CRM", "address": "https://stock.example/in", "kinds": ["*"]},
    "webhook_settings": {"name": "Stock", "address": "https://stock.example/in", "kinds": ["received"]},
    "view_edit": {"name": "Renamed"},
}


HTMX = {"HX-Request": "true"}
# Rooms of which each model's list must be closed to all but administrators.
BACK_OFFICE = [
    reverse("admin:index"), reverse("admin:app_list", args=["tickets"]), reverse("admin:jsi18n"),
    *(
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ),
]  # fmt: skip


def outcome(response) -> str:
    if response.status_code != 302:
        return str(response.status_code)
    return "in" if response["Location"].startswith("/sign-in/") else "->"


def table_of(world, method: str, column: int) -> tuple[str, str]:
    """The listed and the real table of a method, each route in a world as it was before."""
    listed, real = [], []
    rows = [line for line in TABLE.splitlines() if not line.startswith("#")]
    by_name = {row.split()[0]: row[24:].split("|")[column].split() for row in rows}
    for name, _pattern in worlds.routes():
        if name == worlds.ADMIN:
            continue
        real.append(" ".join([name, *(_ask(world, role, method, name) for role in ROLES)]))
        listed.append(" ".join([name, *by_name.get(name, ["is not listed"])]))
    return "\n".join(listed), "\n".join(real)


def _ask(world, role, method, name, **headers) -> str:
    client = world.client(role)
    with transaction.atomic():
        fields = FIELDS.get(name, {}) if method == "post" else {}
        answer = outcome(getattr(client, method)(world.path(name), fields, **headers))
        transaction.set_rollback(True)
    desk.forget()
    return answer


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.PUBLIC_FORMS_PER_HOUR = 1000
    return worlds.a_world()


@pytest.mark.parametrize(("method", "column"), [("get", 0), ("post", 1)])
def test_every_address_answers_each_role_as_listed(world, method, column):
    listed, real = table_of(world, method, column)
    assert real == listed


def test_every_address_has_a_name_and_every_listed_name_an_address():
    names = [name for name, _pattern in worlds.routes()]
    listed = [line.split()[0] for line in TABLE.splitlines() if not line.startswith("#")]
    assert None not in names
    assert sorted(listed) == sorted(set(names) - {worlds.ADMIN})


def test_a_part_of_a_page_sends_a_stranger_to_sign_in_as_a_whole(world):
    """A sign-in form must not appear inside a page whose session ended: htmx is told to load the page anew."""
    stranger = world.client("anonymous")
    parts = ("queue_rows", "keys", "palette", "pulse", "ticket_messages", "ticket_presence", "notifications")
    for name in parts:
        ask = stranger.post if name == "ticket_presence" else stranger.get
        answer = ask(world.path(name), headers=HTMX)
        assert (name, answer.status_code, answer.headers.get("HX-Refresh")) == (name, 401, "true")
        assert (name, answer.content) == (name, b"")


def test_what_a_restricted_team_owns_is_not_there_for_others(world):
    """404, not 403: outsiders do not learn that the number exists."""
    owned = (
        "ticket", "message", "desk_file", "outbox_resend", "returned_clear", "set_aside_again", "webhook_delivery",
        "escalation_",
    )  # fmt: skip
    names = [name for name, pattern in worlds.routes() if name.startswith(owned) and pattern.pattern.converters]
    allowed = {"agent": False, "lead": False, "insider": True, "manager": True, "administrator": True}
    wrong = []
    for name in names:
        method = "get" if f"{name} " in GETTABLE else "post"
        for role, may in allowed.items():
            if role in ("agent", "insider") and name in LEADS_ONLY + MANAGERS_ONLY:
                continue
            if role == "lead" and name in MANAGERS_ONLY:
                continue
            with transaction.atomic():
                answer = getattr(world.client(role), method)(world.path(name, hidden=True), FIELDS.get(name, {}))
                transaction.set_rollback(True)
            desk.forget()
            if (answer.status_code == 404) == may or answer.status_code >= 500:
                wrong.append((name, role, answer.status_code))
    assert wrong == []
    assert len(names) > 20


GETTABLE = " ".join(f"{line.split()[0]} " for line in TABLE.splitlines() if line[40:43] == "200")
LEADS_ONLY = ("message_source", "outbox_resend", "returned_clear", "set_aside_again", "webhook_delivery")
MANAGERS_ONLY = ("webhook_delivery_again",)


@pytest.mark.parametrize("role", ROLES)
def test_the_back_office_opens_to_administrators_only(world, role):
    client = world.client(role)
    answers = {path: client.get(path, follow=True) for path in BACK_OFFICE}
    wanted = {"administrator": 200, "anonymous": 200}.get(role, 403)
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != wanted} == {}
    if role == "anonymous":
        ends = {answer.redirect_chain[-1][0].partition("?")[0] for answer in answers.values()}
        assert ends == {reverse("sign_in")}


def test_the_demo_shows_caught_mail_to_anybody_but_only_in_the_demo(world, settings):
    settings.DEMO = True
    client = world.client("anonymous")
    assert [client.get(world.path(name)).status_code for name in ("demo_mail", "demo_mail_one", "demo_mail_html")] == [
        200
    ] * 3
    settings.DEMO = False
    assert [client.get(world.path(name)).status_code for name in ("demo_mail", "demo_mail_one", "demo_mail_html")] == [
        404
    ] * 3


def test_a_role_taken_away_counts_at_once(world):
    client = world.client("lead")
    assert client.get(reverse("rules")).status_code == 200
    type(world.people["lead"]).objects.filter(pk=world.people["lead"].pk).update(role="agent")
    assert client.get(reverse("rules")).status_code == 403
    type(world.people["lead"]).objects.filter(pk=world.people["lead"].pk).update(is_active=False)
    assert client.get(reverse("queue")).status_code == 302
