"""What an attacker tries everywhere: changes by GET, writes without a token, others' fields, ways off the site.

Single rooms prove their own in tests/tickets: sign-in, links, files, throttles. This proves what must hold everywhere.
"""

import re
from email import message_from_bytes

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tests import world as worlds
from tests.test_bad_input import shows
from tests.test_desk_input import FORMS
from tests.world import ROLES
from tickets import conversation, desk, files, links, macros, outbox
from tickets.forms.request import new_stamp
from tickets.models import Attachment, Customer, Macro, Message, OutboxMail, Ticket, User

pytestmark = pytest.mark.django_db
# Who is signed in and when is kept there; a GET may renew it.
SESSIONS = "sessions"
QUERIES = {
    "ticket": [{"macro": "1"}, {"before": "99"}], "queue": [{"view": "mine", "sort": "updated"}, {"after": "x"}],
    "search": [{"q": "works", "page": "2"}], "palette": [{"q": "works", "part": "found"}], "pulse": [{"counts": "1",
    "tickets": "1"}],
    "request_satisfaction": [{"score": "5"}], "ticket_new": [{"customer": "1"}], "views": [{"state": "new"}],
    "request_new": [{"subject": "x"}], "request_sent": [{"t": "x"}], "sign_in": [{"next": "/desk/"}],
    "ticket_split": [{"message": "1"}],
}  # fmt: skip
ELSEWHERE = [
    "https://elsewhere.example/", "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example",
    "\\\\elsewhere.example",
    "/\t/elsewhere.example", "https:elsewhere.example", "http:///elsewhere.example", "javascript:alert(1)",
    " //elsewhere.example",
    "data:text/html,x", "/%09/elsewhere.example\r\nX: y", "//elsewhere.example\\@localhost",
    "http://localhost@elsewhere.example/",
    "http://testserver.elsewhere.example/", "//[::1]elsewhere.example",
]  # fmt: skip


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.PUBLIC_FORMS_PER_HOUR = 10_000
    return worlds.a_world()


@pytest.fixture
def posted(settings):
    """Send everything that waits and return the letters as the mail server gets them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def send():
        OutboxMail.objects.filter(status="pending").update(next_at=timezone.now())
        outbox.drain()
        return [(letter, message_from_bytes(letter.message().as_bytes())) for letter in mail.outbox]

    return send


def everything() -> dict[str, list]:
    """Every row of every table, but those of sessions."""
    tables = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label != SESSIONS]
    return {model._meta.label: sorted(map(repr, model._base_manager.values_list())) for model in tables}


# --- Changes only by POST, and only from our own pages ---


def test_no_get_changes_the_database(world):
    changed = []
    before = everything()
    for name, pattern in worlds.routes():
        if name == worlds.ADMIN:
            continue
        for hidden in (False, True) if pattern.pattern.converters else (False,):
            for role in ROLES:
                for query in ({}, *QUERIES.get(name, ())):
                    world.client(role).get(world.path(name, hidden=hidden), query)
            world.client("administrator").head(world.path(name, hidden=hidden))
        after = everything()
        changed += [(name, table) for table in before if before[table] != after[table]]
        before = after
    assert changed == []


@pytest.mark.parametrize("role", ["anonymous", "owner", "administrator"])
def test_every_write_without_a_token_is_refused(world, role):
    strict = world.client(role, enforce_csrf_checks=True)
    before, statuses = everything(), {}
    for name, _pattern in worlds.routes():
        # One click in a mail program comes without cookies (RFC 8058); what it may do stands in test_letters_out.
        if name not in (worlds.ADMIN, "surveys"):
            statuses[name] = strict.post(world.path(name), {"body": "x", "subject": "x"}).status_code
            statuses[f"{name} forged"] = strict.post(
                world.path(name), {"csrfmiddlewaretoken": "a" * 64}, headers={"Origin": "https://elsewhere.example"}
            ).status_code
    for path in ("admin:tickets_macro_add", "admin:tickets_user_add"):
        statuses[path] = strict.post(reverse(path), {"name": "x"}).status_code
    # Programs show a token, never a session: there is nothing to forge, and without one nothing opens.
    for_programs = {name: statuses.pop(name) for name in [*statuses] if name.startswith(("api:", "provider"))}
    assert set(for_programs.values()) == {401, 404}
    assert {name: status for name, status in statuses.items() if status != 403} == {}
    assert everything() == before


def test_a_refused_form_gives_back_what_was_typed(world):
    strict = world.client("anonymous", enforce_csrf_checks=True)
    answer = strict.post(reverse("request_new"), {"subject": "Kept", "body": "All of <this>"})
    assert answer.status_code == 403
    assert shows(answer, "Kept")
    assert shows(answer, "All of <this>")


# --- Where one lands, and what addresses say ---


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_way_leads_off_the_site(world, target):
    agent, stranger = world.client("agent"), world.client("anonymous")
    signing_in = {"username": "mira@desk.example", "password": cast.PASSWORD}
    answers = [
        stranger.post(reverse("sign_in"), {**signing_in, "next": target}),
        world.client("anonymous").post(f"{reverse('sign_in')}", signing_in, query_params={"next": target}),
        agent.post(reverse("bulk"), {"do": "priority:1", "tickets": world.ticket.pk, "next": target}),
        agent.get(reverse("after_sign_in"), {"next": target}),
    ]
    if target.isprintable():
        answers += [
            agent.post(reverse("availability"), {"availability": "away"}, headers={"Referer": target}),
            agent.post(world.path("ticket_state"), {"state": "nonsense"}, headers={"Referer": target}),
        ]
    lands = [
        re.sub(r"[\t\r\n]", "", answer["Location"]).replace("\\", "/") for answer in answers
    ]  # as browsers read it
    assert [place for place in lands if not re.match(r"/(?!/)", place)] == []


def test_a_poisoned_host_is_refused_and_never_reaches_a_link(world, posted, settings):
    settings.SITE_URL = "https://desk.example"
    for host in ("evil.example", "localhost:8000@evil.example", "localhost.evil.example"):
        for path in (reverse("portal_home"), reverse("sign_in"), reverse("password_reset")):
            assert Client().get(path, headers={"Host": host}).status_code == 400
    settings.ALLOWED_HOSTS = ["*"]
    client, poison = (
        Client(),
        {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    )
    client.post(reverse("password_reset"), {"email": "mira@desk.example"}, headers=poison)
    client.post(reverse("my_requests_link"), {"email": "dana@whitfield.example"}, headers=poison)
    client.post(
        reverse("request_new"),
        {"email": "nia@people.example", "subject": "a", "body": "b", "stamp": new_stamp()},
        headers=poison,
    )
    letters = [parsed.as_string() for _letter, parsed in posted()]
    assert len(letters) >= 3
    assert [text for text in letters if "evil.example" in text] == []
    links_in = {link for text in letters for link in re.findall(r"https?://[^/\s\"]+", text)}
    assert links_in <= {"https://desk.example", "http://www.w3.org"}


# --- Tokens ---


def test_a_token_opens_only_what_it_was_made_for(world):
    client = world.client("anonymous")
    good = links.token(world.ticket)
    for wrong in (
        good[:-1], good + "A", good.swapcase(), good.replace("-", "_", 1),
        f"{world.other.pk}-{good.split('-', 1)[1]}", "-", "0-0",
        new_stamp(), links.my_requests_url(1, "n").rsplit("/", 2)[1], "%00", "..", "a" * 5000,
    ):  # fmt: skip
        for name in ("request_page", "request_satisfaction"):
            assert client.get(reverse(name, args=[wrong])).status_code in (404, 414), wrong
        assert client.post(reverse("request_reply", args=[wrong]), {"body": "x"}).status_code == 404
        assert client.get(reverse("request_sent"), {"t": wrong}).status_code == 302
        assert client.get(reverse("my_requests_open", args=[good])).status_code == 410
    token = world.given["password_reset_confirm"] | {"token": good}
    answer = client.get(reverse("password_reset_confirm", kwargs=token), follow=True)
    assert 'name="new_password1"' not in answer.text


def test_tokens_are_long_enough_not_to_be_guessed(world):
    secret = links.token(world.ticket).split("-", 1)[1]
    assert len(secret) >= 22  # 22 characters of 64 kinds: 132 bits
    other = links.token(world.closed).split("-", 1)[1]
    assert secret != other


# --- Fields that are not theirs ---

PRIVILEGES = {
    "role": "administrator", "is_staff": "on", "is_superuser": "on", "is_active": "", "is_bot": "on",
    "capacity": "500", "tier": "0",
    "team": "", "skills": "1", "is_experienced": "on", "password": "x", "user": "1", "author": "1", "kind": "note",
    "state": "closed",
    "priority": "1", "is_spam": "on", "assignee": "1", "customer": "1", "merged_into": "1", "access_key": "x",
    "handle_seconds": "9",
    "own_tier": "vip", "is_verified": "on", "verified_at": "2020-01-01", "created_at": "2020-01-01", "id": "1",
    "pk": "1",
    "closed_at": "2020-01-01", "policy": "1", "due_at": "2030-01-01", "organisation": "1",
    "undo_until": "2030-01-01", "before": "{}",
}  # fmt: skip


def test_more_fields_than_the_form_has_do_nothing_for_a_customer(world):
    owner, token = world.client("owner"), links.token(world.ticket)
    sent = {
        "email": "dana@whitfield.example",
        "name": "Dana",
        "subject": "More",
        "body": "Please",
        "stamp": new_stamp(),
    }
    assert owner.post(reverse("request_new"), PRIVILEGES | sent).status_code == 302
    made = Ticket.objects.latest("pk")
    assert (made.state, made.is_spam, made.priority, made.customer_id) == ("new", False, 3, world.dana.pk)
    assert (made.assignee_id, made.merged_into_id, made.handle_seconds) == (made.assignee_id, None, 0)
    assert made.access_key != "x"
    owner.post(reverse("request_reply", args=[token]), PRIVILEGES | {"body": "I am staff", "stamp": new_stamp()})
    said = Message.objects.latest("pk")
    assert (said.kind, said.author_id, said.customer_id, said.body) == ("customer", None, world.dana.pk, "I am staff")
    before = User.objects.filter(pk=world.people["owner"].pk).values(*RIGHTS).get()
    owner.post(reverse("preferences"), PRIVILEGES | {"language": "de", "time_zone": "UTC", "theme": "dark"})
    assert User.objects.filter(pk=world.people["owner"].pk).values(*RIGHTS).get() == before
    assert User.objects.get(pk=world.people["owner"].pk).theme == "dark"
    assert Customer.objects.get(pk=world.dana.pk).own_tier == "vip"


RIGHTS = (
    "role",
    "is_staff",
    "is_superuser",
    "is_active",
    "is_bot",
    "capacity",
    "tier",
    "team_id",
    "email",
    "password",
    "is_experienced",
)


def test_more_fields_than_the_form_has_do_nothing_for_an_agent(world):
    agent, mira = world.client("agent"), world.people["agent"]
    before = User.objects.filter(pk=mira.pk).values(*RIGHTS).get()
    ticket_before = (
        Ticket.objects.filter(pk=world.ticket.pk)
        .values("is_spam", "customer", "access_key", "merged_into", "created_at")
        .get()
    )
    extra = {
        name: value
        for name, value in PRIVILEGES.items()
        if name not in ("kind", "team", "priority", "organisation", "own_tier")
    }
    for name in FORMS:
        if name not in ("ticket_spam", "ticket_state", "ticket_assignee", "customer_merge"):
            with transaction.atomic():
                agent.post(
                    world.path(name),
                    extra | {"body": "x", "language": "en", "time_zone": "UTC", "theme": "auto", "after_send": "stay"},
                )
                assert (name, User.objects.filter(pk=mira.pk).values(*RIGHTS).get()) == (name, before)
                ticket_now = Ticket.objects.filter(pk=world.ticket.pk).values(*ticket_before).get()
                assert (name, ticket_now) == (name, ticket_before)
                author = set(
                    Message.objects.exclude(kind="customer").filter(body="x").values_list("author_id", flat=True)
                )
                assert author <= {mira.pk}
                transaction.set_rollback(True)
            desk.forget()


# --- Mail and macros ---

NULL = "\x00"


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", NULL, "\u2028", "\x0b", "\x85"])
def test_no_line_break_gets_into_a_mail_s_head(client, posted, ending, settings):
    evil = f"Hello{ending}Bcc: victim@people.example{ending}X-Evil: 1"
    client.post(
        reverse("request_new"),
        {"email": "nia@people.example", "name": evil, "subject": evil, "body": "x", "stamp": new_stamp()},
    )
    ticket = Ticket.objects.get()
    # No database keeps a null byte in a name; PostgreSQL refuses it.
    agent = cast.UserFactory(name=f"Mira{ending if ending != NULL else ' '}Bcc: victim@people.example")
    conversation.reply(ticket, body=f"Dear you{ending}Bcc: victim@people.example", by=agent)
    letters = posted()
    assert len(letters) == 2
    for letter, parsed in letters:
        assert letter.recipients() == ["nia@people.example"]
        assert (parsed["Bcc"], parsed["X-Evil"], parsed.get_all("Subject")[1:]) == (None, None, [])
        assert parsed.defects == []


def test_what_is_written_in_a_macro_or_a_name_is_never_run():
    evil = (
        "{{7*7}} {% debug %} {{ticket.__class__}} {{agent.password}} ${7*7} {{settings.SECRET_KEY}} %(x)s {0.__class__}"
    )
    customer = cast.CustomerFactory(name="{{agent.name}} {{7*7}}")
    ticket = cast.a_ticket(customer=customer, subject="{{site.name}} {% include 'x' %}")
    macro = Macro.objects.create(
        name="Evil", body=f"{evil} | {{{{customer.name}}}} | {{{{ticket.subject}}}}", actions=[]
    )
    filled = macros.fill(macro, ticket, cast.mira(), desk.current()).body
    assert filled == f"{evil} | {{{{agent.name}}}} {{{{7*7}}}} | {{{{site.name}}}} {{% include 'x' %}}"


# --- Files ---

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "content"),
    [("drawing.svg", SVG), ("page.html", b"<script>alert(1)</script>"), ("page.htm", b"<h1>x"), ("a.xml",
    b"<?xml version='1.0'?><x/>"),
     ("mail.eml", b"From: a\n\n<script>"), ('quo"te\r\nX-Evil: 1.txt', b"text"), ("ünï\u202etxt.csv", b"=1+1")],
)  # fmt: skip
def test_a_file_that_could_run_is_only_ever_downloaded(world, name, content):
    message = conversation.note(
        world.ticket, body="see", by=world.people["agent"], files=[files.keep(SimpleUploadedFile(name, content))]
    )
    Message.objects.filter(pk=message.pk).update(kind="reply")
    kept = Attachment.objects.get(message=message)
    for answer in (
        world.client("agent").get(reverse("desk_file", args=[kept.pk])),
        world.client("anonymous").get(reverse("request_file", args=[links.token(world.ticket), kept.pk])),
    ):
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert "X-Evil" not in answer.headers
        assert b"".join(answer.streaming_content) == content
