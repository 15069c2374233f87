"""What a rule may look at and how it may ask: a ticket's facts, the allowed fields and operators, the evaluator."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from tickets import rule_words
from tickets.desk import Desk
from tickets.models import Channel, CustomerTier, Priority, Sentiment, Ticket

MAX_DEPTH = 4


@dataclass
class Facts:
    """What rules see of a ticket: plain values; keys (slugs) where the desk gives names, "" where nothing is known."""

    text: str = ""  # subject and message
    subject: str = ""
    category: str = ""
    priority: str = "normal"
    channel: str = ""
    language: str = ""
    customer_tier: str = ""
    organisation: str = ""
    email: str = ""
    reference: str = ""
    mood: str = Sentiment.NEUTRAL
    is_angry: bool = False
    team: str = ""
    tier: int = 1
    tags: set[str] = field(default_factory=set)

    def follow(self, ticket: Ticket, desk: Desk) -> None:
        """Take over what rules may have changed on the ticket since."""
        category, team = desk.categories.get(ticket.category_id or 0), desk.teams.get(ticket.team_id or 0)
        self.category = category.slug if category else ""
        self.team = team.slug if team else ""
        self.tier = ticket.tier
        self.priority = Priority(ticket.priority).name.lower()
        self.mood, self.is_angry = ticket.sentiment, ticket.is_angry


def facts(ticket: Ticket, *, text: str, desk: Desk, tags: Iterable[str] = ()) -> Facts:
    """The facts of a ticket, saved or not, that says `text` (subject and message); no query if its customer is read."""
    known = Facts(
        text=text, subject=ticket.subject, channel=ticket.channel, language=ticket.language,
        customer_tier=ticket.customer_tier, email=ticket.customer.email, reference=ticket.reference,
        organisation=ticket.customer.organisation.name if ticket.customer.organisation else "", tags=set(tags),
    )  # fmt: skip
    known.follow(ticket, desk)
    return known


class Kind(StrEnum):
    """What sort of thing a field holds; decides which operators fit."""

    WORDS = "words"
    CHOICE = "choice"
    LINE = "line"
    NUMBER = "number"
    FLAG = "flag"
    SET = "set"


@dataclass(frozen=True)
class Field:
    label: str | Promise
    kind: Kind


FIELDS: dict[str, Field] = {
    "text": Field(gettext_lazy("subject or message"), Kind.WORDS),
    "subject": Field(gettext_lazy("subject"), Kind.WORDS),
    "category": Field(gettext_lazy("category"), Kind.CHOICE),
    "priority": Field(gettext_lazy("priority"), Kind.CHOICE),
    "channel": Field(gettext_lazy("channel"), Kind.CHOICE),
    "customer_tier": Field(gettext_lazy("customer's tier"), Kind.CHOICE),
    "mood": Field(gettext_lazy("mood"), Kind.CHOICE),
    "is_angry": Field(gettext_lazy("angry"), Kind.FLAG),
    "language": Field(gettext_lazy("language"), Kind.CHOICE),
    "email": Field(gettext_lazy("customer's address"), Kind.LINE),
    "organisation": Field(gettext_lazy("organisation"), Kind.LINE),
    "reference": Field(gettext_lazy("order or invoice number"), Kind.LINE),
    "tags": Field(gettext_lazy("tags"), Kind.SET),
    "team": Field(gettext_lazy("team"), Kind.CHOICE),
    "tier": Field(gettext_lazy("tier"), Kind.NUMBER),
}


@dataclass(frozen=True)
class Operator:
    label: str | Promise
    kinds: tuple[Kind, ...]
    holds: Callable[[Any, list[Any]], bool]  # (what the ticket has, what the rule names)
    takes_value: bool = True


def _has_word(text: str, values: list[Any], *, in_any_form: bool = True) -> bool:
    sought = rule_words.vocabulary(tuple(map(str, values)), in_any_form=in_any_form)
    return bool(rule_words.written(text).found(sought))


def _one_of(found: Any, values: list[Any]) -> bool:
    named = {str(value).casefold() for value in values}
    return not named.isdisjoint(_keys(found))


def _keys(found: Any) -> set[str]:
    return {str(part).casefold() for part in (found if isinstance(found, set) else [found])}


def _lines(test: Callable[[str, str], bool]) -> Callable[[Any, list[Any]], bool]:
    return lambda found, values: any(test(found.casefold(), str(value).casefold()) for value in values)


def _numbers(test: Callable[[int, int], bool]) -> Callable[[Any, list[Any]], bool]:
    return lambda found, values: any(isinstance(value, int) and test(found, value) for value in values)


NAMED = (Kind.CHOICE, Kind.LINE, Kind.NUMBER, Kind.SET)
OPERATORS: dict[str, Operator] = {
    "has_word": Operator(gettext_lazy("has one of the words, in any form"), (Kind.WORDS,), _has_word),
    "has_exact": Operator(
        gettext_lazy("has one of the words exactly as written"), (Kind.WORDS,),
        lambda text, values: _has_word(text, values, in_any_form=False),
    ),
    "has_none": Operator(
        gettext_lazy("has none of the words"), (Kind.WORDS,), lambda text, values: not _has_word(text, values)
    ),
    "is": Operator(gettext_lazy("is"), (*NAMED, Kind.FLAG), _one_of),
    "is_not": Operator(gettext_lazy("is not"), NAMED, lambda found, values: not _one_of(found, values)),
    "contains": Operator(gettext_lazy("contains"), (Kind.LINE,), _lines(lambda found, value: value in found)),
    "starts_with": Operator(gettext_lazy("starts with"), (Kind.LINE,), _lines(str.startswith)),
    "ends_with": Operator(gettext_lazy("ends with"), (Kind.LINE,), _lines(str.endswith)),
    "at_least": Operator(gettext_lazy("is at least"), (Kind.NUMBER,), _numbers(int.__ge__)),
    "at_most": Operator(gettext_lazy("is at most"), (Kind.NUMBER,), _numbers(int.__le__)),
    "is_empty": Operator(
        gettext_lazy("is empty"), (Kind.CHOICE, Kind.LINE, Kind.SET), lambda found, _values: not found,
        takes_value=False,
    ),
    "is_filled": Operator(
        gettext_lazy("is filled in"), (Kind.CHOICE, Kind.LINE, Kind.SET), lambda found, _values: bool(found),
        takes_value=False,
    ),
}  # fmt: skip


def matches(conditions: dict[str, Any], facts: Facts, *, depth: int = 1) -> bool:
    """Whether the conditions hold for the facts; malformed ones do not. Costs some microseconds a condition."""
    if not isinstance(conditions, dict) or depth > MAX_DEPTH:
        return False
    if not conditions:
        return True
    if isinstance(parts := conditions.get("all"), list):
        return all(matches(part, facts, depth=depth + 1) for part in parts)
    if isinstance(parts := conditions.get("any"), list):
        return any(matches(part, facts, depth=depth + 1) for part in parts)
    if isinstance(part := conditions.get("not"), dict):
        return not matches(part, facts, depth=depth + 1)
    name, operator = conditions.get("field"), OPERATORS.get(str(conditions.get("op")))
    if name not in FIELDS or operator is None or FIELDS[name].kind not in operator.kinds:
        return False
    return operator.holds(getattr(facts, name), values_of(conditions))


def values_of(leaf: dict[str, Any]) -> list[Any]:
    """The values a condition names, one or many, as a list."""
    value = leaf.get("value")
    return value if isinstance(value, list) else [] if value is None else [value]


def choices(name: str, desk: Desk) -> dict[str, Any] | None:
    """What a field may be compared with, as {key: label}; None where anything may be written."""
    fixed: dict[str, Any] = {
        "priority": {priority.name.lower(): priority.label for priority in Priority},
        "channel": dict(Channel.choices), "customer_tier": dict(CustomerTier.choices), "mood": dict(Sentiment.choices),
        "category": {category.slug: category.name for category in desk.categories.values()},
        "team": {team.slug: team.name for team in desk.teams.values()},
    }  # fmt: skip
    return fixed.get(name)
