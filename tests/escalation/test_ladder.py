"""The verbs of an escalation: what each changes, tells and refuses; and what happens by itself."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from escalation import ladder
from escalation.models import Escalation, Level, OnCall, Owner, Status, StepKind
from helpdesk import reactions, timers
from tests import cast
from tests.cast import MONDAY, CategoryFactory, later
from tests.escalation import ladders as made
from tickets import assignment, conversation, details, joining, lifecycle
from tickets.errors import Refused
from tickets.models import (
    Absence,
    Availability,
    Deadline,
    DeadlineKind,
    EscalationReason,
    EventKind,
    Notification,
    OutboxMail,
    Priority,
    State,
    Ticket,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db
ASKS = EscalationReason.CUSTOMER_ASKS


@pytest.fixture
def people():
    return made.people()


@pytest.fixture
def ticket(people):
    """Mira's, of Tier 1, come in on Monday at nine."""
    made.quick()
    ticket = cast.a_ticket(now=MONDAY, category_id=CategoryFactory().pk)
    return assignment.assign(ticket, to=people["mira"], by=people["mira"], now=MONDAY)


def up(ticket, by=None, reason=ASKS, now=MONDAY, **given):
    return ladder.escalate(ticket, reason=reason, by=by, now=now, **given)


def now_of(ticket):
    return Ticket.objects.select_related("team", "assignee").get(pk=ticket.pk)


def limit_of(ticket):
    return Deadline.objects.filter(ticket=ticket, kind=DeadlineKind.ESCALATION, done_at=None).first()


def last(ticket, kind):
    return ticket.events.filter(kind=kind).order_by("pk").last()


def told(ticket):
    return sorted(Notification.objects.filter(ticket=ticket, kind="escalation").values_list("user__email", flat=True))


def test_escalating_moves_the_ticket_up_and_starts_the_levels_time(ticket, people):
    escalation = up(ticket, by=people["mira"], why="She wants a senior.")
    fresh = now_of(ticket)
    assert (fresh.team.slug, fresh.tier, fresh.assignee, fresh.escalation_rank) == ("tier-2", 2, people["sara"], 1)
    assert (escalation.level.name, escalation.status, escalation.owner) == (
        "Senior Support",
        Status.OPEN,
        people["sara"],
    )
    assert limit_of(ticket).due_at == later(hours=1)
    event = last(ticket, EventKind.ESCALATED)
    assert (event.by, event.reason) == (people["mira"], "She wants a senior.")
    assert {key: event.data[key] for key in ("rank", "level", "why", "owner", "how", "from_tier", "to_tier")} == {
        "rank": 1, "level": "Senior Support", "why": "customer_asks", "owner": people["sara"].pk, "how": "free",
        "from_tier": 1, "to_tier": 2,
    }  # fmt: skip
    [step] = escalation.steps.all()
    assert (step.kind, step.by, step.from_assignee, step.from_team.slug) == (
        StepKind.OPENED, people["mira"], people["mira"], "tier-1",
    )  # fmt: skip


def test_an_escalation_is_refused_twice_at_once_and_on_what_is_over(ticket, people):
    up(ticket)
    with pytest.raises(Refused, match="escalated already, to Senior Support"):
        up(ticket)
    resolved = lifecycle.resolve(cast.a_ticket(now=MONDAY), by=people["mira"], now=MONDAY)
    with pytest.raises(Refused, match="Only an open ticket"):
        up(resolved)
    assert Escalation.objects.count() == 1


def test_without_a_ladder_it_is_refused_in_words(people):
    with pytest.raises(Refused, match="No ladder is set up"):
        up(cast.a_ticket(now=MONDAY))


def test_the_database_holds_one_open_escalation_a_ticket(ticket):
    escalation = up(ticket)
    columns = {"ticket": ticket, "ladder": escalation.ladder, "level": escalation.level, "reason": ASKS}
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.create(**columns, opened_at=MONDAY, level_since=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(status=Status.RESOLVED)  # over, but never ended


def test_a_level_needs_an_owner_and_only_rank_0_may_be_nobodys(ticket):
    quick = Level.objects.get(rank=1).ladder
    for columns in ({"owner": Owner.TEAM}, {"owner": Owner.ROLE}, {"owner": Owner.NOBODY}):
        with pytest.raises(ValidationError):
            Level(ladder=quick, rank=9, name="Ninth", limit=1, **columns).full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            Level.objects.create(ladder=quick, rank=9, name="Ninth", limit=1, **columns)
    Level.objects.create(ladder=quick, rank=0, name="Help pages", owner=Owner.NOBODY)


def test_acknowledging_makes_it_ones_own(ticket, people):
    escalation = up(ticket)
    taken = ladder.acknowledge(escalation, by=people["eng"], now=later(minutes=10))
    assert (taken.status, taken.acknowledged_by, taken.acknowledged_at) == (
        Status.ACKNOWLEDGED, people["eng"], later(minutes=10),
    )  # fmt: skip
    assert now_of(ticket).assignee == people["eng"]
    assert last(ticket, EventKind.ESCALATION_TAKEN).by == people["eng"]
    assert limit_of(ticket).due_at == later(hours=1)
    with pytest.raises(Refused, match=r"Eng N\. has acknowledged it"):
        ladder.acknowledge(escalation, by=people["sara"])


def test_who_must_answer_sooner_has_the_whole_time_once_they_did(people):
    made.quick(answer_within=15)
    ticket = cast.a_ticket(now=MONDAY)
    escalation = up(ticket)
    assert limit_of(ticket).due_at == later(minutes=15)
    ladder.acknowledge(escalation, by=people["sara"], now=later(minutes=5))
    assert limit_of(ticket).due_at == later(minutes=60)


def test_unanswered_it_climbs_by_itself_to_the_next_level_that_takes_it(ticket, people):
    details.set_category(ticket, category=CategoryFactory(slug="technical"), by=people["mira"], now=MONDAY)
    up(ticket)
    assert timers.sweep(later(minutes=59)) == 0
    assert timers.sweep(later(minutes=60)) == 1
    fresh = now_of(ticket)
    assert (fresh.team.slug, fresh.assignee, fresh.escalation_rank) == ("tier-3", people["eng"], 2)
    event = last(ticket, EventKind.ESCALATION_CLIMBED)
    assert (event.by, event.data["over"], event.data["minutes"], event.data["from_level"]) == (
        None, Status.OPEN, 60, "Senior Support",
    )  # fmt: skip
    assert limit_of(ticket).due_at == later(hours=5)


def test_acknowledged_but_unsettled_it_climbs_too(ticket, people):
    details.set_category(ticket, category=CategoryFactory(slug="technical"), by=people["mira"], now=MONDAY)
    ladder.acknowledge(up(ticket), by=people["sara"], now=later(minutes=5))
    timers.sweep(later(minutes=60))
    assert last(ticket, EventKind.ESCALATION_CLIMBED).data["over"] == Status.ACKNOWLEDGED
    [escalation] = Escalation.objects.all()
    assert (escalation.status, escalation.acknowledged_by) == (Status.OPEN, None)


def test_a_level_whose_condition_does_not_hold_is_passed_by(ticket, people):
    details.set_priority(ticket, priority=Priority.URGENT, by=people["mira"], now=MONDAY)
    up(ticket)
    timers.sweep(later(hours=1))
    fresh = now_of(ticket)
    # Not technical, but urgent: from Senior Support straight to Management, in the team where it is.
    assert (fresh.escalation_rank, fresh.assignee, fresh.team.slug) == (3, people["max"], "tier-2")
    assert limit_of(ticket).due_at == later(hours=25)


def test_a_reason_counts_as_well_as_the_condition(ticket, people):
    up(ticket, by=people["mira"], reason=EscalationReason.BUSINESS_IMPACT, why="The shop stands still.")
    timers.sweep(later(hours=1))
    assert now_of(ticket).escalation_rank == 3


def test_at_the_top_it_stays_open_and_late_and_is_told_of_again(ticket, people):
    up(ticket)
    assert timers.sweep(later(hours=1)) == 1
    [escalation] = Escalation.objects.all()
    assert (escalation.level.rank, escalation.is_open, limit_of(ticket).due_at) == (1, True, later(hours=1))
    assert timers.sweep(later(hours=1, minutes=59)) == 0
    assert timers.sweep(later(hours=2)) == 1
    assert ticket.events.filter(kind=EventKind.ESCALATION_OVERDUE).count() == 2
    assert [step.kind for step in escalation.steps.all()] == [StepKind.OPENED, StepKind.OVERDUE]
    reactions.react(now=later(hours=2))
    assert {"max@desk.example", "sara@desk.example"} <= set(told(ticket))
    with pytest.raises(Refused, match="highest level"):
        ladder.climb(escalation, by=people["sara"], now=later(hours=2))


def test_a_person_sends_it_further_up(ticket, people):
    details.set_category(ticket, category=CategoryFactory(slug="technical"), by=people["mira"], now=MONDAY)
    climbed = ladder.climb(up(ticket), by=people["sara"], why="A bug.", now=later(minutes=5))
    event = last(ticket, EventKind.ESCALATION_CLIMBED)
    assert (climbed.level.rank, event.by, event.reason, "over" in event.data) == (2, people["sara"], "A bug.", False)


def test_handing_down_gives_it_back_with_a_note(ticket, people):
    escalation = up(ticket)
    with pytest.raises(Refused) as refused:
        ladder.hand_down(escalation, by=people["sara"], note=" ")
    assert refused.value.missing == ("note",)
    down = ladder.hand_down(escalation, by=people["sara"], note="Reset his key.", now=later(minutes=20))
    fresh = now_of(ticket)
    assert (down.status, down.note, down.closed_at) == (Status.HANDED_DOWN, "Reset his key.", later(minutes=20))
    assert (fresh.team.slug, fresh.tier, fresh.assignee, fresh.escalation_rank) == ("tier-1", 1, people["mira"], None)
    assert limit_of(ticket) is None
    event = last(ticket, EventKind.ESCALATION_ENDED)
    assert (event.by, event.reason, event.data["outcome"]) == (people["sara"], "Reset his key.", "handed_down")
    reactions.react(now=later(minutes=20))
    assert "mira@desk.example" in told(ticket)


def test_handing_down_to_who_is_away_puts_it_into_their_queue(ticket, people):
    escalation = up(ticket)
    User.objects.filter(pk=people["mira"].pk).update(availability=Availability.AWAY)
    ladder.hand_down(escalation, by=people["sara"], note="Reset his key.", now=later(minutes=20))
    assert (now_of(ticket).team.slug, now_of(ticket).assignee) == ("tier-1", None)


def test_settled_it_ends_and_the_ticket_stays(ticket, people):
    ended = ladder.resolve(up(ticket), by=people["sara"], note="Refunded.", now=later(minutes=30))
    fresh = now_of(ticket)
    assert (ended.status, fresh.assignee, fresh.escalation_rank, limit_of(ticket)) == (
        Status.RESOLVED, people["sara"], None, None,
    )  # fmt: skip
    with pytest.raises(Refused, match="is over"):
        ladder.resolve(ended, by=people["sara"])
    up(ticket, now=later(hours=1))  # a new one may begin


@pytest.mark.parametrize("way", ["resolve", "confirm", "spam", "merge"])
def test_it_ends_with_the_ticket(ticket, people, way):
    up(ticket)
    do = {
        "resolve": lambda: lifecycle.resolve(ticket, by=people["sara"], now=later(minutes=9)),
        "confirm": lambda: lifecycle.confirm_solved(ticket, customer=ticket.customer, now=later(minutes=9)),
        "spam": lambda: joining.mark_spam(ticket, by=people["sara"], now=later(minutes=9)),
        "merge": lambda: joining.merge(ticket, into=cast.a_ticket(now=MONDAY), by=people["sara"], now=later(minutes=9)),
    }
    do[way]()
    assert limit_of(ticket) is None  # in the same breath
    reactions.react(now=later(minutes=9))
    [escalation] = Escalation.objects.filter(ticket=ticket)
    assert (escalation.status, escalation.ended_with_ticket, escalation.closed_at) == (
        Status.RESOLVED, True, later(minutes=9),
    )  # fmt: skip
    assert now_of(ticket).escalation_rank is None
    assert last(ticket, EventKind.ESCALATION_ENDED).data["outcome"] == "with_ticket"


@pytest.mark.parametrize("is_reacted", [True, False])
def test_a_reply_that_is_taken_back_brings_it_back(ticket, people, is_reacted):
    up(ticket)
    said = conversation.reply(
        ticket, body="Solved.", by=people["sara"], next_state=State.RESOLVED, cause="a", fix="b", now=later(minutes=9)
    )
    if is_reacted:
        reactions.react(now=later(minutes=9))
    conversation.withdraw(said, by=people["sara"], now=later(minutes=9, seconds=5))
    reactions.react(now=later(minutes=10))
    [escalation] = Escalation.objects.all()
    assert (escalation.is_open, now_of(ticket).escalation_rank, limit_of(ticket) is not None) == (True, 1, True)


def test_its_time_stands_still_while_the_customer_has_the_turn(ticket, people):
    up(ticket)
    lifecycle.wait_for_customer(ticket, by=people["sara"], now=later(minutes=20))
    assert (limit_of(ticket).due_at, timers.sweep(later(hours=5))) == (None, 0)
    conversation.hear(ticket, body="Here.", customer=ticket.customer, channel=ticket.channel, now=later(hours=5))
    assert limit_of(ticket).due_at == later(hours=5, minutes=40)


def test_who_is_away_is_passed_by_and_a_lead_has_it(ticket, people):
    User.objects.filter(pk=people["sara"].pk).update(availability=Availability.AWAY)
    up(ticket)
    assert (now_of(ticket).assignee, last(ticket, EventKind.ESCALATED).data["how"]) == (people["lena"], "lead")


def test_without_a_lead_the_manager_has_it_and_without_anyone_the_queue(people):
    made.quick()
    for name in ("sara", "lena"):
        Absence.objects.create(user=people[name], starts_at=MONDAY, ends_at=later(days=1))
    one, other = cast.a_ticket(now=MONDAY), cast.a_ticket(now=MONDAY)
    up(one)
    assert (now_of(one).assignee, last(one, EventKind.ESCALATED).data["how"]) == (people["max"], "manager")
    Absence.objects.create(user=people["max"], starts_at=MONDAY, ends_at=later(days=1))
    up(other)
    assert (now_of(other).assignee, last(other, EventKind.ESCALATED).data["how"]) == (None, "nobody")
    reactions.react(now=MONDAY)
    assert told(other) == ["lena@desk.example"]


def test_named_people_are_asked_in_order(ticket, people):
    level = Level.objects.get(rank=1)
    Level.objects.filter(pk=level.pk).update(owner=Owner.PEOPLE, team=None)
    for position, name in enumerate(("eng", "sara"), 1):
        OnCall.objects.create(level=level, user=people[name], position=position)
    made.known()
    User.objects.filter(pk=people["eng"].pk).update(availability=Availability.AWAY)
    up(ticket)
    assert (now_of(ticket).assignee, last(ticket, EventKind.ESCALATED).data["how"]) == (people["sara"], "on_call")


def test_owner_and_customer_are_told_once_and_leads_by_digest(ticket, people):
    details.set_category(ticket, category=CategoryFactory(slug="technical"), by=people["mira"], now=MONDAY)
    up(ticket)
    reactions.react(now=MONDAY)
    timers.sweep(later(hours=1))
    reactions.react(now=later(hours=1))
    assert told(ticket) == ["eng@desk.example", "sara@desk.example"]
    mails = OutboxMail.objects.exclude(kind="received").values_list("kind", "to").order_by("kind", "to")
    assert [mail for mail in mails if mail[0].startswith("esc")] == [
        ("escalated", "ravi@menon.example"), ("escalation", "eng@desk.example"), ("escalation", "sara@desk.example"),
        ("escalation_digest", "lena@desk.example"), ("escalation_digest", "lena@desk.example"),
    ]  # fmt: skip
    assert not Notification.objects.filter(ticket=ticket, kind="assigned_to_you", user=people["sara"]).exists()


def test_an_hour_of_downtime_makes_a_digest_and_no_storm(people):
    made.quick()
    tickets = [cast.a_ticket(now=MONDAY) for _ in range(5)]
    for ticket in tickets:
        details.set_priority(ticket, priority=Priority.URGENT, by=people["mira"], now=MONDAY)
        up(ticket)
    reactions.react(now=MONDAY)
    before = OutboxMail.objects.filter(user__isnull=False).count()
    back = later(hours=2, minutes=15)
    while timers.sweep(back):
        pass
    reactions.react(now=back)
    # Each climbed once, although its time at the next level would be over had it climbed in time.
    assert set(Escalation.objects.values_list("level__rank", flat=True)) == {3}
    mails = OutboxMail.objects.filter(user__isnull=False, created_at__gte=back).exclude(kind="breach_digest")
    assert sorted(mails.values_list("kind", "to")) == [
        ("escalation_digest", "lena@desk.example"), ("escalation_digest", "max@desk.example"),
    ]  # fmt: skip
    assert before == OutboxMail.objects.filter(user__isnull=False, created_at__lt=back).count()


def test_an_orphaned_limit_ends_without_effect(ticket, people):
    up(ticket)
    Escalation.objects.all().delete()
    assert timers.sweep(later(hours=1)) == 1
    assert (limit_of(ticket), last(ticket, EventKind.ESCALATION_CLIMBED)) == (None, None)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_acknowledge_at_once_and_one_wins(people):
    made.quick()
    ticket = cast.a_ticket(now=MONDAY)
    escalation = up(ticket)
    start, outcomes = threading.Barrier(2), []

    def acknowledges(who):
        start.wait()
        try:
            ladder.acknowledge(Escalation.objects.select_related("ticket").get(pk=escalation.pk), by=people[who])
            outcomes.append(who)
        except Refused:
            outcomes.append("refused")
        connections.close_all()

    threads = [threading.Thread(target=acknowledges, args=(who,)) for who in ("sara", "eng")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = set(outcomes) - {"refused"}
    assert sorted(outcomes) == sorted([winner, "refused"])
    assert now_of(ticket).assignee == people[winner]
    assert ticket.events.filter(kind=EventKind.ESCALATION_TAKEN).count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_escalate_at_once_and_one_stands(people):
    made.quick()
    ticket = cast.a_ticket(now=MONDAY)
    start, outcomes = threading.Barrier(2), []

    def escalates():
        start.wait()
        try:
            up(ticket)
            outcomes.append("done")
        except Refused:
            outcomes.append("refused")
        connections.close_all()

    threads = [threading.Thread(target=escalates) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(outcomes), Escalation.objects.count()) == (["done", "refused"], 1)


def test_the_sweeper_leaves_limits_to_who_answers_for_them(ticket):
    """tickets alone knows no escalation; the roof hands it the effects."""
    up(ticket)
    assert DeadlineKind.ESCALATION in timers.ABOVE
    assert limit_of(ticket).next_at == later(hours=1)
    assert timedelta(hours=1) == limit_of(ticket).due_at - MONDAY
