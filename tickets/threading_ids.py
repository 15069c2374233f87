"""The ids that hold a ticket's mails together in mail programs, and that find the ticket again when one is answered."""

import hashlib
import re
from collections.abc import Sequence

from django.utils.crypto import constant_time_compare

from helpdesk.lib import mail as post
from tickets.models import Ticket

THREAD_ID = re.compile(r"ticket-(\d{1,18})\.([0-9a-fA-F]{24})")
# What may stand in a header as it is: a mail's id from outside is anybody's text.
CLEAN_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,250}")
MOST_REFERENCES = 12


def thread_id(ticket: Ticket) -> str:
    """The Message-ID all mails of a ticket refer to; it cannot be guessed from the number."""
    return f"<ticket-{ticket.pk}.{_secret(ticket)}@{post.domain()}>"


def ticket_of_thread(message_id: str) -> Ticket | None:
    """The ticket whose `thread_id` this is; None for a forged one."""
    found = THREAD_ID.fullmatch(message_id.strip().strip("<>").partition("@")[0])
    if found is None:
        return None
    ticket = Ticket.objects.select_related("customer").filter(pk=int(found[1])).first()
    return ticket if ticket is not None and constant_time_compare(_secret(ticket), found[2].lower()) else None


def headers(ticket: Ticket, heard: Sequence[str]) -> dict[str, str]:
    """In-Reply-To and References; `heard`: ids of the mails that came in on the ticket, oldest first.

    The customer's first mail stands in front, so that ours join their own thread; the thread's id is in every one.
    """
    known = [f"<{one}>" for one in heard if CLEAN_ID.fullmatch(one)]
    first, later = known[:1], known[1:][-MOST_REFERENCES:]
    references = list(dict.fromkeys([*first, thread_id(ticket), *later]))
    return {"References": " ".join(references), "In-Reply-To": (later or first or [thread_id(ticket)])[-1]}


def _secret(ticket: Ticket) -> str:
    return hashlib.sha256(f"thread:{ticket.pk}:{ticket.access_key}".encode()).hexdigest()[:24]
