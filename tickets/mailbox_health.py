"""How the mailboxes are: which fail, which are silent for too long, and the alarm to leads, once each time."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import desk as desk_settings
from tickets import notices
from tickets.desk import Desk
from tickets.models import Mailbox, Role

# A server may be away for a while; so long a fault needs somebody.
FAILS_TOO_LONG = timedelta(minutes=15)


def trouble(mailbox: Mailbox, now: datetime) -> str:
    """“failing”, “silent” or "" for all well."""
    if mailbox.failing_since is not None and now - mailbox.failing_since >= FAILS_TOO_LONG:
        return "failing"
    last = mailbox.last_mail_at or mailbox.created_at
    if mailbox.silent_after and now - last >= timedelta(hours=mailbox.silent_after):
        return "silent"
    return ""


def sweep(now: datetime) -> int:
    """Tell leads of each mailbox in trouble, once until it is well again; returns how many alarms were raised."""
    raised = 0
    for mailbox in Mailbox.objects.filter(is_active=True):
        what = trouble(mailbox, now)
        if what and mailbox.alarmed_at is None:
            raised += _alarm(mailbox, what, now)
        elif not what and mailbox.alarmed_at is not None:
            Mailbox.objects.filter(pk=mailbox.pk).update(alarmed_at=None)
    return raised


def _alarm(mailbox: Mailbox, what: str, now: datetime) -> int:
    with transaction.atomic():
        if not Mailbox.objects.filter(pk=mailbox.pk, alarmed_at__isnull=True).update(alarmed_at=now):
            return 0
        names = {"address": mailbox.address}
        words = {
            "failing": lambda: _("No mail can be fetched for %(address)s") % names,
            "silent": lambda: _("No mail has come to %(address)s for too long") % names,
        }[what]
        notices.to_colleague(
            _leads(mailbox, desk_settings.current()), "mailbox", None, words,
            key=f"mailbox:{mailbox.pk}:{now:%Y%m%d%H%M}", is_pressing=True, now=now,
        )  # fmt: skip
    return 1


def _leads(mailbox: Mailbox, desk: Desk) -> list[int]:
    """The leads of the team it serves; without any, those who lead the desk."""
    own = [
        card.id for card in desk.staff.values()
        if card.role == Role.LEAD and card.is_active and mailbox.team_id in card.team_ids
    ]  # fmt: skip
    return own or notices.leads_of(None, desk)
