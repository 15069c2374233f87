"""Who works and writes in the demo: three tiers, ten agents with skills and shifts, customers and their companies."""

import random
from dataclasses import dataclass
from datetime import date, time, timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from tickets.models import (
    Absence,
    Customer,
    CustomerTier,
    DeskVersion,
    Identity,
    IdentityKind,
    Organisation,
    Role,
    Shift,
    Skill,
    Team,
    User,
)  # fmt: skip

PASSWORD = "firstline-demo"  # noqa: S105 (the demo's, printed on its own start page)
DOMAIN = "demo.firstline.test"


@dataclass(frozen=True)
class Colleague:
    """`shift`: first and last hour in their own zone, on `days` (0 is Monday); None: at work whenever the team is."""

    mailbox: str
    name: str
    role: Role = Role.AGENT
    tier: int = 1
    skills: str = ""
    is_experienced: bool = False
    zone: str = "Europe/Berlin"
    shift: tuple[int, int] | None = None
    days: str = "01234"
    capacity: int = 20


WEEK = "0123456"
# General Support follows the sun, so that somebody is at work whenever the demo is looked at. Whoever signs in as
# agent@ or lead@ is always at work.
STAFF = (
    Colleague("agent", "Mira Kovac", skills="billing account", capacity=16),
    Colleague("jonas", "Jonas Thorsen", skills="account billing", shift=(7, 19), days=WEEK),
    Colleague(
        "priya", "Priya Nair", skills="billing", is_experienced=True, zone="Asia/Kolkata", shift=(8, 20), days=WEEK
    ),
    Colleague("tomas", "Tomas Silva", skills="account", zone="America/Sao_Paulo", shift=(7, 19), days=WEEK),
    Colleague("aiko", "Aiko Mori", skills="account billing", zone="Asia/Tokyo", shift=(8, 20), days=WEEK),
    Colleague(
        "nadia", "Nadia Haddad", skills="billing", is_experienced=True, zone="America/Vancouver", shift=(8, 20),
        days=WEEK,
    ),
    Colleague("sara", "Sara Anand", tier=2, skills="technical", is_experienced=True),
    Colleague("viktor", "Viktor Lindgren", tier=2, skills="technical billing", is_experienced=True, shift=(9, 18)),
    Colleague("chloe", "Chloe Martin", tier=2, skills="technical account", is_experienced=True, shift=(11, 20)),
    Colleague("lead", "Lena Brandt", Role.LEAD, 3, "technical billing account", is_experienced=True, capacity=12),
    Colleague("manager", "Max Oduya", Role.MANAGER, 3, is_experienced=True),
    Colleague("admin", "Ada Lindqvist", Role.ADMINISTRATOR, 3),
)  # fmt: skip
FIRST = [
    "Dana",
    "Ravi",
    "Lena",
    "Tom",
    "Ana",
    "Kofi",
    "Ingrid",
    "Mateo",
    "Yuki",
    "Fatima",
    "Piotr",
    "Chiara",
    "Noah",
    "Zainab",
    "Erik",
    "Lucia",
    "Hassan",
    "Maren",
    "Diego",
    "Olga",
    "Samuel",
    "Amara",
    "Felix",
    "Hana",
    "Bruno",
    "Leila",
    "Oscar",
    "Nina",
    "Pavel",
    "Rosa",
]
LAST = [
    "Whitfield",
    "Menon",
    "Fischer",
    "Okafor",
    "Sousa",
    "Mensah",
    "Berg",
    "Alvarez",
    "Tanaka",
    "Rahman",
    "Nowak",
    "Ricci",
    "Weber",
    "Bello",
    "Nilsson",
    "Romero",
    "Aziz",
    "Jansen",
    "Torres",
    "Petrova",
    "Clarke",
    "Diallo",
    "Braun",
    "Sato",
    "Costa",
    "Karimi",
    "Holm",
    "Kaya",
    "Novak",
    "Marino",
]
COMPANIES = [
    "Whitfield Studio",
    "Oslo Outfitters",
    "Brightwell",
    "Kato Instruments",
    "Northbay Foods",
    "Lindholm & Sons",
    "Paperplane Travel",
    "Atlas Cycles",
    "Greenhouse Labs",
    "Harbour Logistics",
    "Marble Arch Books",
    "Copper Kettle",
    "Sundial Energy",
    "Juniper Dental",
    "Blue Heron Films",
    "Quarry Tools",
    "Fennel Kitchens",
    "Lakeside Clinic",
    "Orchard Schools",
    "Tandem Insurance",
]
ENTERPRISE = {"Kato Instruments", "Greenhouse Labs", "Sundial Energy"}
ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Europe/London")


def make_staff() -> dict[str, User]:
    """The demo's colleagues by mailbox; made once, kept as they are afterwards."""
    Team.objects.filter(slug="tier-1").update(is_always_open=True)
    password = make_password(PASSWORD)
    teams = {team.tier: team for team in Team.objects.filter(tier__gte=1).order_by("-tier", "-pk")}
    skills = {skill.slug: skill for skill in Skill.objects.all()}
    made = {}
    for one in STAFF:
        is_above = one.role in (Role.MANAGER, Role.ADMINISTRATOR)
        user, is_new = User.objects.get_or_create(
            email=f"{one.mailbox}@{DOMAIN}",
            defaults={
                "name": one.name, "role": one.role, "tier": one.tier, "password": password, "time_zone": one.zone,
                "is_experienced": one.is_experienced, "team": None if is_above else teams.get(one.tier),
                "is_staff": one.role == Role.ADMINISTRATOR, "is_superuser": one.role == Role.ADMINISTRATOR,
                "capacity": one.capacity,
            },
        )  # fmt: skip
        made[one.mailbox] = user
        if is_new:
            user.skills.set([skills[slug] for slug in one.skills.split() if slug in skills])
            _give_shifts(user, one)
    jonas = made["jonas"]
    if not jonas.absences.exists():
        begin = timezone.now() + timedelta(days=9)
        Absence.objects.create(user=jonas, starts_at=begin, ends_at=begin + timedelta(days=5), reason="Holiday")
    DeskVersion.bump()
    return made


def make_customers(chance: random.Random, number: int = 240) -> list[Customer]:
    """Customers of twenty companies and of none; the first can sign in as customer@. Made once."""
    if Customer.objects.filter(email=f"customer@{DOMAIN}").exists():
        return list(Customer.objects.select_related("organisation").order_by("pk"))
    companies = _make_companies(chance)
    sign_in = User.objects.create_user(f"customer@{DOMAIN}", PASSWORD, name="Dana Whitfield", role=Role.CUSTOMER)
    people = [
        Customer(
            name="Dana Whitfield", email=f"customer@{DOMAIN}", organisation=companies[0], user=sign_in,
            own_tier=CustomerTier.VIP, time_zone="Europe/Lisbon",
        )
    ]  # fmt: skip
    for place in range(1, number):
        name = f"{FIRST[place % len(FIRST)]} {LAST[(place * 7 + place // len(FIRST)) % len(LAST)]}"
        company = chance.choice(companies) if chance.random() < 0.5 else None
        people.append(
            Customer(
                name=name,
                email=f"{name.lower().replace(' ', '.')}{place}@{company.domain if company else 'people.example'}",
                organisation=company,
                own_tier=CustomerTier.VIP if chance.random() < 0.02 else "",
                time_zone=chance.choice(ZONES),
            )
        )
    made = Customer.objects.bulk_create(people)
    now = timezone.now()
    Identity.objects.bulk_create(
        Identity(customer=customer, kind=IdentityKind.EMAIL, value=customer.email, verified_at=now) for customer in made
    )
    return made


def _give_shifts(user: User, one: Colleague) -> None:
    if one.shift is None:
        return
    begin, end = one.shift
    Shift.objects.bulk_create(
        Shift(user=user, weekday=int(day), starts=time(begin), ends=time(end)) for day in one.days
    )


def _make_companies(chance: random.Random) -> list[Organisation]:
    return Organisation.objects.bulk_create(
        Organisation(
            name=name, domain=f"{name.split()[0].lower()}.example",
            tier=CustomerTier.ENTERPRISE if name in ENTERPRISE else CustomerTier.STANDARD,
            plan="Enterprise" if name in ENTERPRISE else chance.choice(("Starter", "Team", "Business")),
            since=date(2019, 1, 1) + timedelta(days=chance.randrange(2400)),
            yearly_value=chance.randrange(8, 400) * 120,
        )
        for name in COMPANIES
    )  # fmt: skip
