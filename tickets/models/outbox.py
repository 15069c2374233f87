"""Mail on its way out: written with the change it tells of, sent by the worker, kept until it is sent or dead."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.customer import Customer
from tickets.models.fields import LanguageField
from tickets.models.message import Message
from tickets.models.ticket import Ticket


class OutboxStatus(models.TextChoices):
    PENDING = "pending", _("Waiting")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Could not be delivered")
    CANCELLED = "cancelled", _("Taken back")


class OutboxMail(models.Model):
    kind = models.CharField(_("kind"), max_length=32)  # a template family, templates/emails/<kind>.*
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="outbox", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", db_index=False)
    to = models.EmailField(_("to"), max_length=254)
    cc: Any = models.JSONField(_("copy to"), default=list)  # addresses; each stands once in a mail
    language = LanguageField()
    data: Any = models.JSONField(default=dict)
    # The same change never writes two mails of a kind to one reader.
    dedupe_key = models.CharField(max_length=120, unique=True)
    # The mail's own Message-ID, the same at every try.
    mail_id = models.CharField(max_length=120)
    # What a provider calls it in its own reports; empty over SMTP.
    provider_id = models.CharField(max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=OutboxStatus.choices, default=OutboxStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    created_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("mail"), _("outgoing mail"), ["-id"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(status="pending"), name="outbox_pending"),
            models.Index(fields=["-id"], condition=Q(status="dead"), name="outbox_dead"),
            models.Index(fields=["ticket", "id"], name="outbox_ticket"),
            models.Index(fields=["to", "id"], name="outbox_to"),
            # Answers and bounces name the mail they speak of.
            models.Index(fields=["mail_id"], name="outbox_mail_id"),
            models.Index(fields=["provider_id"], condition=~Q(provider_id=""), name="outbox_provider_id"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"


class CaughtMail(models.Model):
    """The demo's mailbox: what would have left the house."""

    to = models.CharField(max_length=254, db_index=True)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers: Any = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]


class Heartbeat(models.Model):
    """A worker's sign of life."""

    name = models.CharField(max_length=60, unique=True)
    at = models.DateTimeField()
