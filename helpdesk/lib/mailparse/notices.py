"""Complaints, read receipts and what Amazon's mail service tells: notices that are no bounce reports of RFC 3464."""

from __future__ import annotations

import json
import re
from typing import Any

from helpdesk.lib.mailparse import addresses, charsets, delivery_status, wording
from helpdesk.lib.mailparse.parsed import Undelivered
from helpdesk.lib.mailparse.returned import Mail, Returned, id_of


def complaint(mail: Mail) -> Returned | None:
    part = mail.part("message/feedback-report")
    attached = mail.part("message/rfc822")
    if part is None:
        is_complaint = wording.begins(wording.flat(mail.subject), wording.of("bounces")["complaints"])
        if not is_complaint or attached is None or mail.root.raw("in-reply-to"):
            return None
    report = charsets.decode(part.content[:20_000]) if part else mail.original
    found = re.search(
        r"^(?:original-rcpt-to|removal-recipient|x-hmxmroriginalrecipient)[ \t]*:(.*)", report, re.I | re.M
    )
    person = addresses.email_in(found[1]) if found else next(iter(mail.written_to), "")
    kind = re.search(r"^feedback-type[ \t]*:[ \t]*([\w-]{1,30})", report, re.I | re.M)
    told = f"complaint of type {kind[1].lower()}" if kind else "complaint"
    return Returned(
        f"feedback report: {told}", (Undelivered(person, reason="feedback", words=told),),
        mail.original_message_id or id_of(report), is_feedback_report=True,
    )  # fmt: skip


def receipt(mail: Mail) -> Returned | None:
    if (
        mail.part("message/disposition-notification") is None
        and mail.root.content_type.params.get("report-type") != "disposition-notification"
    ):
        return None
    part = mail.part("message/disposition-notification")
    told = charsets.decode(part.content[:20_000]) if part else mail.said
    found = re.search(r"^original-message-id[ \t]*:[ \t]*<?([^<>\s]{1,900})", told, re.I | re.M)
    return Returned(
        "read receipt (RFC 8098)", (), found[1] if found else mail.original_message_id, is_delivery_notice=True
    )


def amazon(mail: Mail) -> Returned | None:
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
    original = _section(told, "mail")
    headers = _section(original, "commonHeaders")
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
        return Returned(
            because, tuple(delivery_status.undelivered(one, mail.said) for one in found), message_id, is_bounce=True
        )
    if kind == "Complaint":
        emails = [
            str(entry.get("emailAddress", ""))
            for entry in about.get("complainedRecipients") or []
            if isinstance(entry, dict)
        ]
        gone = tuple(Undelivered(addresses.email_in(email), reason="feedback") for email in emails)
        return Returned(because, gone, message_id, is_feedback_report=True)
    if kind == "Delivery":
        answer = str(about.get("smtpResponse", ""))
        status, code = delivery_status.codes(answer)
        emails = [str(email) for email in about.get("recipients") or []]
        got = tuple(
            Undelivered(addresses.email_in(email), status, code, "delivered", words=answer[:500]) for email in emails
        )
        return Returned(because, got, message_id, is_delivery_notice=True)
    return None


def _section(told: dict[str, Any], name: str) -> dict[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}
