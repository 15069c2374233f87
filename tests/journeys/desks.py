"""Desks for the journeys: one that just opened with its playbook, and ways around the product's pages."""

from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from helpdesk import jobs, playbook
from tests import cast
from tests.world import World
from tickets import links
from tickets.models import OutboxMail, Team, User
from tickets.views.requests import SENT

# What each reader may look at: (role, name of the page, its address). Built in a world of tests.world.
Place = tuple[str, str, str]


def open_desk() -> tuple[User, User]:
    """The shipped playbook's desk with Mira and Jonas at work in the front line."""
    playbook.load(playbook.open_playbook("saas-tiered"))
    team = Team.objects.get(slug="tier-1")
    Team.objects.update(is_always_open=True)
    people = [
        cast.UserFactory(name=name, email=email, team=team)
        for name, email in (("Mira Kovac", "mira@desk.example"), ("Jonas Thorsen", "jonas@desk.example"))
    ]
    return people[0], people[1]


def work_all_mail_out() -> None:
    """What the worker does, now, without waiting for the seconds in which a reply can be taken back."""
    jobs.tick()
    OutboxMail.objects.filter(status="pending").update(next_at=timezone.now())
    jobs.tick()


def places(world: World) -> list[Place]:
    """Every page a person looks at."""
    sent = signing.dumps([world.ticket.pk, timezone.now().isoformat(), "UTC"], salt=SENT)
    closed = reverse("request_satisfaction", args=[links.token(world.closed)])
    names = {
        "anonymous": (
            "portal_home", "request_new", "request_page", "my_requests", "surveys", "sign_in", "password_reset",
            "articles", "article"
        ),
        "owner": ("my_requests", "preferences", "password_change", "api_tokens"),
        "agent": (
            "queue", "ticket", "customers", "customer", "my_day", "ticket_new", "notifications", "preferences",
            "api_tokens", "views", "keys",
            "palette", "ticket_timeline", "ticket_clocks", "ticket_merge", "ticket_split", "ticket_handover",
            "ticket_snooze",
        ),
        "lead": ("rules", "rule_new", "rule", "outbox", "returned", "set_aside", "webhooks", "webhook",
                 "webhook_delivery"),
        "manager": ("webhook_new", "webhook_settings"),
    }  # fmt: skip
    found = [(role, name, world.path(name)) for role, pages in names.items() for name in pages]
    return [
        *found,
        ("anonymous", "request_sent", f"{reverse('request_sent')}?t={sent}"),
        ("anonymous", "satisfaction", closed),
        ("anonymous", "not found", "/no-such-page/"),
        ("agent", "search", f"{reverse('search')}?q=heliotrope"),
        ("agent", "queue of a view", f"{reverse('queue')}?state=pending_internal&sort=newest"),
        ("administrator", "back office", reverse("admin:index")),
        ("administrator", "back office, people", reverse("admin:tickets_user_changelist")),
    ]


def email_of(role: str, world: World) -> str:
    return get_user_model().objects.get(pk=world.people[role].pk).email
