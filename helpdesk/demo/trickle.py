"""Life while the demo runs: every three quarters of a minute a new request, and a colleague who answers one."""

import random
from datetime import datetime, timedelta

from django.utils import timezone

from helpdesk.demo import people, post, words
from helpdesk.demo.answers import ASKS, SOLUTIONS, of_category
from tickets import conversation, details, intake
from tickets.channels.base import Inbound, Sender
from tickets.errors import Refused
from tickets.models import Category, Channel, Customer, IdentityKind, InboundMail, Message, State, Ticket, User

EVERY = 45  # seconds
# A demo left alone over night must not drown in requests.
MOST_OPEN = 90
# These are the visitor's own; their tickets are left to them.
VISITORS = [f"{mailbox}@{people.DOMAIN}" for mailbox in ("agent", "lead", "manager", "admin")]


def drip(now: datetime | None = None) -> int:
    """What happens in this slot of EVERY seconds, unless it has happened; returns how much did."""
    now = now or timezone.now()
    slot = int(now.timestamp()) // EVERY
    chance = random.Random(slot)
    if int(now.timestamp()) % EVERY < chance.uniform(0, EVERY * 0.6):
        return 0
    key = f"demo-{slot}"
    written = Message.objects.filter(dedupe_key__in=(key, f"{key}-reply")).exists()
    if written or InboundMail.objects.filter(mail_id=post.mail_id(key)).exists():
        return 0
    done = _write(key, chance, now) if Ticket.objects.open().count() < MOST_OPEN else 0
    return done + _answer(f"{key}-reply", chance, now)


def _write(key: str, chance: random.Random, now: datetime) -> int:
    known = Customer.objects.filter(user=None).exclude(email="").order_by("pk")
    customer = known[chance.randrange(known.count())]
    said = words.one(chance)
    if said.channel == Channel.EMAIL:
        post.write(customer.name, customer.email, said.subject, said.body, key=key)
        return 1
    sender = Sender(IdentityKind.EMAIL, customer.email, customer.name, is_verified=True)
    intake.receive(Inbound(said.channel, sender, said.body, said.subject, dedupe_key=key), now=now)
    return 1


def _answer(key: str, chance: random.Random, now: datetime) -> int:
    """The colleague whose ticket is due first answers it: mostly solved, sometimes a question back."""
    staff = User.objects.filter(email__endswith=people.DOMAIN).exclude(email__in=VISITORS)
    waiting = Ticket.objects.our_turn().exclude(state=State.PENDING_INTERNAL).filter(
        assignee__in=staff, created_at__lt=now - timedelta(minutes=4)
    )  # fmt: skip
    ticket = waiting.select_related("assignee", "category").order_by("queue_at", "pk").first()
    if ticket is None or ticket.assignee is None:
        return 0
    slug = ticket.category.slug if ticket.category else "general"
    if ticket.category is None:
        general = Category.objects.filter(slug="general").first()
        details.set_category(ticket, category=general, by=ticket.assignee, now=now)
    try:
        if ticket.state == State.NEW and chance.random() < 0.4:
            body = of_category(ASKS, slug, chance)
            conversation.reply(
                ticket, body=body, by=ticket.assignee, next_state=State.PENDING_CUSTOMER, dedupe_key=key, now=now
            )
        else:
            solution = of_category(SOLUTIONS, slug, chance)
            conversation.reply(
                ticket, body=solution.answer, by=ticket.assignee, next_state=State.RESOLVED, cause=solution.cause,
                fix=solution.fix, dedupe_key=key, now=now,
            )  # fmt: skip
    except Refused:
        return 0  # a visitor was quicker, or asks for more before this move
    return 1
