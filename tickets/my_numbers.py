"""One agent's own figures (F7), from events, ratings and handle time, against the targets that are shown to agents."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import wording
from tickets.handle_time import business_day
from tickets.models import EventKind, HandleTime, Satisfaction, Target, TicketEvent, User
from tickets.models.fields import default_zone

DAYS = 7


@dataclass
class Span:
    """What one agent did in a span of time; averages are None where there is nothing to average."""

    replies: int = 0
    resolved: int = 0
    first_responses: list[float] = field(default_factory=list)  # seconds the customer waited
    resolutions: list[float] = field(default_factory=list)  # seconds from the ticket's creation
    at_first_contact: int = 0
    scores: list[int] = field(default_factory=list)
    handled_seconds: int = 0
    handled_tickets: int = 0
    days: int = 1

    def value(self, metric: str) -> float | None:
        """A target's figure in the target's own unit (minutes, of 5, percent, tickets a day); None if there is none."""
        match metric:
            case "agent-first-response":
                return _average(self.first_responses, 60)
            case "agent-resolution":
                return _average(self.resolutions, 60)
            case "agent-csat":
                return _average(self.scores, 1)
            case "agent-tickets-per-day":
                return self.resolved / self.days
            case "agent-first-contact-resolution":
                return 100 * self.at_first_contact / self.resolved if self.resolved else None
            case "handle-time":
                return self.handled_seconds / 60 / self.handled_tickets if self.handled_tickets else None
        return None


METRICS = (
    "agent-first-response", "agent-resolution", "agent-csat", "handle-time", "agent-tickets-per-day",
    "agent-first-contact-resolution",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A figure ready to print: today's value, its tone against the target, and the last DAYS days."""

    name: str
    today: str
    week: str
    target: str
    tone: str


def read(user: User, *, now: datetime) -> tuple[Span, Span]:
    """Today and the last DAYS days, by the business's days; three statements."""
    start_today = _midnight(now)
    start_week = _midnight(now - timedelta(days=DAYS - 1))
    today, week = Span(), Span(days=DAYS)
    _read_events(user, today, week, start_today=start_today, start_week=start_week)
    rated = Satisfaction.objects.filter(agent=user, at__gte=start_week).values_list("score", "at")
    for score, at in rated:
        for span in (week, today) if at >= start_today else (week,):
            span.scores.append(score)
    _read_handle_time(user, today, week, now=now)
    return today, week


def figures(today: Span, week: Span, targets: Iterable[Target]) -> list[Figure]:
    """One for each target that is shown to agents and that the desk can measure."""
    shown = {target.metric: target for target in targets if target.is_per_agent}
    return [_figure(shown[metric], today, week) for metric in METRICS if metric in shown]


def _figure(target: Target, today: Span, week: Span) -> Figure:
    value = today.value(target.metric)
    aims_under = target.direction == Target.Direction.UNDER
    is_met = value is not None and (value <= target.value if aims_under else value >= target.value)
    # A day's count only grows: until it is reached it is on its way, not missed.
    is_open = value is None or target.metric == "agent-tickets-per-day"
    tone = "good" if is_met else "neutral" if is_open else "warn"
    aim = _("under %(value)s") if aims_under else _("over %(value)s")
    return Figure(
        name=_(target.name),
        today=_in_words(value, target.unit),
        week=_("7-day average: %(value)s") % {"value": _in_words(week.value(target.metric), target.unit)},
        target=aim % {"value": _in_words(target.value, target.unit)},
        tone=tone,
    )


def _in_words(value: float | Decimal | None, unit: str) -> str:
    if value is None:
        return "—"
    if unit == "min":
        return wording.duration(float(value) * 60)
    if unit == "%":
        return _("%(value)d %%") % {"value": round(value)}
    if unit == "tickets":
        count = round(float(value), 1)
        whole = count == int(count)
        words = ngettext("%(count)s ticket", "%(count)s tickets", int(count) if whole else 2)
        return words % {"count": formats.number_format(int(count) if whole else count)}
    return _("%(value)s of 5") % {"value": formats.number_format(round(float(value), 1))}


def _read_events(user: User, today: Span, week: Span, *, start_today: datetime, start_week: datetime) -> None:
    kinds = (EventKind.REPLIED, EventKind.WITHDRAWN, EventKind.RESOLVED)
    rows = TicketEvent.objects.filter(by=user, at__gte=start_week, kind__in=kinds).order_by("id")
    columns = ("kind", "at", "data", "ticket_id", "ticket__created_at", "ticket__reopen_count")
    events = list(rows.values_list(*columns))
    withdrawn = {data.get("message") for kind, _at, data, *_rest in events if kind == EventKind.WITHDRAWN}
    events = [event for event in events if event[0] != EventKind.REPLIED or event[2].get("message") not in withdrawn]
    replies = Counter(ticket for kind, _at, _data, ticket, *_rest in events if kind == EventKind.REPLIED)
    for kind, at, data, ticket, created_at, reopened in events:
        for span in (week, today) if at >= start_today else (week,):
            if kind == EventKind.REPLIED:
                _count_reply(span, data)
            elif kind == EventKind.RESOLVED:
                span.resolved += 1
                span.resolutions.append((at - created_at).total_seconds())
                span.at_first_contact += replies[ticket] <= 1 and reopened == 0


def _count_reply(span: Span, data: dict[str, Any]) -> None:
    span.replies += 1
    if data.get("first"):
        span.first_responses.append(float(data.get("waited") or 0))


def _read_handle_time(user: User, today: Span, week: Span, *, now: datetime) -> None:
    day = business_day(now)
    spent = HandleTime.objects.filter(user=user, day__gt=day - timedelta(days=DAYS), day__lte=day)
    tickets: tuple[set[int], set[int]] = (set(), set())
    for on, ticket, seconds in spent.values_list("day", "ticket_id", "seconds"):
        week.handled_seconds += seconds
        tickets[1].add(ticket)
        if on == day:
            today.handled_seconds += seconds
            tickets[0].add(ticket)
    today.handled_tickets, week.handled_tickets = len(tickets[0]), len(tickets[1])


def _midnight(now: datetime) -> datetime:
    """The beginning of the business's day of `now`."""
    local = now.astimezone(wording.zone(default_zone()))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _average(values: list[float] | list[int], per: int) -> float | None:
    return sum(values) / len(values) / per if values else None
