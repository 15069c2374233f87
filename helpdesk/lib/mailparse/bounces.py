"""Messages that came back, complaints and delivery notices: recognised, and read for whom and why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from helpdesk.lib.mailparse import addresses, bounce_reasons, bounce_text, charsets, delivery_status, parts, wording
from helpdesk.lib.mailparse.parsed import Address, Undelivered
from helpdesk.lib.mailparse.parts import Part

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MESSAGE_ID = re.compile(r"^message-id[ \t]{0,3}:[ \t\n]{0,4}<?([^<>\s]{3,900})>?", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^(?:to|x-envelope-to|envelope-to)[ \t]{0,3}:(.{0,500})", re.IGNORECASE | re.MULTILINE)
_STATUS_IN_TEXT = re.compile(r"^[ \t]{0,4}(?:final|original)-recipient[ \t]?:", re.IGNORECASE | re.MULTILINE)
_READ_TEXT = 200_000  # characters of a bounce that are looked at


@dataclass(frozen=True)
class Returned:
    """What a server told; `because`: the sign it was known by, in English."""

    because: str
    undelivered: tuple[Undelivered, ...] = ()
    original_message_id: str = ""
    is_bounce: bool = False
    is_feedback_report: bool = False
    is_delivery_notice: bool = False


@dataclass(frozen=True)
class _Mail:
    """The message under question, and what it quotes of the one it speaks of."""

    root: Part
    leaves: list[Part]
    subject: str
    sender: Address
    whole: str  # the text
    said: str  # of it, what is written to people
    original: str  # headers and beginning of the message that came back

    def part(self, *types: str) -> Part | None:
        return next((part for part in self.leaves if part.type in types), None)

    @property
    def original_message_id(self) -> str:
        found = _MESSAGE_ID.search(self.original)
        return found[1] if found else ""

    @property
    def written_to(self) -> tuple[str, ...]:
        found = [address.email for line in _TO.findall(self.original)[:5] for address in addresses.parse(line.encode())]
        return tuple(dict.fromkeys(email for email in found if email))


def read(root: Part, *, subject: str, sender: Address, text: str) -> Returned | None:
    """None where it is no such message: somebody wrote it."""
    mail = _mail(root, subject, sender, text)
    for look in (_feedback, _provider, _receipt, _report, _free_form):
        returned = look(mail)
        if returned is not None:
            return returned
    return None


def _mail(root: Part, subject: str, sender: Address, text: str) -> _Mail:
    leaves = parts.leaves(root)
    whole = text[:_READ_TEXT]
    # some servers put line ends of their own before the MIME parts, and whole headers into the text
    said, rest = bounce_text.cut(whole)
    if not said.strip():
        said = whole
    inner = next((part for part in leaves if part.type in ("message/rfc822", "text/rfc822-headers", "text/rfc822-header", "message/partial")), None)
    original = charsets.decode(inner.content[:70_000], inner.charset).replace("\r\n", "\n") if inner else rest
    return _Mail(root, leaves, subject, sender, whole, said, original or _second_text(leaves))


def _second_text(leaves: list[Part]) -> str:
    return charsets.decode(leaves[1].content[:70_000], "") if len(leaves) > 1 and leaves[1].type.startswith("text/") else ""


def _feedback(mail: _Mail) -> Returned | None:
    part = mail.part("message/feedback-report")
    attached = mail.part("message/rfc822")
    if part is None:
        is_complaint = wording.begins(wording.flat(mail.subject), wording.of("bounces")["complaints"])
        if not is_complaint or attached is None or mail.root.raw("in-reply-to"):
            return None
    report = charsets.decode(part.content[:20_000]) if part else mail.original
    found = re.search(r"^(?:original-rcpt-to|removal-recipient|x-hmxmroriginalrecipient)[ \t]*:(.*)", report, re.I | re.M)
    person = addresses.email_in(found[1]) if found else next(iter(mail.written_to), "")
    kind = re.search(r"^feedback-type[ \t]*:[ \t]*([\w-]{1,30})", report, re.I | re.M)
    told = f"complaint of type {kind[1].lower()}" if kind else "complaint"
    return Returned(
        f"feedback report: {told}", (Undelivered(person, reason="feedback", words=told),),
        mail.original_message_id or _id_of(report), is_feedback_report=True,
    )  # fmt: skip


def _provider(mail: _Mail) -> Returned | None:
    """What Amazon's mail service writes as JSON."""
    text = mail.whole.lstrip()
    if not text.startswith("{") or '"notificationType"' not in text[:2000]:
        return None
    try:
        told = json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
    kind = str(told.get("notificationType", ""))
    about = told.get(kind.lower())
    if not isinstance(about, dict):
        return None
    original = told.get("mail") if isinstance(told.get("mail"), dict) else {}
    headers = original.get("commonHeaders") if isinstance(original.get("commonHeaders"), dict) else {}
    message_id = str(headers.get("messageId") or original.get("messageId") or "").strip("<>")[:900]
    because = f"notification of Amazon SES: {kind}"
    if kind == "Bounce":
        people = [entry for entry in about.get("bouncedRecipients") or [] if isinstance(entry, dict)]
        found = [
            delivery_status.Recipient(
                addresses.email_in(str(entry.get("emailAddress", ""))), str(entry.get("action", "failed")),
                str(entry.get("status", "")), str(entry.get("diagnosticCode", "")).partition(";")[2].strip(),
            )
            for entry in people
        ]  # fmt: skip
        return Returned(because, tuple(_undelivered(one, mail) for one in found), message_id, is_bounce=True)
    if kind == "Complaint":
        emails = [str(entry.get("emailAddress", "")) for entry in about.get("complainedRecipients") or [] if isinstance(entry, dict)]
        gone = tuple(Undelivered(addresses.email_in(email), reason="feedback") for email in emails)
        return Returned(because, gone, message_id, is_feedback_report=True)
    if kind == "Delivery":
        answer = str(about.get("smtpResponse", ""))
        status, code = delivery_status.codes(answer)
        emails = [str(email) for email in about.get("recipients") or []]
        got = tuple(Undelivered(addresses.email_in(email), status, code, "delivered", words=answer[:500]) for email in emails)
        return Returned(because, got, message_id, is_delivery_notice=True)
    return None


def _receipt(mail: _Mail) -> Returned | None:
    if mail.part("message/disposition-notification") is None and mail.root.content_type.params.get("report-type") != "disposition-notification":
        return None
    part = mail.part("message/disposition-notification")
    told = charsets.decode(part.content[:20_000]) if part else mail.said
    found = re.search(r"^original-message-id[ \t]*:[ \t]*<?([^<>\s]{1,900})", told, re.I | re.M)
    return Returned("read receipt (RFC 8098)", (), found[1] if found else mail.original_message_id, is_delivery_notice=True)


def _report(mail: _Mail) -> Returned | None:
    """A delivery status report, in its own part or, where the message is broken, in the text."""
    part = mail.part(*_STATUS_TYPES)
    if part is not None:
        status = charsets.decode(part.content[:_READ_TEXT], part.charset).replace("\r\n", "\n")
        if mail.root.type != "multipart/report" and not _is_from_a_server(mail) and mail.root.raw("in-reply-to"):
            return None  # a person passes a report on
        because = "delivery status report (RFC 3464)"
    else:
        status = _status_in_text(mail)
        if not status or not _is_from_a_server(mail):
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
    gone = _without_doubles([_undelivered(person, mail, is_alone=len(failed) == 1) for person in failed])
    return Returned(because, gone, original_id, is_bounce=True, is_delivery_notice=is_delay)


def _status_in_text(mail: _Mail) -> str:
    found = _STATUS_IN_TEXT.search(mail.whole)
    return mail.whole[found.start() : found.start() + 20_000] if found else ""


def _free_form(mail: _Mail) -> Returned | None:
    because = _sign(mail)
    if not because:
        return None
    failed = [addresses.email_in(email) for email in mail.root.text("x-failed-recipients").split(",")]
    ours = _ours(mail)
    named = bounce_text.recipients(mail.said, known=mail.written_to, ours=ours)
    emails = [email for email in failed if email]
    if emails:
        about = {one.email: one for one in named}
        named = [about.get(email) or bounce_text.Named(email, mail.said.splitlines()) for email in dict.fromkeys(emails)]
    is_delay = bool(wording.found(wording.flat(mail.said[:5000]), wording.of("bounces")["delays"]))
    gone = tuple(_told(one, mail, is_delay) for one in named)
    return Returned(because, gone, mail.original_message_id, is_bounce=True, is_delivery_notice=is_delay)


def _told(one: bounce_text.Named, mail: _Mail, is_delay: bool) -> Undelivered:
    words_said = "\n".join(one.lines).strip()
    answer = words_said if len(words_said) > 3 else mail.said
    status, code = delivery_status.codes(answer)
    reason = bounce_reasons.reason(answer, status=status, reply_code=code, is_delayed=is_delay)
    if not reason:
        reason = bounce_reasons.reason(mail.said, status=status, reply_code=code)
    hard = bounce_reasons.is_hard(reason, status, is_delayed=is_delay)
    return Undelivered(one.email, status, code, reason, hard, delivery_status.one_line(answer))


def _undelivered(person: delivery_status.Recipient, mail: _Mail, *, is_alone: bool = True) -> Undelivered:
    about = person.diagnostic
    if not re.search(r"[A-Za-z]{3}", about):  # the report has no words of its own: what the text says
        named = [one for one in bounce_text.recipients(mail.said, known=(person.email,)) if one.email == person.email]
        if named and named[0].lines:
            about = f"{about} {' '.join(named[0].lines)}"
        elif is_alone:
            about = f"{about} {mail.said}"
    status, code = delivery_status.codes(about, person.status)
    reason = bounce_reasons.reason(about, status=status, reply_code=code, is_delayed=person.is_delayed)
    hard = bounce_reasons.is_hard(reason, status, is_delayed=person.is_delayed)
    return Undelivered(person.email, status, code, reason, hard, delivery_status.one_line(about))


def _without_doubles(gone: list[Undelivered]) -> tuple[Undelivered, ...]:
    return tuple({one.recipient: one for one in reversed(gone)}.values())[::-1]


def _ours(mail: _Mail) -> frozenset[str]:
    """Who the notice was sent to, and who wrote the message that came back: never the ones who were not reached."""
    found = [address.email for address in addresses.parse(mail.root.raw("to"))] + [mail.sender.email]
    for name in ("from", "return-path"):
        line = re.search(rf"^{name}[ \t]*:(.{{0,300}})", mail.original, re.I | re.M)
        found.append(addresses.email_in(line[1]) if line else "")
    return frozenset(email for email in found if email) - frozenset(mail.written_to)


def _is_from_a_server(mail: _Mail) -> bool:
    known = wording.of("bounces")
    local = mail.sender.email.partition("@")[0] or mail.sender.name.lower()
    path = mail.root.raw("return-path").strip()
    return (
        bool(wording.begins(local.replace(" ", "-"), known["senders"]))
        or bool(wording.begins(wording.flat(mail.sender.name), known["names"]) and not mail.root.raw("in-reply-to"))
        or path == b"<>"
        or addresses.email_in(path.decode("latin-1")).startswith(("mailer-daemon@", "postmaster@"))
        or not mail.sender.email
    )


def _sign(mail: _Mail) -> str:
    """By what a server's own words are known: they come from a server, and the subject or the first lines say so."""
    known = wording.of("bounces")
    if mail.root.raw("x-failed-recipients"):
        return "X-Failed-Recipients"
    subject = wording.flat(mail.subject)
    opening = wording.flat(mail.said[:3000])
    by_subject = wording.found(subject, known["subjects"]) and not subject.startswith(("re:", "fw:", "fwd:", "aw:", "wg:"))
    by_opening = wording.found(opening, known["openings"])
    is_server = _is_from_a_server(mail)
    if is_server and (by_subject or by_opening):
        sign = by_subject and "subject" or f"“{by_opening}”"
        return f"sent by a mail server ({mail.sender.email or mail.sender.name or 'empty sender'}), {sign} says it came back"
    if mail.root.raw("x-mlserver") and by_opening:
        return "a list server refused the message"
    return ""


def _id_of(text: str) -> str:
    found = _MESSAGE_ID.search(text)
    return found[1] if found else ""


