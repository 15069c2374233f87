"""A queue's row as the page shows it: every word made once per row, so that the template only writes it down."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from tickets import wording
from tickets.desk import Desk
from tickets.models import CustomerTier, Priority, State

STATE_TONES = {State.IN_PROGRESS: "acc", State.RESOLVED: "good"}
Tag = tuple[str, str]  # words, tone


class Row(NamedTuple):
    """In the order in which templates/desk/_queue_rows.html takes it apart; `badges` tell of the customer."""

    number: int
    url: str
    left: str
    left_tone: str
    due: str
    subject: str
    marks: list[Tag]
    preview: str
    customer: str
    badges: list[Tag]
    state: Tag
    assignee: str
    initials: str
    updated: str
    updated_at: str


def shown(rows: Iterable[tuple[Any, ...]], *, desk: Desk, now: datetime) -> list[Row]:
    """Rows of queue_pages.COLUMNS in the reader's words; reads nothing."""
    before, after = reverse("ticket", kwargs={"number": 0}).split("0")
    states = {state.value: (str(state.label), STATE_TONES.get(state, "neutral")) for state in State}
    marks: dict[int, list[Tag]] = {
        Priority.URGENT: [(str(Priority.URGENT.label), "bad")], Priority.HIGH: [(str(Priority.HIGH.label), "warn")],
    }  # fmt: skip
    badges: dict[str, list[Tag]] = {
        tier.value: [(str(tier.label), "warn")] for tier in CustomerTier if tier != CustomerTier.STANDARD
    }
    angry, asleep, nobody = (_("Angry"), "bad"), (_("Snoozed"), "neutral"), ("", "")
    escalated = (_("Escalated"), "bad")
    people = {pk: (card.name, card.initials) for pk, card in desk.staff.items()}
    made = []
    for (
        number, subject, preview, customer, tier, state, priority, assignee_id, due_at, last_message_at, is_angry,
        snoozed_until, escalation_rank, _queue_at,
    ) in rows:  # fmt: skip
        name, initials = people.get(assignee_id, nobody)
        made.append(
            Row(
                number, f"{before}{number}{after}", wording.clock(due_at, now), wording.clock_tone(due_at, now),
                due_at.isoformat() if due_at else "", subject,
                [
                    *marks.get(priority, ()), *([escalated] if escalation_rank is not None else ()),
                    *([asleep] if snoozed_until and snoozed_until > now else ()),
                ],
                preview, customer, [*badges.get(tier, ()), *([angry] if is_angry else ())], states[state],
                name, initials, wording.ago(last_message_at, now), last_message_at.isoformat(),
            )
        )  # fmt: skip
    return made
