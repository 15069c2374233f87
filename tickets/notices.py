"""Tells people: a customer by mail, a colleague in the app and, where it presses, by mail.

Everything here writes rows in the caller's transaction; tickets/outbox.py sends the mail afterwards.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone, translation

from helpdesk.lib import doorbell
from helpdesk.lib.inserts import insert
from helpdesk.lib.mail import domain
from tickets import desk as desk_settings
from tickets.desk import Desk
from tickets.models import Customer, Message, Notification, OutboxMail, Role, Ticket, User

# Words that depend on the reader's language are given as a function, called once a language.
Words = str | Callable[[], str]


def to_customer(
    ticket: Ticket,
    kind: str,
    *,
    now: datetime,
    key: str,
    message: Message | None = None,
    hold_until: datetime | None = None,
    cc: Sequence[str] = (),
    **data: Any,
) -> OutboxMail | None:
    """Write a mail of templates/emails/<kind>.* to the ticket's customer: one INSERT, in the caller's transaction.

    The database passes over a second mail with the same `key`. `hold_until`: not before then (undo). `cc`: who gets a
    copy. `data`: plain JSON values for the template. None when the customer has no address, or the ticket is spam. The
    returned row has no id (the database does not tell whether it was the first with that key).
    """
    if ticket.is_spam or not ticket.customer.email:
        return None
    row = _row(
        kind, to=ticket.customer.email, key=key, now=now, ticket=ticket, message=message, customer=ticket.customer,
        language=ticket.language, next_at=hold_until or now, data=data, cc=list(cc),
    )  # fmt: skip
    return _write([row])[0]


def to_address(
    address: str,
    kind: str,
    *,
    key: str,
    now: datetime,
    language: str,
    customer: Customer | None = None,
    user: User | None = None,
    **data: Any,
) -> OutboxMail:
    """Write a mail that belongs to no ticket: the link to somebody's requests, a password reset."""
    row = _row(
        kind, to=address, key=key, now=now, customer=customer, user=user, language=language, next_at=now, data=data
    )  # fmt: skip
    return _write([row])[0]


def to_colleague(
    user_ids: Collection[int],
    kind: str,
    ticket: Ticket | None,
    text: Words,
    *,
    key: str,
    is_pressing: bool = False,
    mail: bool = False,
    hold_until: datetime | None = None,
    now: datetime | None = None,
    **data: Any,
) -> int:
    """A line in the app for each of these active colleagues, in their own language, and a mail too if `mail`.

    The same `key` tells nobody twice, and nobody is told who may not see the ticket. Returns how many people were told.
    Three or four statements, however many people.
    """
    if not user_ids:
        return 0
    now = now or timezone.now()
    staff = User.objects.staff().filter(pk__in=user_ids).only("pk", "email", "language", "role", "is_active")
    readers = _who_may_see(ticket, staff)
    said = {language: _in(language, text) for language in {reader.language for reader in readers}}
    lines = [
        Notification(
            user=reader,
            ticket=ticket,
            kind=kind,
            text=said[reader.language][:300],
            is_pressing=is_pressing,
            dedupe_key=f"{key}:{reader.pk}",
            created_at=now,
        )
        for reader in readers
    ]
    Notification.objects.bulk_create(lines, ignore_conflicts=True)
    if mail:
        shared: dict[str, Any] = {"now": now, "ticket": ticket, "next_at": hold_until or now}
        _write(
            [
                _row(
                    kind,
                    to=reader.email,
                    key=f"{key}:{reader.pk}",
                    user=reader,
                    language=reader.language,
                    data={"line": said[reader.language], **data},
                    **shared,
                )
                for reader in readers
            ]
        )
    return len(readers)


def leads_of(ticket: Ticket | None, desk: Desk) -> list[int]:
    """Ids of the leads of the ticket's team; if it has none, of every lead (a restricted team: the managers)."""
    people = [card for card in desk.staff.values() if not card.is_bot]
    leads = [card for card in people if card.role == Role.LEAD]
    own = [card for card in leads if ticket is not None and ticket.team_id in card.team_ids]
    restricted = ticket is not None and ticket.team_id in desk.teams and desk.teams[ticket.team_id].is_restricted
    managers = [card for card in people if card.role in (Role.MANAGER, Role.ADMINISTRATOR)]
    return [card.id for card in own or ([] if restricted else leads) or managers]


def _who_may_see(ticket: Ticket | None, people: Iterable[User]) -> list[User]:
    """Nobody is told of a ticket of a restricted team they are not in, whoever mentions them there."""
    if ticket is None or ticket.team_id is None:
        return list(people)
    settings = desk_settings.current()
    return [person for person in people if ticket.team_id not in settings.restricted_for(person)]


def _row(kind: str, *, to: str, key: str, now: datetime, **columns: Any) -> OutboxMail:
    return OutboxMail(
        kind=kind, to=to, dedupe_key=key, mail_id=f"<{secrets.token_hex(16)}@{domain()}>", created_at=now, **columns
    )


def _write(rows: list[OutboxMail]) -> list[OutboxMail]:
    insert(rows, ignore_conflicts=True)
    doorbell.ring()
    return rows


def _in(language: str, text: Words) -> str:
    with translation.override(language):
        return text if isinstance(text, str) else text()
