"""Who changed which desk setting, and what it was before: a history row beside each back-office row."""

from typing import Any

from django.db.models import Model
from simple_history import register
from simple_history.models import HistoricalRecords

from tickets.models.customer import Organisation
from tickets.models.deadline import LifecycleTiming, SlaPolicy, Target
from tickets.models.message import MoveCondition
from tickets.models.people import Skill, Team, User
from tickets.models.rule import Macro, Rule, SavedView
from tickets.models.ticket import Category

SETTINGS_WITH_HISTORY = (
    Category, LifecycleTiming, Macro, MoveCondition, Organisation, Rule, SavedView, Skill, SlaPolicy, Target, Team,
)  # fmt: skip
# What a person's row is written for all day long by signing in, working and routing, and their own taste.
NO_SETTING = (
    "password", "last_login", "last_assigned_at", "availability", "theme", "has_single_keys", "after_send",
)  # fmt: skip


class SettingsHistory(HistoricalRecords):
    """Leaves out saves that touch nothing the history keeps."""

    def post_save(
        self, instance: Model, created: bool, using: str | None = None, update_fields: Any = None, **kwargs: Any
    ) -> None:
        left_out = {field.name for field in self.fields_left_out(type(instance))}
        if update_fields is not None and set(update_fields) <= left_out:
            return
        super().post_save(instance, created, using=using, **kwargs)

    def fields_left_out(self, model: type[Model]) -> list[Any]:
        return [field for field in model._meta.fields if field.name in self.excluded_fields]


for _model in SETTINGS_WITH_HISTORY:
    register(_model, records_class=SettingsHistory)
register(User, records_class=SettingsHistory, excluded_fields=NO_SETTING)
