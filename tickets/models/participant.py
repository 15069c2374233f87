"""Who else is in on a ticket: people a mail named beside us, or a colleague added. They read and answer by mail only."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class Participant(models.Model):
    """One address on one ticket, in lower case. A removed one stays, so that the next mail does not bring it back."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="participants", db_index=False)
    address = models.EmailField(_("address"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    added_at = models.DateTimeField(_("added"))
    # None: they stood in a mail that came in.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("other recipient"), _("other recipients"), ["id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "address"], name="one_participant_an_address")]

    def __str__(self) -> str:
        return self.address
