"""The desk's rules as rows: sorting and routing rules, macros, saved views, and the version that caches follow."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.statements import prepared_cursor
from tickets.models.people import Team


class RuleStage(models.TextChoices):
    CATEGORY = "category", _("Sort: category")
    PRIORITY = "priority", _("Sort: priority")
    ROUTING = "routing", _("Route")


class Rule(models.Model):
    """Conditions and actions as validated data (tickets.rules checks both); rules run in order within their stage."""

    stage = models.CharField(_("stage"), max_length=10, choices=RuleStage.choices)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    name = models.CharField(_("name"), max_length=80)
    conditions: Any = models.JSONField(_("if"), default=dict, blank=True)
    actions: Any = models.JSONField(_("then"), default=list)
    is_active = models.BooleanField(_("in force"), default=True)
    stops = models.BooleanField(_("later rules of the stage are passed over"), default=False)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("rule"), _("rules"), ["stage", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["stage", "name"], name="one_rule_a_name")]

    def __str__(self) -> str:
        return self.name


class RuleUse(models.Model):
    """How often a rule matched on a day (UTC); counted by a reaction, off the customer's path."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="uses")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "day"], name="one_rule_use_a_day")]


class Macro(models.Model):
    """A prepared answer; `name` may hold folders (Account::Password reset). It fills the composer and never sends."""

    name = models.CharField(_("name"), max_length=120, unique=True, help_text=_("Folders by ::"))
    body = models.TextField(_("text"), blank=True, help_text=_("{{customer.name}}, {{ticket.number}} … are filled in."))
    actions: Any = models.JSONField(_("also sets"), default=list, blank=True)
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, verbose_name=_("only for the team"), related_name="macros"
    )
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("macro"), _("macros"), ["position", "name"]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A named filter over the queue: shared (no owner) or someone's own. `filters`: see tickets.queues.FILTERS."""

    slug = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=60)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="views", verbose_name=_("owner")
    )
    filters: Any = models.JSONField(_("filters"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("shown"), default=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("view"), _("views"), ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "slug"], name="one_view_a_key"),
            models.UniqueConstraint(fields=["slug"], condition=Q(owner__isnull=True), name="one_shared_view_a_key"),
        ]

    def __str__(self) -> str:
        return self.name


class DeskVersion(models.Model):
    """One row whose number grows whenever staff, rules, policies or other desk settings change; read with the user."""

    number = models.PositiveBigIntegerField(default=1)

    @classmethod
    def read(cls) -> int:
        """The number now, 0 before anything was set. Every verb asks, so in plain SQL: a fifth of the ORM’s time."""
        with prepared_cursor() as cursor:
            cursor.execute(f"SELECT number FROM {cls._meta.db_table} WHERE id = 1")  # noqa: S608
            row = cursor.fetchone()
        return row[0] if row else 0

    @classmethod
    def bump(cls) -> None:
        """Tell every process to load the desk's settings anew."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.create(pk=1, number=2)


class PlaybookLoad(models.Model):
    """Which playbook was loaded when; the text is kept so that local changes can be shown against it."""

    name = models.SlugField(_("playbook"))
    sha256 = models.CharField(max_length=64)
    text = models.TextField()
    loaded_at = models.DateTimeField(_("loaded"), auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("playbook load"), _("playbook loads"), ["-id"]


class Throttle(models.Model):
    """How often something was tried in a window of time: one row and one statement an attempt."""

    key = models.CharField(max_length=120, unique=True)
    window_ends_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(count__gte=0), name="throttle_count_positive")]
