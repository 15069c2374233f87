"""What the board shows: every open escalation a reader may see, by level, the least time left first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from escalation import ladders
from escalation.models import OPEN, Escalation, Level, Status
from tickets import event_words, wording
from tickets.desk import Desk, StaffCard
from tickets.models import CustomerTier, Deadline, DeadlineKind, State, User

MOST = 300  # a board longer than that is no board


@dataclass
class Row:
    """One escalation in the reader's words."""

    escalation: Escalation
    number: int
    subject: str
    customer: str
    badges: list[tuple[str, str]]
    left: str
    tone: str
    due: str
    why: str
    owner: StaffCard | None
    is_taken: bool
    is_late: bool
    since: str
    may_work: bool


@dataclass
class Column:
    """A level and what stands there."""

    level: Level
    rows: list[Row] = field(default_factory=list)


@dataclass
class Board:
    columns: list[Column]
    count: int = 0
    late: int = 0
    untaken: int = 0


def read(user: User, *, desk: Desk, now: datetime, is_own: bool = False) -> Board:
    """Of leads and above every one they may see; `is_own`: those that wait for this person. One statement."""
    found = visible(user, desk=desk)
    if is_own:
        found = found.filter(_asks(user, desk))
    found = found.annotate(due_at=due()).order_by(F("due_at").asc(nulls_last=True), "pk")
    columns: dict[int, Column] = {}
    board = Board([])
    for escalation in found[:MOST]:
        row = _row(escalation, user=user, desk=desk, now=now)
        columns.setdefault(escalation.level_id, Column(escalation.level)).rows.append(row)
        board.count, board.late, board.untaken = (
            board.count + 1, board.late + row.is_late, board.untaken + (not row.is_taken),
        )  # fmt: skip
    board.columns = sorted(columns.values(), key=lambda column: (column.level.rank, column.level.pk))
    return board


def visible(user: User, *, desk: Desk) -> QuerySet[Escalation]:
    """Open escalations of tickets `user` may see, with what a page shows of each."""
    found = Escalation.objects.filter(status__in=OPEN).select_related("ticket", "level", "ladder", "trigger")
    closed = desk.restricted_for(user)
    return found.exclude(ticket__team__in=closed) if closed else found


def due() -> Subquery:
    """When the level's time is up; None while the clock stands still."""
    limits = Deadline.objects.filter(ticket=OuterRef("ticket"), kind=DeadlineKind.ESCALATION, done_at__isnull=True)
    return Subquery(limits.values("due_at")[:1])


def may_work(user: User, escalation: Escalation, *, desk: Desk) -> bool:
    """Leads and above, whoever has it or is asked, and who belongs to the level."""
    if user.is_lead or user.pk in (escalation.owner_id, escalation.ticket.assignee_id, escalation.acknowledged_by_id):
        return True
    card = desk.staff.get(user.pk)
    of_team = bool(card and escalation.level.team_id in card.team_ids)
    return of_team or user.pk in ladders.current(desk.version).on_call.get(escalation.level_id, ())


def _asks(user: User, desk: Desk) -> Q:
    """Escalations at which `user` is asked, or could be."""
    card = desk.staff.get(user.pk)
    on_call = [level for level, people in ladders.current(desk.version).on_call.items() if user.pk in people]
    theirs = Q(owner=user) | Q(ticket__assignee=user) | Q(level__in=on_call)
    return theirs | Q(level__team__in=card.team_ids if card else ())


def _row(escalation: Escalation, *, user: User, desk: Desk, now: datetime) -> Row:
    ticket, due_at = escalation.ticket, escalation.due_at  # type: ignore[attr-defined]
    is_paused = ticket.state == State.PENDING_CUSTOMER
    is_late = due_at is not None and due_at < now
    badges = []
    if ticket.customer_tier != CustomerTier.STANDARD:
        badges.append((str(ticket.get_customer_tier_display()), "warn"))
    if ticket.is_angry:
        badges.append((_("Angry"), "bad"))
    return Row(
        escalation=escalation, number=ticket.pk, subject=ticket.subject, customer=ticket.customer_name, badges=badges,
        left=_("stands still") if is_paused else left_words(due_at, now),
        tone="paused" if is_paused else wording.clock_tone(due_at, now), due=due_at.isoformat() if due_at else "",
        why=why_of(escalation), owner=_owner(escalation, desk), is_taken=escalation.status == Status.ACKNOWLEDGED,
        is_late=is_late, since=wording.ago(escalation.level_since, now),
        may_work=may_work(user, escalation, desk=desk),
    )  # fmt: skip


def left_words(due_at: datetime | None, now: datetime) -> str:
    """“12 min left”, “4 min over”."""
    if due_at is None:
        return "—"
    seconds = (due_at - now).total_seconds()
    words = {"time": wording.duration(seconds)}
    return _("%(time)s over") % words if seconds < 0 else _("%(time)s left") % words


def why_of(escalation: Escalation) -> str:
    """The reason in words, with what was found or said."""
    said = event_words.escalation_reason(escalation.reason, _texts(escalation.evidence), escalation.why)
    return capfirst(said)


def _texts(evidence: Iterable[object]) -> list[str]:
    return [str(part) for part in evidence]


def _owner(escalation: Escalation, desk: Desk) -> StaffCard | None:
    return desk.staff.get(escalation.ticket.assignee_id or escalation.owner_id or 0)
