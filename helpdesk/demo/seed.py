"""Makes the demo's desk once: people, history and the scenes of the last days; a second time it finds it and stops."""

import random
from collections.abc import Callable

from django.conf import settings
from django.utils import timezone

from helpdesk import playbook
from helpdesk.demo import history, listeners, people, post, raised, scenes
from helpdesk.demo.history import Player
from helpdesk.demo.stage import Stage
from tickets.models import Team, Ticket, User

SEED = 4


class NotADemo(Exception):
    """The desk is not one that demo data may be put on."""


def is_seeded() -> bool:
    return User.objects.filter(email=f"agent@{people.DOMAIN}").exists()


def refuse_elsewhere() -> None:
    """Raise NotADemo outside the demo, and on a desk that somebody already works with."""
    if not (settings.DEMO or settings.DEBUG):
        raise NotADemo(
            "Demo data has sign-ins that everybody knows. Set FIRSTLINE_DEMO=1 on a desk that is only a demo."
        )
    if not is_seeded() and (Ticket.objects.exists() or User.objects.exists()):
        raise NotADemo(
            "This desk is in use; the demo wants a database of its own. Point DATA_DIR or DATABASE_URL elsewhere."
        )


def fill(tick: Callable[[int], object] = lambda done: None, number: int = history.TICKETS) -> int:
    """Make everything; `tick(n)` after each n tickets. Returns how many tickets there are."""
    refuse_elsewhere()
    if not Team.objects.exists():
        playbook.load(playbook.open_playbook("saas-tiered"))
    chance, now = random.Random(SEED), timezone.now()
    staff = people.make_staff()
    customers = people.make_customers(chance)
    Player(staff, customers, chance, now).play(number, tick)
    stage = Stage(staff, now)
    scenes.play_all(stage)
    raised.play_all(stage)
    post.open_mailbox()
    post.show_every_kind()
    listeners.tell()
    return Ticket.objects.count()
