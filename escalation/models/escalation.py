"""An escalation of a ticket, at most one open at a time, and every step it took."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from escalation.models.ladder import Ladder, Level, Trigger
from tickets.models import EscalationReason, Team, Ticket


class Status(models.TextChoices):
    OPEN = "open", _("Not acknowledged")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    RESOLVED = "resolved", _("Ended")
    HANDED_DOWN = "handed_down", _("Handed down")


OPEN = (Status.OPEN, Status.ACKNOWLEDGED)
ENDED = (Status.RESOLVED, Status.HANDED_DOWN)


class Escalation(models.Model):
    """When its level's time is up stands in the ticket's deadline of that kind, and nowhere else."""

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="escalations", verbose_name=_("ticket"), db_index=False
    )
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+", verbose_name=_("ladder"))
    level = models.ForeignKey(Level, models.PROTECT, related_name="+", verbose_name=_("level"))
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.OPEN)
    reason = models.CharField(_("reason"), max_length=20, choices=EscalationReason.choices)
    # What was found (words, minutes passed, a score), in words; then what a person wrote.
    evidence: Any = models.JSONField(_("evidence"), default=list)
    why = models.TextField(_("in their words"), blank=True)
    trigger = models.ForeignKey(
        Trigger, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("trigger")
    )
    pulled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("escalated by"),
    )  # fmt: skip
    # Whom the level asks now; None: nobody was free.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    opened_at = models.DateTimeField(_("opened"))
    level_since = models.DateTimeField(_("at this level since"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("acknowledged by"),
    )  # fmt: skip
    closed_at = models.DateTimeField(_("ended"), null=True, blank=True)
    # It ended because the ticket did: should that be undone, it stands again.
    ended_with_ticket = models.BooleanField(default=False)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("escalation"), _("escalations"), ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(status__in=OPEN), name="one_open_escalation_a_ticket"
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, closed_at__isnull=True) | Q(status__in=ENDED, closed_at__isnull=False),
                name="escalation_ends_once",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.ACKNOWLEDGED) | Q(acknowledged_at__isnull=False),
                name="acknowledged_at_a_time",
            ),
            models.CheckConstraint(condition=Q(level_since__gte=models.F("opened_at")), name="level_since_opening"),
        ]
        indexes = [
            models.Index(fields=["ticket", "id"], name="escalation_ticket"),
            models.Index(fields=["level_since"], condition=Q(status__in=OPEN), name="escalation_open"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.level}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class StepKind(models.TextChoices):
    OPENED = "opened", _("Escalated")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    CLIMBED = "climbed", _("Climbed")
    OVERDUE = "overdue", _("Overdue at the top")
    HANDED_DOWN = "handed_down", _("Handed down")
    RESOLVED = "resolved", _("Ended")
    BACK = "back", _("Stands again")


class EscalationStep(models.Model):
    """One step of an escalation; whose the ticket was before is kept so that it can be handed back."""

    escalation = models.ForeignKey(Escalation, models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=12, choices=StepKind.choices)
    level = models.ForeignKey(Level, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    why = models.TextField(blank=True)
    from_team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    from_tier = models.PositiveSmallIntegerField(default=1)
    from_assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("step"), _("steps"), ["id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.level}"
