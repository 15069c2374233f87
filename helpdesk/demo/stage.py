"""The steps of the demo's scenes, each played through a verb, so many minutes after the ticket came in."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.files.base import ContentFile

from tickets import (
    assignment,
    conversation,
    desk,
    details,
    drafts,
    files,
    handle_time,
    intake,
    joining,
    lifecycle,
    satisfaction,
)  # fmt: skip
from tickets.channels.base import Inbound, Sender
from tickets.files import StoredFile
from tickets.models import Channel, Customer, IdentityKind, State, Ticket, User


@dataclass
class Stage:
    """Who is on it and what time it is; `tickets` by the scene's key."""

    staff: dict[str, User]
    now: datetime
    tickets: dict[str, Ticket] = field(default_factory=dict)


Step = Callable[[Stage, Ticket, datetime], None]


@dataclass(frozen=True)
class Scene:
    """A ticket that came in `ago` minutes before now. `by`: whose it becomes (None: nobody's); `team`: moved there."""

    ago: float
    who: str  # the customer's mail address
    subject: str
    body: str
    steps: tuple[Step, ...] = ()
    by: str | None = None
    team: str = ""
    category: str = ""
    channel: Channel = Channel.WEB
    priority: int | None = None
    attached: tuple[str, ...] = ()
    key: str = ""
    reference: str = ""


def play(scene: Scene, stage: Stage) -> Ticket:
    """Let the ticket come in by the front door, put it where the scene wants it, and do its steps."""
    at = stage.now - timedelta(minutes=scene.ago)
    customer = Customer.objects.get(email=scene.who)
    category = desk.current().category_by_slug.get(scene.category)
    inbound = Inbound(
        scene.channel, Sender(IdentityKind.EMAIL, customer.email, customer.name, is_verified=True), scene.body,
        scene.subject, category_id=category.pk if category else None, reference=scene.reference,
        files=tuple(made(name) for name in scene.attached),
    )  # fmt: skip
    ticket = intake.receive(inbound, now=at).ticket
    lead = stage.staff["lead"]
    if scene.team and (ticket.team is None or ticket.team.slug != scene.team):
        ticket = details.set_team(ticket, team=desk.current().team_by_slug[scene.team], by=lead, now=at)
    if scene.priority and ticket.priority != scene.priority:
        ticket = details.set_priority(ticket, priority=scene.priority, by=lead, now=at)
    if scene.by is None:
        ticket = assignment.unassign(ticket, by=lead, now=at)
    else:
        ticket = assignment.assign(ticket, to=stage.staff[scene.by], by=None, now=at)
    for step in scene.steps:
        step(stage, Ticket.objects.select_related("customer", "assignee").get(pk=ticket.pk), at)
    stage.tickets[scene.key or scene.subject] = ticket
    return ticket


def says(after: float, body: str, *attached: str) -> Step:
    """The customer writes again."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        kept = [made(name) for name in attached]
        conversation.hear(
            ticket, body=body, customer=ticket.customer, channel=Channel(ticket.channel), files=kept, now=_at(at, after)
        )

    return step


def replies(
    after: float, body: str, to: State, *, by: str = "", cause: str = "", fix: str = "", worked: int = 240
) -> Step:
    """The assignee, or `by`, answers; `worked`: seconds of handle time."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        author = stage.staff[by] if by else _assignee(ticket)
        conversation.reply(ticket, body=body, by=author, next_state=to, now=_at(at, after), cause=cause, fix=fix)
        handle_time.add(ticket, seconds=worked, by=author, now=_at(at, after))

    return step


def notes(after: float, body: str, *, by: str) -> Step:
    """A colleague notes something; @name mentions somebody."""
    return lambda stage, ticket, at: _done(conversation.note(ticket, body=body, by=stage.staff[by], now=_at(at, after)))


def tagged(after: float, *names: str) -> Step:
    return lambda stage, ticket, at: _done(
        details.add_tags(ticket, names=names, by=_assignee(ticket), now=_at(at, after))
    )


def snoozed(after: float, *, hours: float) -> Step:
    """Out of sight until so many hours from now."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        until = stage.now + timedelta(hours=hours)
        details.snooze(ticket, until=until, by=_assignee(ticket), now=_at(at, after))

    return step


def draft(body: str, *, by: str, kind: str = "reply") -> Step:
    return lambda stage, ticket, at: _done(drafts.keep(ticket, body=body, kind=kind, by=stage.staff[by]))


def confirmed(after: float, score: int, comment: str = "") -> Step:
    """The customer says it is solved and answers the survey."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        lifecycle.confirm_solved(ticket, customer=ticket.customer, now=_at(at, after))
        satisfaction.rate(ticket, score=score, comment=comment, now=_at(at, after + 1))

    return step


def merged(after: float, *, into: str, by: str) -> Step:
    return lambda stage, ticket, at: _done(
        joining.merge(ticket, into=stage.tickets[into], by=stage.staff[by], now=_at(at, after))
    )


def linked(after: float, *, to: str, by: str) -> Step:
    return lambda stage, ticket, at: _done(
        joining.link(ticket, other=stage.tickets[to], by=stage.staff[by], now=_at(at, after))
    )


def spam(after: float, *, by: str) -> Step:
    return lambda stage, ticket, at: _done(joining.mark_spam(ticket, by=stage.staff[by], now=_at(at, after)))


def handed_over(after: float, *, team: str, by: str, note: str) -> Step:
    """Passed on to another team with a note (C6)."""

    def step(stage: Stage, ticket: Ticket, at: datetime) -> None:
        to = desk.current().team_by_slug[team]
        assignment.hand_over(ticket, team=to, tier=to.tier, by=stage.staff[by], note=note, now=_at(at, after))

    return step


def made(name: str) -> StoredFile:
    """A small file of the name's kind, kept as an upload would be."""
    kinds = {
        "png": _picture,
        "pdf": _page,
        "csv": lambda: b"date,amount,card\n2026-10-03,49.00,4242\n2026-10-05,49.00,4242\n",
    }
    content = kinds.get(name.rsplit(".", 1)[-1], lambda: b"12:04:11 POST /checkout 502 upstream timed out\n")()
    return files.keep(ContentFile(content, name=name))


def _picture(width: int = 480, height: int = 270) -> bytes:
    """A page with a red band, as a screenshot of an error looks from afar."""
    white, grey, red = b"\xff\xff\xff", b"\xe3\xe6\xeb", b"\xe0\x4f\x4f"
    rows = bytearray()
    for y in range(height):
        line = red if 60 <= y < 96 else grey if y < 28 or ((y - 120) % 30 in range(9) and 120 <= y < 250) else white
        inside = line * (width - 64) if line != grey or y >= 28 else grey * (width - 64)
        rows += b"\0" + (grey * 32 if y < 28 else white * 32) + inside + (grey * 32 if y < 28 else white * 32)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    )


def _page() -> bytes:
    """One page of PDF with a line of text."""
    text = b"BT /F1 18 Tf 72 720 Td (Invoice 20481: 2 x 49.00 EUR) Tj ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text), b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(out),
    )


def _assignee(ticket: Ticket) -> User:
    if ticket.assignee is None:
        raise ValueError(f"{ticket} is nobody's; the scene must say who does it")
    return ticket.assignee


def _at(start: datetime, minutes: float) -> datetime:
    return start + timedelta(minutes=minutes)


def _done(result: object) -> None:
    """A step is done for its effect."""
