"""The people and things every test plays with: factories, and a named cast that reads like a support floor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from tickets import desk, intake, models
from tickets.channels.base import Inbound, Sender
from tickets.models import Channel, CustomerTier, IdentityKind, MessageKind, Role

PASSWORD = "correct-horse-battery"
# A Monday morning within everyone's hours.
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SettingFactory(DjangoModelFactory):
    """A row of the desk's settings: what is kept of them is read anew, as after a version bump."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        desk.forget()
        return super()._create(model_class, *args, **kwargs)


class TeamFactory(SettingFactory):
    class Meta:
        model = models.Team
        django_get_or_create = ("slug",)

    slug = "tier-1"
    name = factory.LazyAttribute(lambda team: team.slug.replace("-", " ").title())
    tier = 1
    time_zone = "UTC"
    is_always_open = True


class SkillFactory(SettingFactory):
    class Meta:
        model = models.Skill
        django_get_or_create = ("slug",)

    slug = "billing"
    name = factory.LazyAttribute(lambda skill: skill.slug.title())


class CategoryFactory(SettingFactory):
    class Meta:
        model = models.Category
        django_get_or_create = ("slug",)

    slug = "billing"
    name = factory.LazyAttribute(lambda category: category.slug.title())


class UserFactory(SettingFactory):
    class Meta:
        model = models.User
        django_get_or_create = ("email",)
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Agent Number{n}")
    email = factory.LazyAttribute(
        lambda user: f"{user.name.split()[0].lower()}.{user.name.split()[-1].lower()}@desk.example"
    )
    role = Role.AGENT
    team = factory.SubFactory(TeamFactory)
    tier = 1
    time_zone = "UTC"
    password = factory.django.Password(PASSWORD)


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = models.Organisation

    name = factory.Sequence(lambda n: f"Organisation {n}")


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = models.Customer
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Customer Number{n}")
    email = factory.LazyAttribute(lambda customer: f"{customer.name.replace(' ', '.').lower()}@people.example")
    time_zone = "UTC"

    @factory.post_generation
    def identity(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and self.email:
            models.Identity.objects.get_or_create(
                kind=IdentityKind.EMAIL, value=self.email.lower(), defaults={"customer": self}
            )


class TicketFactory(DjangoModelFactory):
    """A ticket as the database holds it, past the verbs: for reading tests. Verbs' tests open tickets by `a_ticket`."""

    class Meta:
        model = models.Ticket

    subject = factory.Sequence(lambda n: f"Something is wrong {n}")
    customer = factory.SubFactory(CustomerFactory)
    customer_name = factory.LazyAttribute(lambda ticket: ticket.customer.name)
    customer_tier = factory.LazyAttribute(lambda ticket: ticket.customer.tier)
    organisation = factory.LazyAttribute(lambda ticket: ticket.customer.organisation)
    created_at = factory.LazyFunction(timezone.now)
    last_message_at = factory.LazyAttribute(lambda ticket: ticket.created_at)
    waiting_since = factory.LazyAttribute(lambda ticket: ticket.created_at)
    preview = "It does not work."


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = models.Message

    ticket = factory.SubFactory(TicketFactory)
    kind = MessageKind.CUSTOMER
    customer = factory.LazyAttribute(lambda message: message.ticket.customer)
    author_name = factory.LazyAttribute(lambda message: message.ticket.customer_name)
    body = "It does not work."
    created_at = factory.LazyFunction(timezone.now)


class SlaPolicyFactory(SettingFactory):
    class Meta:
        model = models.SlaPolicy
        django_get_or_create = ("name",)

    name = "Normal"
    first_response = 240
    resolution = 24 * 60


def dana() -> models.Customer:
    """A customer, VIP, of Whitfield Studio."""
    return CustomerFactory(name="Dana Whitfield", email="dana@whitfield.example", own_tier=CustomerTier.VIP)


def ravi() -> models.Customer:
    """A customer without an organisation."""
    return CustomerFactory(name="Ravi Menon", email="ravi@menon.example")


def mira() -> models.User:
    """An agent of Tier 1."""
    return UserFactory(name="Mira Kovac", email="mira@desk.example", team=TeamFactory(slug="tier-1"))


def jonas() -> models.User:
    """Another agent of Tier 1."""
    return UserFactory(name="Jonas Thorsen", email="jonas@desk.example", team=TeamFactory(slug="tier-1"))


def sara() -> models.User:
    """A specialist of Tier 2."""
    return UserFactory(
        name="Sara Anand",
        email="sara@desk.example",
        team=TeamFactory(slug="tier-2", tier=2),
        tier=2,
        is_experienced=True,
    )


def lena() -> models.User:
    """The team lead."""
    return UserFactory(
        name="Lena Brandt", email="lena@desk.example", role=Role.LEAD, team=TeamFactory(slug="tier-1"), tier=3
    )


def max_() -> models.User:
    """The manager."""
    return UserFactory(name="Max Oduya", email="max@desk.example", role=Role.MANAGER, team=None, tier=3)


def ada() -> models.User:
    """The administrator."""
    return UserFactory(
        name="Ada Lindqvist",
        email="ada@desk.example",
        role=Role.ADMINISTRATOR,
        team=None,
        is_staff=True,
        is_superuser=True,
    )


def olaf() -> models.User:
    """An outsider: signed in as a customer, with nothing to do with anybody else's tickets."""
    user = UserFactory(name="Olaf Stranger", email="olaf@elsewhere.example", role=Role.CUSTOMER, team=None)
    CustomerFactory(name="Olaf Stranger", email="olaf@elsewhere.example", user=user)
    return user


def a_ticket(**inbound: Any) -> models.Ticket:
    """A ticket that came in through the front door; keywords as of Inbound, plus `by` (customer) and `now`."""
    customer = inbound.pop("customer", None) or ravi()
    now = inbound.pop("now", None)
    given = {
        "subject": "Where is my order?",
        "body": "It has not moved since Tuesday.",
        "channel": Channel.WEB,
    } | inbound
    sender = Sender(IdentityKind.EMAIL, customer.email, customer.name)
    return intake.receive(Inbound(sender=sender, **given), now=now).ticket


def later(**span: float) -> datetime:
    """MONDAY plus a timedelta's keywords: later(hours=2)."""
    return MONDAY + timedelta(**span)
