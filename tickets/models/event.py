"""The spine: every change of a ticket as a row, at once audit trail, outbox of reactions and source of reports."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.ticket import Ticket


class EventKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    SORTED = "sorted", _("Sorted")  # category, priority, mood; data: rules
    ROUTED = "routed", _("Routed")  # team, tier, skill; data: rules
    ASSIGNED = "assigned", _("Assigned")
    UNASSIGNED = "unassigned", _("Put back")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    STARTED = "started", _("Work started")
    WAITING_CUSTOMER = "waiting_customer", _("Waiting on customer")
    WAITING_INTERNAL = "waiting_internal", _("Waiting on us")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Reopened")
    RESTORED = "restored", _("Put back to the state before")
    HEARD = "heard", _("Customer wrote")
    REPLIED = "replied", _("Replied")
    NOTED = "noted", _("Note added")
    WITHDRAWN = "withdrawn", _("Reply taken back")
    CHANGED = "changed", _("Changed")  # data: field, old, new
    TAGGED = "tagged", _("Tags changed")  # data: added, removed
    HANDED_OVER = "handed_over", _("Handed over")
    MERGED = "merged", _("Merged")
    UNMERGED = "unmerged", _("Merge undone")
    SPLIT = "split", _("Split")
    LINKED = "linked", _("Linked")
    UNLINKED = "unlinked", _("Link removed")
    SPAM = "spam", _("Marked as spam")
    NOT_SPAM = "not_spam", _("Not spam after all")
    SNOOZED = "snoozed", _("Snoozed")
    WOKEN = "woken", _("Woken")
    DUE_SOON = "due_soon", _("Due soon")
    BREACHED = "breached", _("Promise broken")
    REMINDED = "reminded", _("Reminder")
    FOLLOWED_UP = "followed_up", _("Follow-up sent")
    RATED = "rated", _("Rated by the customer")
    MACRO_USED = "macro_used", _("Macro used")
    HELD = "held", _("A mail nobody vouches for")  # data: message, trust, sender
    ACCEPTED = "accepted", _("Held mail accepted")
    AUTO_REPLIED = "auto_replied", _("Automatic reply came")  # data: mail, sender, because, words
    LOOP_CUT = "loop_cut", _("Mail loop cut")  # data: mail, sender, because
    MAIL_RETURNED = "mail_returned", _("A mail came back")  # data: address, how, words, mail
    NOTICE_DEAD = "notice_dead", _("A mail could not be delivered")
    # What a room above does with a ticket; data: rank, level, ladder, why (EscalationReason), evidence, owner.
    ESCALATED = "escalated", _("Escalated")
    ESCALATION_TAKEN = "escalation_taken", _("Escalation acknowledged")
    ESCALATION_CLIMBED = "escalation_climbed", _("Escalated further")
    ESCALATION_OVERDUE = "escalation_overdue", _("Escalation overdue at the top")
    ESCALATION_ENDED = "escalation_ended", _("Escalation ended")


class EscalationReason(models.TextChoices):
    """Why a ticket was escalated: what triggers find by themselves, then what people say."""

    NO_RESPONSE = "no_response", _("no response in time")
    UNSOLVED = "unsolved", _("not solved in time")
    POOR_RATING = "poor_rating", _("poor rating")
    WORDS = "words", _("words that must not wait")
    CUSTOMER = "customer", _("who the customer is")
    TOPIC = "topic", _("what it is about")
    CUSTOMER_ASKS = "customer_asks", _("the customer asks for it")
    BEYOND_EXPERTISE = "beyond_expertise", _("beyond our expertise here")
    BUSINESS_IMPACT = "business_impact", _("business impact")
    LEGAL = "legal", _("legal concern")
    OUTAGE = "outage", _("platform outage")


# What a person may give as the reason; each needs a sentence of its own beside it.
SAID_BY_PEOPLE = (
    EscalationReason.CUSTOMER_ASKS, EscalationReason.BEYOND_EXPERTISE, EscalationReason.BUSINESS_IMPACT,
    EscalationReason.LEGAL, EscalationReason.OUTAGE,
)  # fmt: skip


class TicketEvent(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    at = models.DateTimeField()
    # None: the system did it, and `data["why"]` says by which rule or timer.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    data: Any = models.JSONField(default=dict)
    reacted_at = models.DateTimeField(null=True, blank=True)
    reaction_attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural, ordering = _("event"), _("events"), ["id"]
        indexes = [
            models.Index(fields=["ticket", "id"], name="event_ticket"),
            models.Index(fields=["id"], condition=Q(reacted_at__isnull=True), name="event_to_react"),
            models.Index(fields=["kind", "at"], name="event_kind_at"),
            models.Index(fields=["by", "at"], condition=Q(by__isnull=False), name="event_by_at"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id} {self.kind}"
