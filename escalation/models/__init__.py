"""Every model of the escalation room, in reading order."""

from escalation.models.escalation import ENDED, OPEN, Escalation, EscalationStep, Status, StepKind
from escalation.models.history import SETTINGS_WITH_HISTORY
from escalation.models.ladder import Ladder, Level, OnCall, Owner, Trigger

__all__ = [
    "ENDED", "OPEN", "SETTINGS_WITH_HISTORY", "Escalation", "EscalationStep", "Ladder", "Level", "OnCall", "Owner",
    "Status", "StepKind", "Trigger",
]  # fmt: skip
