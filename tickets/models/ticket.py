"""A ticket: what a queue shows of it in one row, its states, and the questions one may ask of it."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from tickets.models.customer import Customer, CustomerTier, Organisation
from tickets.models.fields import LanguageField
from tickets.models.people import Team, User

if TYPE_CHECKING:
    from tickets.models.people import User as Viewer


class State(models.TextChoices):
    NEW = "new", _("New")
    FIRST_RESPONSE = "first_response", _("First response")
    IN_PROGRESS = "in_progress", _("In progress")
    PENDING_CUSTOMER = "pending_customer", _("Waiting on customer")
    PENDING_INTERNAL = "pending_internal", _("Waiting on us")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


OPEN_STATES = (
    State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_CUSTOMER, State.PENDING_INTERNAL,
)  # fmt: skip
# States in which the next move is ours.
OUR_TURN = (State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_INTERNAL)


class Priority(models.IntegerChoices):
    URGENT = 1, _("Urgent")
    HIGH = 2, _("High")
    NORMAL = 3, _("Normal")
    LOW = 4, _("Low")


class Channel(models.TextChoices):
    WEB = "web", _("Web form")
    EMAIL = "email", _("Email")
    CHAT = "chat", _("Chat")
    PHONE = "phone", _("Phone")
    SOCIAL = "social", _("Social")
    API = "api", _("API")


class Sentiment(models.TextChoices):
    POSITIVE = "positive", _("Positive")
    NEUTRAL = "neutral", _("Neutral")
    NEGATIVE = "negative", _("Negative")
    ANGRY = "angry", _("Angry")


class Category(models.Model):
    slug = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_public = models.BooleanField(_("offered in the form"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("category"), _("categories"), ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("tag"), _("tags"), ["name"]

    def __str__(self) -> str:
        return self.name


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: "Viewer", *, restricted: frozenset[int] = frozenset()) -> "TicketQuerySet":
        """Staff see every ticket but those of restricted teams they are not in; a customer sees their own.

        `restricted`: ids of the restricted teams this user may not look into (tickets.permissions.closed_teams).
        """
        if user.is_desk_staff:
            return self.outside(restricted)
        return self.filter(customer__user=user) if user.is_authenticated else self.none()

    def outside(self, teams: frozenset[int]) -> "TicketQuerySet":
        """Those of no team among `teams` (ids)."""
        return self.exclude(team__in=teams) if teams else self

    def open(self) -> "TicketQuerySet":
        return self.filter(state__in=OPEN_STATES)

    def our_turn(self) -> "TicketQuerySet":
        return self.filter(state__in=OUR_TURN)

    def unassigned(self) -> "TicketQuerySet":
        return self.filter(assignee__isnull=True)

    def assigned_to(self, user: "Viewer") -> "TicketQuerySet":
        return self.filter(assignee=user)

    def overdue(self, now: datetime) -> "TicketQuerySet":
        return self.open().filter(due_at__lt=now)

    def breaching_within(self, span: timedelta, now: datetime) -> "TicketQuerySet":
        """Open tickets over their promise or due within `span`."""
        return self.open().filter(due_at__lt=now + span)

    def tagged(self, name: str) -> "TicketQuerySet":
        return self.filter(tags__name=name)

    def awake(self, now: datetime) -> "TicketQuerySet":
        return self.filter(Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now))


LAST_IN_QUEUE = datetime(9999, 1, 1, tzinfo=UTC)


def last_in_queue() -> datetime:
    return LAST_IN_QUEUE


def access_key() -> str:
    """132 random bits; part of the customer's link, so changing it revokes every link sent before."""
    return get_random_string(22)


# What views ask besides their order; within the indexes, so that PostgreSQL counts a view without reading its rows.
COUNTED = ["due_at", "snoozed_until"]


class Ticket(ConcurrentTransitionMixin, models.Model):
    subject = models.CharField(_("subject"), max_length=200)
    state = FSMField(_("state"), choices=State.choices, default=State.NEW, protected=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices, default=Channel.WEB)
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("category")
    )
    reference = models.CharField(_("order or invoice number"), max_length=64, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets", verbose_name=_("tags"))
    language = LanguageField(_("language"))

    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="tickets", db_index=False, verbose_name=_("customer")
    )
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("organisation")
    )
    # What a queue's row shows of the customer, so that a queue is one query over one table.
    customer_name = models.CharField(_("customer's name"), max_length=120, blank=True)
    customer_tier = models.CharField(
        _("customer's tier"), max_length=12, choices=CustomerTier.choices, default=CustomerTier.STANDARD
    )

    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="tickets", db_index=False, verbose_name=_("team")
    )
    tier = models.PositiveSmallIntegerField(_("tier"), default=1)
    skill = models.ForeignKey(
        "tickets.Skill", models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("skill asked for")
    )
    wants_experience = models.BooleanField(_("for an experienced agent"), default=False)
    assignee = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="tickets", db_index=False, verbose_name=_("assignee")
    )

    sentiment = models.CharField(_("mood"), max_length=8, choices=Sentiment.choices, default=Sentiment.NEUTRAL)
    is_angry = models.BooleanField(_("angry"), default=False)
    is_spam = models.BooleanField(_("spam"), default=False)

    policy = models.ForeignKey(
        "tickets.SlaPolicy", models.SET_NULL, null=True, blank=True, db_index=False, verbose_name=_("SLA policy")
    )
    # The nearest promise still to keep (None: none runs now) and which one it is (deadline kind).
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    due_kind = models.CharField(_("due for"), max_length=24, blank=True)
    # What queues sort by: due_at, or LAST_IN_QUEUE where no promise runs; never empty, so that paging by key is simple.
    queue_at = models.DateTimeField(default=last_in_queue)
    first_response_due_at = models.DateTimeField(null=True, blank=True)
    resolution_due_at = models.DateTimeField(null=True, blank=True)
    has_breached = models.BooleanField(_("a promise was broken"), default=False)
    # Where an open escalation stands (None: there is none), so that a queue's row and a page can say so by themselves.
    escalation_rank = models.PositiveSmallIntegerField(_("escalated to level"), null=True, blank=True)

    created_at = models.DateTimeField(_("created"))
    # When a verb last changed anything of it or of what is said on it: what programs that keep a copy ask by.
    updated_at = models.DateTimeField(_("changed"), null=True, default=timezone.now, editable=False)
    first_responded_at = models.DateTimeField(_("first response"), null=True, blank=True)
    waiting_since = models.DateTimeField(_("waiting since"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reopen_count = models.PositiveSmallIntegerField(_("reopened"), default=0)
    last_message_at = models.DateTimeField(_("last message"))
    last_from_customer = models.BooleanField(default=True)
    preview = models.CharField(max_length=140, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)

    # C5: what was wrong and what fixed it.
    cause = models.TextField(_("what was wrong"), blank=True)
    fix = models.TextField(_("what fixed it"), blank=True)

    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="merged")
    split_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="parts")
    follows = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followed_by")
    handle_seconds = models.PositiveIntegerField(_("handle time in seconds"), default=0)
    access_key = models.CharField(max_length=22, default=access_key, editable=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("ticket"), _("tickets")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="ticket_state_known"),
            models.CheckConstraint(condition=Q(priority__range=(1, 4)), name="ticket_priority_known"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(state=State.CLOSED), name="merged_tickets_are_closed"
            ),
        ]
        indexes = [
            # Each standing view sorts by time left; closed rows are in none of these.
            models.Index("queue_at", "id", include=COUNTED, condition=Q(state__in=OPEN_STATES), name="ticket_open_due"),
            models.Index("last_message_at", "id", condition=Q(state__in=OPEN_STATES), name="ticket_open_updated"),
            models.Index(
                "assignee",
                "queue_at",
                "id",
                include=COUNTED,
                condition=Q(state__in=OPEN_STATES),
                name="ticket_mine_due",
            ),
            models.Index(
                "state", "queue_at", "id", include=COUNTED, condition=Q(state__in=OPEN_STATES), name="ticket_state_due"
            ),
            models.Index(
                "category",
                "queue_at",
                "id",
                include=COUNTED,
                condition=Q(state__in=OPEN_STATES),
                name="ticket_category_due",
            ),
            models.Index(
                "team", "queue_at", "id", include=COUNTED, condition=Q(state__in=OPEN_STATES), name="ticket_team_due"
            ),
            models.Index(
                "priority",
                "id",
                include=COUNTED,
                condition=Q(state__in=OPEN_STATES, assignee__isnull=True),
                name="ticket_waiting",
            ),
            models.Index(
                "queue_at",
                "id",
                include=COUNTED,
                condition=Q(state__in=OPEN_STATES, escalation_rank__isnull=False),
                name="ticket_escalated",
            ),
            models.Index(F("customer"), F("id").desc(), name="ticket_customer"),
            models.Index("created_at", name="ticket_created"),
            models.Index("updated_at", "id", name="ticket_updated"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.subject}"

    @property
    def number(self) -> int:
        """The number people quote; it is the row's id."""
        return self.pk

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    # The only ways from state to state. tickets/lifecycle.py is their sole caller.

    @transition(field=state, source=State.NEW, target=State.FIRST_RESPONSE)
    def to_first_response(self) -> None: ...

    @transition(
        field=state,
        source=[State.NEW, State.FIRST_RESPONSE, State.PENDING_CUSTOMER, State.PENDING_INTERNAL],
        target=State.IN_PROGRESS,
    )
    def to_in_progress(self) -> None: ...

    @transition(
        field=state,
        source=[State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_INTERNAL],
        target=State.PENDING_CUSTOMER,
    )
    def to_pending_customer(self) -> None: ...

    @transition(
        field=state,
        source=[State.NEW, State.FIRST_RESPONSE, State.IN_PROGRESS, State.PENDING_CUSTOMER],
        target=State.PENDING_INTERNAL,
    )
    def to_pending_internal(self) -> None: ...

    @transition(field=state, source=list(OPEN_STATES), target=State.RESOLVED)
    def to_resolved(self) -> None: ...

    @transition(field=state, source=State.RESOLVED, target=State.CLOSED)
    def to_closed(self) -> None: ...

    @transition(field=state, source=[*OPEN_STATES, State.RESOLVED], target=State.CLOSED)
    def to_set_aside(self) -> None:
        """Closed without an answer: merged into another ticket, or spam."""

    @transition(field=state, source=[State.RESOLVED, State.CLOSED], target=State.IN_PROGRESS)
    def to_reopened(self) -> None: ...

    # Undoing (a withdrawn reply, an undone merge, not spam after all) returns to the state before, kept by the verb.

    @transition(field=state, source="*", target=State.NEW)
    def back_to_new(self) -> None: ...

    @transition(field=state, source="*", target=State.FIRST_RESPONSE)
    def back_to_first_response(self) -> None: ...

    @transition(field=state, source="*", target=State.IN_PROGRESS)
    def back_to_in_progress(self) -> None: ...

    @transition(field=state, source="*", target=State.PENDING_CUSTOMER)
    def back_to_pending_customer(self) -> None: ...

    @transition(field=state, source="*", target=State.PENDING_INTERNAL)
    def back_to_pending_internal(self) -> None: ...

    @transition(field=state, source="*", target=State.RESOLVED)
    def back_to_resolved(self) -> None: ...


class TicketLink(models.Model):
    """Two tickets that have to do with each other; kept once, lower number first."""

    one = models.ForeignKey(Ticket, models.CASCADE, related_name="links_up")
    other = models.ForeignKey(Ticket, models.CASCADE, related_name="links_down")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="one_link_a_pair"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="link_lower_number_first"),
        ]

    def __str__(self) -> str:
        return f"#{self.one_id} – #{self.other_id}"
