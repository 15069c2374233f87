"""A conversation as agents see it: messages and what happened between them, worded once for templates to print."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from markupsafe import Markup

from helpdesk.lib.statements import instances
from helpdesk.lib.text import initials, linkify
from tickets import conversation, event_words, mail_bodies, wording
from tickets.desk import Desk, StaffCard
from tickets.mail_bodies import Folded
from tickets.models import Attachment, Channel, Message, MessageKind, Ticket, TicketEvent, Trust, User

# Past LONG messages the newest SHOWN are read; the rest come by “Show earlier”.
LONG, SHOWN = 100, 50
MOST_EVENTS = 300
# A message longer than this folds its end away.
LONG_BODY = 6_000
# A run of more lines than this between two messages folds its middle.
LINES_IN_A_RUN = 3
CHANNELS = dict(Channel.choices)
TRUSTS = dict(Trust.choices)
# Trust that needs no word: nothing about the mail is out of the ordinary.
UNREMARKABLE = ("", Trust.KNOWN)
# Written out: putting these two together anew for every page took as long as the database takes to answer them.
SAID = f"""
SELECT id, ticket_id, kind, author_id, author_name, channel, body, has_files, has_more, created_at, trust, undo_until
FROM {Message._meta.db_table} WHERE ticket_id = %s AND withdrawn_at IS NULL AND id < %s ORDER BY id DESC LIMIT %s
"""  # noqa: S608  (only the table names of our own models are written into these)
HAPPENED = f"""
SELECT id, ticket_id, kind, at, by_id, from_state, to_state, reason, data FROM {TicketEvent._meta.db_table}
WHERE ticket_id = %s AND kind NOT IN ({", ".join(["%s"] * len(event_words.SHOWN_AS_MESSAGE))})
"""  # noqa: S608
NEWEST = 2**63 - 1
MARKED = re.compile(r"(?<![\w@.])@[\w.\-]{2,60}")


@dataclass(slots=True)
class File:
    name: str
    url: str
    size: str


@dataclass(slots=True)
class Said:
    """One message, ready to print."""

    id: int
    kind: str
    author: str
    initials: str
    meta: str
    at: str
    body: Markup
    rest: Markup
    files: list[File]
    quoted: Markup
    signature: Markup
    as_sent_url: str
    undo_seconds: int
    may_split: bool
    trust: str
    is_held: bool
    may_accept: bool
    source_url: str
    is_message: bool = True


@dataclass(slots=True)
class Line:
    text: str
    when: str
    at: str


@dataclass(slots=True)
class Happened:
    """What happened between two messages; `folded` lines stand behind a “more” between the first and the last."""

    lines: list[Line]
    folded: list[Line] = field(default_factory=list)
    last: list[Line] = field(default_factory=list)
    is_message: bool = False


@dataclass(slots=True)
class Conversation:
    entries: list[Said | Happened]
    newest_id: int
    newest_at: str
    earlier_url: str
    later_url: str


def read(ticket: Ticket, *, user: User, desk: Desk, now: datetime, before: int | None = None) -> Conversation:
    """Messages and what happened between them: two statements, and one each where a shown message has files or quotes.

    `before`: the id of a message; then the SHOWN ones older than it.
    """
    most = (LONG if before is None else SHOWN) + 1
    messages = instances(Message, SAID, [ticket.pk, NEWEST if before is None else before, most])
    has_earlier = len(messages) > (LONG if before is None else SHOWN)
    if has_earlier:
        messages = messages[:SHOWN]
    messages.reverse()
    first_at = messages[0].created_at if has_earlier else None
    last_at = messages[-1].created_at if before is not None and messages else None
    events = _events(ticket, since=first_at, until=last_at)
    files, more = _files(messages), mail_bodies.of(messages)
    said = [
        _said(
            message, files.get(message.pk, []), more.get(message.pk, mail_bodies.NOTHING), user=user, desk=desk, now=now
        )
        for message in messages
    ]
    page = reverse("ticket", args=[ticket.pk])
    return Conversation(
        entries=_interleave(said, messages, events, desk=desk, now=now),
        newest_id=messages[-1].pk if messages else 0,
        newest_at=ticket.last_message_at.isoformat(),
        earlier_url=f"{page}?before={messages[0].pk}" if has_earlier else "",
        later_url=page if before is not None else "",
    )


def _events(ticket: Ticket, *, since: datetime | None, until: datetime | None) -> list[TicketEvent]:
    words, values = HAPPENED, [ticket.pk, *(kind.value for kind in event_words.SHOWN_AS_MESSAGE)]
    if since:
        words, values = f"{words} AND at >= %s", [*values, _for_database(since)]
    if until:
        words, values = f"{words} AND at <= %s", [*values, _for_database(until)]
    return instances(TicketEvent, f"{words} ORDER BY id DESC LIMIT %s", [*values, MOST_EVENTS])[::-1]


def _for_database(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _files(messages: list[Message]) -> dict[int, list[File]]:
    with_files = [message.pk for message in messages if message.has_files]
    found: dict[int, list[File]] = {}
    if with_files:
        for file in Attachment.objects.filter(message__in=with_files):
            shown = File(file.name, reverse("desk_file", args=[file.pk]), wording.file_size(file.size))
            found.setdefault(file.message_id, []).append(shown)
    return found


def _said(message: Message, files: list[File], more: Folded, *, user: User, desk: Desk, now: datetime) -> Said:
    card = desk.staff.get(message.author_id or 0)
    is_theirs = message.kind == MessageKind.CUSTOMER
    author = message.author_name or (card.name if card else _("Customer") if is_theirs else _("The desk"))
    body, rest = _body(message, desk)
    undo = message.undo_until if message.kind == MessageKind.REPLY and message.author_id == user.pk else None
    return Said(
        id=message.pk, kind=message.kind, author=author, initials=initials(author), meta=_meta(message, card, now),
        at=message.created_at.isoformat(), body=body, rest=rest, files=files,
        quoted=linkify(more.quoted), signature=linkify(more.signature),
        as_sent_url=reverse("message_as_sent", args=[message.pk]) if more.has_html else "",
        undo_seconds=max(0, int((undo - now).total_seconds())) if undo else 0, may_split=is_theirs,
        trust=str(TRUSTS.get(message.trust, "")) if message.trust not in UNREMARKABLE else "",
        is_held=message.trust in conversation.HELD and message.kind == MessageKind.NOTE,
        may_accept=message.trust != Trust.FORGED_AGENT,
        source_url=reverse("message_source", args=[message.pk])
        if user.is_lead and message.channel == Channel.EMAIL and message.kind != MessageKind.REPLY
        else "",
    )  # fmt: skip


def _meta(message: Message, card: StaffCard | None, now: datetime) -> str:
    at = wording.when(message.created_at, now)
    if message.kind == MessageKind.NOTE:
        return _("internal note · %(when)s") % {"when": at}
    channel = CHANNELS.get(message.channel, message.channel)
    if message.kind == MessageKind.CUSTOMER and card is not None:
        return _("%(when)s · %(channel)s, taken down by %(who)s") % {
            "when": at, "channel": channel, "who": card.short_name,
        }  # fmt: skip
    return f"{at} · {channel}"


def _body(message: Message, desk: Desk) -> tuple[Markup, Markup]:
    text = message.body
    if message.kind == MessageKind.NOTE and "@" in text:
        return _with_mentions(text, desk), Markup("")
    if len(text) <= LONG_BODY:
        return linkify(text), Markup("")
    cut = text.rfind("\n", LONG_BODY // 2, LONG_BODY)
    cut = cut if cut > 0 else LONG_BODY
    return linkify(text[:cut]), linkify(text[cut:])


def _with_mentions(text: str, desk: Desk) -> Markup:
    """Mark the names that reached a colleague; a name that reached nobody stays plain, which shows it."""

    def mark(match: re.Match[str]) -> str:
        return f"<mark>{match[0]}</mark>" if conversation.mentions_in(match[0], desk) else match[0]

    # linkify has escaped everything; a name holds only word characters, dots and hyphens.
    return Markup(MARKED.sub(mark, str(linkify(text))))  # noqa: S704  (escaped by linkify just before)


def _interleave(
    said: list[Said], messages: list[Message], events: list[TicketEvent], *, desk: Desk, now: datetime
) -> list[Said | Happened]:
    entries: list[Said | Happened] = []
    waiting = iter(events)
    event = next(waiting, None)
    for shown, message in zip(said, messages, strict=True):
        run = []
        while event is not None and event.at < message.created_at:
            run.append(event)
            event = next(waiting, None)
        _add_run(entries, run, desk=desk, now=now)
        entries.append(shown)
    _add_run(entries, ([event] if event else []) + list(waiting), desk=desk, now=now)
    return entries


def _add_run(entries: list[Said | Happened], run: list[TicketEvent], *, desk: Desk, now: datetime) -> None:
    lines: list[Line] = []
    together: list[tuple[int | None, datetime]] = []
    for event in run:
        words = event_words.describe(event, desk)
        if not words:
            continue
        # What one actor did within a minute is one line.
        if lines and together[-1][0] == event.by_id and (event.at - together[-1][1]).total_seconds() < 60:
            name = event_words.who(event, desk)
            lines[-1].text += " · " + (words.removeprefix(f"{name}: ").removeprefix(f"{name} ") if name else words)
            continue
        together.append((event.by_id, event.at))
        lines.append(Line(words, wording.when(event.at, now), event.at.isoformat()))
    if not lines:
        return
    if len(lines) > LINES_IN_A_RUN:
        entries.append(Happened(lines[:1], lines[1:-1], lines[-1:]))
    else:
        entries.append(Happened(lines))
