"""Mail on its way in: the mailboxes we read, and every message as it came, kept before anybody looks into it."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message
from tickets.models.people import Team
from tickets.models.ticket import Ticket


class Road(models.TextChoices):
    """How a message gets to us."""

    IMAP = "imap", _("We fetch it (IMAP)")
    WEBHOOK = "webhook", _("A provider sends it (webhook)")
    PIPE = "pipe", _("The mail server hands it over (pipe)")
    SMTP = "smtp", _("Our own door (SMTP or LMTP)")


class Mailbox(models.Model):
    class Security(models.TextChoices):
        TLS = "tls", _("TLS")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("not encrypted (this machine only)")

    class After(models.TextChoices):
        SEEN = "seen", _("mark it as read")
        MOVE = "move", _("move it to a folder")

    address = models.EmailField(_("address"), max_length=254, unique=True, help_text=_("What customers write to."))
    name = models.CharField(_("name"), max_length=80, blank=True)
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mailboxes",
        verbose_name=_("team"),
        help_text=_("Its tickets go to this team unless a rule knows better; without one the rules decide."),
    )
    road = models.CharField(_("how mail comes in"), max_length=8, choices=Road.choices, default=Road.IMAP)
    is_active = models.BooleanField(_("in use"), default=True)
    host = models.CharField(_("IMAP server"), max_length=253, blank=True)
    port = models.PositiveIntegerField(
        _("port"), default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("encryption"), max_length=8, choices=Security.choices, default=Security.TLS)
    user = models.CharField(_("user name"), max_length=254, blank=True)
    # Sealed by helpdesk.lib.crypto; or the name of an environment variable that holds it.
    sealed_password = models.TextField(blank=True, editable=False)
    password_variable = models.CharField(
        _("password in the environment variable"),
        max_length=80,
        blank=True,
        help_text=_("Its name, for example SUPPORT_IMAP_PASSWORD; instead of a password kept here."),
    )
    folder = models.CharField(_("folder"), max_length=120, default="INBOX")
    after = models.CharField(_("once stored"), max_length=4, choices=After.choices, default=After.SEEN)
    move_to = models.CharField(_("folder to move it to"), max_length=120, blank=True)
    trusted_authority = models.CharField(
        _("trusted mail server"),
        max_length=253,
        blank=True,
        help_text=_(
            "The name your mail server writes first in Authentication-Results. Only what it says there counts when mail"
            " claims to be from a colleague; empty: nothing counts."
        ),
    )
    silent_after = models.PositiveIntegerField(
        _("alarm after silence of"),
        default=0,
        help_text=_("Hours without a single mail after which leads are told; 0: never."),
    )

    # Health, written by the roads, never by the back office.
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_mail_at = models.DateTimeField(_("last mail"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Seconds between a message's arrival on the server and its arrival here, the last time one came.
    lag = models.PositiveIntegerField(_("lag in seconds"), null=True, blank=True, editable=False)
    left_on_server = models.PositiveIntegerField(_("left on the server"), default=0, editable=False)
    alarmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Fetching: where we are, whose turn it is, when it is tried again.
    uidvalidity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(null=True, blank=True, editable=False)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("mailbox"), _("mailboxes"), ["address"]
        constraints = [
            models.CheckConstraint(condition=~Q(road=Road.IMAP) | ~Q(host=""), name="imap_needs_a_server"),
            models.CheckConstraint(condition=~Q(after="move") | ~Q(move_to=""), name="moving_needs_a_folder"),
        ]

    def __str__(self) -> str:
        return self.address


class MailStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Taken in")
    KEPT = "kept", _("Kept, no ticket")  # automatic mail that belongs to nothing we know
    QUARANTINED = "quarantined", _("In quarantine")
    DROPPED = "dropped", _("Dropped")


class MailSort(models.TextChoices):
    """What a message turned out to be."""

    PERSON = "person", _("From a person")
    LIST = "list", _("From a mailing list")
    AUTO_REPLY = "auto_reply", _("Automatic reply")
    BOUNCE = "bounce", _("Could not be delivered")
    COMPLAINT = "complaint", _("Complaint")
    NOTICE = "notice", _("Delivery notice")
    LOOP = "loop", _("Mail loop")


class Trust(models.TextChoices):
    """Why we believe, or do not believe, that a message belongs where it stands."""

    KNOWN = "known", _("From the customer’s own address")
    PARTICIPANT = "participant", _("From somebody in copy")
    COLLEAGUE = "colleague", _("From a colleague, confirmed by your mail server")
    REPLY_LINK = "reply_link", _("Has our reply address, but writes from another address")
    CHANGED_FROM = "changed_from", _("Writes from another address of the same name")
    STRANGER = "stranger", _("Names a ticket of somebody else")
    FORWARDED = "forwarded", _("Forwarded by a colleague")
    FORGED_AGENT = "forged_agent", _("Claims to be a colleague; nothing confirms it")
    FORGED_CUSTOMER = "forged_customer", _("Claims to be the customer; your mail server says it is not")
    REPLY_TO_DIFFERS = "reply_to_differs", _("Wants answers at another address")
    ACCEPTED = "accepted", _("Accepted by a colleague")


class InboundMail(models.Model):
    # The message as it came: in the row when small, else under its hash in FILES_DIR (tickets/mail_store.py).
    raw = models.BinaryField(null=True, editable=False)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(_("size in bytes"))
    road = models.CharField(_("road"), max_length=8, choices=Road.choices)
    mailbox = models.ForeignKey(
        Mailbox, models.SET_NULL, null=True, blank=True, related_name="mails", db_index=False, verbose_name=_("mailbox")
    )
    uidvalidity = models.BigIntegerField(null=True, blank=True)
    uid = models.BigIntegerField(null=True, blank=True)
    mail_id = models.CharField(max_length=255, blank=True)  # without angle brackets; "": it has none
    # Message-ID, sender, date, subject and body, without what the road adds: equal for one message on two roads.
    fingerprint = models.CharField(max_length=40)
    envelope_from = models.CharField(max_length=254, blank=True)
    envelope_to: Any = models.JSONField(default=list)
    received_at = models.DateTimeField(_("received"))

    status = models.CharField(_("status"), max_length=12, choices=MailStatus.choices, default=MailStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("what went wrong"), blank=True)
    # What reading it told.
    sort = models.CharField(_("kind"), max_length=12, choices=MailSort.choices, blank=True)
    sender = models.CharField(_("from"), max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    automatic_because = models.CharField(max_length=200, blank=True)
    trust = models.CharField(_("trust"), max_length=20, choices=Trust.choices, blank=True)
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, blank=True, related_name="mails", db_index=False)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="mails", db_index=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("mail"), _("incoming mail"), ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "uidvalidity", "uid"], condition=Q(uid__isnull=False), name="one_mail_a_uid"
            ),
            models.UniqueConstraint(fields=["mailbox", "mail_id", "sha256"], name="one_mail_a_mailbox"),
            models.UniqueConstraint(
                fields=["mail_id", "sha256"], condition=Q(mailbox__isnull=True), name="one_mail_without_mailbox"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(status="waiting"), name="mail_waiting"),
            models.Index(F("status"), F("id").desc(), condition=~Q(status="done"), name="mail_not_done"),
            models.Index(fields=["fingerprint"], name="mail_fingerprint"),
            models.Index(fields=["mail_id"], name="mail_message_id"),
            models.Index(fields=["sender", "received_at"], name="mail_sender"),
            models.Index(fields=["ticket", "id"], condition=Q(ticket__isnull=False), name="mail_ticket"),
        ]

    def __str__(self) -> str:
        return self.subject or self.mail_id or self.sha256[:12]
