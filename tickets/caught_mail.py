"""A mail backend that keeps mail in the house: the demo shows it at /demo/mail/."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from helpdesk.lib.mail import LOOP_MARK
from tickets.models import CaughtMail

KEPT_HEADERS = (
    "To", "Cc", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Reply-To", "List-Unsubscribe",
    "List-Unsubscribe-Post", LOOP_MARK,
)  # fmt: skip


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        CaughtMail.objects.bulk_create(_caught(mail) for mail in email_messages)
        return len(email_messages)


def _caught(mail: EmailMessage) -> CaughtMail:
    built = mail.message()
    html = next((part for part, kind in getattr(mail, "alternatives", []) if kind == "text/html"), "")
    return CaughtMail(
        to=", ".join(mail.recipients())[:254],
        subject=str(mail.subject)[:300],
        text=str(mail.body),
        html=str(html),
        headers={"From": mail.from_email} | {name: built[name] for name in KEPT_HEADERS if name in built},
    )
