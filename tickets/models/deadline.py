"""Time: SLA policies, and every timer of the product as one kind of row, due at a time, done once."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.customer import CustomerTier
from tickets.models.people import Team
from tickets.models.ticket import Channel, Priority, Ticket


class SlaPolicy(models.Model):
    """The first policy, by position, whose filled-in conditions all hold is the ticket's. Times in minutes."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices, blank=True)
    customer_tier = models.CharField(_("customer's tier"), max_length=12, choices=CustomerTier.choices, blank=True)
    first_response = models.PositiveIntegerField(_("first response within"), help_text=_("minutes"))
    resolution = models.PositiveIntegerField(_("resolution within"), help_text=_("minutes"))
    update_every = models.PositiveIntegerField(
        _("update at least every"), default=240, help_text=_("minutes while in progress; 0: no such promise")
    )
    warn_at_percent = models.PositiveSmallIntegerField(
        _("warn when used up"),
        default=75,
        validators=[MinValueValidator(1), MaxValueValidator(99)],
        help_text=_("percent of the time"),
    )
    in_business_hours = models.BooleanField(_("only the team's working hours count"), default=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("SLA policy"), _("SLA policies"), ["position", "id"]

    def __str__(self) -> str:
        return self.name


class DeadlineKind(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")
    UPDATE = "update", _("Update to the customer")
    CLASSIFY = "classify", _("Sorting")
    FOLLOW_UP = "follow_up", _("Follow-up while waiting on the customer")
    INTERNAL_AGE = "internal_age", _("Waiting on us for long")
    AUTO_CLOSE = "auto_close", _("Closing by itself")
    AFTER_CLOSE = "after_close", _("Follow-up after closing")
    SNOOZE = "snooze", _("End of snooze")
    UNANSWERED = "unanswered", _("Escalation while nobody answers")
    UNSOLVED = "unsolved", _("Escalation while it is not solved")
    ESCALATION = "escalation", _("Time at this level")


# Promises to the customer: they run in working time, pause, warn and can be broken.
PROMISES = (DeadlineKind.FIRST_RESPONSE, DeadlineKind.RESOLUTION, DeadlineKind.UPDATE)
# Limits a room above sets: they run and pause as promises do, but nobody outside was promised anything.
LIMITS = (DeadlineKind.UNANSWERED, DeadlineKind.UNSOLVED, DeadlineKind.ESCALATION)


class Deadline(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="deadlines", null=True, db_index=False)
    kind = models.CharField(max_length=16, choices=DeadlineKind.choices)
    # When the sweeper must look next (a warning, then the due time); None: nothing to do (paused, broken or done).
    next_at = models.DateTimeField(null=True, blank=True)
    # When it is due; None while paused.
    due_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField()
    # Promises only, seconds of working time: what was granted, and what was used up before the running stretch.
    budget = models.PositiveIntegerField(default=0)
    spent = models.PositiveIntegerField(default=0)
    resumed_at = models.DateTimeField(null=True, blank=True)
    # Promises only, whose working time counts in the running stretch: this team's, or around the clock. Kept here, as
    # the ticket may have moved to another team by the time the stretch is added up.
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    in_working_time = models.BooleanField(default=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    # Met, fired or no longer needed.
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("deadline"), _("deadlines"), ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "kind"], condition=Q(done_at__isnull=True), name="one_open_deadline_a_kind"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"], condition=Q(next_at__isnull=False, done_at__isnull=True), name="deadline_pending"
            ),
            models.Index(fields=["ticket", "id"], name="deadline_ticket"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.kind}"


class LifecycleTiming(models.Model):
    """C1 and C4's waiting times, one row for the desk, in minutes of real time."""

    classify_within = models.PositiveIntegerField(_("sort new tickets within"), default=5, help_text=_("minutes"))
    update_reminder_before = models.PositiveIntegerField(
        _("remind of a due update"), default=30, help_text=_("minutes before")
    )
    follow_up_after = models.PositiveIntegerField(
        _("follow up a waiting customer after"), default=24 * 60, help_text=_("minutes")
    )
    internal_alert_after = models.PositiveIntegerField(
        _("alert when waiting on us for"), default=8 * 60, help_text=_("minutes")
    )
    close_after = models.PositiveIntegerField(_("close resolved after"), default=48 * 60, help_text=_("minutes"))
    after_close_follow_up = models.PositiveIntegerField(
        _("follow up closed after"), default=24 * 60, help_text=_("minutes")
    )
    reopen_window = models.PositiveIntegerField(
        _("closed tickets reopen within"),
        default=14 * 24 * 60,
        help_text=_("minutes; later answers open a follow-up ticket"),
    )
    breaching_soon = models.PositiveIntegerField(_("counts as breaching soon"), default=60, help_text=_("minutes"))

    class Meta:
        verbose_name, verbose_name_plural = _("lifecycle timing"), _("lifecycle timings")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class Target(models.Model):
    """A figure the desk aims at; `value` in the metric's own unit (minutes, percent, points)."""

    class Direction(models.TextChoices):
        UNDER = "under", _("under")
        OVER = "over", _("over")

    metric = models.SlugField(_("metric"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    direction = models.CharField(_("aim"), max_length=5, choices=Direction.choices)
    value = models.DecimalField(_("value"), max_digits=8, decimal_places=2)
    unit = models.CharField(_("unit"), max_length=16)
    is_per_agent = models.BooleanField(_("shown to each agent"), default=False)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("target"), _("targets"), ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.direction} {self.value} {self.unit}"


class Notification(models.Model):
    """A line for a colleague, in the app (and by mail where the kind says so)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=24)
    text = models.CharField(max_length=300)
    is_pressing = models.BooleanField(default=False)
    dedupe_key = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("notification"), _("notifications"), ["-id"]
        indexes = [models.Index(fields=["user", "-id"], condition=Q(read_at__isnull=True), name="notification_unread")]
