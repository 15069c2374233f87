"""django-anymail's views as we use them: one secret for all, old requests refused, raw mail kept as it came.

Loaded when the first provider calls, for it brings much along that a web process otherwise never needs.
"""

import json
import time
from base64 import b64decode, encodebytes
from collections.abc import Callable, Mapping
from email import policy
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import structlog
from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks import amazon_ses, brevo, mailtrap, resend
from anymail.webhooks.base import AnymailBaseWebhookView
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from tickets.provider_form import fields_of, load_large_form
from tickets.providers import MOST_BYTES, secrets

log = structlog.get_logger()

# Mailgun repeats a request that failed for eight hours, with its first time and signature.
OLDEST = 12 * 60 * 60  # seconds
YOUNGEST = 5 * 60  # ahead of our clock
# Some providers send a mail's number only, and the mail is fetched from them while they wait.
FETCH_WITHIN = (5, 20)  # seconds: to connect, for one silence


def answer(request: HttpRequest, slug: str, view_class: type[Any], taken: Any) -> HttpResponse:
    """Let anymail's view check and read the request; each event goes to `taken`."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse("The request is too large.", status=413, content_type="text/plain")
    view = view_class(webhook_secret=secrets())
    view.validators = [*view.validators, _is_recent(slug)]
    _hand_over(view, taken)
    if request.method == "POST":
        _read(request)
    view.setup(request)
    return view.dispatch(request)


def raw_of(slug: str, request: HttpRequest, event: Any) -> bytes:
    """The mail's bytes: as the provider got them where it hands them on, else put together from its parts."""
    given = RAW.get(slug, lambda request, event: None)(request, event)
    if given:
        return given if isinstance(given, bytes) else given.encode("utf-8", "surrogateescape")
    _wrap_binary(event.message)
    try:
        return event.message.as_bytes()
    except (ValueError, LookupError, AttributeError, TypeError):
        # A header that Python's newer rules cannot write again.
        return event.message.as_bytes(policy=policy.compat32)


def _wrap_binary(message: Any) -> None:
    """Files that anymail put in as bare bytes, in base64: writing a message out makes all its line ends alike."""
    for part in message.walk():
        content = None if part.is_multipart() else part.get_payload(decode=True)
        if content and "Content-Transfer-Encoding" not in part and (not content.isascii() or b"\r" in content):
            part.set_payload(encodebytes(content).decode("ascii"))
            part["Content-Transfer-Encoding"] = "base64"


# ── Checking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_recent(slug: str) -> Callable[[Any, HttpRequest], None]:
    """A check that runs after anymail's own: what was signed long ago is somebody's copy."""

    def check(view: Any, request: HttpRequest) -> None:
        at = _signed_at(slug, request)
        if at is None:
            return
        age = time.time() - float(at) if at.replace(".", "", 1).isdigit() else OLDEST + 1
        if not -YOUNGEST <= age <= OLDEST:
            raise AnymailWebhookValidationFailure(f"{slug} webhook signed too long ago, or in the future")

    return check


def _signed_at(slug: str, request: HttpRequest) -> str | None:
    """The time that the signature covers, in seconds; None where a provider signs none (svix checks Resend's)."""
    if slug == "mailgun":
        if request.content_type == "application/json":
            return str(json.loads(request.body)["signature"]["timestamp"])
        return str(request.POST["timestamp"])
    if slug == "sendgrid":
        return request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp")
    return None


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read(request: HttpRequest) -> None:
    """The whole body, beyond what a form may hold: a mail with files is large, and the limit above stands for it."""
    request._body = request.read()  # type: ignore[attr-defined]
    if len(request.body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        load_large_form(request)


def _hand_over(view: Any, taken: Any) -> None:
    """Put `taken` in the place of anymail's signals; a view for both kinds chooses between them as it reads."""
    if view.signal is not None:
        view.signal = taken
        return
    read = view.parse_events

    def parse_events(request: HttpRequest) -> Any:
        events = read(request)
        view.signal = taken
        return events

    view.parse_events = parse_events


def _field(name: str) -> Callable[[HttpRequest, Any], bytes | None]:
    """A form's field in its very bytes: Django would read them as UTF-8, and a mail may hold anything."""

    def read(request: HttpRequest, event: Any) -> bytes | None:
        if request.content_type == "multipart/form-data":
            return fields_of(request.body, request.META["CONTENT_TYPE"]).get(name)
        if request.content_type == "application/x-www-form-urlencoded":
            text = request.body.decode("latin-1")
            return dict(parse_qsl(text, keep_blank_values=True, encoding="latin-1")).get(name, "").encode("latin-1")
        return None

    return read


def _perhaps_base64(text: str | None, is_base64: object) -> bytes | str | None:
    return b64decode(text) if text and is_base64 else text


def _at(data: Any, *path: str) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _ses(request: HttpRequest, event: Any) -> bytes | str | None:
    encoding = _at(event.esp_event, "receipt", "action", "encoding")
    return _perhaps_base64(_at(event.esp_event, "content"), encoding == "BASE64")


def _sparkpost(request: HttpRequest, event: Any) -> bytes | str | None:
    content = _at(event.esp_event, "msys", "relay_message", "content")
    return _perhaps_base64(_at(content, "email_rfc822"), _at(content, "email_rfc822_is_base64"))


def _postal(request: HttpRequest, event: Any) -> bytes | str | None:
    return _perhaps_base64(_at(event.esp_event, "message"), _at(event.esp_event, "base64"))


RAW: dict[str, Callable[[HttpRequest, Any], bytes | str | None]] = {
    "amazon_ses": _ses,
    "mailersend": lambda request, event: _at(event.esp_event, "data", "raw"),
    "mailgun": _field("body-mime"),
    "mandrill": lambda request, event: _at(event.esp_event, "msg", "raw_msg"),
    "postal": _postal,
    "postmark": lambda request, event: _at(event.esp_event, "RawEmail"),
    "sendgrid": _field("email"),
    "sparkpost": _sparkpost,
}


# ── What anymail leaves to us ────────────────────────────────────────────────────────────────────────────────────────


class _WithoutBoto:
    """Amazon's SNS posts without Amazon's library, which only mail stored in S3 and confirming a subscription need.

    Where it is missing, mail in S3 is answered 503 with its name in the log, and a new subscription is confirmed by
    opening the address that the log names, once.
    """

    session_params: Mapping[str, Any] = {}
    client_params: Mapping[str, Any] = {}
    auto_confirm_enabled = False
    kms_key_id = None
    chunk_size = 64 * 1024

    def __init__(self, **kwargs: Any) -> None:
        if has_boto():
            super().__init__(**kwargs)
        else:
            AnymailBaseWebhookView.__init__(self, **kwargs)  # type: ignore[arg-type]

    def fetch_s3_chunks(self, bucket_name: str, object_key: str) -> Any:
        if not has_boto():
            raise ImproperlyConfigured("Mail that Amazon SES stores in S3 needs the package boto3.")
        return super().fetch_s3_chunks(bucket_name, object_key)  # type: ignore[misc]

    def auto_confirm_sns_subscription(self, sns_message: Mapping[str, Any]) -> None:
        if has_boto():
            super().auto_confirm_sns_subscription(sns_message)  # type: ignore[misc]
        else:
            log.warning(
                "sns_subscription_waits", topic=sns_message.get("TopicArn"), open_this=sns_message.get("SubscribeURL")
            )


def has_boto() -> bool:
    return isinstance(amazon_ses.boto3, type(json))


class AmazonSESInbound(_WithoutBoto, amazon_ses.AmazonSESInboundWebhookView):  # type: ignore[misc]
    """Mail in SNS notifications, or in S3 with boto3."""


class AmazonSESTracking(_WithoutBoto, amazon_ses.AmazonSESTrackingWebhookView):  # type: ignore[misc]
    """Bounces, complaints, deliveries."""


def _bounded(get: Callable[..., Any]) -> Callable[..., Any]:
    return lambda url, **options: get(url, **{"timeout": FETCH_WITHIN, **options})


# Where a mail must be fetched anymail asks without any limit of time; a provider's silence must not hold a web thread.
for _module in (brevo, mailtrap, resend):
    _module.requests = SimpleNamespace(get=_bounded(_module.requests.get))
