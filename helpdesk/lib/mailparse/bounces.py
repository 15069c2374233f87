"""Messages that came back, complaints and delivery notices: recognised, and read for whom and why."""

from __future__ import annotations

import re

from helpdesk.lib.mailparse import (
    addresses,
    bounce_reasons,
    bounce_signs,
    bounce_text,
    charsets,
    delivery_status,
    notices,
    wording,
)
from helpdesk.lib.mailparse.parsed import Address, Undelivered
from helpdesk.lib.mailparse.parts import Part
from helpdesk.lib.mailparse.returned import READ_TEXT, Mail, Returned, open_mail

_STATUS_IN_TEXT = re.compile(r"^[ \t]{0,4}(?:final|original)-recipient[ \t]?:", re.IGNORECASE | re.MULTILINE)


def read(root: Part, *, subject: str, sender: Address, text: str) -> Returned | None:
    """None where it is no such message: somebody wrote it."""
    mail = open_mail(root, subject, sender, text)
    for look in (notices.complaint, notices.amazon, notices.receipt, _report, _free_form):
        returned = look(mail)
        if returned is not None:
            return returned
    return None


def _report(mail: Mail) -> Returned | None:
    """A delivery status report, in its own part or, where the message is broken, in the text."""
    part = next((part for part in mail.leaves if part.type.endswith("delivery-status")), None)
    if part is not None:
        status = charsets.decode(part.content[:READ_TEXT], part.charset).replace("\r\n", "\n")
        if mail.root.type != "multipart/report" and not bounce_signs.is_from_a_server(mail):
            return None  # a person passes a report on
        because = "delivery status report (RFC 3464)"
    else:
        status = _status_in_text(mail)
        if not status or not bounce_signs.is_from_a_server(mail):
            return None
        because = "delivery status report in the text"
    people = delivery_status.read(status)
    if not people:
        return None
    original_id = mail.original_message_id
    if all(person.is_delivered for person in people):
        got = tuple(delivery_status.plain(person, "delivered", hard=False, words="") for person in people)
        return Returned(because, got, original_id, is_delivery_notice=True)
    failed = [person for person in people if not person.is_delivered]
    is_delay = all(person.is_delayed for person in failed)
    gone = _without_doubles(
        [delivery_status.undelivered(person, mail.said, is_alone=len(failed) == 1) for person in failed]
    )
    return Returned(because, gone, original_id, is_bounce=True, is_delivery_notice=is_delay)


def _status_in_text(mail: Mail) -> str:
    found = _STATUS_IN_TEXT.search(mail.whole)
    return mail.whole[found.start() : found.start() + 20_000] if found else ""


def _free_form(mail: Mail) -> Returned | None:
    because = bounce_signs.sign(mail)
    if not because:
        return None
    failed = [addresses.email_in(email) for email in mail.root.text("x-failed-recipients").split(",")]
    ours = _ours(mail)
    named = bounce_text.recipients(mail.said, known=mail.written_to, ours=ours)
    emails = [email for email in failed if email]
    if emails:
        about = {one.email: one for one in named}
        named = [
            about.get(email) or bounce_text.Named(email, mail.said.splitlines()) for email in dict.fromkeys(emails)
        ]
    is_delay = bool(wording.found(wording.flat(mail.said[:5000]), wording.of("bounces")["delays"]))
    gone = tuple(_told(one, mail, is_delay) for one in named)
    return Returned(because, gone, mail.original_message_id, is_bounce=True, is_delivery_notice=is_delay)


def _told(one: bounce_text.Named, mail: Mail, is_delay: bool) -> Undelivered:
    """By the lines that follow the name; where they tell nothing, by all that is said."""
    about = "\n".join(one.lines).strip()
    for answer in (about, mail.said):
        status, code = delivery_status.codes(answer)
        reason = bounce_reasons.reason(answer, status=status, reply_code=code, is_delayed=is_delay) if answer else ""
        if reason and (status or code or reason != "expired"):
            break
    hard = bounce_reasons.is_hard(reason, status, is_delayed=is_delay)
    return Undelivered(one.email, status, code, reason, hard, delivery_status.one_line(answer))


def _without_doubles(gone: list[Undelivered]) -> tuple[Undelivered, ...]:
    return tuple({one.recipient: one for one in reversed(gone)}.values())[::-1]


def _ours(mail: Mail) -> frozenset[str]:
    """Who the notice was sent to, and who wrote the message that came back: never the ones who were not reached."""
    found = [address.email for address in addresses.parse(mail.root.raw("to"))] + [mail.sender.email]
    for name in ("from", "return-path"):
        line = re.search(rf"^{name}[ \t]*:(.{{0,300}})", mail.original, re.I | re.M)
        found.append(addresses.email_in(line[1]) if line else "")
    return frozenset(email for email in found if email) - frozenset(mail.written_to)
