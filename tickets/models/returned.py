"""Mail that came back: what another mail server, or our mail provider, said of an address."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.outbox import OutboxMail
from tickets.models.ticket import Ticket


class ReturnKind(models.TextChoices):
    HARD = "hard", _("Came back for good")
    SOFT = "soft", _("Came back for now")
    COMPLAINT = "complaint", _("Reported as spam")


class ReturnedMail(models.Model):
    address = models.CharField(_("address"), max_length=254)
    kind = models.CharField(_("kind"), max_length=9, choices=ReturnKind.choices)
    words = models.CharField(_("what the other server said"), max_length=500, blank=True)
    # Ours that it speaks of; none where nothing of ours fits.
    mail = models.ForeignKey(OutboxMail, models.SET_NULL, null=True, related_name="returns", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+", db_index=False)
    # While it holds, nothing leaves for this address; empty `cleared_at`: nobody has said yet that it works again.
    holds = models.BooleanField(default=False)
    cleared_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(_("came back"))

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("returned mail"), _("returned mail"), ["-id"]
        constraints = [
            # Both the server and the provider may tell of one return; it is one.
            models.UniqueConstraint(
                fields=["mail", "address", "kind"], condition=Q(mail__isnull=False), name="one_return_a_mail"
            )
        ]
        indexes = [
            models.Index(fields=["address", "at"], name="returned_address"),
            models.Index(fields=["address"], condition=Q(holds=True, cleared_at__isnull=True), name="returned_holds"),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.words}"
