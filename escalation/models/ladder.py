"""Ladders as rows: which tickets climb which levels, who owns each and for how long, and what starts a climb."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models import EscalationReason, Role, Team

TIMED = (EscalationReason.NO_RESPONSE, EscalationReason.UNSOLVED)


class Ladder(models.Model):
    """The first ladder in use, by position, whose conditions hold is the ticket's; the default one where none does."""

    slug = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    conditions: Any = models.JSONField(
        _("for tickets"), default=dict, blank=True, help_text=_("Conditions as of a rule; none: any ticket.")
    )
    is_default = models.BooleanField(_("takes what no other ladder fits"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("ladder"), _("ladders"), ["position", "id"]
        constraints = [models.UniqueConstraint("is_default", condition=Q(is_default=True), name="one_default_ladder")]

    def __str__(self) -> str:
        return self.name


class Owner(models.TextChoices):
    """Whose a level is."""

    NOBODY = "nobody", _("nobody: customers help themselves")
    TEAM = "team", _("a team")
    ROLE = "role", _("a role")
    PEOPLE = "people", _("named people, in order")


class Level(models.Model):
    """One rung: whose it is, when it climbs on by itself (in minutes), and what those who stand there may decide."""

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="levels", verbose_name=_("ladder"))
    rank = models.PositiveSmallIntegerField(_("rank"), validators=[MaxValueValidator(20)])
    name = models.CharField(_("name"), max_length=80)
    owner = models.CharField(_("whose it is"), max_length=8, choices=Owner.choices, default=Owner.TEAM)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team"), db_index=False
    )
    role = models.CharField(
        _("role"), max_length=16, blank=True, choices=[(role.value, role.label) for role in Role if role != "customer"]
    )
    answer_within = models.PositiveIntegerField(
        _("acknowledge within"), default=0, help_text=_("minutes; 0: within the whole time of the level")
    )
    limit = models.PositiveIntegerField(
        _("climbs on after"), validators=[MinValueValidator(1)], default=60, help_text=_("minutes")
    )
    in_working_time = models.BooleanField(_("only working hours count"), default=True)
    conditions: Any = models.JSONField(
        _("only if"), default=dict, blank=True, help_text=_("Conditions as of a rule; else the climb passes it by.")
    )
    reasons: Any = models.JSONField(
        _("or if the reason is"), default=list, blank=True, help_text=_("Reasons that count as well as the conditions.")
    )
    scope = models.TextField(_("scope"), blank=True, max_length=1000)
    skills = models.TextField(_("skills"), blank=True, max_length=1000)
    authority = models.TextField(_("authority"), blank=True, max_length=1000)
    refund_limit = models.DecimalField(
        _("may refund up to"), max_digits=10, decimal_places=2, null=True, blank=True, help_text=_("empty: any amount")
    )
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    target_share = models.PositiveSmallIntegerField(
        _("should be solved here"), null=True, blank=True, help_text=_("percent of what comes here")
    )

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("level"), _("levels"), ["ladder", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "rank"], name="one_level_a_rank"),
            models.UniqueConstraint(fields=["ladder", "name"], name="one_level_a_name"),
            models.CheckConstraint(
                condition=(Q(owner=Owner.TEAM) & Q(team__isnull=False))
                | (Q(owner=Owner.ROLE) & ~Q(role=""))
                | Q(owner=Owner.PEOPLE)
                | (Q(owner=Owner.NOBODY) & Q(rank=0)),
                name="level_has_an_owner",
                violation_error_message=_(
                    "Say whose level it is; only rank 0 may be left to the customers themselves."
                ),
            ),
            models.CheckConstraint(condition=Q(limit__gt=0), name="level_has_a_limit"),
            models.CheckConstraint(
                condition=Q(target_share__isnull=True) | Q(target_share__lte=100), name="share_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OnCall(models.Model):
    """Somebody who answers for a level of named people; the first who is there is asked first."""

    level = models.ForeignKey(Level, models.CASCADE, related_name="on_call", verbose_name=_("level"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    position = models.PositiveSmallIntegerField(_("position"), default=1)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("on call"), _("on call"), ["level", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["level", "user"], name="on_call_once_a_level")]

    def __str__(self) -> str:
        return f"{self.level} · {self.user}"


class Trigger(models.Model):
    """What starts an escalation: found by the desk itself, or a reason people may give (SAID_BY_PEOPLE)."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    kind = models.CharField(_("kind"), max_length=20, choices=EscalationReason.choices)
    ladder = models.ForeignKey(
        Ladder, models.CASCADE, null=True, blank=True, related_name="triggers", verbose_name=_("on the ladder"),
        help_text=_("Leave empty for whichever ladder is the ticket's."),
    )  # fmt: skip
    start_rank = models.PositiveSmallIntegerField(_("starts at rank"), default=1)
    minutes = models.PositiveIntegerField(_("after minutes"), null=True, blank=True)
    in_working_time = models.BooleanField(_("only working hours count"), default=True)
    below = models.PositiveSmallIntegerField(_("rating below"), null=True, blank=True)
    words: Any = models.JSONField(_("words"), default=list, blank=True)
    conditions: Any = models.JSONField(
        _("only if"), default=dict, blank=True, help_text=_("Conditions as of a rule; none: any ticket.")
    )
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("trigger"), _("triggers"), ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=TIMED) | Q(minutes__isnull=False, minutes__gt=0),
                name="timed_trigger_has_minutes",
                violation_error_message=_("Say after how many minutes."),
            ),
            models.CheckConstraint(
                condition=~Q(kind=EscalationReason.POOR_RATING) | Q(below__isnull=False, below__range=(2, 5)),
                name="rating_trigger_has_a_score",
                violation_error_message=_("Say below which score, 2 to 5."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
