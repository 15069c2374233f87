"""What starts an escalation by itself: each trigger where it must and where it must not, once, and in words."""

from types import SimpleNamespace

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from escalation import ladder, triggers
from escalation.models import Escalation, Trigger
from helpdesk import reactions, timers
from tests import cast
from tests.cast import MONDAY, CategoryFactory, later
from tests.escalation import ladders as made
from tickets import conversation, details, joining, lifecycle, satisfaction
from tickets.models import Deadline, DeadlineKind, EscalationReason, EventKind, Priority, State, Ticket
from tickets.rule_fields import Facts

URGENT = {"field": "priority", "op": "is", "value": "urgent"}
VIP = {"field": "customer_tier", "op": "is", "value": ["vip", "enterprise"]}
SECURITY = ["security", "data breach", "gdpr", "compliance"]


# The questions, of plain values


def a(kind, **given):
    return SimpleNamespace(**{"kind": kind, "minutes": None, "below": None, "words": [], "conditions": {}, **given})


def test_words_are_found_in_any_form_and_named():
    asked = [a("words", words=SECURITY), a("words", words=["lawyer", "sue"])]
    found = triggers.by_words(asked, "We will be suing you; my lawyers say there were data breaches.", Facts())
    assert (found.trigger, found.evidence) == (asked[0], ("data breach",))
    assert triggers.by_words(asked[1:], "My lawyers are suing.", Facts()).evidence == ("lawyer", "sue")
    assert triggers.by_words(asked, "The securely packed order", Facts()) is None
    assert triggers.by_words([a("topic", words=SECURITY)], "security", Facts()) is None


def test_conditions_narrow_every_kind():
    asked = [a("words", words=["down"], conditions=URGENT)]
    assert triggers.by_words(asked, "It is down", Facts(priority="normal")) is None
    assert triggers.by_words(asked, "It is down", Facts(priority="urgent")).evidence == ("down",)


def test_who_the_customer_is_and_what_it_is_about():
    asked = [a("customer", conditions=VIP), a("topic", conditions={"field": "tags", "op": "is", "value": "outage"})]
    assert triggers.by_facts(asked, Facts(customer_tier="vip")).evidence == ("vip",)
    assert triggers.by_facts(asked, Facts(customer_tier="standard")) is None
    assert triggers.by_facts(asked, Facts(tags={"outage"}, category="technical")).evidence == ("technical", "outage")
    assert triggers.by_facts([a("customer")], Facts(customer_tier="vip")) is None  # without a condition it is nobody's


@pytest.mark.parametrize(("score", "is_found"), [(0, False), (1, True), (2, True), (3, False), (5, False)])
def test_a_rating_below_three_of_five(score, is_found):
    found = triggers.by_rating([a("poor_rating", below=3)], score, Facts())
    assert (found is not None) == is_found
    assert not is_found or found.evidence == (f"{score}/5",)


@pytest.mark.parametrize(("minutes", "found"), [(14, None), (15, "15 min"), (59, "15 min"), (60, "1 h")])
def test_time_finds_the_longest_that_is_over(minutes, found):
    asked = [a("no_response", minutes=15), a("no_response", minutes=60), a("unsolved", minutes=5)]
    answer = triggers.by_time(asked, EscalationReason.NO_RESPONSE, minutes, Facts())
    assert (answer.evidence[0] if answer else None) == found


def test_the_next_limit_is_the_nearest_that_fits():
    asked = [a("unsolved", minutes=60), a("unsolved", minutes=30, conditions=URGENT)]
    next_of = lambda **facts: triggers.next_by_time(asked, EscalationReason.UNSOLVED, Facts(**facts))  # noqa: E731
    assert (next_of(priority="urgent").minutes, next_of(priority="low").minutes) == (30, 60)
    assert triggers.next_by_time(asked, EscalationReason.UNSOLVED, Facts(), after=60) is None


# On the desk


@pytest.fixture
def people(db):
    with time_machine.travel(MONDAY, tick=False):
        people = made.people()
        made.quick()
        yield people


def came_in(**given):
    ticket = cast.a_ticket(now=MONDAY, **{"category_id": CategoryFactory().pk, **given})
    reactions.react(now=MONDAY)
    return ticket


def escalated(ticket):
    """(reason, evidence, level) of its escalations."""
    rows = Escalation.objects.filter(ticket=ticket).order_by("pk")
    return [(row.reason, row.evidence, row.level.rank) for row in rows]


def open_limits(ticket):
    kinds = (DeadlineKind.UNANSWERED, DeadlineKind.UNSOLVED)
    rows = Deadline.objects.filter(ticket=ticket, kind__in=kinds, done_at=None)
    return {row.kind: row.due_at for row in rows}


def test_no_response_within_fifteen_minutes(people):
    made.trigger("no_response", minutes=15)
    ticket, other = came_in(), came_in()
    assert open_limits(ticket) == {DeadlineKind.UNANSWERED: later(minutes=15)}
    conversation.reply(other, body="We look.", by=people["mira"], now=later(minutes=14))
    assert timers.sweep(later(minutes=14)) == 0
    assert timers.sweep(later(minutes=15)) == 1
    assert (escalated(ticket), escalated(other)) == ([("no_response", ["15 min"], 1)], [])
    assert open_limits(other) == {}
    event = ticket.events.get(kind=EventKind.ESCALATED)
    assert (event.by, event.data["trigger"], event.data["why"]) == (None, "no_response 0", "no_response")
    assert timers.sweep(later(minutes=30)) == 0  # once


def test_unsolved_after_an_hour_of_our_own_time(people):
    made.trigger("unsolved", minutes=60)
    ticket, solved = came_in(), came_in()
    lifecycle.resolve(solved, by=people["mira"], now=later(minutes=50))
    lifecycle.wait_for_customer(ticket, by=people["mira"], now=later(minutes=10))
    assert timers.sweep(later(minutes=60)) == 0
    conversation.hear(ticket, body="Here.", customer=ticket.customer, channel=ticket.channel, now=later(minutes=100))
    assert open_limits(ticket) == {DeadlineKind.UNSOLVED: later(minutes=150)}
    timers.sweep(later(minutes=150))
    assert (escalated(ticket), escalated(solved)) == ([("unsolved", ["1 h"], 1)], [])


def test_a_ticket_that_becomes_urgent_has_less_time(people):
    made.trigger("unsolved", minutes=30, conditions=URGENT)
    ticket = came_in()
    assert open_limits(ticket) == {}
    details.set_priority(ticket, priority=Priority.URGENT, by=people["mira"], now=later(minutes=10))
    reactions.react(now=later(minutes=10))
    assert open_limits(ticket) == {DeadlineKind.UNSOLVED: later(minutes=30)}
    details.set_priority(ticket, priority=Priority.LOW, by=people["mira"], now=later(minutes=20))
    reactions.react(now=later(minutes=20))
    assert open_limits(ticket) == {}


def test_it_counts_in_working_hours_where_it_should(people):
    cast.TeamFactory(slug="tier-1")
    made.trigger("no_response", minutes=15, in_working_time=False)
    assert open_limits(came_in()) == {DeadlineKind.UNANSWERED: later(minutes=15)}


def test_security_words_in_the_first_message(people):
    made.trigger("words", words=SECURITY)
    assert escalated(came_in(body="I think there was a data breach.")) == [("words", ["data breach"], 1)]
    assert escalated(came_in()) == []


def test_where_nobody_above_takes_it_the_highest_who_does_gets_it(people):
    """It must not wait unnoticed because Engineering is for technical matters only."""
    made.trigger("words", words=SECURITY, start_rank=2)
    assert escalated(came_in(body="I think there was a data breach.")) == [("words", ["data breach"], 1)]
    technical = came_in(body="I think there was a data breach.", category_id=CategoryFactory(slug="technical").pk)
    assert escalated(technical) == [("words", ["data breach"], 2)]


def test_words_in_a_later_message(people):
    made.trigger("words", words=SECURITY)
    ticket = came_in()
    conversation.hear(
        ticket, body="Is this GDPR compliant?", customer=ticket.customer, channel=ticket.channel, now=later(minutes=5)
    )
    reactions.react(now=later(minutes=5))
    assert escalated(ticket) == [("words", ["gdpr"], 1)]
    ladder.hand_down(Escalation.objects.get(), by=people["sara"], note="It is.", now=later(minutes=9))
    conversation.hear(
        ticket, body="And security?", customer=ticket.customer, channel=ticket.channel, now=later(minutes=10)
    )
    reactions.react(now=later(minutes=10))
    assert len(escalated(ticket)) == 1  # the same trigger is pulled once a ticket


def test_our_own_words_escalate_nothing(people):
    made.trigger("words", words=SECURITY)
    ticket = came_in()
    conversation.note(ticket, body="No security issue.", by=people["mira"], now=later(minutes=5))
    conversation.reply(ticket, body="Security is fine.", by=people["mira"], now=later(minutes=6))
    reactions.react(now=later(minutes=6))
    assert escalated(ticket) == []


def test_vip_customers_only(people):
    made.trigger("customer", conditions=VIP)
    assert escalated(came_in(customer=cast.dana())) == [("customer", ["vip"], 1)]
    assert escalated(came_in()) == []


def test_a_category_or_a_tag_that_is_given_later(people):
    made.trigger("topic", conditions={"field": "tags", "op": "is", "value": "outage"})
    ticket = came_in()
    details.add_tags(ticket, names=["refund"], by=people["mira"], now=later(minutes=5))
    reactions.react(now=later(minutes=5))
    assert escalated(ticket) == []
    details.add_tags(ticket, names=["outage"], by=people["mira"], now=later(minutes=6))
    reactions.react(now=later(minutes=6))
    assert escalated(ticket) == [("topic", ["billing", "outage", "refund"], 1)]


@pytest.mark.parametrize(("score", "state", "found"), [(2, State.IN_PROGRESS, 1), (3, State.CLOSED, 0)])
def test_a_poor_rating_opens_it_again_for_those_above(people, score, state, found):
    made.trigger("poor_rating", below=3)
    ticket = came_in()
    lifecycle.confirm_solved(ticket, customer=ticket.customer, now=later(minutes=20))
    satisfaction.rate(ticket, score=score, now=later(minutes=25))
    reactions.react(now=later(minutes=25))
    assert escalated(ticket) == [("poor_rating", [f"{score}/5"], 1)] * found
    assert Ticket.objects.get(pk=ticket.pk).state == state


def test_a_rating_of_a_merged_ticket_opens_nothing(people):
    made.trigger("poor_rating", below=3)
    ticket, into = came_in(), came_in()
    lifecycle.resolve(ticket, by=people["mira"], now=later(minutes=5))
    satisfaction.rate(ticket, score=1, now=later(minutes=6))
    joining.merge(ticket, into=into, by=people["mira"], now=later(minutes=7))
    reactions.react(now=later(minutes=8))
    assert (escalated(ticket), Ticket.objects.get(pk=ticket.pk).state) == ([], State.CLOSED)


def test_an_escalated_ticket_is_not_escalated_again(people):
    made.trigger("no_response", minutes=15)
    ticket = came_in()
    ladder.escalate(ticket, reason=EscalationReason.LEGAL, by=people["mira"], now=later(minutes=5))
    timers.sweep(later(minutes=15))
    assert escalated(ticket) == [("legal", [], 1)]
    assert open_limits(ticket) == {}


def test_a_trigger_switched_off_does_nothing(people):
    made.trigger("no_response", minutes=15, is_active=False)
    made.trigger("words", words=["order"], is_active=False)
    ticket = came_in()
    assert (open_limits(ticket), escalated(ticket)) == ({}, [])


def test_reactions_that_run_twice_escalate_once(people):
    made.trigger("words", words=["order"])
    ticket = came_in()
    ticket.events.update(reacted_at=None, reaction_attempts=0)
    reactions.react(now=MONDAY)
    assert escalated(ticket) == [("words", ["order"], 1)]


def test_what_is_found_long_after_gives_people_their_full_time(people):
    """The worker stood still for two hours: nobody's time is up before they were told."""
    made.trigger("words", words=["order"])
    ticket = cast.a_ticket(now=MONDAY, category_id=CategoryFactory().pk)
    with time_machine.travel(later(hours=2), tick=False):
        reactions.react(now=later(hours=2))
        limit = Deadline.objects.get(ticket=ticket, kind=DeadlineKind.ESCALATION)
    assert (limit.due_at, ticket.events.get(kind=EventKind.ESCALATED).data["late_digest"]) == (later(hours=3), True)


def test_a_manual_trigger_never_pulls_itself(people):
    made.trigger("customer_asks")
    made.trigger("legal")
    ticket = came_in()
    timers.sweep(later(hours=9))
    assert escalated(ticket) == []


def test_the_customers_own_way_in_asks_no_trigger(people):
    """The worker asks them: what the customer waits for costs the same with and without triggers."""
    counts = []
    for _turn in range(2):
        cast.a_ticket(now=MONDAY)  # settings are read
        with CaptureQueriesContext(connection) as asked:
            cast.a_ticket(now=MONDAY, body="My order!")
        counts.append(len(asked))
        made.trigger("words", words=["order"])
    assert counts[0] == counts[1]
    assert not Escalation.objects.exists()


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "no_response"}, {"kind": "unsolved", "minutes": 0}, {"kind": "poor_rating"},
        {"kind": "poor_rating", "below": 9},
    ],
)  # fmt: skip
def test_the_database_takes_no_trigger_that_cannot_work(people, columns):
    with pytest.raises(IntegrityError), transaction.atomic():
        Trigger.objects.create(name="Never", **columns)
