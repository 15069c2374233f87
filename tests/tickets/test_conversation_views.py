"""The ticket page's forms, as a browser without script sends them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests import cast
from tickets import conversation, details, joining, lifecycle
from tickets.models import (
    DeskVersion,
    Draft,
    EventKind,
    Macro,
    Message,
    MoveCondition,
    OutboxMail,
    State,
    Ticket,
    TicketLink,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client):
    mira = cast.mira()
    mira.team.is_default = True
    mira.team.save()
    client.force_login(mira)
    client.mira = mira
    return client


@pytest.fixture
def ticket(desk):
    return cast.a_ticket(customer=cast.dana())


def send(desk, ticket, name="ticket_reply", **form):
    fresh = Ticket.objects.get(pk=ticket.pk)
    given = {"body": "Hello Dana", "kind": "reply", "seen": fresh.last_message_at.isoformat(), "then": "stay"} | form
    return desk.post(reverse(name, args=[ticket.pk]), given)


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def test_reply_sends_and_sets_the_next_state_in_one_step(desk, ticket):
    answer = send(desk, ticket, next_state="pending_customer")
    assert answer["Location"] == f"/desk/tickets/{ticket.pk}/#newest"
    said = ticket.messages.get(kind="reply")
    assert (said.body, said.author) == ("Hello Dana", desk.mira)
    assert fresh(ticket).state == State.PENDING_CUSTOMER
    assert OutboxMail.objects.filter(kind="reply", message=said).count() == 1


def test_the_same_form_sent_twice_makes_one_message(desk, ticket):
    for _ in range(2):
        send(desk, ticket, dedupe_key="abc", seen="")
    assert ticket.messages.filter(kind="reply").count() == 1


def test_a_note_never_reaches_the_customer_even_at_the_replys_address(desk, ticket):
    send(desk, ticket, kind="note", body="Between us", next_state="resolved")
    assert ticket.messages.get(body="Between us").kind == "note"
    assert fresh(ticket).state == State.NEW
    assert OutboxMail.objects.filter(kind="reply").count() == 0


def test_note_keeps_state_and_assignee(desk, ticket):
    send(desk, ticket, "ticket_note", kind="note", body="Between us")
    assert (fresh(ticket).state, fresh(ticket).assignee) == (State.NEW, ticket.assignee)


def test_somebody_wrote_meanwhile_keeps_what_was_typed_and_shows_what_is_new(desk, ticket):
    seen = ticket.last_message_at.isoformat()
    conversation.hear(ticket, body="Never mind, solved it!", customer=ticket.customer, channel="web")
    answer = send(desk, ticket, seen=seen, body="Long answer, typed for minutes", cause="C", then="list")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Long answer, typed for minutes</textarea>" in html
    assert "Somebody wrote while you did" in html
    assert "Never mind, solved it!" in html
    assert '<option value="list" selected>' in html
    assert ticket.messages.filter(kind="reply").count() == 0
    again = send(desk, ticket, body="Long answer, typed for minutes")
    assert again.status_code == 302


def test_resolved_asks_for_what_was_wrong_when_the_desk_wants_it(desk, ticket):
    MoveCondition.objects.create(state=State.RESOLVED, needs="cause")
    DeskVersion.bump()
    refused = send(desk, ticket, next_state="resolved", fix="Restarted it")
    html = refused.content.decode()
    assert refused.status_code == 409
    assert 'name="cause" rows="2" aria-invalid="true"' in html
    assert "Restarted it</textarea>" in html
    send(desk, ticket, next_state="resolved", cause="It hung", fix="Restarted it")
    assert (fresh(ticket).state, fresh(ticket).cause, fresh(ticket).fix) == (State.RESOLVED, "It hung", "Restarted it")


def test_an_empty_message_is_refused_in_words(desk, ticket):
    answer = send(desk, ticket, body="  \n ")
    assert answer.status_code == 409
    assert "nothing written yet" in answer.content.decode()


def test_undo_of_a_send_brings_text_and_state_back(desk, ticket):
    send(desk, ticket, next_state="pending_customer")
    said = ticket.messages.get(kind="reply")
    answer = desk.post(reverse("message_withdrawal", args=[said.pk]), follow=True)
    assert fresh(ticket).state == State.NEW
    assert Draft.objects.get().body == "Hello Dana"
    assert "Hello Dana</textarea>" in answer.content.decode()
    assert "It has not moved" in answer.content.decode()


def test_undo_too_late_says_so(desk, ticket):
    send(desk, ticket)
    said = ticket.messages.get(kind="reply")
    Message.objects.filter(pk=said.pk).update(undo_until=said.created_at)
    answer = desk.post(reverse("message_withdrawal", args=[said.pk]), follow=True)
    assert "on its way" in answer.content.decode()
    assert Draft.objects.count() == 0


def test_the_toast_after_sending_carries_the_undo(desk, ticket):
    answer = desk.post(reverse("ticket_reply", args=[ticket.pk]), {"body": "Hi", "then": "stay"}, follow=True)
    said = ticket.messages.get(kind="reply")
    assert f'action="/desk/messages/{said.pk}/withdrawal/"' in answer.content.decode()


@pytest.mark.parametrize(("then", "expected"), [("list", "/desk/?view=mine"), ("stay", "/desk/tickets/{0}/#newest")])
def test_where_one_goes_after_sending_is_remembered(desk, ticket, then, expected):
    answer = send(desk, ticket, then=then, view="mine")
    assert answer["Location"] == expected.format(ticket.pk)
    desk.mira.refresh_from_db()
    assert desk.mira.after_send == then


def test_next_is_ones_own_ticket_that_waits_for_us(desk, ticket):
    mine = cast.TicketFactory(assignee=desk.mira)
    cast.TicketFactory(assignee=desk.mira, state=State.PENDING_CUSTOMER)
    cast.TicketFactory()
    assert send(desk, ticket, then="next")["Location"] == f"/desk/tickets/{mine.pk}/"


def test_files_go_with_the_reply_and_a_bad_one_stops_it(desk, ticket, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    send(desk, ticket, files=[SimpleUploadedFile("seat.pdf", b"%PDF-1.4\nx")])
    assert ticket.messages.get(kind="reply").files.get().name == "seat.pdf"
    refused = send(desk, ticket, body="Second", files=[SimpleUploadedFile("virus.exe", b"MZ\x90")])
    assert refused.status_code == 409
    assert "Second</textarea>" in refused.content.decode()
    assert ticket.messages.filter(kind="reply").count() == 1


@pytest.fixture
def macro():
    macro = Macro.objects.create(
        name="Billing::Refund",
        body="Hi {{customer.first_name}}, it is on its way.",
        actions=[{"do": "set_priority", "value": "high"}, {"do": "set_state", "value": "resolved"}],
    )
    DeskVersion.bump()
    return macro


def test_a_macro_fills_and_previews_and_changes_nothing_until_sent(desk, ticket, macro):
    filled = desk.get(reverse("ticket_macro", args=[ticket.pk, macro.pk])).json()
    assert filled["body"] == "Hi Dana, it is on its way."
    assert filled["changes"] == ["Priority: High", "Send as Resolved"]
    assert filled["next_state"] == "resolved"
    plain = desk.get(reverse("ticket", args=[ticket.pk]), {"macro": macro.pk}).content.decode()
    assert "Hi Dana, it is on its way.</textarea>" in plain
    assert "Priority: High" in plain
    assert fresh(ticket).priority == ticket.priority
    send(desk, ticket, macro=macro.pk, body=filled["body"], next_state="resolved")
    assert (fresh(ticket).priority, fresh(ticket).state) == (2, State.RESOLVED)
    assert ticket.events.filter(kind=EventKind.MACRO_USED).count() == 1


def test_a_refused_reply_leaves_no_trace_of_its_macro(desk, ticket, macro):
    refused = send(desk, ticket, macro=macro.pk, body=" ")
    assert refused.status_code == 409
    assert fresh(ticket).priority == ticket.priority
    assert ticket.events.filter(kind=EventKind.MACRO_USED).count() == 0
    assert "Priority: High" in refused.content.decode()


def test_a_macro_of_another_team_is_not_offered(desk, ticket, macro):
    macro.team = cast.TeamFactory(slug="tier-2", tier=2)
    macro.save()
    DeskVersion.bump()
    assert desk.get(reverse("ticket_macro", args=[ticket.pk, macro.pk])).status_code == 404


def test_state_moves_and_resolved_leads_to_its_questions(desk, ticket):
    desk.post(reverse("ticket_state", args=[ticket.pk]), {"state": "in_progress"})
    assert fresh(ticket).state == State.IN_PROGRESS
    asked = desk.post(reverse("ticket_state", args=[ticket.pk]), {"state": "resolved"})
    assert asked["Location"] == f"/desk/tickets/{ticket.pk}/resolution/"
    desk.post(asked["Location"], {"cause": "It hung", "fix": "Restarted"})
    assert (fresh(ticket).state, fresh(ticket).cause) == (State.RESOLVED, "It hung")
    desk.post(asked["Location"], {"cause": "It hung badly", "fix": "Restarted"})
    assert (fresh(ticket).state, fresh(ticket).cause) == (State.RESOLVED, "It hung badly")


def test_two_agents_at_once_the_second_is_told(desk, ticket):
    lifecycle.resolve(ticket, by=cast.jonas())
    answer = desk.post(reverse("ticket_resolution", args=[ticket.pk]), {"cause": "", "fix": ""})
    assert answer.status_code == 302  # resolved already: the form only corrects the note
    late = desk.post(
        reverse("ticket_state", args=[ticket.pk]), {"state": "pending_customer"}, follow=True,
        headers={"referer": f"http://testserver/desk/tickets/{ticket.pk}/"},
    )  # fmt: skip
    assert "Jonas Thorsen set it to “Resolved”" in late.content.decode()


def test_assignee_details_and_handover(desk, ticket):
    jonas, specialists = cast.jonas(), cast.TeamFactory(slug="tier-2", tier=2)
    DeskVersion.bump()
    desk.post(reverse("ticket_assignee", args=[ticket.pk]), {"assignee": jonas.pk})
    assert fresh(ticket).assignee == jonas
    desk.post(reverse("ticket_assignee", args=[ticket.pk]), {"assignee": ""})
    assert fresh(ticket).assignee is None
    desk.post(reverse("ticket_assignee", args=[ticket.pk]), {"assignee": "me"})
    assert fresh(ticket).assignee == desk.mira
    billing = cast.CategoryFactory(slug="billing")
    DeskVersion.bump()
    form = {"priority": "1", "category": billing.pk, "reference": "INV-1", "tags": "late, refund", "subject": "Renamed"}
    desk.post(reverse("ticket_details", args=[ticket.pk]), form)
    now = fresh(ticket)
    assert (now.priority, now.category, now.reference, now.subject) == (1, billing, "INV-1", "Renamed")
    assert set(now.tags.values_list("name", flat=True)) == {"late", "refund"}
    refused = desk.post(reverse("ticket_handover", args=[ticket.pk]), {"team": specialists.pk, "note": ""})
    assert refused.status_code == 422
    desk.post(reverse("ticket_handover", args=[ticket.pk]), {"team": specialists.pk, "note": "Needs a look at logs"})
    assert fresh(ticket).team == specialists
    assert ticket.events.get(kind=EventKind.HANDED_OVER).reason == "Needs a look at logs"


def test_merge_offers_the_customers_tickets_and_can_be_undone(desk, ticket):
    kept = cast.a_ticket(customer=ticket.customer, subject="The first one")
    stranger = cast.a_ticket(customer=cast.ravi(), subject="Of somebody else")
    path = reverse("ticket_merge", args=[ticket.pk])
    offered = desk.get(path).content.decode()
    assert "The first one" in offered
    assert "Of somebody else" not in offered
    refused = desk.post(path, {"number": f"#{stranger.pk}"})
    assert "different customers" in refused.content.decode()
    assert desk.post(path, {"into": kept.pk})["Location"] == f"/desk/tickets/{kept.pk}/"
    assert f"Go to #{kept.pk}" in desk.get(reverse("ticket", args=[ticket.pk])).content.decode()
    desk.post(reverse("ticket_unmerge", args=[ticket.pk]))
    assert (fresh(ticket).state, fresh(ticket).merged_into) == (State.NEW, None)


def test_split_link_spam_and_snooze_by_plain_forms(desk, ticket):
    said = ticket.messages.get()
    desk.post(reverse("ticket_split", args=[ticket.pk]), {"message": said.pk, "subject": "The other matter"})
    new = Ticket.objects.get(split_from=ticket)
    assert new.subject == "The other matter"
    desk.post(reverse("ticket_links", args=[ticket.pk]), {"number": new.pk})
    assert TicketLink.objects.count() == 1
    desk.post(reverse("ticket_links", args=[ticket.pk]), {"remove": new.pk})
    assert TicketLink.objects.count() == 0
    desk.post(reverse("ticket_spam", args=[new.pk]))
    assert fresh(new).is_spam is True
    desk.post(reverse("ticket_spam", args=[new.pk]), {"undo": "1"})
    assert (fresh(new).is_spam, fresh(new).state) == (False, State.NEW)
    desk.post(reverse("ticket_snooze", args=[ticket.pk]), {"until": "tomorrow"})
    assert (fresh(ticket).snoozed_until.hour, fresh(ticket).snoozed_until.minute) == (9, 0)
    desk.post(reverse("ticket_snooze", args=[ticket.pk]), {"wake": "1"})
    assert fresh(ticket).snoozed_until is None
    missing = desk.post(reverse("ticket_snooze", args=[ticket.pk]), {"until": "date"})
    assert missing.status_code == 422


@pytest.mark.parametrize(
    "name", ["ticket_merge", "ticket_split", "ticket_links", "ticket_snooze", "ticket_handover", "ticket_resolution"]
)
def test_each_question_is_a_page_of_its_own(desk, ticket, name):
    answer = desk.get(reverse(name, args=[ticket.pk]))
    assert answer.status_code == 200
    assert f"#{ticket.pk}" in answer.content.decode()


def test_nonsense_numbers_are_refused_in_words(desk, ticket):
    for number in ("٣", "12a", "9" * 40, "-1", "0"):
        answer = desk.post(reverse("ticket_links", args=[ticket.pk]), {"number": number})
        assert answer.status_code == 422
    assert TicketLink.objects.count() == 0


def test_a_linked_ticket_must_be_one_the_reader_may_see(desk, ticket):
    hidden = cast.TicketFactory(team=cast.TeamFactory(slug="legal", is_restricted=True))
    DeskVersion.bump()
    answer = desk.post(reverse("ticket_links", args=[ticket.pk]), {"number": hidden.pk})
    assert "you may not see it" in answer.content.decode()
    assert TicketLink.objects.count() == 0


def test_new_ticket_for_a_customer_comes_through_the_front_door(desk):
    form = {
        "channel": "phone", "address": "+49 30 1234567", "name": "Dana Whitfield", "subject": "Called about a refund",
        "body": "Wants it back by Friday.", "take_it": "on", "dedupe_key": "one",
    }  # fmt: skip
    first = desk.post(reverse("ticket_new"), form)
    assert desk.post(reverse("ticket_new"), form)["Location"] == first["Location"]
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.assignee, ticket.customer.name) == ("phone", desk.mira, "Dana Whitfield")
    assert ticket.messages.get().author == desk.mira
    assert ticket.events.filter(kind=EventKind.RECEIVED, by=desk.mira).count() == 1


def test_new_ticket_brings_back_what_was_typed(desk):
    answer = desk.post(
        reverse("ticket_new"), {"channel": "phone", "address": "nobody", "subject": "S", "body": "Typed"}
    )
    assert answer.status_code == 422
    assert "Typed" in answer.content.decode()
    assert Ticket.objects.count() == 0


def test_merged_tickets_are_not_offered_as_the_one_to_keep(desk, ticket):
    other = cast.a_ticket(customer=ticket.customer, subject="Merged away")
    joining.merge(other, into=ticket, by=desk.mira)
    third = cast.a_ticket(customer=ticket.customer)
    assert "Merged away ·" not in desk.get(reverse("ticket_merge", args=[third.pk])).content.decode()


def test_tags_in_the_details_form_may_be_emptied(desk, ticket):
    details.add_tags(ticket, names=["late"], by=desk.mira)
    desk.post(reverse("ticket_details", args=[ticket.pk]), {"tags": ""})
    assert ticket.tags.count() == 0
