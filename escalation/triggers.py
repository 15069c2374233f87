"""What starts an escalation, as questions of plain values: each answers with the trigger and what it found, or not.

Nothing here reads or writes the database. What is asked for: no response within 15 minutes, unsolved after an hour, a
rating below 3 of 5, security or compliance; high-value customers, legal issues, media attention, platform-wide outages.
The numbers and words are rows that a playbook ships.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from escalation.models import Trigger
from tickets import rule_fields, rule_words, wording
from tickets.models import EscalationReason
from tickets.rule_fields import Facts


@dataclass(frozen=True)
class Found:
    """A trigger that is right to be pulled, and why: the words found, the minutes passed, the score."""

    trigger: Trigger
    evidence: tuple[str, ...]


def by_words(triggers: Iterable[Trigger], text: str, facts: Facts) -> Found | None:
    """The first whose words stand in what the customer wrote, in any of their forms."""
    written = rule_words.written(text)
    for trigger in _of(triggers, EscalationReason.WORDS, facts):
        sought = rule_words.vocabulary(tuple(map(str, trigger.words)), in_any_form=True)
        if terms := written.found(sought):
            return Found(trigger, tuple(dict.fromkeys(term.text for term in terms)))
    return None


def by_facts(triggers: Iterable[Trigger], facts: Facts) -> Found | None:
    """The first about who the customer is or what the ticket is about whose conditions hold."""
    kinds = {
        EscalationReason.CUSTOMER: [facts.customer_tier],
        EscalationReason.TOPIC: [facts.category, *sorted(facts.tags)],
    }
    for kind, evidence in kinds.items():
        for trigger in _of(triggers, kind, facts):
            if trigger.conditions:
                return Found(trigger, tuple(filter(None, evidence)))
    return None


def by_rating(triggers: Iterable[Trigger], score: int, facts: Facts) -> Found | None:
    """The first that asks for more than this score of 5."""
    fitting = (
        trigger for trigger in _of(triggers, EscalationReason.POOR_RATING, facts) if score < (trigger.below or 0)
    )
    trigger = next(fitting, None)
    return Found(trigger, (f"{score}/5",)) if trigger and score > 0 else None


def by_time(triggers: Iterable[Trigger], kind: EscalationReason, minutes: int, facts: Facts) -> Found | None:
    """The one with the longest time that is over after `minutes`."""
    over = [trigger for trigger in _of(triggers, kind, facts) if (trigger.minutes or 0) <= minutes]
    trigger = max(over, key=lambda each: each.minutes or 0, default=None)
    return Found(trigger, (wording.duration((trigger.minutes or 0) * 60),)) if trigger else None


def next_by_time(
    triggers: Iterable[Trigger], kind: EscalationReason, facts: Facts, *, after: int = 0
) -> Trigger | None:
    """The one whose time is over next, of those longer than `after` minutes."""
    ahead = [trigger for trigger in _of(triggers, kind, facts) if (trigger.minutes or 0) > after]
    return min(ahead, key=lambda trigger: trigger.minutes or 0, default=None)


def _of(triggers: Iterable[Trigger], kind: EscalationReason, facts: Facts) -> list[Trigger]:
    """Those of a kind whose conditions hold for the ticket."""
    return [trigger for trigger in triggers if trigger.kind == kind and rule_fields.matches(trigger.conditions, facts)]
