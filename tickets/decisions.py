"""A decision of a rule or of routing: what was decided, by which rule, and one line that says why."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from tickets.models import Priority, Sentiment

# One sentence for each thing that can be decided; looked up when shown, so that every reader has their own language.
SENTENCES: dict[str, Callable[[], str]] = {
    "category": lambda: _("Sorted to %(label)s by rule “%(rule)s”"),
    "mood": lambda: _("Mood: %(label)s (%(signs)s)"),
    "priority": lambda: _("%(label)s: %(rule)s"),
    "raised": lambda: _("Raised to %(label)s: %(rule)s"),
    "tag": lambda: _("Tagged “%(label)s” by rule “%(rule)s”"),
    "tier": lambda: _("To %(label)s (tier %(tier)s) by rule “%(rule)s”"),
    "team": lambda: _("To %(label)s by rule “%(rule)s”"),
    "default": lambda: _("To %(label)s: no rule sends it elsewhere"),
    "mailbox": lambda: _("To %(label)s: it came to their mailbox"),
    "skill": lambda: _("Skill asked for: %(label)s, by rule “%(rule)s”"),
    "any_skill": lambda: _("No particular skill asked for, by rule “%(rule)s”"),
    "experience": lambda: _("For an experienced colleague: %(rule)s"),
    "article": lambda: _("Article “%(label)s” suggested by rule “%(rule)s”"),
    "alert_lead": lambda: _("Team lead alerted: %(rule)s"),
    "auto_reply": lambda: _("Answered automatically: %(rule)s"),
    "low": lambda: _("Answered automatically and kept in the queue: priority is low"),
    "assignee": lambda: _("Assigned to %(name)s (%(load)d of %(capacity)d open)"),
    "assignee_skill": lambda: _("Assigned to %(name)s (%(skill)s skill, %(load)d of %(capacity)d open)"),
    "assignee_experience": lambda: _("Assigned to %(name)s (experienced, %(load)d of %(capacity)d open)"),
    "assignee_urgent": lambda: _("Assigned to %(name)s (urgent and everyone full, %(load)d of %(capacity)d open)"),
    "took": lambda: _("Taken from the queue by %(name)s"),
}


@dataclass(frozen=True)
class Decision:
    """`what` was decided and the `value` it got, as plain JSON; `why` is one line in the desk's language, to be stored.

    What: category, priority, mood, tag, team, tier, skill, experience, article, alert_lead, auto_reply, assignee.

    `sentence` and `given` make the same line in a reader's language: see `in_words`. `is_overruled`: a later rule
    decided the same thing otherwise.
    """

    what: str
    value: Any
    why: str
    rule_id: int | None = None
    sentence: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    is_overruled: bool = False

    def overruled(self) -> "Decision":
        return _worded(replace(self, is_overruled=True))


def decide(what: str, value: Any, *, rule_id: int | None = None, sentence: str = "", **given: Any) -> Decision:
    """A decision with its line: the sentence of that key in SENTENCES (left out: the one named `what`) with `given`."""
    plain = {key: _plain(part) for key, part in given.items()}
    return _worded(Decision(what, value, "", rule_id, sentence or what, plain))


def in_words(decision: Decision | Mapping[str, Any]) -> str:
    """The decision's line in the reader's language, from a Decision or from what an event stored of one."""
    data = decision if isinstance(decision, Mapping) else vars(decision)
    sentence = SENTENCES.get(data.get("sentence", ""))
    if sentence is None:
        return str(data.get("why", ""))
    line = sentence() % (data.get("given", {}) | _label(data.get("what", ""), data.get("value")))
    return _("%(decision)s; overruled by a later rule") % {"decision": line} if data.get("is_overruled") else line


def _label(what: str, value: Any) -> dict[str, str]:
    """Labels that are ours to translate; a category's or team's name is the desk's own and stored as it was."""
    choices = {"priority": Priority, "mood": Sentiment}.get(what)
    return {"label": choices(value).label} if choices else {}


def _worded(decision: Decision) -> Decision:
    with translation.override(settings.LANGUAGE_CODE):
        return replace(decision, why=in_words(decision))


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


def as_data(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Decisions as plain JSON, for an event's data."""
    return [{**vars(decision)} for decision in decisions]
