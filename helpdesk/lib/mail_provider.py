"""Mail through a provider's API (django-anymail) instead of SMTP: what it is told beside the mail, and what it says.

Every function takes any mail or error; where no provider is in use they do nothing, and anymail is not loaded: its
errors are known by their names.
"""

from typing import Any

from django.core.mail import EmailMessage

# The provider understood and will say the same again: what was sent is wrong. Not 401 to 404 (our key, our bill, our
# domain), 408, 409, 425, 429 (later), nor 5xx.
WRONG = frozenset({400, 406, 410, 411, 413, 414, 415, 422})
REFUSED = frozenset({"invalid", "rejected"})


class RecipientRefused(Exception):
    """The provider took the mail and refused its reader for good."""


def prepare(mail: EmailMessage) -> None:
    """Ask a provider that would give the mail a Message-ID of its own to keep ours."""
    if getattr(mail.connection, "esp_name", "") == "Postmark":
        mail.extra_headers["X-PM-KeepID"] = "true"


def provider_id(mail: EmailMessage) -> str:
    """What the provider calls the mail in its reports on its first reader; empty where there is none."""
    return _said(mail).get(mail.to[0], ("", ""))[1][:200]


def send(mail: EmailMessage) -> dict[str, tuple[bool, str]]:
    """Send it; returns the copies it went without: (for good, the provider's word). Raises where nobody took it."""
    refused: dict[str, tuple[bool, str]] = {}
    for _turn in range(2):
        mail.send()
        said = _said(mail)
        if said.get(mail.to[0], ("", ""))[0] in REFUSED:
            raise RecipientRefused(f"the provider says “{said[mail.to[0]][0]}”")
        refused |= {one: (True, said[one][0]) for one in mail.cc if one in said and said[one][0] in REFUSED}
        # Postmark takes none of a mail with one wrong copy, and anymail then calls the others “unknown”.
        if not refused or any(mail_id for _status, mail_id in said.values()):
            break
        mail.cc = [one for one in mail.cc if one not in refused]
    return refused


def is_final(error: Exception) -> bool:
    """Whether trying again is no use: a reader refused, a mail that the provider cannot take."""
    if _is(error, "AnymailRequestsAPIError"):
        return getattr(error, "status_code", None) in WRONG
    # Beside a mistake in our settings, which is none of these.
    return isinstance(error, RecipientRefused) or _is(error, "AnymailError")


def refused_address(error: Exception) -> str:
    """What was said where the error is about the reader's address, and for good; else nothing."""
    refused = isinstance(error, RecipientRefused) or _is(error, "AnymailRecipientsRefused", "AnymailInvalidAddress")
    if not refused:
        return ""
    answer = _answer(error)
    words = answer.get("Message") or answer.get("message") or str(error)
    return " ".join(str(words).split())[:500]


def _said(mail: EmailMessage) -> dict[str, tuple[str, str]]:
    """(status, id) of each recipient; nothing where no provider is in use."""
    status = getattr(mail, "anymail_status", None)
    found = status.recipients if status is not None else {}
    return {address: (str(one.status), str(one.message_id or "")) for address, one in found.items()}


def _is(error: Exception, *names: str) -> bool:
    """Whether it is one of anymail's errors of these names."""
    return any(kind.__name__ in names and kind.__module__.startswith("anymail.") for kind in type(error).__mro__)


def _answer(error: Exception) -> dict[str, Any]:
    try:
        answer = error.response.json()  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
