"""What was said on a ticket: customer's messages, replies, internal notes; their files; drafts not yet said."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.customer import Customer
from tickets.models.ticket import Channel, Sentiment, State, Ticket


class MessageKind(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    REPLY = "reply", _("Reply")
    NOTE = "note", _("Internal note")


class MessageQuerySet(models.QuerySet["Message"]):
    def public(self) -> "MessageQuerySet":
        """What a customer may read: no notes, nothing withdrawn."""
        return self.exclude(kind=MessageKind.NOTE).filter(withdrawn_at__isnull=True)

    def standing(self) -> "MessageQuerySet":
        return self.filter(withdrawn_at__isnull=True)


class Message(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages", db_index=False)
    kind = models.CharField(max_length=8, choices=MessageKind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="messages", db_index=False
    )
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, blank=True, db_index=False)
    author_name = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.WEB)
    body = models.TextField()
    has_files = models.BooleanField(default=False)
    has_more = models.BooleanField(default=False)  # there is a MailBody
    sentiment = models.CharField(max_length=8, choices=Sentiment.choices, blank=True)
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="mentioned_in")
    # One of these per form shown or per incoming message: a double submit makes one message.
    dedupe_key = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    # How far a mail may be believed (tickets.models.mail.Trust); empty for what did not come by mail.
    trust = models.CharField(max_length=20, blank=True)
    # A reply may be taken back until then; after that its mail is on the way.
    undo_until = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # Where the ticket and its clocks stood before this reply, for taking it back.
    before = models.JSONField(null=True, blank=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["ticket", "id"], name="message_ticket")]
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], condition=~Q(dedupe_key=""), name="message_said_once")
        ]

    def __str__(self) -> str:
        return self.body[:60]


class MailBodyQuerySet(models.QuerySet["MailBody"]):
    def without_html(self) -> "MailBodyQuerySet":
        """Whether there is HTML as `has_html`, without reading it."""
        has_html = models.ExpressionWrapper(~Q(html=""), output_field=models.BooleanField())
        return self.defer("html").annotate(has_html=has_html)


class MailBody(models.Model):
    """What a mail held besides the answer; apart from the rows that conversations and lists read."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="mail_body")
    quoted = models.TextField(blank=True)
    signature = models.TextField(blank=True)
    # As it came: shown only through mail_bodies.as_sent.
    html = models.TextField(blank=True)

    objects = MailBodyQuerySet.as_manager()
    has_html: bool  # by without_html()

    class Meta:
        verbose_name, verbose_name_plural = _("rest of a mail"), _("rests of mails")

    def __str__(self) -> str:
        return f"#{self.message_id}"


class Attachment(models.Model):
    """A file on a message; its bytes lie in FILES_DIR under their SHA-256, shared by equal files."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField(_("size in bytes"))
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    # By this id the mail's HTML shows it; without angle brackets.
    content_id = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Draft(models.Model):
    """What someone is writing on a ticket; survives a crash, gone when said."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=8, choices=MessageKind.choices, default=MessageKind.REPLY)
    body = models.TextField(blank=True)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "kind"], name="one_draft_a_kind")]


class Presence(models.Model):
    """Who has a ticket open right now."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    is_writing = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="present_once")]


class HandleTime(models.Model):
    """Seconds someone worked on a ticket on a day of the business's zone, measured by the open page."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="handle_times")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="handle_times")
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "day"], name="one_handle_time_a_day")]
        indexes = [models.Index(fields=["user", "day"])]


class Satisfaction(models.Model):
    """The customer's answer to the survey: one a ticket, the last one counts."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="satisfaction")
    score = models.PositiveSmallIntegerField(_("score of 5"))
    comment = models.TextField(_("comment"), blank=True)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="ratings")
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("satisfaction answer"), _("satisfaction answers")
        constraints = [models.CheckConstraint(condition=Q(score__range=(1, 5)), name="score_of_five")]
        indexes = [models.Index(fields=["agent", "at"])]


class MoveCondition(models.Model):
    """C7: what must be filled in before a ticket may enter a state."""

    class Needs(models.TextChoices):
        CATEGORY = "category", _("a category")
        ASSIGNEE = "assignee", _("an assignee")
        CAUSE = "cause", _("what was wrong")
        FIX = "fix", _("what fixed it")
        REPLY = "reply", _("a reply to the customer")
        REFERENCE = "reference", _("an order or invoice number")
        TAG = "tag", _("a tag")

    state = models.CharField(_("before the state"), max_length=20, choices=State.choices)
    needs = models.CharField(_("the ticket needs"), max_length=12, choices=Needs.choices)
    only_category = models.ForeignKey(
        "tickets.Category", models.CASCADE, null=True, blank=True, verbose_name=_("only in the category")
    )
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("condition on a move"), _("conditions on moves")
        ordering = ["state", "needs"]
        constraints = [
            models.UniqueConstraint(fields=["state", "needs", "only_category"], name="one_condition_a_move"),
            models.UniqueConstraint(
                fields=["state", "needs"], condition=Q(only_category__isnull=True), name="one_common_condition_a_move"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.get_needs_display()}"
