"""What is being written survives, for its writer alone."""

import pytest
from django.urls import reverse

from tests import cast
from tickets import conversation, drafts
from tickets.models import Draft

pytestmark = pytest.mark.django_db


def test_keep_overwrites_and_an_empty_text_forgets():
    ticket, mira = cast.TicketFactory(), cast.mira()
    drafts.keep(ticket, body="Hello", kind="reply", by=mira)
    drafts.keep(ticket, body="Hello Dana", kind="reply", by=mira)
    assert Draft.objects.get().body == "Hello Dana"
    assert drafts.keep(ticket, body="  \n", kind="reply", by=mira) is None
    assert Draft.objects.count() == 0


def test_a_text_is_a_reply_or_a_note_never_both():
    ticket, mira = cast.TicketFactory(), cast.mira()
    drafts.keep(ticket, body="To Dana", kind="reply", by=mira)
    drafts.keep(ticket, body="To us", kind="note", by=mira)
    assert [(draft.kind, draft.body) for draft in Draft.objects.all()] == [("note", "To us")]


def test_everyone_keeps_a_draft_of_their_own():
    ticket = cast.TicketFactory()
    drafts.keep(ticket, body="Mira writes", kind="reply", by=cast.mira())
    drafts.keep(ticket, body="Jonas writes", kind="reply", by=cast.jonas())
    drafts.drop(ticket, by=cast.mira())
    assert Draft.objects.get().body == "Jonas writes"


def test_the_page_saves_by_itself_and_a_plain_form_does_too(client):
    client.force_login(cast.mira())
    ticket = cast.TicketFactory()
    path = reverse("ticket_draft", args=[ticket.pk])
    answer = client.post(path, {"body": "Half a th\x00ought", "kind": "reply"}, headers={"X-Requested-With": "fetch"})
    assert answer.json() == {"said": "Draft saved"}
    assert Draft.objects.get().body == "Half a thought"
    plain = client.post(path, {"body": "A whole one", "kind": "note"})
    assert plain["Location"] == reverse("ticket", args=[ticket.pk])
    assert Draft.objects.get().kind == "note"


def test_a_draft_is_gone_when_said():
    ticket, mira = cast.a_ticket(), cast.mira()
    drafts.keep(ticket, body="Hello Ravi", kind="reply", by=mira)
    conversation.reply(ticket, body="Hello Ravi", by=mira)
    assert Draft.objects.count() == 0
