"""Every model of the tickets room, in reading order."""

from tickets.models.api import ApiToken, IdempotencyKey
from tickets.models.customer import Customer, CustomerTier, Identity, IdentityKind, Organisation
from tickets.models.deadline import (
    LIMITS,
    PROMISES,
    Deadline,
    DeadlineKind,
    LifecycleTiming,
    Notification,
    SlaPolicy,
    Target,
)  # fmt: skip
from tickets.models.event import SAID_BY_PEOPLE, EscalationReason, EventKind, TicketEvent
from tickets.models.history import SETTINGS_WITH_HISTORY
from tickets.models.mail import InboundMail, Mailbox, MailSort, MailStatus, Road, Trust
from tickets.models.message import (
    Attachment,
    Draft,
    HandleTime,
    MailBody,
    Message,
    MessageKind,
    MoveCondition,
    Presence,
    Satisfaction,
)  # fmt: skip
from tickets.models.outbox import CaughtMail, Heartbeat, OutboxMail, OutboxStatus
from tickets.models.participant import Participant
from tickets.models.people import (
    STAFF_ROLES,
    Absence,
    AfterSend,
    Availability,
    Holiday,
    OpeningHours,
    Role,
    Shift,
    Skill,
    Team,
    Theme,
    User,
    Weekday,
)  # fmt: skip
from tickets.models.returned import ReturnedMail, ReturnKind
from tickets.models.rule import (
    DeskVersion,
    Macro,
    PlaybookLoad,
    Rule,
    RuleStage,
    RuleUse,
    SavedView,
    Throttle,
)  # fmt: skip
from tickets.models.ticket import (
    OPEN_STATES,
    OUR_TURN,
    Category,
    Channel,
    Priority,
    Sentiment,
    State,
    Tag,
    Ticket,
    TicketLink,
)  # fmt: skip
from tickets.models.webhook import EVERYTHING, PING, DeliveryStatus, Webhook, WebhookDelivery

__all__ = [
    "EVERYTHING", "LIMITS", "OPEN_STATES", "OUR_TURN", "PING", "PROMISES", "SAID_BY_PEOPLE",
    "SETTINGS_WITH_HISTORY", "STAFF_ROLES", "Absence", "AfterSend", "ApiToken", "Attachment", "Availability",
    "Category", "CaughtMail", "Channel", "Customer", "CustomerTier", "Deadline", "DeadlineKind", "DeliveryStatus",
    "DeskVersion", "Draft", "EscalationReason", "EventKind", "HandleTime", "Heartbeat", "Holiday", "IdempotencyKey",
    "Identity", "IdentityKind", "InboundMail", "LifecycleTiming", "Macro", "MailBody", "MailSort", "MailStatus",
    "Mailbox", "Message", "MessageKind", "MoveCondition", "Notification", "OpeningHours", "Organisation",
    "OutboxMail", "OutboxStatus", "Participant", "PlaybookLoad", "Presence", "Priority", "ReturnKind",
    "ReturnedMail", "Road", "Role", "Rule", "RuleStage", "RuleUse", "Satisfaction", "SavedView", "Sentiment",
    "Shift", "Skill", "SlaPolicy", "State", "Tag", "Target", "Team", "Theme", "Throttle", "Ticket", "TicketEvent",
    "TicketLink", "Trust", "User", "Webhook", "WebhookDelivery", "Weekday",
]  # fmt: skip
