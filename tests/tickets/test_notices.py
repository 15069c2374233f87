"""What readers get: every kind of mail, in their language and zone, with their own link; lines for colleagues."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import translation

from tests import cast
from tests.cast import MONDAY, later
from tests.house import tree
from tickets import conversation, desk, letters, links, notices, outbox
from tickets.models import (
    CaughtMail,
    Channel,
    Identity,
    Message,
    MessageKind,
    Notification,
    OutboxMail,
    Priority,
    Role,
    State,
    Ticket,
)  # fmt: skip

pytestmark = pytest.mark.django_db
KINDS = sorted(path.name.split(".")[0] for path in tree.files("templates/emails/*.subject.txt"))
FOR_COLLEAGUES = ("alert", "assigned_to_you", "breach_digest", "due_soon", "escalation", "escalation_digest", "mention")


def a_mail(kind, ticket, **columns):
    """A row of the outbox of that kind, with what it needs."""
    data = {"line": "Look at this"} if kind in FOR_COLLEAGUES else {"identity": 1, "nonce": "n"}
    given = {"kind": kind, "to": "ravi@menon.example", "customer": ticket.customer, "ticket": ticket, "data": data}
    given |= {"mail_id": "<x@y>", "created_at": MONDAY, "language": "en"}
    if kind in FOR_COLLEAGUES or kind == "password_reset":
        given["user"] = cast.lena()
    if kind in ("link", "password_reset"):
        given["ticket"] = None
    if kind == "reply":
        said = {"kind": MessageKind.REPLY, "author": cast.mira(), "body": "Try <b>this</b>."}
        given["message"] = cast.MessageFactory(ticket=ticket, **said)
    return OutboxMail(**{**given, **columns})


def test_every_kind_has_three_templates():
    names = {path.name for path in tree.files("templates/emails/*")}
    assert {f"{kind}.{part}" for kind in KINDS for part in ("txt", "html")} <= names
    assert len(KINDS) == 21


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written_in_full(kind, language):
    ticket = cast.TicketFactory(customer=cast.ravi(), assignee=cast.mira(), team=cast.mira().team, created_at=MONDAY)
    words = letters.compose(a_mail(kind, ticket, language=language)).words
    assert words.subject
    assert "\n" not in words.subject
    link = {"link": "/my-requests/open/", "password_reset": "/password/", "breach_digest": reverse("queue")}.get(kind)
    link = link or (reverse("ticket", args=[ticket.pk]) if kind in FOR_COLLEAGUES else links.customer_path(ticket))
    if kind != "merged":
        assert f"http://localhost:8000{link}" in words.text
        assert f'href="http://localhost:8000{link}' in words.html
    assert not re.search(r"\{\{|\{%|&(amp|lt|gt|#39|#34);|None\b", words.text)
    assert "<body>" in words.html


def test_a_reply_stays_text_and_is_escaped_as_html():
    words = letters.compose(a_mail("reply", cast.TicketFactory())).words
    assert "Try <b>this</b>." in words.text
    assert "Try &lt;b&gt;this&lt;/b&gt;." in words.html


def test_the_receipt_names_number_and_time_in_the_readers_zone():
    customer = cast.CustomerFactory(time_zone="Asia/Tokyo")
    due = MONDAY + timedelta(days=400)
    ticket = cast.TicketFactory(customer=customer, created_at=MONDAY, first_response_due_at=due)
    words = letters.compose(a_mail("received", ticket)).words
    assert f"Your request has the number #{ticket.pk}." in words.text
    assert "18:00." in words.text  # 09:00 UTC


def test_the_receipt_of_a_low_priority_says_that_it_waits_in_line():
    low, normal = cast.TicketFactory(priority=Priority.LOW), cast.TicketFactory()
    said = [letters.compose(a_mail("received", ticket)).words.text for ticket in (low, normal)]
    assert ["yours is in line and will not be forgotten" in text for text in said] == [True, False]


def test_what_a_stranger_typed_is_repeated_only_to_a_verified_address():
    ticket = cast.TicketFactory(customer=cast.ravi(), subject="Buy at evil.example")
    strange = letters.compose(a_mail("received", ticket)).words
    Identity.objects.update(verified_at=MONDAY)
    known = letters.compose(a_mail("received", ticket)).words
    assert ["evil" in words.subject + words.text + words.html for words in (strange, known)] == [False, True]
    assert ["Ravi" in words.text for words in (strange, known)] == [False, True]


def test_the_survey_has_five_links_that_store_nothing_by_themselves():
    ticket = cast.TicketFactory(state=State.CLOSED)
    words = letters.compose(a_mail("closed", ticket)).words
    assert [links.rating_url(ticket, score) in words.text for score in range(1, 6)] == [True] * 5
    assert words.html.count('class="score"') == 5


def test_a_password_link_is_made_when_the_mail_leaves_and_rests_nowhere():
    lena = cast.lena()
    row = notices.to_address(lena.email, "password_reset", key="p:1", now=MONDAY, language="en", user=lena)
    assert row.data == {}
    outbox.drain(now=MONDAY)
    assert "http://localhost:8000/password/" in mail.outbox[0].body


def test_a_subject_with_line_breaks_cannot_add_headers():
    ticket = cast.TicketFactory(subject="Hi\r\nBcc: all@people.example", first_responded_at=MONDAY)
    letter = letters.compose(a_mail("reply", ticket))
    assert letter.words.subject == f"Re: Hi Bcc: all@people.example [#{ticket.pk}]"


def test_colleagues_are_told_once_each_in_their_own_language():
    mira, lena = cast.mira(), cast.lena()
    lena.language = "de"
    lena.save()
    gone = cast.UserFactory(name="Gone Away", is_active=False)
    people = {mira.pk, lena.pk, gone.pk}
    for _turn in range(2):
        notices.to_colleague(people, "alert", None, translation.get_language, key="alert:1", mail=True)
    lines = Notification.objects.order_by("user__name").values_list("user__name", "text")
    assert list(lines) == [("Lena Brandt", "de"), ("Mira Kovac", "en")]
    mails = sorted(OutboxMail.objects.values_list("to", "data__line"))
    assert mails == [("lena@desk.example", "de"), ("mira@desk.example", "en")]


def test_telling_many_costs_three_statements(django_assert_num_queries):
    people = {cast.UserFactory().pk for _turn in range(9)}
    with django_assert_num_queries(3):
        assert notices.to_colleague(people, "alert", None, "Look", key="alert:1", mail=True) == 9


def test_the_leads_of_the_team_are_told_else_all_leads_else_the_managers():
    other = cast.TeamFactory(slug="tier-2")
    secret = cast.TeamFactory(slug="secret", is_restricted=True)
    lena, max_ = cast.lena(), cast.max_()
    near = cast.UserFactory(name="Near Lead", role=Role.LEAD, team=other)

    def leads(team):
        return set(notices.leads_of(Ticket(team=team), desk.current()))

    assert leads(lena.team) == {lena.pk}
    assert leads(other) == {near.pk}
    assert set(notices.leads_of(None, desk.current())) == {lena.pk, near.pk}
    assert leads(secret) == {max_.pk}


def test_the_demos_mailbox_keeps_what_would_have_left(settings):
    settings.EMAIL_BACKEND = "tickets.caught_mail.EmailBackend"
    ticket = cast.TicketFactory(customer=cast.ravi(), state=State.IN_PROGRESS)
    reply = conversation.reply(ticket, body="Here it is.", by=cast.mira(), now=MONDAY)
    assert outbox.drain(now=later(minutes=1)) == 1
    caught = CaughtMail.objects.get()
    assert (caught.to, caught.subject) == ("ravi@menon.example", f"Re: {ticket.subject} [#{ticket.pk}]")
    assert reply.body in caught.text
    assert caught.headers["Message-ID"] == OutboxMail.objects.get().mail_id


@pytest.fixture
def caught(settings):
    settings.DEMO = True
    return CaughtMail.objects.create(to="ravi@menon.example", subject="Hello", text="Hi <b>you</b>", html="<p>Hi</p>")


def test_the_mailbox_lists_and_shows_mail_in_the_demo_only(client, settings, caught):
    assert "ravi@menon.example" in client.get(reverse("demo_mail")).text
    assert caught.subject not in client.get(reverse("demo_mail"), {"to": "someone"}).text.split("<main")[1]
    assert "Hi &lt;b&gt;you&lt;/b&gt;" in client.get(reverse("demo_mail_one", args=[caught.pk])).text
    settings.DEMO = False
    for name, args in (("demo_mail", []), ("demo_mail_one", [caught.pk]), ("demo_mail_html", [caught.pk])):
        assert client.get(reverse(name, args=args)).status_code == 404


def test_a_mails_html_is_shut_in(client, caught):
    answer = client.get(reverse("demo_mail_html", args=[caught.pk]))
    assert answer.text == "<p>Hi</p>"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "allow-scripts" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_leads_see_dead_letters_and_send_them_again(client):
    ticket = cast.TicketFactory(subject="Where is it?", state=State.IN_PROGRESS)
    row = a_mail("in_progress", ticket, status="dead", last_error="TimeoutError: too slow", next_at=MONDAY, attempts=80)
    row.save()
    client.force_login(cast.lena())
    page = client.get(reverse("outbox")).text
    assert f'data-mail="{row.pk}"' in page
    assert "TimeoutError: too slow" in page
    client.post(reverse("outbox_resend", args=[row.pk]))
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("pending", 0)
    OutboxMail.objects.update(status="dead")
    client.post(reverse("outbox_resend_all"))
    row.refresh_from_db()
    assert row.status == "pending"


def test_the_outbox_is_for_leads_and_hides_what_they_may_not_see(client):
    secret = cast.TeamFactory(slug="secret", is_restricted=True)
    row = a_mail("in_progress", cast.TicketFactory(team=secret), status="dead", next_at=MONDAY)
    row.save()
    client.force_login(cast.mira())
    assert client.get(reverse("outbox")).status_code == 403
    client.force_login(cast.lena())
    assert f'data-mail="{row.pk}"' not in client.get(reverse("outbox")).text
    assert client.post(reverse("outbox_resend", args=[row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.status == "dead"


def test_a_mention_repeats_the_note_and_nothing_of_a_withdrawn_one():
    ticket = cast.TicketFactory()
    note = Message.objects.create(ticket=ticket, kind="note", body="Psst", created_at=MONDAY, channel=Channel.WEB)
    row = a_mail("mention", ticket, data={"line": "Mira mentioned you", "message": note.pk})
    assert "Psst" in letters.compose(row).words.text
    Message.objects.update(withdrawn_at=MONDAY)
    assert "Psst" not in letters.compose(row).words.text
