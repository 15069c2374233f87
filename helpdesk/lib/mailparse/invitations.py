"""What a calendar part says in words: what, when, where, from whom."""

import re
from datetime import UTC, datetime

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z-]{2,40})((?:;[^:\"]{0,300}(?:\"[^\"]{0,200}\")?[^:\"]{0,100}){0,8}):(.*)")
_LONGEST = 200_000
_KINDS = {
    "REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation", "PUBLISH": "Appointment",
    "COUNTER": "Another time proposed", "REFRESH": "Invitation", "ADD": "Invitation",
}  # fmt: skip
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted with reservation"}
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{0,2}(Z?))?")


def in_words(calendar: str) -> str:
    """A few lines of text; "" where there is no event in it."""
    method, seen, event = "", {}, None
    for line in _FOLD.sub("", calendar[:_LONGEST]).splitlines():
        found = _LINE.match(line[:2000])
        if found is None:
            continue
        name, params, value = found[1].upper(), found[2], found[3].strip()
        if name == "METHOD":
            method = value.upper()
        elif name == "BEGIN" and value.upper() in ("VEVENT", "VTODO"):
            seen = {}
        elif name == "END" and value.upper() in ("VEVENT", "VTODO"):
            event = event or seen
        elif name == "ATTENDEE" and method == "REPLY":
            seen.setdefault("ANSWER", (params, value))
        else:
            seen.setdefault(name, (params, value))
    return "\n".join(_lines(method, event)) if event else ""


def _lines(method: str, event: dict[str, tuple[str, str]]) -> list[str]:
    def value(name: str) -> str:
        return _unescaped(event.get(name, ("", ""))[1])[:2000]

    lines = [f"{_KINDS.get(method, 'Appointment')}: {value('SUMMARY') or '(no title)'}"]
    begins, ends = (_moment(*event.get(name, ("", ""))) for name in ("DTSTART", "DTEND"))
    if begins:
        lines.append(f"When: {begins}" + (f" to {ends}" if ends else ""))
    if value("LOCATION"):
        lines.append(f"Where: {value('LOCATION')}")
    if "ORGANIZER" in event:
        lines.append(f"From: {_person(*event['ORGANIZER'])}")
    if "ANSWER" in event:
        params, who = event["ANSWER"]
        answer = next((words for code, words in _ANSWERS.items() if f"PARTSTAT={code}" in params.upper()), "answered")
        lines.append(f"{_person(params, who)}: {answer}")
    if value("DESCRIPTION").strip():
        lines += ["", value("DESCRIPTION").strip()]
    return lines


def _person(params: str, value: str) -> str:
    named = re.search(r"CN=\"?([^\";:]{1,100})", params, re.IGNORECASE)
    email = re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)
    return f"{named[1].strip()} <{email}>" if named and named[1].strip() != email else email


def _moment(params: str, value: str) -> str:
    found = _MOMENT.match(value)
    if found is None:
        return ""
    year, month, day, hour, minute, zulu = found.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
    except ValueError:
        return ""
    zone = re.search(r"TZID=\"?([^\";:]{1,60})", params, re.IGNORECASE)
    return f"{moment:%Y-%m-%d %H:%M}" + (" UTC" if zulu else f" ({zone[1]})" if zone else "")


def _unescaped(value: str) -> str:
    return re.sub(r"\\([nN,;\\])", lambda found: "\n" if found[1] in "nN" else found[1], value)
