"""The desk's ladders and triggers, read once a version, and which level of which ladder a ticket goes to next."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from escalation.models import Ladder, Level, OnCall, Owner, Trigger
from tickets import rule_fields
from tickets.models import DeskVersion
from tickets.rule_fields import Facts


@dataclass(frozen=True)
class Ladders:
    """Ladders in use by position, their levels by rank, who is on call at a level in order, triggers in force."""

    version: int
    ladders: list[Ladder]
    levels: dict[int, list[Level]]
    on_call: dict[int, list[int]]
    triggers: list[Trigger]

    def choose(self, facts: Facts) -> Ladder | None:
        """The ticket's ladder: the first whose conditions hold, else the default one; None where there is neither."""
        named = (ladder for ladder in self.ladders if ladder.conditions and not ladder.is_default)
        fitting = next((ladder for ladder in named if rule_fields.matches(ladder.conditions, facts)), None)
        return fitting or next((ladder for ladder in self.ladders if ladder.is_default), None)

    def of(self, ladder: Ladder) -> list[Level]:
        """The ladder's levels where somebody answers, by rank."""
        return [level for level in self.levels.get(ladder.pk, ()) if level.owner != Owner.NOBODY]

    def reach(self, ladder: Ladder, rank: int, facts: Facts, reason: str) -> Level | None:
        """The first level at or above `rank` that takes this ticket; None when nobody stands there."""
        return next((level for level in self.of(ladder) if level.rank >= rank and takes(level, facts, reason)), None)

    def highest(self, ladder: Ladder, facts: Facts, reason: str) -> Level | None:
        """The highest level that takes this ticket."""
        return next((level for level in reversed(self.of(ladder)) if takes(level, facts, reason)), None)

    def rank_of_team(self, ladder: Ladder, team_id: int | None) -> int:
        """The rank at which a ticket of that team stands already; 0 below the ladder."""
        return max((level.rank for level in self.of(ladder) if team_id and level.team_id == team_id), default=0)


def takes(level: Level, facts: Facts, reason: str) -> bool:
    """Whether the level is one for this ticket; it is passed by otherwise (“if technical”, “if business-critical”)."""
    return rule_fields.matches(level.conditions, facts) or reason in level.reasons


_kept: Ladders | None = None


def current(version: int | None = None) -> Ladders:
    """Ladders and triggers as of the desk's `version`; without one, one statement reads it."""
    global _kept
    if version is None:
        version = DeskVersion.read()
    kept = _kept
    if kept is None or kept.version != version:
        kept = _kept = _load(version)
    return kept


def forget() -> None:
    """Drop what is kept; the next reader loads it anew."""
    global _kept
    _kept = None


def _load(version: int) -> Ladders:
    ladders = list(Ladder.objects.filter(is_active=True))
    by_id = {ladder.pk: ladder for ladder in ladders}
    triggers = Trigger.objects.filter(is_active=True)
    return Ladders(
        version=version,
        ladders=ladders,
        levels=_by_ladder(Level.objects.filter(ladder__in=by_id).order_by("rank")),
        on_call=_on_call(),
        triggers=[trigger for trigger in triggers if trigger.ladder_id is None or trigger.ladder_id in by_id],
    )


def _by_ladder(levels: Iterable[Level]) -> dict[int, list[Level]]:
    found = defaultdict(list)
    for level in levels:
        found[level.ladder_id].append(level)
    return dict(found)


def _on_call() -> dict[int, list[int]]:
    found = defaultdict(list)
    for level_id, user_id in OnCall.objects.order_by("position", "id").values_list("level_id", "user_id"):
        found[level_id].append(user_id)
    return dict(found)
