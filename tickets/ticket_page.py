"""What an agent's ticket page shows beside the conversation, and all of it read in as few statements as it takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import beside, conversation_page, wording
from tickets.beside import Beside
from tickets.conversation_page import Conversation
from tickets.desk import Desk
from tickets.models import Customer, CustomerTier, Organisation, Priority, State, Ticket, User

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


@dataclass(slots=True)
class Clock:
    text: str
    tone: str
    due: str


@dataclass(slots=True)
class TicketPage:
    conversation: Conversation
    beside: Beside
    clocks: list[Clock] = field(default_factory=list)


def clocks(ticket: Ticket, now: datetime) -> list[Clock]:
    """The promises that run, in words; a paused one says why nothing runs."""
    shown = []
    if ticket.is_open and ticket.first_responded_at is None and ticket.first_response_due_at:
        shown.append(_clock(ticket.first_response_due_at, now, _late_response, _response_in))
    if ticket.is_open and ticket.resolution_due_at:
        shown.append(_clock(ticket.resolution_due_at, now, _late_resolution, _resolve_in))
    if not shown and ticket.state == State.PENDING_CUSTOMER:
        shown.append(Clock(_("Clocks stand still while the customer has the turn"), "paused", ""))
    return shown


def _clock(due: datetime, now: datetime, late: Callable[[str], str], ahead: Callable[[str], str]) -> Clock:
    seconds = (due - now).total_seconds()
    words = wording.duration(seconds)
    return Clock(late(words) if seconds < 0 else ahead(words), wording.clock_tone(due, now), due.isoformat())


def _late_response(span: str) -> str:
    return _("First response %(span)s over") % {"span": span}


def _response_in(span: str) -> str:
    return _("First response in %(span)s") % {"span": span}


def _late_resolution(span: str) -> str:
    return _("Resolution %(span)s over") % {"span": span}


def _resolve_in(span: str) -> str:
    return _("Resolve in %(span)s") % {"span": span}


def read(ticket: Ticket, *, user: User, desk: Desk, now: datetime, before: int | None = None) -> TicketPage:
    """Everything on the page: four statements at most beside session, user and the ticket itself."""
    return TicketPage(
        conversation=conversation_page.read(ticket, user=user, desk=desk, now=now, before=before),
        beside=beside.read(ticket, user=user, closed=desk.restricted_for(user), now=now),
        clocks=clocks(ticket, now),
    )


STEPS = (
    State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_CUSTOMER, State.PENDING_INTERNAL, State.RESOLVED,
    State.CLOSED,
)  # fmt: skip
PASSED_BY = (State.PENDING_CUSTOMER, State.PENDING_INTERNAL)


def steps(ticket: Ticket) -> list[dict[str, str]]:
    """The lifecycle bar: passed, present, to come. The two waiting states are side tracks."""
    here = STEPS.index(State(ticket.state))
    return [
        {
            "label": str(state.label),
            "state": "now" if at == here else "done" if at < here and state not in PASSED_BY else "todo",
        }
        for at, state in enumerate(STEPS)
    ]


def badges(ticket: Ticket) -> list[tuple[str, str]]:
    """(words, tone) of what must not be overlooked: priority, tier of customer, mood, spam."""
    tones = {Priority.URGENT: "bad", Priority.HIGH: "warn"}
    shown = [(str(Priority(ticket.priority).label), tones.get(Priority(ticket.priority), "neutral"))]
    if ticket.customer_tier != CustomerTier.STANDARD:
        shown.append((str(ticket.get_customer_tier_display()), "warn"))
    if ticket.escalation_rank is not None and ticket.is_open:
        shown.append((_("Escalated"), "bad"))
    if ticket.is_angry:
        shown.append((_("Angry"), "bad"))
    if ticket.is_spam:
        shown.append((_("Spam"), "bad"))
    return shown


def customer_facts(customer: Customer, *, csat: float | None, csat_count: int, now: datetime) -> list[tuple[str, str]]:
    """(name, value) of what helps to answer this customer; unknown ones are empty and stay unprinted."""
    company = customer.organisation
    facts = []
    if company:
        facts = [(_("Company"), company.name), (_("Plan"), _plan(company)), (_("Value"), _value(company))]
    if csat is not None:
        answers = ngettext("%(count)d answer", "%(count)d answers", csat_count) % {"count": csat_count}
        facts.append((_("CSAT"), _("%(score)s of 5") % {"score": formats.number_format(csat, 1)} + f" · {answers}"))
    local = timezone.localtime(now, wording.zone(customer.time_zone))
    place = customer.time_zone.rpartition("/")[2].replace("_", " ")
    facts.append((_("Local time"), f"{local:%H:%M}, {place}"))
    language = dict(settings.LANGUAGES).get(customer.language)
    return [*facts, (_("Language"), str(language or customer.language))]


def _plan(company: Organisation) -> str:
    if company.since is None:
        return company.plan
    since = _("since %(year)d") % {"year": company.since.year}
    return f"{company.plan}, {since}" if company.plan else since


def _value(company: Organisation) -> str:
    if company.yearly_value is None:
        return ""
    amount = formats.number_format(company.yearly_value, 0, use_l10n=True, force_grouping=True)
    sign = SIGNS.get(company.currency)
    return _("%(amount)s a year") % {"amount": f"{sign}{amount}" if sign else f"{amount} {company.currency}"}


def send_states(ticket: Ticket) -> list[State]:
    """What a reply may be sent as, the usual one first."""
    if ticket.state in (State.RESOLVED, State.CLOSED):
        return [State(ticket.state), State.PENDING_CUSTOMER, State.IN_PROGRESS]
    return [State.PENDING_CUSTOMER, State.IN_PROGRESS, State.PENDING_INTERNAL, State.RESOLVED]
