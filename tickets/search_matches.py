"""Which tickets hold some words, asked in the words of each database."""

import difflib
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from tickets.models import Customer, Identity

MOST = 500  # tickets found and counted; past that it is “500+” and one had better add a word
HITS = 2_000  # messages read for them
# Common words: the newest of so many messages and tickets are looked through first, and mostly that is enough.
RECENT = 50_000
ENOUGH = 200
ALIKE = 0.45  # pg_trgm's word similarity: two letters the wrong way round in a name of nine come to 0.5
Matches = dict[int, int | None]


def find(terms: Sequence[str], *, number: int | None = None, address: str = "") -> Matches:
    """The newest tickets that match, as {number: id of the matching message, or None where the ticket itself does}.

    One statement, two where the words are rare among the newest messages of a large desk.
    """
    ask = _ask_sqlite if connection.vendor == "sqlite" else _ask_postgresql
    matches = ask(terms, address)
    if number is not None:
        matches.setdefault(number, None)
    return matches


def similar(terms: Sequence[str]) -> list[int]:
    """Tickets whose subject or customer is written much like these words; at most 50."""
    return _similar_sqlite(terms) if connection.vendor == "sqlite" else _similar_postgresql(terms)


def by_beginning(terms: Sequence[str]) -> list[int]:
    """The newest hundred tickets whose subject, customer or reference has every term, the last one as a beginning."""
    if connection.vendor == "sqlite":
        sql = "SELECT rowid FROM tickets_ticket_words WHERE tickets_ticket_words MATCH %s ORDER BY rowid DESC LIMIT 100"
        params = [f"{_match(terms)}*"]
    else:
        # Quoted as a lexeme of its own, so that no sign of it is read as an operator
        quoted = "'{}':*".format(terms[-1].lower().replace("\\", " ").replace("'", " "))
        before = "".join("phraseto_tsquery('simple', %s) && " for _term in terms[:-1])
        sql = (
            "SELECT ticket_id FROM tickets_ticketwords"  # noqa: S608
            f" WHERE words @@ ({before}to_tsquery('simple', %s)) ORDER BY ticket_id DESC LIMIT 100"
        )
        params = [*terms[:-1], quoted]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [number for (number,) in cursor.fetchall()]


def customers_like(words: str) -> QuerySet[Customer]:
    """Customers whose name or main address holds these words, in the order of their names."""
    return Customer.objects.filter(Q(name__icontains=words) | Q(email__icontains=words)).order_by("name", "pk")


def _read(cursor: Any) -> tuple[Matches, int, int]:
    matches: Matches = {}
    last_message = last_ticket = 0
    for what, number, message in cursor.fetchall():
        if what == "last":
            last_message, last_ticket = message, number
        elif message is None:
            matches.setdefault(number, None)
        else:
            matches[number] = max(message, matches.get(number) or 0)
    return matches, last_message, last_ticket


def _known(address: str) -> tuple[str, list[Any]]:
    """Tickets of the customer with this very address or handle."""
    if not address:
        return "", []
    sql, params = Identity.objects.filter(value=address).values("customer").query.sql_with_params()
    newest = f"SELECT id FROM tickets_ticket WHERE customer_id IN ({sql}) ORDER BY id DESC LIMIT {MOST}"  # noqa: S608
    return f" UNION ALL SELECT 'ticket', id, NULL FROM ({newest}) AS known", [*params]  # noqa: S608


# PostgreSQL


def _ask_postgresql(terms: Sequence[str], address: str) -> Matches:
    # Newest first by the key's own order: the planner walks it for common words and takes the word index for rare ones.
    # Either way no more than RECENT rows are looked at.
    recent = "> (SELECT MAX({key}) - %s FROM {table})"
    matches, last_message, last_ticket = _postgresql(terms, address, place=recent, bounds=[RECENT], order="{key}")
    is_all = last_message <= RECENT and last_ticket <= RECENT
    if is_all or len(matches) >= ENOUGH:
        return matches
    # Rare ones: all of them by the word index. “+ 0” keeps the planner from walking millions of rows for a pair of
    # words that are common each but never meet.
    return _postgresql(terms, address, place="> 0", bounds=[], order="{key} + 0")[0]


def _postgresql(
    terms: Sequence[str], address: str, *, place: str, bounds: list[int], order: str
) -> tuple[Matches, int, int]:
    query = " && ".join("phraseto_tsquery('simple', %s)" for _term in terms)
    of_messages = {"key": "id", "table": "tickets_message"}
    of_tickets = {"key": "ticket_id", "table": "tickets_ticketwords"}
    known, known_params = _known(address)
    sql = f"""
        SELECT 'message', ticket_id, MAX(id) FROM (
            SELECT id, ticket_id FROM tickets_message
            WHERE words @@ ({query}) AND withdrawn_at IS NULL AND id {place.format(**of_messages)}
            ORDER BY {order.format(**of_messages)} DESC LIMIT {HITS}
        ) AS said GROUP BY ticket_id
        UNION ALL
        SELECT 'ticket', ticket_id, NULL FROM (
            SELECT ticket_id FROM tickets_ticketwords
            WHERE words @@ ({query}) AND ticket_id {place.format(**of_tickets)}
            ORDER BY {order.format(**of_tickets)} DESC LIMIT {MOST}
        ) AS named
        {known}
        UNION ALL
        SELECT 'last', COALESCE((SELECT MAX(ticket_id) FROM tickets_ticketwords), 0),
            COALESCE((SELECT MAX(id) FROM tickets_message), 0)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*terms, *bounds, *terms, *bounds, *known_params])
        return _read(cursor)


def _similar_postgresql(terms: Sequence[str]) -> list[int]:
    if not _has_trigrams():
        return []
    words = " ".join(terms)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL pg_trgm.word_similarity_threshold = {ALIKE};"  # noqa: S608
            " SELECT ticket_id FROM tickets_ticketwords WHERE %s <%% line"
            " ORDER BY %s <<-> line, ticket_id DESC LIMIT 50",
            [words, words],
        )
        cursor.nextset()
        return [number for (number,) in cursor.fetchall()]


@cache
def _has_trigrams() -> bool:
    """Whether the migration could make the trigram index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('ticketwords_trigrams') IS NOT NULL")
        return bool(cursor.fetchone()[0])


# SQLite


def _ask_sqlite(terms: Sequence[str], address: str) -> Matches:
    known, known_params = _known(address)
    query = _match(terms)
    sql = f"""
        SELECT 'message', ticket_id, MAX(id) FROM (
            SELECT m.id, m.ticket_id FROM tickets_message_words w JOIN tickets_message m ON m.id = w.rowid
            WHERE tickets_message_words MATCH %s AND m.withdrawn_at IS NULL ORDER BY w.rowid DESC LIMIT {HITS}
        ) GROUP BY ticket_id
        UNION ALL
        SELECT 'ticket', rowid, NULL FROM (
            SELECT rowid FROM tickets_ticket_words WHERE tickets_ticket_words MATCH %s ORDER BY rowid DESC LIMIT {MOST}
        )
        {known}
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [query, query, *known_params])
        return _read(cursor)[0]


def _match(terms: Sequence[str]) -> str:
    """Every term in quotation marks: nothing that people write is taken for FTS5's own signs."""
    return " ".join('"{}"'.format(term.replace('"', " ")) for term in terms)


def _similar_sqlite(terms: Sequence[str]) -> list[int]:
    """Each unknown word is taken for the known one most like it that begins with the same letter."""
    words = [word for term in terms for word in term.lower().split()]
    with connection.cursor() as cursor:
        guesses = [_guess(cursor, word) for word in words]
        if not all(guesses):
            return []
        cursor.execute(
            "SELECT rowid FROM tickets_ticket_words WHERE tickets_ticket_words MATCH %s ORDER BY rowid DESC LIMIT 50",
            [_match([guess for guess in guesses if guess])],
        )
        return [number for (number,) in cursor.fetchall()]


def _guess(cursor: Any, word: str) -> str | None:
    cursor.execute(
        "SELECT term FROM tickets_ticket_words_known WHERE term >= %s AND term < %s LIMIT 20000",
        [word[0], chr(ord(word[0]) + 1)],
    )
    return next(iter(difflib.get_close_matches(word, [term for (term,) in cursor.fetchall()], 1, 0.7)), None)
