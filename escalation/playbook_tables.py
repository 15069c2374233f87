"""The lists of the playbook's escalation section: which keys a ladder, a level and a trigger have."""

from typing import Any

from escalation.models import Ladder, Level, OnCall, Owner, Trigger
from helpdesk.lib import lined_yaml as y
from helpdesk.lib.lined_yaml import Key
from helpdesk.lib.section import Change
from tickets.models import STAFF_ROLES, EscalationReason, Team, User
from tickets.playbook_rows import Table

REASONS = {reason.value.replace("_", "-"): reason.value for reason in EscalationReason}
ROLES = {role.value: role.value for role in STAFF_ROLES}


class LadderTable(Table):
    """Ladders without their levels, which stand inside them in the file."""

    def save(self, row: Any, values: dict[str, Any]) -> Change:
        if values["takes_the_rest"]:
            # Only one ladder may: the one in the file takes over.
            for other in Ladder.objects.filter(is_default=True).exclude(slug=values["key"]):
                other.is_default = False
                other.save()
        return super().save(row, values)


class LevelTable(Table):
    """Levels by ladder and rank, with whose they are as one key of four, and people by their addresses."""

    def save(self, row: Any, values: dict[str, Any]) -> Change:
        values = dict(values)
        people = values.pop("people") or []
        is_nobodys = values.pop("self_service")
        values["owner"] = owner_of({**values, "people": people, "self_service": is_nobodys})
        values["role"] = values["role"] or ""
        self._make_room(values)
        change = super().save(row, values)
        level = Level.objects.get(ladder__slug=values["ladder"], rank=values["rank"])
        before = [one.user.email for one in level.on_call.select_related("user")]
        if before == people:
            return change
        level.on_call.all().delete()
        for position, email in enumerate(people, 1):
            OnCall.objects.create(level=level, user=User.objects.get(email=email), position=position)
        fields = {**change.fields, "people": (before, people)}
        return Change(change.table, change.name, "created" if change.kind == "created" else "changed", fields)

    def _make_room(self, values: dict[str, Any]) -> None:
        """Names may change places between the levels of a ladder, which each hold one of their own."""
        same = Level.objects.filter(ladder__slug=values["ladder"], name=values["name"]).exclude(rank=values["rank"])
        for other in same:
            other.name = f"{other.name[:70]} {other.rank}"
            other.save()

    def entry(self, row: Any) -> dict[str, Any]:
        values = {}
        for key in self.all_keys:
            if key.name in ("people", "self_service"):
                continue
            value = getattr(row, self.columns.get(key.name, key.name))
            values[key.name] = value.slug if key.name in self.references and value is not None else value
        values["role"] = values["role"] or None
        values["people"] = [one.user.email for one in row.on_call.all()]
        values["self_service"] = row.owner == Owner.NOBODY
        if values["self_service"]:
            values["climbs_after"] = None  # nobody is asked there, so no time runs
        return values


def owner_of(values: dict[str, Any]) -> str:
    """Whose the level is, by which of the four keys is given."""
    if values["team"]:
        return Owner.TEAM
    if values["role"]:
        return Owner.ROLE
    return Owner.PEOPLE if values["people"] else Owner.NOBODY


LADDERS = LadderTable(
    "ladders", Ladder, ("key",),
    (
        Key("key", y.slug, is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("only_for", y.anything, {}),
        Key("takes_the_rest", y.truth, False),
        Key("in_use", y.truth, True),
    ),
    columns={"key": "slug", "only_for": "conditions", "takes_the_rest": "is_default", "in_use": "is_active"},
    ordered_in="",
)  # fmt: skip
LEVELS = LevelTable(
    "levels", Level, ("ladder", "rank"),
    (
        Key("ladder", y.slug),
        Key("rank", y.number(0, 20), is_required=True),
        Key("name", y.words(80), is_required=True),
        Key("team", y.slug),
        Key("role", y.choice(ROLES)),
        Key("people", y.list_of(y.words(254)), []),
        Key("self_service", y.truth, False),
        Key("acknowledge_within", y.minutes, 0),
        Key("climbs_after", y.minutes),
        Key("in_working_time", y.truth, True),
        Key("only_if", y.anything, {}),
        Key("or_reasons", y.list_of(y.choice(REASONS)), []),
        Key("scope", y.text(1000), ""),
        Key("skills", y.text(1000), ""),
        Key("authority", y.text(1000), ""),
        Key("refund_limit", y.number(0, 99_999_999, whole=False)),
        Key("currency", y.words(3), "USD"),
        Key("target_share", y.number(0, 100)),
    ),
    columns={
        "acknowledge_within": "answer_within", "climbs_after": "limit", "only_if": "conditions",
        "or_reasons": "reasons",
    },
    references={"ladder": Ladder, "team": Team},
)  # fmt: skip
TRIGGERS = Table(
    "triggers", Trigger, ("name",),
    (
        Key("name", y.words(80), is_required=True),
        Key("kind", y.choice(REASONS), is_required=True),
        Key("ladder", y.slug),
        Key("starts_at", y.number(1, 20), 1),
        Key("after", y.minutes),
        Key("in_working_time", y.truth, True),
        Key("below", y.number(2, 5)),
        Key("words", y.list_of(y.words(80)), []),
        Key("only_if", y.anything, {}),
        Key("in_force", y.truth, True),
    ),
    columns={"starts_at": "start_rank", "after": "minutes", "only_if": "conditions", "in_force": "is_active"},
    references={"ladder": Ladder}, ordered_in="",
)  # fmt: skip
