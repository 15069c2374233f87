"""Merge and its undo, split, link, spam."""

import pytest
from django.core.files.base import ContentFile

from tests import cast
from tickets import conversation, files, intake, joining, lifecycle
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import Channel, Deadline, EventKind, IdentityKind, State, Ticket, TicketLink

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    """Two tickets of Dana's: the duplicate and the one to keep."""
    cast.SlaPolicyFactory()
    dana = cast.dana()
    kept = cast.a_ticket(customer=dana, subject="Charged twice", now=cast.MONDAY)
    return cast.a_ticket(customer=dana, subject="Charged twice again", now=cast.later(hours=1)), kept


def standing(ticket):
    fresh = Ticket.objects.get(pk=ticket.pk)
    return (
        fresh.state, fresh.due_at, fresh.queue_at, fresh.first_response_due_at, fresh.resolution_due_at,
        fresh.merged_into_id, fresh.closed_at, fresh.waiting_since, fresh.is_spam,
        sorted(Deadline.objects.filter(ticket=ticket, done_at=None).values_list("kind", "due_at")),
    )  # fmt: skip


def test_merge_closes_the_duplicate_and_tells_both(pair):
    duplicate, kept = pair
    merged = joining.merge(duplicate, into=kept, by=cast.mira())
    assert (merged.state, merged.merged_into) == (State.CLOSED, kept)
    assert Deadline.objects.filter(ticket=duplicate, done_at=None).count() == 0
    told = duplicate.events.last()
    assert (told.kind, told.from_state, told.to_state, told.data["into"]) == (
        EventKind.MERGED,
        "new",
        "closed",
        kept.pk,
    )
    assert kept.events.last().data == {"other": duplicate.pk, "merged": True}
    assert duplicate.messages.count() == 1


def test_what_the_customer_writes_after_a_merge_is_heard_on_the_kept_one(pair):
    duplicate, kept = pair
    joining.merge(duplicate, into=kept, by=cast.mira())
    said = intake.answer(
        Ticket.objects.get(pk=duplicate.pk),
        Inbound(channel=Channel.EMAIL, sender=Sender(IdentityKind.EMAIL, "dana@whitfield.example"), body="And?"),
    )
    assert said.ticket_id == kept.pk


def test_unmerge_puts_everything_back(pair):
    duplicate, kept = pair
    before = standing(duplicate)
    joining.merge(duplicate, into=kept, by=cast.mira(), now=cast.later(hours=2))
    joining.unmerge(Ticket.objects.get(pk=duplicate.pk), by=cast.mira(), now=cast.later(hours=3))
    assert standing(duplicate) == before
    assert duplicate.events.last().kind == EventKind.UNMERGED
    assert kept.events.last().kind == EventKind.UNLINKED


def test_unmerge_twice_is_refused(pair):
    duplicate, kept = pair
    merged = joining.merge(duplicate, into=kept, by=cast.mira())
    joining.unmerge(merged, by=cast.mira())
    with pytest.raises(Refused):
        joining.unmerge(Ticket.objects.get(pk=duplicate.pk), by=cast.mira())


def test_merging_into_a_merged_one_goes_to_where_work_goes_on(pair):
    duplicate, kept = pair
    third = cast.a_ticket(customer=duplicate.customer)
    joining.merge(duplicate, into=kept, by=cast.mira())
    merged = joining.merge(third, into=Ticket.objects.get(pk=duplicate.pk), by=cast.mira())
    assert merged.merged_into == kept


def test_a_circle_is_refused(pair):
    duplicate, kept = pair
    joining.merge(duplicate, into=kept, by=cast.mira())
    with pytest.raises(Refused):
        joining.merge(kept, into=Ticket.objects.get(pk=duplicate.pk), by=cast.mira())
    assert Ticket.objects.get(pk=kept.pk).state == State.NEW


def test_tickets_of_two_customers_are_never_merged(pair):
    stranger = cast.a_ticket(customer=cast.ravi())
    with pytest.raises(Refused) as refusal:
        joining.merge(stranger, into=pair[1], by=cast.mira())
    assert "different customers" in refusal.value.message
    assert Ticket.objects.get(pk=stranger.pk).state == State.NEW


def test_a_closed_ticket_is_not_merged(pair):
    duplicate, kept = pair
    lifecycle.close(lifecycle.resolve(duplicate, by=cast.mira()), by=cast.mira())
    with pytest.raises(Refused):
        joining.merge(duplicate, into=kept, by=cast.mira())


def test_split_opens_a_ticket_of_its_own_with_words_and_files(pair, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    ticket = pair[1]
    kept = files.keep(ContentFile(b"%PDF-1.4\nx", name="seat.pdf"))
    said = conversation.hear(
        ticket, body="Also, how do I add a seat?", customer=ticket.customer, channel="web", files=[kept]
    )
    new = joining.split(ticket, message=said, by=cast.mira(), subject="Adding a seat", dedupe_key="once")
    assert (new.subject, new.customer, new.split_from, new.state) == (
        "Adding a seat",
        ticket.customer,
        ticket,
        State.NEW,
    )
    first = new.messages.get()
    assert (first.body, first.files.get().name) == (said.body, "seat.pdf")
    assert new.events.last().data == {"out_of": ticket.pk, "message": said.pk}
    assert ticket.events.last().data == {"into": new.pk, "message": said.pk}
    assert joining.split(ticket, message=said, by=cast.mira(), dedupe_key="once").pk == new.pk


def test_only_the_customers_own_words_are_split_off(pair):
    ticket = pair[1]
    note = conversation.note(ticket, body="Between us.", by=cast.mira())
    with pytest.raises(Refused):
        joining.split(ticket, message=note, by=cast.mira())
    with pytest.raises(Refused):
        joining.split(ticket, message=pair[0].messages.get(), by=cast.mira())


def test_link_is_kept_once_whichever_way_round(pair):
    one, other = pair
    joining.link(one, other=other, by=cast.mira())
    joining.link(other, other=one, by=cast.mira())
    row = TicketLink.objects.get()
    assert (row.one_id, row.other_id) == (other.pk, one.pk)
    assert one.events.filter(kind=EventKind.LINKED).count() == 1
    joining.unlink(one, other=other, by=cast.mira())
    assert TicketLink.objects.count() == 0
    assert other.events.last().kind == EventKind.UNLINKED


def test_a_ticket_is_not_linked_to_itself(pair):
    with pytest.raises(Refused):
        joining.link(pair[0], other=pair[0], by=cast.mira())


def test_spam_closes_without_survey_and_can_be_taken_back(pair):
    ticket = pair[0]
    before = standing(ticket)
    spam = joining.mark_spam(ticket, by=cast.mira(), now=cast.later(hours=2))
    assert (spam.state, spam.is_spam) == (State.CLOSED, True)
    assert Deadline.objects.filter(ticket=ticket, done_at=None).count() == 0
    joining.unmark_spam(ticket, by=cast.mira(), now=cast.later(hours=3))
    assert standing(ticket) == before
    assert ticket.events.last().kind == EventKind.NOT_SPAM
