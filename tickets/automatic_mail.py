"""Mail that machines send: answers of their own noted on the ticket without effect, loops cut and told."""

import re
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from helpdesk.lib import mail as post
from helpdesk.lib import text
from helpdesk.lib.mailparse.parsed import Parsed
from tickets import customers, outbox, threads, timeline
from tickets.desk import Desk
from tickets.models import EventKind, IdentityKind, InboundMail, MailSort, Ticket

LOOP_LOOKS_BACK = timedelta(hours=1)
# So many mails of one sender under one subject within the hour are a machine that answers ours. In a conversation that
# stands, where nothing of ours answers by itself, a person in a hurry gets there too.
ROUNDS_THAT_OPEN_TICKETS = 5
ROUNDS_IN_A_CONVERSATION = 20
# What mail programs put before a subject; at most a few, so that a hostile subject costs nothing.
PREFIXES = re.compile(
    r"(?:(?:re|aw|fwd?|wg|sv|vs|antw|rif|tr|auto(?:matic reply)?)\s*(?:\[\d+\])?:\s*|\[#\d+\]\s*){1,9}", re.IGNORECASE
)
LONGEST_WORDS = 300


def loop(parsed: Parsed, mail: InboundMail, *, desk: Desk, now: datetime) -> str:
    """Why the mail is one round of a loop, in words for the colleague who looks; empty when it is none."""
    if threads.is_own(parsed.sender.email, desk):
        return _("It comes from an address of ours.")
    if parsed.headers.get("x-firstline", "").strip().lower() == post.domain().lower():
        return _("It is a mail of ours that came back.")
    if mail.mail_id.lower().endswith(f"@{post.domain().lower()}") and outbox.mail_of([mail.mail_id]):
        return _("It is a mail of ours that came back.")
    is_answer = bool(parsed.in_reply_to or parsed.references or threads.NUMBER.search(parsed.subject))
    most = ROUNDS_IN_A_CONVERSATION if is_answer else ROUNDS_THAT_OPEN_TICKETS
    if getattr(mail, "lately", 0) <= most:
        return ""
    subjects = _lately(mail, now).values_list("subject", flat=True)
    same = sum(_bare(subject) == _bare(parsed.subject) for subject in subjects)
    if same >= most:
        return _("%(count)d mails of one sender with one subject came within an hour.") % {"count": same + 1}
    return ""


def cut(parsed: Parsed, mail: InboundMail, *, why: str, now: datetime) -> Ticket | None:
    """Note the cut on the ticket the loop turns on, once a day and sender; the people there are told why."""
    ticket, _is_signed = threads.hinted(parsed, mail)
    if ticket is None:
        earlier = _lately(mail, now).filter(ticket__isnull=False).select_related("ticket").order_by("-pk").first()
        ticket = earlier.ticket if earlier else None
    if ticket is None:
        return None
    told = {"sender": mail.sender, "day": f"{now:%Y-%m-%d}"}
    if not ticket.events.filter(kind=EventKind.LOOP_CUT, data__sender=mail.sender, data__day=told["day"]).exists():
        timeline.record(timeline.event(ticket, EventKind.LOOP_CUT, by=None, now=now, mail=mail.pk, because=why, **told))
    return ticket


def note(parsed: Parsed, mail: InboundMail, *, now: datetime) -> Ticket | None:
    """Note an automatic answer on its ticket: no state, no clock, no message. None where it belongs to nothing."""
    ticket, is_signed = threads.hinted(parsed, mail)
    if ticket is None:
        return None
    if not (is_signed or parsed.in_reply_to or parsed.references):
        customer = customers.find(IdentityKind.EMAIL, parsed.sender.email)
        if customer is None or customer.pk != ticket.customer_id:
            return None
    words = text.preview(text.plain(parsed.reply or parsed.text, 5000), LONGEST_WORDS)
    timeline.record(
        timeline.event(
            ticket, EventKind.AUTO_REPLIED, by=None, now=now, mail=mail.pk, sender=parsed.sender.email,
            because=mail.automatic_because, words=words,
        )
    )  # fmt: skip
    return ticket


def _lately(mail: InboundMail, now: datetime) -> QuerySet[InboundMail]:
    others = InboundMail.objects.filter(sender=mail.sender, received_at__gt=now - LOOP_LOOKS_BACK).exclude(pk=mail.pk)
    return others.exclude(sort=MailSort.BOUNCE)


def _bare(subject: str) -> str:
    return PREFIXES.sub("", text.preview(subject, 200).lower(), count=1).strip()
