"""What stands beside a conversation, in one statement: tags, other recipients, drafts, who is here, tickets that belong
to it, CSAT and the customer's last tickets.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from django.db import connection

from helpdesk.lib.statements import prepared_cursor
from tickets.models import Draft, Participant, Presence, Satisfaction, Tag, Ticket, TicketLink, User
from tickets.presence import HERE_FOR, Here, sort

# Small lists of one ticket, each found by an index, stacked into rows of (what, number, words, more, team): asking for
# them one by one would double the statements of the page.
_TICKET, _LINK = Ticket._meta.db_table, TicketLink._meta.db_table
SQL = f"""
SELECT 'tag', t.id, t.name, '', CAST(NULL AS bigint) FROM {Tag._meta.db_table} t
  JOIN {Ticket.tags.through._meta.db_table} tie ON tie.tag_id = t.id WHERE tie.ticket_id = %(ticket)s
UNION ALL SELECT 'with', w.id, w.address, w.name, NULL FROM {Participant._meta.db_table} w
  WHERE w.ticket_id = %(ticket)s AND w.removed_at IS NULL
UNION ALL SELECT 'draft', d.id, d.body, d.kind, NULL FROM {Draft._meta.db_table} d
  WHERE d.ticket_id = %(ticket)s AND d.user_id = %(user)s
UNION ALL SELECT CASE WHEN p.is_writing THEN 'writing' ELSE 'viewing' END, p.user_id, '', '', NULL
  FROM {Presence._meta.db_table} p
  WHERE p.ticket_id = %(ticket)s AND p.user_id <> %(user)s AND p.seen_at > %(since)s
UNION ALL SELECT 'linked', o.id, o.subject, o.state, o.team_id FROM {_LINK} l
  JOIN {_TICKET} o ON o.id = l.other_id WHERE l.one_id = %(ticket)s
UNION ALL SELECT 'linked', o.id, o.subject, o.state, o.team_id FROM {_LINK} l
  JOIN {_TICKET} o ON o.id = l.one_id WHERE l.other_id = %(ticket)s
UNION ALL SELECT 'merged', o.id, o.subject, o.state, o.team_id FROM {_TICKET} o WHERE o.merged_into_id = %(ticket)s
UNION ALL SELECT 'part', o.id, o.subject, o.state, o.team_id FROM {_TICKET} o WHERE o.split_from_id = %(ticket)s
UNION ALL SELECT 'followed', o.id, o.subject, o.state, o.team_id FROM {_TICKET} o WHERE o.follows_id = %(ticket)s
UNION ALL SELECT 'above', o.id, o.subject, o.state, o.team_id FROM {_TICKET} o
  WHERE o.id IN (%(merged_into)s, %(split_from)s, %(follows)s)
UNION ALL SELECT 'csat', COUNT(*), CAST(AVG(s.score) AS text), '', NULL FROM {Satisfaction._meta.db_table} s
  JOIN {_TICKET} o ON o.id = s.ticket_id WHERE o.customer_id = %(customer)s
UNION ALL SELECT * FROM (
  SELECT 'earlier', o.id, o.subject, o.state, o.team_id FROM {_TICKET} o
  WHERE o.customer_id = %(customer)s AND o.id <> %(ticket)s"""  # noqa: S608  (only tables of our own models are named)
EARLIER = 10


@lru_cache(maxsize=64)
def _statement(closed: frozenset[int]) -> str:
    """The closed teams' tickets are left out before the last ten are taken, not of them."""
    open_to_reader = f" AND (o.team_id IS NULL OR o.team_id NOT IN ({', '.join(map(str, closed))}))" if closed else ""
    return f"{SQL}{open_to_reader} ORDER BY o.id DESC LIMIT {EARLIER}) earlier"


@dataclass(frozen=True, slots=True)
class Related:
    """A ticket that belongs to this one; `how`: linked, merged (into this), part, followed, above (this came of it), or
    earlier (of the same customer, which a later one can be too).
    """

    how: str
    number: int
    subject: str
    state: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who gets a copy of every reply."""

    number: int
    address: str
    name: str


@dataclass(slots=True)
class Beside:
    tags: list[str] = field(default_factory=list)
    participants: list[Person] = field(default_factory=list)
    draft: str = ""
    draft_kind: str = ""
    here: list[Here] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    earlier: list[Related] = field(default_factory=list)
    csat: float | None = None
    csat_count: int = 0


def read(ticket: Ticket, *, user: User, closed: frozenset[int], now: datetime) -> Beside:
    """Everything beside `ticket` that `user` may see; `closed`: ids of the teams they may not look into."""
    values = {
        "ticket": ticket.pk, "user": user.pk, "customer": ticket.customer_id,
        "since": connection.ops.adapt_datetimefield_value(now - HERE_FOR),
        "merged_into": ticket.merged_into_id or 0, "split_from": ticket.split_from_id or 0,
        "follows": ticket.follows_id or 0,
    }  # fmt: skip
    found = Beside()
    here = []
    newest_draft = 0
    with prepared_cursor() as cursor:
        cursor.execute(_statement(closed), values)
        rows = cursor.fetchall()
    for what, number, words, more, team_id in rows:
        if what == "tag":
            found.tags.append(words)
        elif what == "with":
            found.participants.append(Person(number, words, more))
        elif what == "draft":
            if number > newest_draft:
                newest_draft, found.draft, found.draft_kind = number, words, more
        elif what in ("viewing", "writing"):
            here.append(Here(number, what == "writing"))
        elif what == "csat":
            found.csat_count, found.csat = number, float(words) if words else None
        elif what == "earlier":
            found.earlier.append(Related(what, number, words, more))
        elif team_id not in closed:
            found.related.append(Related(what, number, words, more))
    found.tags.sort()
    found.participants.sort(key=lambda person: person.number)
    found.here = sort(here)
    found.related.sort(key=lambda other: -other.number)
    found.earlier.sort(key=lambda other: -other.number)
    return found
