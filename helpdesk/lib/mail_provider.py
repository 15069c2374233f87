"""Mail through a provider's API (django-anymail) instead of SMTP: what it is told beside the mail, and what it says.

Every function takes any mail or error; where no provider is in use they do nothing.
"""

from typing import Any

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.core.mail import EmailMessage

# The provider understood and will say the same again: what was sent is wrong. Not 401, 402, 403 (our key, our bill),
# 408, 409, 425, 429 (later), nor 5xx.
WRONG = frozenset({400, 404, 405, 406, 410, 411, 413, 414, 415, 422})
REFUSED = frozenset({"invalid", "rejected"})
# Postmark answers 422 with a code of its own: inactive recipient (it bounced or complained before), bad address.
POSTMARK_ADDRESS = frozenset({300, 406})


def prepare(mail: EmailMessage) -> None:
    """Ask a provider that would give the mail a Message-ID of its own to keep ours."""
    if getattr(mail.connection, "esp_name", "") == "Postmark":
        mail.extra_headers["X-PM-KeepID"] = "true"


def provider_id(mail: EmailMessage) -> str:
    """What the provider calls the mail in its reports on its first reader; empty where there is none."""
    status = getattr(mail, "anymail_status", None)
    if status is None:
        return ""
    one = status.recipients.get(mail.to[0])
    found = one.message_id if one is not None else status.message_id
    return str(found or "")[:200] if not isinstance(found, set) else str(min(found))[:200]


def refused(mail: EmailMessage) -> dict[str, tuple[bool, str]]:
    """The copies that the provider took the mail without: (for good, its word). Raises where it is the first reader."""
    status = getattr(mail, "anymail_status", None)
    said = {address: one.status for address, one in status.recipients.items()} if status is not None else {}
    if said.get(mail.to[0]) in REFUSED:
        raise AnymailRecipientsRefused(f"the provider says “{said[mail.to[0]]}”", email_message=mail)
    return {address: (True, str(said[address])) for address in mail.cc if said.get(address) in REFUSED}


def is_final(error: Exception) -> bool:
    """Whether trying again is no use: a reader refused, a mail that the provider cannot take."""
    if isinstance(error, AnymailRequestsAPIError):
        return error.status_code in WRONG
    return isinstance(error, AnymailError)  # beside a mistake in our settings, which is none of these


def refused_address(error: Exception) -> str:
    """What was said where the error is about the reader's address, and for good; else nothing."""
    if isinstance(error, AnymailRecipientsRefused | AnymailInvalidAddress):
        return " ".join(str(error).split())[:500]
    if isinstance(error, AnymailRequestsAPIError) and error.status_code == 422:
        answer = _answer(error)
        if answer.get("ErrorCode") in POSTMARK_ADDRESS:
            return f"{answer['ErrorCode']} {answer.get('Message', '')}"[:500]
    return ""


def _answer(error: AnymailRequestsAPIError) -> dict[str, Any]:
    try:
        answer = error.response.json()
    except (AttributeError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
