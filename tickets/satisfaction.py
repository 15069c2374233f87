"""The customer's answer to “how did we do?”: one a ticket, the last one counts."""

from datetime import datetime

from django.utils.translation import gettext as _

from helpdesk.lib import text
from tickets.change import changing
from tickets.errors import Refused
from tickets.models import EventKind, Satisfaction, State, Ticket

SCORES = range(1, 6)
LONGEST_COMMENT = 5000


def rate(ticket: Ticket, *, score: int, comment: str | None = None, now: datetime | None = None) -> Satisfaction:
    """Keep the customer's score (1 to 5) and comment; `comment=None` leaves an earlier one as it is.

    The rating counts for whoever held the ticket when it was given. Raises Refused for a score out of range, and while
    the ticket is still open. Saying the same again changes nothing and leaves no event.
    """
    if score not in SCORES:
        raise Refused(_("Please choose a number from 1 to 5."))
    with changing(ticket, now=now) as change:
        fresh = change.ticket
        if fresh.state not in (State.RESOLVED, State.CLOSED):
            raise Refused(_("You can rate us once your request is solved."))
        earlier = Satisfaction.objects.filter(ticket=fresh).first()
        kept = earlier.comment if earlier else ""
        words = kept if comment is None else text.plain(comment, LONGEST_COMMENT).strip()
        if earlier and (earlier.score, earlier.comment) == (score, words):
            return earlier
        answer = Satisfaction.objects.update_or_create(
            ticket=fresh, defaults={"score": score, "comment": words, "agent_id": fresh.assignee_id, "at": change.now}
        )[0]
        change.event(
            EventKind.RATED, by=None, score=score, before=earlier.score if earlier else None, has_comment=bool(words),
            agent=fresh.assignee_id,
        )  # fmt: skip
    return answer
