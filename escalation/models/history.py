"""Who changed which ladder, level or trigger, and what it was before."""

from simple_history import register

from escalation.models.ladder import Ladder, Level, OnCall, Trigger
from tickets.models.history import SettingsHistory

SETTINGS_WITH_HISTORY = (Ladder, Level, OnCall, Trigger)

for _model in SETTINGS_WITH_HISTORY:
    register(_model, records_class=SettingsHistory, app="escalation")
