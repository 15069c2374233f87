"""Mail providers that call us: which are set up, and what becomes of a mail or a report that they bring.

Their requests are checked and read by django-anymail's views (tickets/provider_views.py, loaded with the first call);
the hand-over is ours: a mail is stored and committed, a report is taken in, before the provider is answered 200.
Whatever fails is answered 5xx, so that the provider keeps it and calls again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string

from tickets import bounces, mail_store
from tickets.errors import Refused
from tickets.files import NoRoom
from tickets.models import Road

log = structlog.get_logger()

# A mail of MAX size in JSON with base64 takes a third more.
MOST_BYTES = mail_store.MOST_BYTES * 4 // 3 + 1024 * 1024
ANYMAIL, OURS = "anymail.webhooks.", "tickets.provider_views."
SOFT = re.compile(r"\bsoft|transient|temporar|undetermined|mailbox ?full|over ?quota|quota ?exceeded", re.IGNORECASE)
# The answer of a mail server: 550, 5.1.1, 421 4.7.0 …
SMTP_CODE = re.compile(r"\b(?:([245])\d\d|([245])\.\d{1,3}\.\d{1,3})\b")
GONE_FOR_GOOD = ("invalid", "bounced")


@dataclass(frozen=True)
class Provider:
    """Dotted names of the views that read its requests; "" where there is none."""

    inbound: str = ""
    tracking: str = ""


def _usual(module: str, name: str) -> Provider:
    return Provider(f"{ANYMAIL}{module}.{name}InboundWebhookView", f"{ANYMAIL}{module}.{name}TrackingWebhookView")


PROVIDERS: dict[str, Provider] = {
    "amazon_ses": Provider(f"{OURS}AmazonSESInbound", f"{OURS}AmazonSESTracking"),
    "brevo": _usual("brevo", "Brevo"),
    "mailersend": _usual("mailersend", "MailerSend"),
    "mailgun": _usual("mailgun", "Mailgun"),
    "mailjet": _usual("mailjet", "Mailjet"),
    "mailtrap": _usual("mailtrap", "Mailtrap"),
    "mandrill": Provider(*(f"{ANYMAIL}mandrill.MandrillCombinedWebhookView",) * 2),
    "postal": _usual("postal", "Postal"),
    "postmark": _usual("postmark", "Postmark"),
    "resend": _usual("resend", "Resend"),
    "sendgrid": _usual("sendgrid", "SendGrid"),
    "sparkpost": _usual("sparkpost", "SparkPost"),
    "unisender_go": Provider(tracking=f"{ANYMAIL}unisender_go.UnisenderGoTrackingWebhookView"),
}  # fmt: skip


def is_set_up(slug: str) -> bool:
    """Whether this provider is named in MAIL_PROVIDERS and there is a secret that its requests must carry."""
    return slug in PROVIDERS and slug in settings.MAIL_PROVIDERS and bool(secrets())


def secrets() -> list[str]:
    """`user:password` pairs that a provider's address may carry; several while one replaces another."""
    given = str(settings.ANYMAIL.get("WEBHOOK_SECRET", ""))
    return [secret.strip() for secret in given.split(",") if ":" in secret.strip(": ")]


def answer(request: HttpRequest, slug: str, kind: str) -> HttpResponse | None:
    """Check, read and take in a provider's request. `kind`: inbound or tracking. None: no such provider is set up."""
    dotted = getattr(PROVIDERS.get(slug, Provider()), kind)
    if not dotted or not is_set_up(slug):
        return None
    try:
        return import_string(f"{OURS}answer")(request, slug, import_string(dotted), _Taken(slug, request))
    except ImproperlyConfigured as error:
        # A key is missing, or the provider calls the other address: nothing is taken, and the log says why.
        log.error("provider_not_set_up", provider=slug, kind=kind, why=str(error)[:500])
        return HttpResponse("This provider is not set up.", status=503, content_type="text/plain")
    except NoRoom as refusal:
        return HttpResponse(refusal.message, status=507, content_type="text/plain; charset=utf-8")
    except Refused as refusal:
        log.warning("provider_mail_refused", provider=slug, why=refusal.message)
        return HttpResponse(refusal.message, status=406, content_type="text/plain; charset=utf-8")


class _Taken:
    """Stands where anymail sends its signal, so that what follows is a plain call, and its fault our answer."""

    def __init__(self, slug: str, request: HttpRequest) -> None:
        self.slug = slug
        self.request = request

    def send(self, sender: Any, event: Any, esp_name: str) -> None:
        if event is None:
            return  # a provider's own test
        take: Callable[[str, HttpRequest, Any], None] = _mail if event.event_type == "inbound" else _report
        take(self.slug, self.request, event)


def _mail(slug: str, request: HttpRequest, event: Any) -> None:
    message = event.message
    if message is None:
        raise Refused("The provider sent no message.")
    raw = import_string(f"{OURS}raw_of")(slug, request, event)
    recipient = message.envelope_recipient or ""
    kept = mail_store.keep(
        raw,
        road=Road.WEBHOOK,
        envelope_from=message.envelope_sender or "",
        envelope_to=[recipient] if recipient else (),
    )
    log.info("provider_mail_kept", provider=slug, mail=kept.pk)


def _report(slug: str, request: HttpRequest, event: Any) -> None:
    words = " ".join(str(part) for part in (event.description, event.mta_response) if part)
    bounces.provider_event(
        event.event_type,
        recipient=(event.recipient or "").strip(),
        message_id=event.message_id or "",
        is_hard=is_hard(event.event_type, event.reject_reason, event.description or "", event.mta_response or ""),
        words=words[:1000],
        now=timezone.now(),
    )


def is_hard(kind: str, reason: str | None, description: str, response: str) -> bool:
    """Whether an address is gone for good. The server's own code decides; without one the provider's words do."""
    if kind not in ("bounced", "rejected") or reason not in GONE_FOR_GOOD or SOFT.search(description):
        return False
    code = SMTP_CODE.search(response)
    return code is None or "5" in code.groups()
