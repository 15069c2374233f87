"""What happened to a ticket, in a person's words: one line an event, always with who or what decided and why."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets import decisions, unreachable, wording
from tickets.desk import Desk
from tickets.models import DeadlineKind, EscalationReason, EventKind, Priority, State, TicketEvent

# A message stands in the conversation for each of these; a line more would only repeat it.
SHOWN_AS_MESSAGE = frozenset({EventKind.RECEIVED, EventKind.HEARD, EventKind.REPLIED, EventKind.NOTED, EventKind.HELD})


def describe(event: TicketEvent, desk: Desk) -> str:
    """The event as a sentence without its full stop; empty when nothing is worth a line."""
    write = WORDS.get(event.kind)
    return write(event, event.data or {}, desk) if write else ""


def who(event: TicketEvent, desk: Desk) -> str:
    """“Mira K.”, or nothing for the system."""
    card = desk.staff.get(event.by_id or 0)
    return card.short_name if card else ""


def _decided(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    """What the rules decided; a decision that a later rule overruled stands on the timeline's page only."""
    standing = [decision for decision in data.get("decisions", ()) if not decision.get("is_overruled")]
    return " · ".join(filter(None, map(decisions.in_words, standing)))


def _with_why(said: str, why: str) -> str:
    return f"{said} ({why})" if why else said


def _assigned(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    if data.get("with_escalation"):
        return ""  # the escalation's own line says whose it is
    if decision := data.get("decision"):
        return decisions.in_words(decision)
    card = desk.staff.get(data.get("assignee") or 0)
    if card is None:
        return _("Assigned")
    if event.by_id == card.id:
        return _("%(who)s took it") % {"who": card.short_name}
    if by := who(event, desk):
        return _with_why(_("%(by)s assigned it to %(who)s") % {"by": by, "who": card.short_name}, event.reason)
    return str(data.get("why") or event.reason) or _("Assigned to %(who)s") % {"who": card.short_name}


def _plain(text: Callable[[], str]) -> Callable[[TicketEvent, dict[str, Any], Desk], str]:
    """Who did it, what, and the reason given."""

    def write(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
        by = who(event, desk)
        said = f"{by}: {text()}" if by else text()
        return _with_why(said, event.reason)

    return write


def _moved(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    to = State(event.to_state).label if event.to_state in State.values else event.to_state
    by, why = who(event, desk), data.get("why")
    if event.kind == EventKind.RESOLVED and (data.get("why") == "customer"):
        return _("The customer says it is solved")
    if event.kind == EventKind.REOPENED:
        if why == "customer_answered":
            return _("Reopened by the customer’s answer")
        if data.get("customer"):
            return _("Reopened by the customer")
        return _with_why(_("%(by)s reopened it") % {"by": by} if by else _("Reopened"), event.reason)
    if why == "customer_answered":
        return _("The customer answered: %(state)s again") % {"state": to}
    if data.get("with_reply"):
        # A reply to a new ticket passes through First response; only where it ends is worth a line.
        if event.kind == EventKind.ACKNOWLEDGED:
            return ""
        return _("Sent as %(state)s") % {"state": to}
    said = _("%(by)s set it to %(state)s") % {"by": by, "state": to} if by else str(to)
    return _with_why(said, event.reason)


def _changed(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    field, new = data.get("field"), data.get("new")
    by = who(event, desk) or _("The desk")
    if field == "priority":
        words = _("%(by)s set the priority to %(new)s") % {"by": by, "new": _priority(new)}
    elif field == "category":
        category = desk.categories.get(new or 0)
        words = _("%(by)s sorted it to %(new)s") % {"by": by, "new": category.name if category else _("no category")}
    elif field == "team":
        team = desk.teams.get(new or 0)
        words = _("%(by)s moved it to %(new)s") % {"by": by, "new": team.name if team else _("no team")}
    elif field == "subject":
        words = _("%(by)s renamed it; before: “%(old)s”") % {"by": by, "old": data.get("old")}
    elif field == "reference":
        words = _("%(by)s noted the number %(new)s") % {"by": by, "new": new or "—"}
    elif field == "customer":
        words = _("Now of %(new)s; before: %(old)s") % {"new": new, "old": data.get("old")}
    elif field == "participants":
        words = _("%(by)s added %(new)s to the mail") if new else _("%(by)s took %(old)s off the mail")
        words %= {"by": by, "new": new, "old": data.get("old")}
    elif field in ("cause", "fix"):
        words = _("%(by)s wrote down what was wrong") if field == "cause" else _("%(by)s wrote down what fixed it")
        words %= {"by": by}
    else:
        words = _("%(by)s changed it") % {"by": by}
    return _with_why(words, event.reason)


def _priority(value: Any) -> str:
    return str(Priority(value).label) if value in Priority.values else str(value)


def _tagged(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    parts = []
    if added := data.get("added"):
        parts.append(ngettext("tag %(tags)s added", "tags %(tags)s added", len(added)) % {"tags": ", ".join(added)})
    if removed := data.get("removed"):
        parts.append(
            ngettext("tag %(tags)s removed", "tags %(tags)s removed", len(removed)) % {"tags": ", ".join(removed)}
        )
    by = who(event, desk)
    return f"{by}: {', '.join(parts)}" if by else ", ".join(parts)


def _handed_over(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    team = desk.teams.get(data.get("to_team") or 0)
    where = team.name if team else _("Tier %(tier)s") % {"tier": data.get("to_tier", "")}
    by = who(event, desk) or _("The desk")
    said = _("%(by)s handed it over to %(where)s") % {"by": by, "where": where}
    note = event.reason or data.get("note") or ""
    return f"{said}: {note}" if note else said


def _joined(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    by = who(event, desk) or _("The desk")
    other = data.get("other") or data.get("into") or data.get("out_of")
    if event.kind == EventKind.MERGED:
        text = _("%(by)s merged it into #%(other)s")
    elif event.kind == EventKind.UNMERGED:
        text = _("%(by)s undid the merge into #%(other)s")
    elif event.kind == EventKind.SPLIT:
        text = _("%(by)s split it off #%(other)s") if data.get("out_of") else _("%(by)s split #%(other)s off")
    elif event.kind == EventKind.LINKED:
        text = _("%(by)s merged #%(other)s into this one") if data.get("merged") else _("%(by)s linked #%(other)s")
    elif data.get("merged"):
        text = _("%(by)s undid the merge of #%(other)s")
    else:
        text = _("%(by)s removed the link to #%(other)s")
    return text % {"by": by, "other": other}


def _snoozed(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    until = parse_datetime(data.get("until") or "")
    by = who(event, desk) or _("The desk")
    if until is None:
        return _("%(by)s snoozed it until the customer writes") % {"by": by}
    return _("%(by)s snoozed it until %(until)s") % {"by": by, "until": wording.when(until)}


def _timer(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    kind = data.get("kind", "")
    name = DeadlineKind(kind).label if kind in DeadlineKind.values else ""
    if event.kind == EventKind.BREACHED:
        return _("Promise broken: %(kind)s") % {"kind": name}
    if event.kind == EventKind.DUE_SOON:
        return _("Due soon: %(kind)s") % {"kind": name}
    if event.kind == EventKind.FOLLOWED_UP:
        return _("Follow-up sent to the customer")
    return _("Reminder: %(kind)s") % {"kind": name} if name else _("Reminder")


def _rated(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    if not data.get("score"):
        return _("Rated by the customer")
    return _("The customer rated it %(score)s of 5") % {"score": data["score"]}


def _macro_used(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    by, name = who(event, desk), str(data.get("name") or "").rpartition("::")[2]
    return _("%(by)s used the macro “%(name)s”") % {"by": by, "name": name} if name else _("Macro used")


def _accepted(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    by = who(event, desk) or _("The desk")
    return _("%(by)s vouches for the mail of %(sender)s") % {"by": by, "sender": data.get("sender", "")}


def _auto_replied(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    said = _("Automatic reply of %(sender)s: “%(words)s”")
    return said % {"sender": data.get("sender", ""), "words": data.get("words", "")}


def _loop_cut(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    said = _("Mail of %(sender)s is kept off this ticket, for it goes round in circles")
    return _with_why(said % {"sender": data.get("sender", "")}, str(data.get("because", "")))


def _escalated(event: TicketEvent, data: dict[str, Any], desk: Desk) -> str:
    by, level = who(event, desk), str(data.get("level") or "")
    if event.kind == EventKind.ESCALATION_TAKEN:
        return _("%(by)s acknowledged the escalation") % {"by": by}
    if event.kind == EventKind.ESCALATION_OVERDUE:
        return _("The time at %(level)s is over, and nobody stands above") % {"level": level}
    if event.kind == EventKind.ESCALATION_ENDED:
        return _escalation_ended(event, data, by)
    if event.kind == EventKind.ESCALATION_CLIMBED:
        said = _("%(by)s escalated it further to %(level)s") if by else _("Escalated further to %(level)s")
    else:
        said = _("%(by)s escalated it to %(level)s") if by else _("Escalated to %(level)s")
    why = _time_over(data) or escalation_reason(data.get("why", ""), data.get("evidence") or (), event.reason)
    owner = _owner(data, desk)
    return _with_why(said % {"by": by, "level": level}, why) + (f" · {owner}" if owner else "")


def _time_over(data: dict[str, Any]) -> str:
    """What was up when it climbed by itself."""
    if "over" not in data:
        return ""
    time = {"time": wording.duration((data.get("minutes") or 0) * 60)}
    return (
        _("not settled within %(time)s") if data["over"] == "acknowledged" else _("not acknowledged within %(time)s")
    ) % time


def _escalation_ended(event: TicketEvent, data: dict[str, Any], by: str) -> str:
    if data.get("outcome") == "handed_down":
        said = _("%(by)s handed it down from %(level)s") % {"by": by, "level": data.get("level", "")}
    elif data.get("outcome") == "with_ticket":
        said = _("The escalation ended with the ticket")
    elif data.get("outcome") == "back":
        said = _("The escalation stands again")
    else:
        said = _("%(by)s ended the escalation") % {"by": by or _("The desk")}
    return f"{said}: {event.reason}" if event.reason else said


def escalation_reason(kind: str, evidence: Iterable[str], said: str = "") -> str:
    """“no response in time: 15 min”, “words that must not wait: breach, GDPR”, and what somebody wrote."""
    label = str(EscalationReason(kind).label) if kind in EscalationReason.values else ""
    found = ", ".join(str(part) for part in (*evidence, said) if part)
    return f"{label}: {found}" if label and found else label or found


def _owner(data: dict[str, Any], desk: Desk) -> str:
    """Whose it is now, and why theirs."""
    card = desk.staff.get(data.get("owner") or 0)
    name = {"name": card.short_name if card else ""}
    if card is None:
        return _("nobody is free, so it waits in the queue and the leads are told") if "owner" in data else ""
    return {
        "stays": _("%(name)s keeps it"), "on_call": _("%(name)s is on call"),
        "lead": _("nobody else is free, so it is with %(name)s, the lead"),
        "manager": _("no lead is free either, so it is with %(name)s"),
    }.get(str(data.get("how")), _("%(name)s has it")) % name  # fmt: skip


WORDS: dict[str, Callable[[TicketEvent, dict[str, Any], Desk], str]] = {
    EventKind.SORTED: _decided,
    EventKind.ROUTED: _decided,
    EventKind.ASSIGNED: _assigned,
    EventKind.UNASSIGNED: _plain(lambda: _("put back into the queue")),
    **dict.fromkeys(
        (
            EventKind.ACKNOWLEDGED, EventKind.STARTED, EventKind.WAITING_CUSTOMER, EventKind.WAITING_INTERNAL,
            EventKind.RESOLVED, EventKind.CLOSED, EventKind.REOPENED,
        ),
        _moved,
    ),
    EventKind.RESTORED: _plain(lambda: _("put back to the state before")),
    EventKind.WITHDRAWN: _plain(lambda: _("took a reply back before it left")),
    EventKind.CHANGED: _changed,
    EventKind.TAGGED: _tagged,
    EventKind.HANDED_OVER: _handed_over,
    **dict.fromkeys(
        (EventKind.MERGED, EventKind.UNMERGED, EventKind.SPLIT, EventKind.LINKED, EventKind.UNLINKED), _joined
    ),
    EventKind.SPAM: _plain(lambda: _("marked as spam")),
    EventKind.NOT_SPAM: _plain(lambda: _("not spam after all")),
    EventKind.SNOOZED: _snoozed,
    EventKind.WOKEN: _plain(lambda: _("back in the queue")),
    **dict.fromkeys((EventKind.DUE_SOON, EventKind.BREACHED, EventKind.REMINDED, EventKind.FOLLOWED_UP), _timer),
    EventKind.RATED: _rated,
    EventKind.MACRO_USED: _macro_used,
    EventKind.ACCEPTED: _accepted,
    EventKind.AUTO_REPLIED: _auto_replied,
    EventKind.LOOP_CUT: _loop_cut,
    EventKind.MAIL_RETURNED: lambda event, data, desk: unreachable.in_words(
        data.get("how", "hard"), data.get("address", ""), data.get("words", "")
    ),
    EventKind.NOTICE_DEAD: _plain(lambda: _("a mail to the customer could not be delivered")),
    **dict.fromkeys(
        (
            EventKind.ESCALATED, EventKind.ESCALATION_TAKEN, EventKind.ESCALATION_CLIMBED,
            EventKind.ESCALATION_OVERDUE, EventKind.ESCALATION_ENDED,
        ),
        _escalated,
    ),
}  # fmt: skip
