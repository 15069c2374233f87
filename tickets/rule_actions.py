"""What a rule may do to a ticket: a fixed list of actions, each checked before it is saved and done in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.decisions import Decision, decide
from tickets.desk import Desk
from tickets.models import Priority, Rule, RuleStage, Team, Ticket

MAX_ACTIONS = 20
MAX_TEXT = 60
HIGHEST_TIER = 9
RAISED_AT_MOST_TO = Priority.HIGH  # urgent is what the priority rules call urgent, so that it keeps its meaning
# Only one decision of each of these stands; the last one.
SINGLE = {"category": "category", "priority": "priority", "team": "place", "tier": "place", "skill": "skill"}


@dataclass(frozen=True)
class Action:
    label: str | Promise
    stages: tuple[RuleStage, ...]
    do: Callable[[Ticket, Any, Rule, Desk], Decision | None]
    takes: str = ""  # what its value is: category, priority, tier, team, skill, text; "" for none


def apply(action: Any, ticket: Ticket, *, rule: Rule, desk: Desk) -> Decision | None:
    """Do one action of a rule on the ticket in memory; None if it changes nothing or names what the desk has not."""
    known = ACTIONS.get(action.get("do", "")) if isinstance(action, dict) else None
    if known is None or rule.stage not in known.stages:
        return None
    return known.do(ticket, action.get("value"), rule, desk)


def overrule(decisions: Iterable[Decision], by: Decision) -> list[Decision]:
    """The decisions with those marked that the newer one `by` overrides."""
    kind = SINGLE.get(by.what)
    return [
        earlier.overruled() if kind and SINGLE.get(earlier.what) == kind and not earlier.is_overruled else earlier
        for earlier in decisions
    ]


def team_of_tier(tier: int, *, near: Team | None, desk: Desk) -> Team | None:
    """The team that works a tier: of the same department as `near` if there is one, open to all before restricted."""
    teams = [team for team in desk.teams.values() if team.tier == tier]
    department = near.department if near else ""
    return min(teams, key=lambda team: (team.department != department, team.is_restricted, team.name), default=None)


def _set_category(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    category = desk.category_by_slug.get(str(value))
    if category is None:
        return None
    ticket.category = category
    return decide("category", category.slug, rule_id=rule.pk, label=category.name, rule=rule)


def _set_priority(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    if str(value).upper() not in Priority.names:
        return None
    ticket.priority = Priority[str(value).upper()]
    return decide("priority", int(ticket.priority), rule_id=rule.pk, rule=rule)


def _raise_priority(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    if ticket.priority <= RAISED_AT_MOST_TO:
        return None
    ticket.priority = Priority(ticket.priority - 1)
    return decide("priority", int(ticket.priority), rule_id=rule.pk, sentence="raised", rule=rule)


def _set_tier(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    if not _is_tier(value):
        return None
    near = desk.teams.get(ticket.team_id or 0) or desk.default_team
    ticket.tier = value
    ticket.team = near if near and near.tier == value else team_of_tier(value, near=near, desk=desk) or near
    return decide("tier", value, rule_id=rule.pk, label=ticket.team or "—", tier=value, rule=rule)


def _set_team(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    team = desk.team_by_slug.get(str(value))
    if team is None:
        return None
    ticket.team, ticket.tier = team, team.tier
    return decide("team", team.slug, rule_id=rule.pk, label=team.name, rule=rule)


def _want_skill(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    skill = desk.skill_by_slug.get(str(value))
    if skill is None and value:
        return None
    if skill is None and ticket.skill_id is None:
        return None
    ticket.skill = skill
    if skill is None:
        return decide("skill", "", rule_id=rule.pk, sentence="any_skill", rule=rule)
    return decide("skill", skill.slug, rule_id=rule.pk, label=skill.name, rule=rule)


def _want_experience(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    ticket.wants_experience = True
    return decide("experience", True, rule_id=rule.pk, rule=rule)


def _notes(what: str) -> Callable[[Ticket, Any, Rule, Desk], Decision | None]:
    """An action that changes nothing on the row itself; what follows from it is a reaction's."""

    def do(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
        return decide(what, value if value is not None else True, rule_id=rule.pk, label=value or "", rule=rule)

    return do


def _tag(ticket: Ticket, value: Any, rule: Rule, desk: Desk) -> Decision | None:
    name = " ".join(str(value).lower().split())
    return decide("tag", name, rule_id=rule.pk, label=name, rule=rule) if name else None


SORTING = (RuleStage.CATEGORY, RuleStage.PRIORITY)
ANY_STAGE = (*SORTING, RuleStage.ROUTING)
ACTIONS: dict[str, Action] = {
    "set_category": Action(gettext_lazy("set the category"), (RuleStage.CATEGORY,), _set_category, "category"),
    "set_priority": Action(gettext_lazy("set the priority"), (RuleStage.PRIORITY,), _set_priority, "priority"),
    "raise_priority": Action(
        gettext_lazy("raise the priority by one, up to high"), (RuleStage.PRIORITY, RuleStage.ROUTING), _raise_priority
    ),
    "set_tier": Action(gettext_lazy("send to the tier"), (RuleStage.ROUTING,), _set_tier, "tier"),
    "set_team": Action(gettext_lazy("send to the team"), (RuleStage.ROUTING,), _set_team, "team"),
    "want_skill": Action(gettext_lazy("ask for the skill"), (RuleStage.ROUTING,), _want_skill, "skill"),
    "want_experience": Action(gettext_lazy("ask for an experienced colleague"), (RuleStage.ROUTING,), _want_experience),
    "add_tag": Action(gettext_lazy("add the tag"), ANY_STAGE, _tag, "text"),
    "suggest_article": Action(gettext_lazy("suggest the article"), (RuleStage.ROUTING,), _notes("article"), "text"),
    "alert_lead": Action(gettext_lazy("alert the team lead"), (RuleStage.ROUTING,), _notes("alert_lead")),
    "auto_reply": Action(gettext_lazy("answer automatically"), ANY_STAGE, _notes("auto_reply"), "text"),
}  # fmt: skip


def choices(takes: str, desk: Desk) -> dict[str, Any] | None:
    """What an action's value may be, as {key: label}; None where it is written freely."""
    lists: dict[str, dict[str, Any]] = {
        "category": {category.slug: category.name for category in desk.categories.values()},
        "priority": {priority.name.lower(): priority.label for priority in Priority},
        "team": {team.slug: team.name for team in desk.teams.values()},
        "skill": {"": _("no particular skill")} | {skill.slug: skill.name for skill in desk.skills.values()},
    }
    return lists.get(takes)


def problems(actions: Any, stage: str, desk: Desk | None = None) -> list[str]:
    """What is wrong with a rule's actions, in sentences for the person who wrote them."""
    if not isinstance(actions, list) or not actions:
        return [_("The rule does nothing yet. Say what it should do.")]
    if len(actions) > MAX_ACTIONS:
        return [_("A rule does at most %(count)d things; make two rules of it.") % {"count": MAX_ACTIONS}]
    return [problem for action in actions for problem in _problems_of(action, stage, desk)]


def _problems_of(action: Any, stage: str, desk: Desk | None) -> list[str]:
    name = str(action.get("do", "")) if isinstance(action, dict) else str(action)
    fitting = [key for key, known in ACTIONS.items() if stage in known.stages]
    if name not in fitting or set(action) - {"do", "value"}:
        return [_("A rule of this stage cannot do “%(action)s”. It can do: %(fitting)s.") % {
            "action": name, "fitting": ", ".join(fitting)}]  # fmt: skip
    known, value = ACTIONS[name], action.get("value")
    shown: dict[str, Any] = {"action": known.label, "value": str(value)[:MAX_TEXT]}
    if known.takes == "tier":
        return [] if _is_tier(value) else [_("“%(action)s” needs a tier from 0 to 9.") % shown]
    if known.takes == "text":
        fits = isinstance(value, str) and 0 < len(value.strip()) <= MAX_TEXT
        return [] if fits else [_("“%(action)s” needs a word or a few.") % shown]
    if not known.takes:
        return []
    allowed = choices(known.takes, desk) if desk else None
    if known.takes == "priority" and str(value).upper() not in Priority.names:
        allowed = {priority.name.lower(): priority.label for priority in Priority}
    if not isinstance(value, str) or (not value and known.takes != "skill"):
        return [_("“%(action)s” needs a choice.") % shown]
    if allowed is not None and value not in allowed:
        shown["allowed"] = ", ".join(key for key in allowed if key)
        return [_("“%(action)s” cannot take “%(value)s”. Choose one of: %(allowed)s.") % shown]
    return []


def _is_tier(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST_TIER
