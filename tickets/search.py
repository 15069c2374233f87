"""Search: tickets by number, by the words of their subjects, customers and messages; newest first.

PostgreSQL looks into tsvector columns with GIN indexes, SQLite into FTS5 tables (tickets.search_tables). Words are
taken as they are written: no stemming, so that names, numbers and every language work alike.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, Window
from django.db.models.expressions import RawSQL
from markupsafe import Markup, escape

from helpdesk.lib import text
from helpdesk.lib.statements import Statement
from tickets import search_matches
from tickets.desk import Desk
from tickets.models import Customer, Ticket, User
from tickets.queue_pages import COLUMNS
from tickets.queues import kept

PAGE = 50
LONGEST = 200  # characters of a question that are read
MOST_TERMS = 10
BODY_READ = 20_000  # characters of a message in which its snippet is looked for
SNIPPET = 150
NUMBER = re.compile(r"#?(\d{1,18})\Z")
ASKED = "asked"  # stands for what is looked for while SQL is made
OPEN_MARK, CLOSE_MARK = Markup("<mark>"), Markup("</mark>")
TERM = re.compile(r'"([^"]+)"|([^\s"]+)')


@dataclass(frozen=True)
class Question:
    """What somebody typed: `terms` are words or, where they wrote quotation marks, phrases; all must be in one text."""

    text: str
    terms: tuple[str, ...]
    number: int | None = None

    @classmethod
    def read(cls, typed: str) -> "Question":
        line = " ".join(text.plain(typed, LONGEST).split())
        match = NUMBER.match(line)
        terms = [phrase or word for phrase, word in TERM.findall(line)]
        terms = [term for term in terms if any(character.isalnum() for character in term)]
        return cls(line, tuple(terms[:MOST_TERMS]), int(match[1]) if match else None)

    @property
    def address(self) -> str:
        """The mail address or handle in it, if it is one."""
        return self.text.lower() if "@" in self.text and " " not in self.text else ""


@dataclass
class Results:
    """`rows` of COLUMNS; `total` tickets, MOST + 1 meaning more. `is_similar`: nothing had these very words."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    total: int = 0
    messages: dict[int, int] = field(default_factory=dict)
    is_similar: bool = False


def find(question: Question, *, user: User, desk: Desk, page: int = 1) -> Results:
    """One page of what is found, as far as `user` may see it; two to four statements."""
    if not question.terms:
        return Results()
    matches = search_matches.find(question.terms, number=question.number, address=question.address)
    if matches:
        return _rows(matches, user=user, desk=desk, page=page)
    alike = search_matches.similar(question.terms)
    found = _rows(dict.fromkeys(alike), user=user, desk=desk, page=page) if alike else Results()
    found.is_similar = bool(found.rows)
    return found


def _rows(matches: dict[int, int | None], *, user: User, desk: Desk, page: int) -> Results:
    restricted = desk.restricted_for(user)
    store, key = kept(desk), ("found", "staff" if user.is_desk_staff else user.pk, restricted, page, PAGE)
    if key not in store:
        first = (page - 1) * PAGE
        tickets = Ticket.objects.visible_to(user, restricted=restricted).filter(_numbered())
        tickets = tickets.annotate(found=Window(Count("*"))).order_by("-last_message_at", "-pk")
        store[key] = Statement(tickets.values_list(*COLUMNS, "found")[first : first + PAGE])
    made: Statement = store[key]
    numbers = json.dumps(list(matches)) if connection.vendor == "sqlite" else list(matches)
    found = made.rows([numbers if value == ASKED else value for value in made.values])
    rows = [row[:-1] for row in found]
    said = {row[0]: message for row in rows if (message := matches[row[0]])}
    return Results(rows, found[0][-1] if found else 0, said)


def _numbered() -> RawSQL:
    """A ticket's number is among those that are given in place of ASKED."""
    among = "IN (SELECT value FROM json_each(%s))" if connection.vendor == "sqlite" else "= ANY(%s)"
    return RawSQL(f'"tickets_ticket"."id" {among}', (ASKED,), output_field=BooleanField())  # noqa: S611


def snippets(results: Results, question: Question) -> dict[int, Markup]:
    """For each ticket found by a message, the place in it with the words marked; one statement."""
    if not results.messages:
        return {}
    pattern = _pattern(question.terms)
    wanted = {message: ticket for ticket, message in results.messages.items()}
    places = ", ".join(["%s"] * len(wanted))
    sql = f"SELECT id, SUBSTR(body, 1, {BODY_READ}) FROM tickets_message WHERE id IN ({places})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*wanted])
        return {wanted[message]: snippet(body, pattern) for message, body in cursor.fetchall()}


def marked(line: str, question: Question) -> Markup:
    """`line` as HTML, escaped, with the question's words marked."""
    return _mark(line, _pattern(question.terms))


def snippet(body: str, pattern: re.Pattern[str]) -> Markup:
    """Some words around the first match in `body`, on one line, with every match in them marked."""
    match = pattern.search(body)
    start = max(match.start() - SNIPPET // 3, 0) if match else 0
    if start:
        start = body.find(" ", start, match.start() + 1 if match else None) + 1 or start
    cut = text.preview(body[start : start + SNIPPET * 2], SNIPPET)
    return Markup("…") + _mark(cut, pattern) if start else _mark(cut, pattern)


@lru_cache(maxsize=256)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words, whatever their case; longer terms first, so that they win over their own beginnings."""
    words = sorted({word for term in terms for word in text.words(term)}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words)) or '(?!)'})(?!\w)", re.IGNORECASE)


def _mark(line: str, pattern: re.Pattern[str]) -> Markup:
    made, end = Markup(), 0
    for match in pattern.finditer(line):
        made += escape(line[end : match.start()]) + OPEN_MARK + escape(match[0]) + CLOSE_MARK
        end = match.end()
    return made + escape(line[end:]) if end else escape(line)


def by_beginning(question: Question) -> list[int]:
    """Newest tickets whose subject, customer or number begins so, for finding while one types; at most a hundred."""
    if not question.terms:
        return []
    numbers = search_matches.by_beginning(question.terms)
    return [question.number, *numbers] if question.number is not None else numbers


def customers(question: Question, *, limit: int = 5) -> list[Customer]:
    """Whose name or main address holds what was typed; from three characters on, as the index is by threes."""
    if len(question.text) < 3 or question.number is not None:
        return []
    made = _customers_statement(limit)
    words = f"%{connection.ops.prep_for_like_query(question.text)}%"
    found = made.rows([words if value == f"%{ASKED}%" else value for value in made.values])
    return [Customer.from_db(None, ("id", "name", "email"), row) for row in found]


@cache
def _customers_statement(limit: int) -> Statement:
    return Statement(search_matches.customers_like(ASKED).values_list("pk", "name", "email")[:limit])
