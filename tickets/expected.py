"""When a customer may expect to hear from us, in words: from the SLA policies and the team's working hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib import clock
from helpdesk.lib.clock import Calendar, NeverOpen
from tickets import sla, wording
from tickets.desk import Desk
from tickets.models import Channel, Priority, Ticket


@dataclass(frozen=True)
class Expected:
    """A usual first response: `minutes` of the policy, and the moment it means if one wrote now."""

    minutes: int
    by: datetime
    is_open: bool  # whether the clock runs at this moment

    @property
    def within(self) -> str:
        """“4 h”."""
        return wording.duration(self.minutes * 60)


def usual(desk: Desk, now: datetime) -> Expected | None:
    """What a standard customer's normal request by the form can expect; None while no policy promises anything."""
    policy = sla.choose(Ticket(priority=Priority.NORMAL, channel=Channel.WEB), desk)
    if policy is None:
        return None
    calendar = desk.calendar(None) if policy.in_business_hours else desk.always
    minutes = policy.first_response
    return Expected(minutes=minutes, by=_due(calendar, now, minutes), is_open=_is_open(calendar, now))


def sentence(expected: Expected | None, now: datetime) -> str:
    """One line for the form: “We usually reply within 4 h.”, or by when if the team is not at work now."""
    if expected is None:
        return _("We reply as soon as we can.")
    if expected.is_open:
        return _("We usually reply within %(time)s.") % {"time": expected.within}
    words = _("We are closed right now. Write now and you usually have our answer by %(moment)s.")
    return words % {"moment": moment(expected.by, now)}


def promised(ticket: Ticket, now: datetime) -> str:
    """For the confirmation: when this request is answered at the latest; empty if nothing is promised."""
    due = ticket.first_response_due_at
    if due is None:
        return ""
    return _("You will have an answer by %(moment)s.") % {"moment": moment(due, now)}


def moment(at: datetime, now: datetime) -> str:
    """A time to come as people say it: “today 15:30”, “tomorrow 09:12”, else the weekday and date."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    if local.date() == today + timedelta(days=1):
        return _("tomorrow %(time)s") % {"time": local.strftime("%H:%M")}
    return wording.when(at, now)


def _is_open(calendar: Calendar, now: datetime) -> bool:
    try:
        return clock.add(calendar, now, 60) <= now + timedelta(seconds=60)
    except NeverOpen:
        return False


def _due(calendar: Calendar, now: datetime, minutes: int) -> datetime:
    try:
        return clock.add(calendar, now, minutes * 60)
    except NeverOpen:
        return now + timedelta(minutes=minutes)
