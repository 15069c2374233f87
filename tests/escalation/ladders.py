"""Ladders for tests: Senior Support for an hour, Engineering for four if technical, Management if business-critical."""

from escalation import ladders
from escalation.models import Ladder, Level, Owner, Trigger
from tests import cast
from tickets import desk
from tickets.models import DeskVersion, Role

TECHNICAL = {"field": "category", "op": "is", "value": "technical"}
CRITICAL = {"any": [{"field": "priority", "op": "is", "value": "urgent"}]}


def people():
    """Mira and Jonas in front, Sara at Tier 2, Eng at Tier 3, Lena leads, Max manages."""
    return {
        "mira": cast.mira(), "jonas": cast.jonas(), "sara": cast.sara(), "lena": cast.lena(), "max": cast.max_(),
        "eng": cast.UserFactory(
            name="Eng Neer", email="eng@desk.example", team=cast.TeamFactory(slug="tier-3", tier=3), tier=3
        ),
    }  # fmt: skip


def quick(**columns):
    """The ladder; keywords are columns of its first level."""
    ladder = Ladder.objects.create(slug="quick", name="Quick response", is_default=True)
    first = {"name": "Senior Support", "team": cast.TeamFactory(slug="tier-2", tier=2), "limit": 60, **columns}
    Level.objects.create(ladder=ladder, rank=1, **first)
    Level.objects.create(
        ladder=ladder, rank=2, name="Engineering", team=cast.TeamFactory(slug="tier-3", tier=3), limit=240,
        conditions=TECHNICAL, reasons=["beyond_expertise"],
    )  # fmt: skip
    Level.objects.create(
        ladder=ladder, rank=3, name="Management", owner=Owner.ROLE, role=Role.MANAGER, limit=1440,
        in_working_time=False, conditions=CRITICAL, reasons=["business_impact"],
    )  # fmt: skip
    known()
    return ladder


def trigger(kind, **columns):
    made = Trigger.objects.create(**{"name": f"{kind} {Trigger.objects.count()}", "kind": kind, **columns})
    known()
    return made


def known():
    """As after a change in the back office."""
    DeskVersion.bump()
    ladders.forget()


def known_no_more():
    """After a test undid its own rows."""
    ladders.forget()
    desk.forget()
