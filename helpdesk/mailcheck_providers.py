"""The kinds `webhook_inbound` and `webhook_tracking` of a mail corpus: a provider's request through its own view.

The rows carry no signatures, so the checks of secret and signature are passed over here, and put to the test by
tests/tickets/test_providers.py. Everything else is as in service: the view, the raw mail it yields, our own reading
of that mail. Nothing is fetched: where a mail lies with the provider and is not in the request, the right answer
without a network is a refusal that makes the provider call again.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory, override_settings
from django.utils.module_loading import import_string

from helpdesk.lib.mailparse.guarded import parse_guarded
from helpdesk.lib.mailparse.parsed import Parsed
from helpdesk.mailcheck_compare import holds, same
from tickets import providers

# Stand-ins for the keys that a desk would have; their addresses answer nothing, so that nothing leaves this machine.
NOWHERE = "http://127.0.0.1:9/"
KEYS = {
    "WEBHOOK_SECRET": "check:check", "MAILGUN_WEBHOOK_SIGNING_KEY": "check", "MAILERSEND_SIGNING_SECRET": "check",
    "MAILERSEND_INBOUND_SECRET": "check", "MANDRILL_WEBHOOK_KEY": "check", "POSTAL_WEBHOOK_KEY": "check",
    "UNISENDER_GO_API_KEY": "check", "MAILTRAP_API_TOKEN": "check", "MAILTRAP_API_URL": NOWHERE,
    "BREVO_API_KEY": "check", "BREVO_API_URL": NOWHERE, "RESEND_API_KEY": "check", "RESEND_API_URL": NOWHERE,
}  # fmt: skip
REPORTED = (
    "event_type",
    "event_id",
    "timestamp",
    "message_id",
    "recipient",
    "reject_reason",
    "description",
    "mta_response",
)


class NotThere(Exception):
    """The mail itself is not in the request: it lies with the provider."""


def tracking(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    """A row expects one event; of a request that tells of several, the one that fits best."""
    expected = row.get("expect") or {}
    with override_settings(ANYMAIL=KEYS):
        # Resend tells an event's id in a header, which the rows do not carry.
        names = [name for name in REPORTED if name in expected and (name, _slug(row)) != ("event_id", "resend")]
        found = [
            {name: _told(getattr(event, name)) == _told(expected[name]) for name in names}
            for event in _events(row, "tracking")[1]
        ]
    return max(found, key=lambda met: sum(met.values()), default={"event_type": False})


def inbound(row: Mapping[str, Any], raw: bytes) -> dict[str, bool]:
    with override_settings(ANYMAIL=KEYS):
        try:
            request, events = _events(row, "inbound")
        except NotThere:
            return {"right_refusal": True}
        if not events:
            return {"message": False}
        mail = import_string("tickets.provider_views.raw_of")(_slug(row), request, events[0])
    return _received(parse_guarded(mail), events[0], row.get("expect") or {})


def _slug(row: Mapping[str, Any]) -> str:
    return urlsplit(row["request"]["path"]).path.split("/")[2]


def _events(row: Mapping[str, Any], kind: str) -> tuple[WSGIRequest, list[Any]]:
    """The request as it came and the events that anymail's view reads in it."""
    given, slug = row["request"], _slug(row)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.get("headers", {}).items()}
    request = RequestFactory().post(
        urlsplit(given["path"]).path, base64.b64decode(given["body_b64"]), content_type=given["content_type"], **headers
    )
    request.body  # noqa: B018 - read before the form is, as provider_views.answer does
    view = import_string(getattr(providers.PROVIDERS[slug], kind))(webhook_secret=[KEYS["WEBHOOK_SECRET"]])
    view.setup(request)
    try:
        return request, [event for event in view.parse_events(request) if event is not None]
    except (OSError, ImproperlyConfigured) as error:
        # What `requests` raises is an OSError; without boto3 a mail in S3 is as far away.
        raise NotThere from error


def _tells(what: Any, name: str) -> Callable[[Any], bool]:
    return lambda value: bool(_told(getattr(what, name)) == _told(value))


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return None if value in ("", "None") else value


def _received(parsed: Parsed, event: Any, expected: Mapping[str, Any]) -> dict[str, bool]:
    """What our own reading finds in the mail that we would store, and who the provider says it is from and for."""
    message = event.message
    checks = {
        **{name: _tells(event, name) for name in ("event_id", "timestamp")},
        **{name: _tells(message, name) for name in ("spam_detected", "spam_score", "stripped_text")},
        "event_type": lambda value: event.event_type == value,
        "subject": lambda value: same(value or "", parsed.subject),
        "from_email": lambda value: (value or "").lower() == parsed.sender.email,
        "from_display_name": lambda value: same(value or "", parsed.sender.name),
        "to": lambda value: _addresses(value) == sorted(one.email for one in parsed.to),
        "cc": lambda value: _addresses(value) == sorted(one.email for one in parsed.cc),
        "message_id": lambda value: (value or "").strip("<>") == parsed.message_id.strip("<>"),
        "date": lambda value: value is None or _moment(value) == parsed.date,
        "text": lambda value: _is_said(value, parsed, "text"),
        "html": lambda value: _is_said(value, parsed, "html"),
        "attachments": lambda value: _has_files(value, parsed),
        "inlines": lambda value: _has_pictures(value, parsed),
        "envelope_sender": lambda value: _told(message.envelope_sender) == _told(value),
        "envelope_recipient": lambda value: _told(message.envelope_recipient) == _told(value),
    }
    return {name: bool(check(expected[name])) for name, check in checks.items() if name in expected}


def _is_said(expected: str | None, parsed: Parsed, form: str) -> bool:
    """In the body; or in a message that is attached, which the reference takes for a body that is missing."""
    if holds(getattr(parsed, form), expected or ""):
        return True
    attached = [file.content for file in parsed.attachments if file.content_type == "message/rfc822"]
    return any(holds(getattr(parse_guarded(raw), form), expected or "") for raw in attached)


def _addresses(written: Any) -> list[str]:
    return sorted(str(each).lower() for each in written or [])


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _has_files(expected: Any, parsed: Parsed) -> bool:
    """Each by type, by name where one is told and by size where it is told (0: the reference did not know)."""
    left = list(parsed.attachments)
    for wanted in expected or []:
        found = next((
            file for file in left
            if file.content_type == wanted["mime"] and (not wanted.get("name") or file.name == wanted["name"])
            and (not wanted.get("size") or len(file.content) == wanted["size"])
        ), None)  # fmt: skip
        if found is None:
            return False
        left.remove(found)
    return True


def _has_pictures(expected: Any, parsed: Parsed) -> bool:
    """Each by type and content id."""
    found = {(file.content_id, file.content_type) for file in parsed.attachments}
    return all((wanted.get("cid") or "", wanted["mime"]) in found for wanted in expected or [])
