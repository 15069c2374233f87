"""What follows an event: once, alone when it fails, and the customer hears at every stage."""

import pytest
from django.core import mail
from django.db import transaction

from helpdesk import reactions
from tests import cast
from tests.cast import MONDAY, later
from tickets import assignment, conversation, desk, lifecycle, outbox, telling, timeline
from tickets.models import EventKind, Notification, OutboxMail, OutboxStatus, RuleUse, State, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket():
    """Mira's ticket, come in an hour ago; the receipt is not on its way any more."""
    ticket = cast.TicketFactory(customer=cast.ravi(), assignee=cast.mira(), team=cast.mira().team, created_at=MONDAY)
    cast.lena()
    return ticket


def record(ticket, what, /, now=None, **data):
    with transaction.atomic():
        event = timeline.event(ticket, what, by=None, now=now or later(hours=1))
        event.data = data
        return timeline.record(event)[0]


def mails():
    return sorted(OutboxMail.objects.filter(user__isnull=True).values_list("kind", flat=True))


def told():
    return sorted(Notification.objects.values_list("user__name", "kind"))


def test_every_kind_of_event_has_its_place_in_the_story():
    assert set(reactions.REACTIONS) == set(EventKind)


def test_an_event_is_reacted_to_once(ticket):
    event = record(ticket, EventKind.WAITING_CUSTOMER)
    assert reactions.react(now=later(hours=1)) == 1
    assert reactions.react(now=later(hours=1)) == 0
    event.refresh_from_db()
    assert (event.reacted_at, event.reaction_attempts) == (later(hours=1), 1)


def test_the_same_event_twice_makes_one_mail_and_one_line(ticket):
    record(ticket, EventKind.WAITING_CUSTOMER)
    record(ticket, EventKind.BREACHED, kind="resolution")
    reactions.react(now=later(hours=1))
    before = (mails(), told())
    TicketEvent.objects.update(reacted_at=None, reaction_attempts=0)
    reactions.react(now=later(hours=1))
    assert before == (["delayed", "waiting"], [("Lena Brandt", "breached"), ("Mira Kovac", "breached")])
    assert (mails(), told()) == before


def test_a_reaction_that_fails_leaves_its_siblings_and_is_tried_again_then_set_aside(ticket, monkeypatch):
    def fail(event):
        OutboxMail.objects.update(kind="broken")
        raise ZeroDivisionError

    monkeypatch.setitem(reactions.REACTIONS, EventKind.WAITING_CUSTOMER, (fail, telling.customer_is_asked))
    event = record(ticket, EventKind.WAITING_CUSTOMER, now=MONDAY)
    sane = record(ticket, EventKind.RESOLVED, now=MONDAY)
    tries = []
    for age in reactions.TRY_AGAIN_AFTER:
        reactions.react(now=MONDAY + age)
        event.refresh_from_db()
        tries.append(event.reaction_attempts)
    reactions.react(now=later(days=9))
    event.refresh_from_db()
    sane.refresh_from_db()
    assert tries == [1, 2, 3, 4, 5]
    assert (event.reacted_at, event.reaction_attempts, sane.reacted_at) == (None, 5, MONDAY)
    assert list(reactions.set_aside()) == [event]
    assert mails() == ["resolved", "waiting"]
    monkeypatch.undo()
    reactions.try_again(event)
    assert reactions.react(now=later(days=9)) == 1


def test_a_failing_event_waits_before_it_is_tried_again(ticket, monkeypatch):
    monkeypatch.setitem(reactions.REACTIONS, EventKind.RESOLVED, (lambda event: 1 / 0,))
    monkeypatch.setattr(reactions.log, "exception", lambda *args, **kwargs: None)
    record(ticket, EventKind.RESOLVED, now=MONDAY)
    for _turn in range(3):
        reactions.react(now=later(seconds=10))
    assert TicketEvent.objects.get().reaction_attempts == 1


def test_the_customer_hears_at_every_stage_and_no_mail_says_twice_what_another_said():
    mira, lena, sara = cast.mira(), cast.lena(), cast.sara()
    for agent in (mira, sara):
        agent.capacity = 0
        agent.save()
    ticket = cast.a_ticket(now=MONDAY)
    sent = []

    def happens(minutes):
        reactions.react(now=later(minutes=minutes))
        outbox.drain(now=later(minutes=minutes))
        sent.append([row.kind for row in OutboxMail.objects.filter(status=OutboxStatus.SENT, user=None).order_by("pk")])

    happens(1)
    assignment.assign(ticket, to=mira, by=lena, now=later(minutes=10))
    happens(10)
    lifecycle.start(ticket, by=mira, now=later(minutes=80))
    happens(80)
    lifecycle.wait_for_us(ticket, by=mira, now=later(minutes=90))
    happens(90)
    assignment.hand_over(ticket, team=sara.team, tier=2, by=mira, note="Tried all I know.", now=later(minutes=100))
    happens(100)
    reply = conversation.reply(
        ticket, body="Which browser?", by=sara, next_state=State.PENDING_CUSTOMER, now=later(minutes=110)
    )
    happens(120)
    lifecycle.resolve(ticket, by=sara, now=later(minutes=130))
    happens(130)
    lifecycle.close(ticket, by=None, now=later(minutes=140))
    happens(140)
    stages = ["received", "assigned", "in_progress", "waiting", "escalated", "reply", "resolved", "closed"]
    assert sent == [stages[: turn + 1] for turn in range(len(stages))]
    assert reply.body in mail.outbox[-3].body


def test_a_ticket_assigned_as_it_came_in_says_so_in_its_receipt():
    mira = cast.mira()
    ticket = cast.a_ticket(now=MONDAY)
    assert ticket.assignee == mira
    reactions.react(now=MONDAY)
    assert mails() == ["received"]
    outbox.drain(now=MONDAY)
    [receipt] = [sent for sent in mail.outbox if sent.to == ["ravi@menon.example"]]
    assert "Mira is looking after it." in receipt.body


def test_a_reply_that_moves_the_ticket_is_one_mail(ticket):
    conversation.reply(ticket, body="Done.", by=cast.mira(), next_state=State.RESOLVED, now=later(hours=1))
    reactions.react(now=later(hours=1))
    assert mails() == ["reply"]


def test_taking_and_starting_in_one_breath_is_one_mail(ticket):
    jonas = cast.jonas()
    assignment.assign(ticket, to=jonas, by=jonas, now=later(hours=1))
    lifecycle.start(ticket, by=jonas, now=later(hours=1))
    reactions.react(now=later(hours=1))
    assert mails() == ["assigned"]


def test_an_assignee_is_told_unless_they_took_it_themselves(ticket):
    jonas = cast.jonas()
    assignment.assign(ticket, to=jonas, by=cast.mira(), now=later(hours=1))
    reactions.react(now=later(hours=1))
    assert told() == [("Jonas Thorsen", "assigned_to_you")]
    Notification.objects.all().delete()
    lena = cast.lena()
    assignment.assign(Ticket.objects.get(), to=lena, by=lena, now=later(hours=2))
    reactions.react(now=later(hours=2))
    assert told() == []


def test_a_mention_reaches_the_colleague_in_the_app_and_by_mail(ticket):
    cast.jonas()
    conversation.note(ticket, body="@jonas can you look?", by=cast.mira(), now=later(hours=1))
    reactions.react(now=later(hours=1))
    outbox.drain(now=later(hours=2))
    assert told() == [("Jonas Thorsen", "mention")]
    [letter] = mail.outbox
    assert letter.to == ["jonas@desk.example"]
    assert "@jonas can you look?" in letter.body


def test_breaches_found_after_an_outage_are_one_digest_a_person(ticket):
    others = [cast.TicketFactory(assignee=cast.mira(), team=cast.mira().team) for _turn in range(3)]
    for one in (ticket, *others):
        record(one, EventKind.BREACHED, kind="resolution", late_digest=True)
    reactions.react(now=later(hours=1))
    assert told() == [("Lena Brandt", "breach_digest"), ("Mira Kovac", "breach_digest")]
    assert mails() == []
    assert OutboxMail.objects.filter(kind="breach_digest").count() == 2
    assert outbox.drain(now=later(hours=1)) == 0
    assert outbox.drain(now=later(hours=1, minutes=1)) == 2
    assert [f"#{one.pk} {one.subject}" in mail.outbox[0].body for one in (ticket, *others)] == [True] * 4


def test_a_promise_about_to_break_is_told_to_the_customer_once(ticket):
    record(ticket, EventKind.DUE_SOON, kind="first_response")
    record(ticket, EventKind.BREACHED, kind="first_response")
    record(ticket, EventKind.DUE_SOON, kind="update")
    reactions.react(now=later(hours=1))
    assert mails() == ["delayed"]


def test_rules_are_counted_at_the_first_try_only(ticket, monkeypatch):
    rule = cast.models.Rule.objects.create(stage="routing", name="All to us")
    decisions = [{"what": "team", "value": "tier-1", "rule_id": rule.pk}]
    record(ticket, EventKind.ROUTED, now=MONDAY, decisions=decisions)
    broken = (*reactions.REACTIONS[EventKind.ROUTED], lambda event: 1 / 0)
    monkeypatch.setitem(reactions.REACTIONS, EventKind.ROUTED, broken)
    monkeypatch.setattr(reactions.log, "exception", lambda *args, **kwargs: None)
    for hours in (0, 1, 2):
        reactions.react(now=later(hours=hours))
    assert RuleUse.objects.get(rule=rule).count == 1


def test_a_rule_that_asks_for_it_alerts_the_lead_once(ticket):
    decisions = [{"what": "alert_lead", "value": True, "rule_id": None}]
    record(ticket, EventKind.ROUTED, decisions=decisions)
    record(ticket, EventKind.ROUTED, decisions=decisions)
    reactions.react(now=later(hours=1))
    assert told() == [("Lena Brandt", "alert")]
    assert OutboxMail.objects.filter(kind="alert").count() == 1


def test_events_nobody_waits_for_are_closed_together(ticket, django_assert_num_queries):
    for _turn in range(20):
        record(ticket, EventKind.LINKED)
    desk.current()
    with django_assert_num_queries(6):
        assert reactions.react(now=later(hours=1)) == 20


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_event_another_worker_holds_is_passed_over(ticket):
    record(ticket, EventKind.WAITING_CUSTOMER)
    event_id = reactions._claim(later(hours=1), after=0)
    other = transaction.get_connection().copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT id FROM tickets_ticketevent WHERE id = %s FOR UPDATE", [event_id])
            assert reactions._react_to(event_id, later(hours=1), frozenset()) is False
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert reactions._react_to(event_id, later(hours=1), frozenset()) is True
