"""The demo's escalations: some at each level, one late, one acknowledged, one that was settled days ago."""

from datetime import datetime, timedelta

from django.db import transaction

from escalation import ladder, ladders
from escalation.models import Escalation
from helpdesk.demo.stage import Scene, Stage, Step, confirmed, play, replies
from tickets.models import Customer, EscalationReason, State, Ticket

DAY = 24 * 60
REASON = EscalationReason


def play_all(stage: Stage) -> int:
    """Play every scene; returns how many there are. The desk's ladder needs the ranks 2 and 3."""
    customers = list(Customer.objects.filter(own_tier="", organisation=None).order_by("-pk")[:6])
    if len(customers) < 6 or not ladders.current().ladders:
        return 0
    scenes = _scenes([customer.email for customer in customers])
    with transaction.atomic():
        for scene in scenes:
            play(scene, stage)
    return len(scenes)


def _scenes(who: list[str]) -> list[Scene]:
    return [
        Scene(
            6 * DAY, who[0], "Our whole team is locked out", "Since this morning none of the twelve of us can sign in.",
            (
                escalated(14, 2, REASON.BUSINESS_IMPACT, "Twelve people cannot work.", by="lead"),
                taken(20),
                settled(95, "The identity provider's certificate had run out; a new one is in place."),
                replies(99, "You can all sign in again: a certificate had run out and is renewed.", State.RESOLVED,
                        cause="An expired certificate.", fix="Certificate renewed, and its date is watched now."),
                confirmed(5 * 60, 5, "Fast and honest, thank you."),
            ),
            by="agent", team="tier-1", category="account",
        ),
        Scene(
            150, who[1], "You will hear from our solicitor", "Third wrong bill in a row. We are preparing a claim.",
            (escalated(20, 3, REASON.LEGAL, "He announces a claim and wants a decision in writing.", by="lead"),),
            by="lead", team="tier-1", category="billing",
        ),
        Scene(
            80, who[2], "Import stops at row 4,001", "Every file over four thousand rows ends with an error.",
            (
                escalated(12, 2, REASON.BEYOND_EXPERTISE, "Reproduced with two files; smells like a limit.", by="lead"),
                taken(25),
            ),
            by="lead", team="tier-1", category="technical",
        ),
        Scene(
            38, who[3], "May I speak to somebody senior?", "I have explained this twice and get the same answer.",
            (escalated(15, 2, REASON.CUSTOMER_ASKS, "She wants a senior colleague to look at it.", by="lead"),),
            by="lead", team="tier-1", category="billing",
        ),
        Scene(
            25, who[4], "Checkout is broken for our customers", "Nobody can pay us since ten minutes ago.",
            (escalated(8, 3, REASON.BUSINESS_IMPACT, "Their shop takes no payments.", by="lead"),),
            by="lead", team="tier-1", category="technical",
        ),
    ]  # fmt: skip


def escalated(after: float, rank: int, reason: EscalationReason, why: str, *, by: str) -> Step:
    """Escalated to the level of that rank on the ladder that takes the rest."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        book = ladders.current()
        default = next(one for one in book.ladders if one.is_default)
        level = next((one for one in book.of(default) if one.rank == rank), None)
        now = at + timedelta(minutes=after)
        ladder.escalate(ticket, reason=reason, why=why, by=stage.staff[by], level=level, now=now)

    return step


def taken(after: float) -> Step:
    """Acknowledged by whoever is asked, or by the lead where nobody was free."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        one = _last(ticket)
        ladder.acknowledge(one, by=one.owner or stage.staff["lead"], now=at + timedelta(minutes=after))

    return step


def settled(after: float, note: str) -> Step:
    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        one = _last(ticket)
        ladder.resolve(one, by=one.owner or stage.staff["lead"], note=note, now=at + timedelta(minutes=after))

    return step


def _last(ticket: Ticket) -> Escalation:
    return Escalation.objects.select_related("owner", "ticket").filter(ticket=ticket).latest("pk")
