"""Other programs that are told what happens: who listens to what, and each telling until it arrived or was given up."""

import secrets
import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.event import TicketEvent
from tickets.models.ticket import Ticket

EVERYTHING = "*"
PING = "ping"


def new_secret() -> str:
    """256 random bits; the prefix tells a person, and a scanner for leaked secrets, what it is."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def new_delivery_id() -> str:
    return uuid.uuid4().hex


class Webhook(models.Model):
    """One receiver. `kinds`: kinds of event it is told of, or EVERYTHING."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    address = models.CharField(_("address"), max_length=500)
    kinds: Any = models.JSONField(_("is told of"), default=list)
    includes_notes = models.BooleanField(_("with internal notes and reasons"), default=False)
    includes_restricted = models.BooleanField(_("with tickets of restricted teams"), default=False)
    reaches_inside = models.BooleanField(_("may reach our own network"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    secret = models.CharField(max_length=80, default=new_secret, editable=False)
    # Signs too while the receiver is moved to the new one; empty: no change is under way.
    former_secret = models.CharField(max_length=80, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    # Since when nothing arrived, how many tries in a row got no answer, and until when it is left alone.
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(_("next try"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("webhook"), _("webhooks"), ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secrets(self) -> list[str]:
        """The secrets that sign, newest first."""
        return [self.secret, self.former_secret] if self.former_secret else [self.secret]

    def hears(self, kind: str) -> bool:
        return EVERYTHING in self.kinds or kind in self.kinds


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    DEAD = "dead", _("Given up")


class WebhookDelivery(models.Model):
    """One event told to one receiver: what is sent, as it was when it happened, and what was answered last."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(TicketEvent, models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    ticket = models.ForeignKey(
        Ticket, models.CASCADE, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("ticket")
    )
    # The receiver's way to know a repeat: the same at every try.
    delivery_id = models.CharField(_("delivery"), max_length=32, unique=True, default=new_delivery_id, editable=False)
    kind = models.CharField(_("kind"), max_length=20)  # an EventKind, or PING
    body = models.TextField(_("sent"))
    status = models.CharField(
        _("status"), max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("written"))
    queued_at = models.DateTimeField()  # written, or given a fresh round of tries by hand
    first_tried_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    response_code = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    response_excerpt = models.TextField(_("answer’s text"), blank=True)
    duration_ms = models.PositiveIntegerField(_("milliseconds"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("webhook delivery"), _("webhook deliveries"), ["-id"]
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="one_delivery_an_event")]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
            models.Index(fields=["webhook", "next_at"], condition=Q(status="waiting"), name="delivery_waiting"),
            models.Index(fields=["webhook", "-id"], condition=Q(status="dead"), name="delivery_dead"),
            models.Index(fields=["webhook", "ticket", "id"], condition=Q(status="waiting"), name="delivery_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delivery_id}"
