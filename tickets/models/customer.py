"""Whom we help: customers, their organisations, and the addresses we know them by."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.fields import LanguageField, ZoneField


class CustomerTier(models.TextChoices):
    STANDARD = "standard", _("Standard")
    ENTERPRISE = "enterprise", _("Enterprise")
    VIP = "vip", _("VIP")


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=160)
    domain = models.CharField(
        _("mail domain"), max_length=160, blank=True, help_text=_("New customers of this domain join by themselves.")
    )
    tier = models.CharField(_("tier"), max_length=12, choices=CustomerTier.choices, default=CustomerTier.STANDARD)
    plan = models.CharField(_("plan"), max_length=80, blank=True)
    since = models.DateField(_("customer since"), null=True, blank=True)
    yearly_value = models.DecimalField(_("value a year"), max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    notes = models.TextField(_("notes"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("organisation"), _("organisations"), ["name"]
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=~models.Q(domain=""), name="one_organisation_a_domain")
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(
        _("main address"), blank=True, help_text=_("Where we write to; every address is an identity of its own.")
    )
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="customers", verbose_name=_("organisation")
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="customer",
        verbose_name=_("sign-in"),
    )
    own_tier = models.CharField(
        _("own tier"),
        max_length=12,
        choices=CustomerTier.choices,
        blank=True,
        help_text=_("Leave empty to follow the organisation."),
    )
    language = LanguageField(_("language"))
    time_zone = ZoneField(_("time zone"))
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("known since"), auto_now_add=True)
    # Of the main address; the words are the other mail server's.
    bounced_at = models.DateTimeField(_("mail bounced"), null=True, blank=True, editable=False)
    bounce_words = models.CharField(_("why it bounced"), max_length=500, blank=True, editable=False)
    surveys_stopped_at = models.DateTimeField(_("wants no surveys since"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("customer"), _("customers"), ["name", "id"]
        indexes = [models.Index(fields=["organisation"]), models.Index(fields=["name", "id"])]

    def __str__(self) -> str:
        return self.name or self.email or _("Customer %(number)s") % {"number": self.pk}

    @property
    def tier(self) -> str:
        """The customer's own tier, else the organisation's, else standard."""
        if self.own_tier:
            return self.own_tier
        return self.organisation.tier if self.organisation else CustomerTier.STANDARD


class IdentityKind(models.TextChoices):
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")
    HANDLE = "handle", _("Handle")


class Identity(models.Model):
    """An address a customer reaches us from; `value` is normalised (lower case, digits with +)."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identities", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=8, choices=IdentityKind.choices)
    value = models.CharField(_("value"), max_length=254)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("identity"), _("identities")
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="one_owner_an_identity")]

    def __str__(self) -> str:
        return self.value
