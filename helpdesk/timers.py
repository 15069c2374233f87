"""What is due, and what happens then: the kinds of deadline that rooms above tickets answer for, in one table.

tickets/deadlines.py is the one sweeper and knows its own kinds; it does not know who stands above it. So the roof
hands it the others, as helpdesk/reactions.py does for events.
"""

from collections.abc import Callable
from datetime import datetime

from escalation import ladder, triggered
from tickets import deadlines
from tickets.change import Change
from tickets.models import DeadlineKind

ABOVE: dict[DeadlineKind, Callable[[Change, DeadlineKind], None]] = {
    DeadlineKind.UNANSWERED: triggered.by_silence,
    DeadlineKind.UNSOLVED: triggered.by_age,
    DeadlineKind.ESCALATION: ladder.climbs_by_itself,
}


def sweep(now: datetime | None = None, limit: int = 500) -> int:
    """Attend to at most `limit` deadlines of any kind that are due; as tickets.deadlines.sweep."""
    return deadlines.sweep(now, limit, above=ABOVE)
