"""By what a message is known to come from a mail server and to say that something came back."""

import re

from helpdesk.lib.mailparse import addresses, wording
from helpdesk.lib.mailparse.returned import Mail

# An answer as SMTP servers give it: `550 5.1.1 …`, `550-…`, `(#5.1.1)`.
_SERVER_ANSWER = re.compile(r"(?:^|[\s:;'\"(\[])#?(?:[45][0-5]\d[ -][^\n]{3}|[45]\.\d{1,2}\.\d{1,3}\b)")
# Parcels come back too.
_OF_MAIL = re.compile(
    r"\b(?:your|the|this|a) (?:e-?mail|message|nachricht)|recipient|smtp|mailbox|\bmail\b|undeliverable"
)
_PASSED_ON = ("fw:", "fwd:", "wg:", "tr:", "rv:")
_ANSWERED = ("re:", "aw:", "sv:", "antw:")  # some servers write it themselves


def sign(mail: Mail) -> str:
    """By what a server's own words are known: they come from a server, and subject or first lines say so.

    From a mail daemon one of them is enough. People look after postmaster@ and write of deliveries: from them it takes
    two.
    """
    known = wording.of("bounces")
    if mail.root.raw("x-failed-recipients"):
        return "X-Failed-Recipients"
    subject, opening = wording.flat(mail.subject), wording.flat(mail.said[:3000])
    if mail.root.raw("x-mlserver") and wording.begins(opening, known["refusals"]):
        return "a list server refused the message"
    by_answer = bool(_SERVER_ANSWER.search(mail.said[:5000]))
    is_answer = subject.startswith(_ANSWERED) and (mail.root.raw("in-reply-to") or mail.root.raw("references"))
    if is_answer and by_answer and wording.found(opening.partition(" >")[0][:120], known["openings"]):
        is_answer = False  # nothing but the server's words
    if is_answer or subject.startswith(_PASSED_ON) or not is_from_a_server(mail):
        return ""
    by_subject = wording.found(subject, known["subjects"])
    by_opening = wording.found(opening, known["openings"])
    if not by_subject and not by_opening and not (by_answer and _is_daemon(mail)):
        return ""
    of_mail = bool(by_subject and by_opening and _OF_MAIL.search(f"{subject} {opening}") and not _is_empty_path(mail))
    if not (_is_daemon(mail) or by_answer or of_mail):
        return ""
    told_by = "the subject" if by_subject else f"“{by_opening}”" if by_opening else "a server's answer in it"
    server = mail.sender.email or mail.sender.name or "empty sender"
    return f"sent by a mail server ({server}); {told_by} says it came back"


def is_from_a_server(mail: Mail) -> bool:
    known = wording.of("bounces")
    return (
        _is_daemon(mail)
        or not mail.sender.email
        or mail.root.raw("return-path").strip() == b"<>"
        or bool(wording.begins(mail.sender.email.partition("@")[0], known["senders"]))
        or bool(wording.begins(wording.flat(mail.sender.name), known["names"]) and not mail.root.raw("in-reply-to"))
    )


def _is_daemon(mail: Mail) -> bool:
    """Whether the sender is a mail server by name, not only somebody who looks after one."""
    local = mail.sender.email.partition("@")[0] or mail.sender.name.lower().replace(" ", "-")
    path = addresses.email_in(mail.root.text("return-path"))
    return (
        bool(wording.begins(local, wording.of("bounces")["daemons"]))
        or path.startswith("mailer-daemon@")
        or b"mailer-daemon" in mail.root.raw("from").lower()
    )


def _is_empty_path(mail: Mail) -> bool:
    """Whether nothing but the empty return path speaks for a server: forms on web sites send so as well."""
    known = wording.of("bounces")
    by_name = wording.begins(mail.sender.email.partition("@")[0], known["senders"]) or wording.begins(
        wording.flat(mail.sender.name), known["names"]
    )
    return bool(mail.sender.email) and not by_name
