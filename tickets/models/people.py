"""Who works here and when: users, teams, skills, hours, shifts and absences."""

from typing import Any

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tickets.models.fields import LanguageField, ZoneField


class Role(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    LEAD = "lead", _("Team lead")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")


STAFF_ROLES = (Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMINISTRATOR)


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Skill(models.Model):
    slug = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("skill"), _("skills"), ["name"]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    slug = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    tier = models.PositiveSmallIntegerField(_("tier"), default=1, help_text=_("0 is self-service, 1 the front line."))
    department = models.CharField(_("department"), max_length=80, blank=True)
    time_zone = ZoneField(_("time zone"))
    holiday_country = models.CharField(
        _("public holidays of"), max_length=2, blank=True, help_text=_("Two-letter country code, for example DE or US.")
    )
    is_always_open = models.BooleanField(_("open around the clock"), default=False)
    is_restricted = models.BooleanField(
        _("restricted"), default=False, help_text=_("Only members, managers and administrators see its tickets.")
    )
    is_default = models.BooleanField(_("takes what no rule routes"), default=False)
    signature = models.TextField(_("mail signature"), blank=True, max_length=2000)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("team"), _("teams"), ["tier", "name"]
        constraints = [models.UniqueConstraint("is_default", condition=Q(is_default=True), name="one_default_team")]

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """One open span of a team's week, in the team's own time zone; `closes` 00:00 means midnight at the day's end."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="opening_hours", verbose_name=_("team"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name, verbose_name_plural = _("opening hours"), _("opening hours")
        ordering = ["team", "weekday", "opens"]
        constraints = [
            models.UniqueConstraint(fields=["team", "weekday", "opens"], name="one_opening_at_a_time"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes="00:00"),
                name="closes_after_opening",
                violation_error_message=_("Closing time must be after opening time; use 00:00 for midnight."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} · {self.get_weekday_display()} {self.opens:%H:%M} – {self.closes:%H:%M}"


class Holiday(models.Model):
    team = models.ForeignKey(
        Team,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="holidays",
        verbose_name=_("team"),
        help_text=_("Leave empty for every team."),
    )
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("holiday"), _("holidays"), ["date"]
        constraints = [
            models.UniqueConstraint(fields=["team", "date"], name="one_holiday_a_day"),
            models.UniqueConstraint(fields=["date"], condition=Q(team__isnull=True), name="one_common_holiday_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        fields.setdefault("role", Role.ADMINISTRATOR)
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").lower())


class UserQuerySet(models.QuerySet["User"]):
    def staff(self) -> "UserQuerySet":
        """Those who work tickets: every active agent, lead, manager and administrator, bots left out."""
        return self.filter(is_active=True, role__in=STAFF_ROLES, is_bot=False)


class Availability(models.TextChoices):
    AVAILABLE = "available", _("Available")
    AWAY = "away", _("Away")


class AfterSend(models.TextChoices):
    NEXT = "next", _("go to the next ticket")
    STAY = "stay", _("stay on the ticket")
    LIST = "list", _("back to the list")


class Theme(models.TextChoices):
    AUTO = "auto", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    first_name = last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.AGENT)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("home team")
    )
    also_in = models.ManyToManyField(Team, blank=True, related_name="guests", verbose_name=_("also works for"))
    tier = models.PositiveSmallIntegerField(_("tier"), default=1)
    skills = models.ManyToManyField(Skill, blank=True, related_name="users", verbose_name=_("skills"))
    capacity = models.PositiveSmallIntegerField(
        _("capacity"),
        default=20,
        validators=[MinValueValidator(0), MaxValueValidator(500)],
        help_text=_("Open tickets this person holds at most before routing passes them by."),
    )
    is_experienced = models.BooleanField(_("experienced"), default=False, help_text=_("Gets angry customers."))
    availability = models.CharField(
        _("availability"), max_length=10, choices=Availability.choices, default=Availability.AVAILABLE
    )
    last_assigned_at = models.DateTimeField(_("last assigned"), null=True, blank=True, editable=False)
    time_zone = ZoneField(_("time zone"))
    language = LanguageField(_("language"))
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    has_single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    after_send = models.CharField(_("after sending"), max_length=4, choices=AfterSend.choices, default=AfterSend.STAY)
    is_bot = models.BooleanField(_("bot"), default=False)

    # Not a column: tickets.accounts reads it with the signed-in user; it says whether kept settings are still true.
    desk_version: int

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager.from_queryset(UserQuerySet)()  # type: ignore[misc, assignment]

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("user"), _("users"), ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    @property
    def is_desk_staff(self) -> bool:
        return self.is_active and self.role in STAFF_ROLES

    @property
    def is_lead(self) -> bool:
        """Leads and everyone above them."""
        return self.is_active and self.role in (Role.LEAD, Role.MANAGER, Role.ADMINISTRATOR)

    @property
    def is_manager(self) -> bool:
        return self.is_active and self.role in (Role.MANAGER, Role.ADMINISTRATOR)

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.role == Role.ADMINISTRATOR


class Shift(models.Model):
    """A span of someone's working week, in that person's time zone; nobody with shifts is routed to outside them."""

    user = models.ForeignKey(User, models.CASCADE, related_name="shifts", verbose_name=_("user"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))

    class Meta:
        verbose_name, verbose_name_plural = _("shift"), _("shifts")
        ordering = ["user", "weekday", "starts"]
        constraints = [
            models.UniqueConstraint(fields=["user", "weekday", "starts"], name="one_shift_at_a_time"),
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")) | Q(ends="00:00"),
                name="shift_ends_after_start",
                violation_error_message=_("A shift must end after it starts; use 00:00 for midnight."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_weekday_display()} {self.starts:%H:%M} – {self.ends:%H:%M}"


class Absence(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("user"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("absence"), _("absences"), ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="absence_ends_after_start",
                violation_error_message=_("An absence must end after it starts."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d} – {self.ends_at:%Y-%m-%d}"
