"""The desk's settings, read once per version and shared by the whole process: staff, teams, hours, rules, policies."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cached_property

import holidays as public_holidays
from django.utils import timezone

from helpdesk.lib.clock import Calendar
from helpdesk.lib.text import initials
from tickets.models import (
    STAFF_ROLES,
    Category,
    DeskVersion,
    Holiday,
    LifecycleTiming,
    Macro,
    Mailbox,
    MoveCondition,
    OpeningHours,
    Role,
    Rule,
    RuleStage,
    SavedView,
    Shift,
    Skill,
    SlaPolicy,
    Target,
    Team,
    User,
    Webhook,
)  # fmt: skip

HOLIDAY_YEARS = 2  # public holidays are known this many years back and ahead


@dataclass(frozen=True)
class StaffCard:
    """What pages show of a colleague."""

    id: int
    name: str
    email: str
    role: str
    tier: int
    team_id: int | None
    team_ids: frozenset[int]
    is_bot: bool
    time_zone: str = "UTC"
    shifts: tuple[tuple[int, time, time], ...] = ()  # (weekday, starts, ends) in their own zone; none: team hours count
    is_active: bool = True

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def short_name(self) -> str:
        """“Mira K.”: as colleagues say it."""
        first, *rest = self.name.split() or [self.email]
        return f"{first} {rest[-1][0]}." if rest else first


@dataclass(frozen=True)
class Desk:
    version: int
    staff: dict[int, StaffCard]
    teams: dict[int, Team]
    calendars: dict[int, Calendar]
    categories: dict[int, Category]
    skills: dict[int, Skill]
    policies: list[SlaPolicy]
    rules: dict[str, list[Rule]]
    macros: list[Macro]
    views: list[SavedView]
    own_views: dict[int, list[SavedView]]
    conditions: list[MoveCondition]
    targets: list[Target]
    timing: LifecycleTiming
    webhooks: list[Webhook] = field(default_factory=list)
    mailboxes: dict[int, Mailbox] = field(default_factory=dict)
    always: Calendar = field(default_factory=Calendar.always)

    def calendar(self, team_id: int | None) -> Calendar:
        """The working time of a team; without a team the default team's, without hours around the clock."""
        if team_id is None and self.default_team:
            team_id = self.default_team.pk
        return self.calendars.get(team_id or 0, self.always)

    @cached_property
    def default_team(self) -> Team | None:
        """The team that takes what no rule routes: the marked one, else the lowest tier's first that is open to all."""
        teams = list(self.teams.values())
        marked = next((team for team in teams if team.is_default), None)
        return marked or next((team for team in teams if not team.is_restricted), None)

    def restricted_for(self, user: User) -> frozenset[int]:
        """Ids of the restricted teams this colleague may not look into."""
        restricted = {team.pk for team in self.teams.values() if team.is_restricted}
        if not restricted or user.is_manager:
            return frozenset()
        card = self.staff.get(user.pk)
        return frozenset(restricted - (card.team_ids if card else frozenset()))

    @cached_property
    def category_by_slug(self) -> dict[str, Category]:
        return {category.slug: category for category in self.categories.values()}

    @cached_property
    def team_by_slug(self) -> dict[str, Team]:
        return {team.slug: team for team in self.teams.values()}

    @cached_property
    def skill_by_slug(self) -> dict[str, Skill]:
        return {skill.slug: skill for skill in self.skills.values()}


_kept: Desk | None = None


def current(version: int | None = None) -> Desk:
    """The desk's settings as of `version` (`request.user.desk_version`); without one, one statement reads it."""
    global _kept
    if version is None:
        version = DeskVersion.read()
    desk = _kept
    if desk is None or desk.version != version:
        desk = _kept = _load(version)
    return desk


def forget() -> None:
    """Drop what is kept; the next reader loads it anew."""
    global _kept
    _kept = None


def _load(version: int) -> Desk:
    teams = {team.pk: team for team in Team.objects.all()}
    views = list(SavedView.objects.filter(is_active=True))
    rules = defaultdict(list)
    for rule in Rule.objects.filter(is_active=True):
        rules[rule.stage].append(rule)
    return Desk(
        version=version,
        staff=_staff(),
        teams=teams,
        calendars=_calendars(teams.values()),
        categories={category.pk: category for category in Category.objects.filter(is_active=True)},
        skills={skill.pk: skill for skill in Skill.objects.all()},
        policies=list(SlaPolicy.objects.filter(is_active=True)),
        rules={stage: rules[stage] for stage in RuleStage.values},
        macros=list(Macro.objects.filter(is_active=True)),
        views=[view for view in views if view.owner_id is None],
        own_views=_by_owner(views),
        conditions=list(MoveCondition.objects.filter(is_active=True)),
        targets=list(Target.objects.all()),
        timing=LifecycleTiming.objects.first() or LifecycleTiming(),
        webhooks=list(Webhook.objects.filter(is_active=True).defer("secret", "former_secret")),
        mailboxes={box.pk: box for box in Mailbox.objects.filter(is_active=True)},
    )


def _by_owner(views: Iterable[SavedView]) -> dict[int, list[SavedView]]:
    owned = defaultdict(list)
    for view in views:
        if view.owner_id is not None:
            owned[view.owner_id].append(view)
    return dict(owned)


def _staff() -> dict[int, StaffCard]:
    guests = defaultdict(set)
    for user_id, team_id in User.also_in.through.objects.values_list("user_id", "team_id"):
        guests[user_id].add(team_id)
    shifts: dict[int, list[tuple[int, time, time]]] = defaultdict(list)
    for user_id, weekday, starts, ends in Shift.objects.values_list("user_id", "weekday", "starts", "ends"):
        shifts[user_id].append((weekday, starts, ends))
    columns = ("pk", "name", "email", "role", "tier", "team_id", "is_bot", "is_active", "time_zone")
    people = User.objects.filter(role__in=STAFF_ROLES)
    return {
        pk: StaffCard(
            id=pk, name=name, email=email, role=Role(role), tier=tier, team_id=team_id,
            team_ids=frozenset(guests[pk] | ({team_id} if team_id else set())), is_bot=is_bot,
            is_active=is_active, time_zone=zone, shifts=tuple(shifts[pk]),
        )
        for pk, name, email, role, tier, team_id, is_bot, is_active, zone in people.values_list(*columns)
    }  # fmt: skip


def _calendars(teams: Iterable[Team]) -> dict[int, Calendar]:
    hours: dict[int, list[list[tuple[time, time]]]] = defaultdict(lambda: [[] for _ in range(7)])
    for row in OpeningHours.objects.all():
        hours[row.team_id][row.weekday].append((row.opens, row.closes))
    days_off: dict[int | None, set[date]] = defaultdict(set)
    for team_id, day in Holiday.objects.values_list("team_id", "date"):
        days_off[team_id].add(day)
    calendars = {}
    for team in teams:
        if team.is_always_open or team.pk not in hours:
            calendars[team.pk] = Calendar.always(team.time_zone)
            continue
        off = days_off[None] | days_off[team.pk] | _public(team.holiday_country)
        week = tuple(tuple(day) for day in hours[team.pk])
        calendars[team.pk] = Calendar(team.time_zone, week, frozenset(off))
    return calendars


def _public(country: str) -> set[date]:
    """Public holidays of a country (ISO 3166 two-letter code) around today; none for an unknown one."""
    if not country:
        return set()
    today = timezone.now().date()
    first, last = today - timedelta(days=366 * HOLIDAY_YEARS), today + timedelta(days=366 * HOLIDAY_YEARS)
    try:
        return set(public_holidays.country_holidays(country, years=range(first.year, last.year + 1)))
    except NotImplementedError:
        return set()
