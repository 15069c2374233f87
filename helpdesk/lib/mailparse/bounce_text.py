"""What mail servers write to people when a message came back: whom it did not reach, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from helpdesk.lib.mailparse import addresses
from helpdesk.lib.mailparse.limits import LONGEST_LIST

_EMAIL = r"[^\s<>()\[\],;:\"'|@]{1,150}@[A-Za-z0-9\[](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9\]])?"
# A line that names the recipient and nothing else, or begins with it: `<a@b>:`, `  a@b`, `* a@b`, `"a@b":`, `a@b [why]`.
_ALONE = re.compile(
    rf"^[ \t>*\-•·]{{0,12}}[<\"'(]{{0,2}}({_EMAIL})[>\"')]{{0,2}}(?:<mailto:[^>\s]{{1,300}}>)?[ \t]*(?::|,|;|\.\.\.|\[|\(|$)(.*)$"
)
_BEGINS = re.compile(rf"^[ \t]{{0,12}}<?({_EMAIL})>?[ \t]+(.*(?:error|invalid|unknown|fail|reject|on \d).*)$", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?:rcpt to|rejected recipient|delivering your mail to|unable to deliver message to|undeliverable to"
    rf"|deliver(?:y|ed)? to|permanent errors|temporary errors|attempts|failed for|gateway for|could not be delivered to"
    rf"|original recipient|bounced address|x-failed-recipients|was not delivered to|wasn't delivered to|not reach"
    rf"|unknown user|allowed size|recipient address|rcpt|\[smtp|recipient)\s?(?:is)?\s?[:=]?\s{{0,4}}[<\"']?({_EMAIL})",
    re.IGNORECASE,
)
_BEFORE_TROUBLE = re.compile(rf"^[2345]\d\d[ -].{{0,40}}?<({_EMAIL})>", re.MULTILINE)
_ANY = re.compile(_EMAIL)
_OUR_SIDE = re.compile(rf"(?:mail from|from|sender|return-path)\s?[:=]\s?<?({_EMAIL})", re.IGNORECASE)
# Where the message that came back begins.
_ORIGINAL = re.compile(
    r"^[ \t>#*=\-_]{0,80}(?:this is a copy of|below this line is|below is a copy|included is (?:a )?copy|a copy of"
    r"|original message|unsent message|returned message|message header|the header of the original|the following is a copy"
    r"|original mail|message follows|returned mail|-----original|headers? of the (?:original|message)|start of returned"
    r"|below the failed message|copy of your message|your original message|the original message follows|rejected message).{0,90}$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_ORIGINAL = re.compile(r"original message was received|returned message below|message header.{0,5}size", re.IGNORECASE)
_HEADERS = re.compile(r"^(?:received|return-path|dkim-signature|message-id)[ \t]{0,2}:.{0,400}\n(?:[ \t].*\n|[A-Za-z-]{2,40}:.*\n)", re.I | re.M)
_MOST_LINES = 2000


@dataclass
class Named:
    """A recipient and the lines that speak of it."""

    email: str
    lines: list[str] = field(default_factory=list)


def cut(text: str) -> tuple[str, str]:
    """(what the server says, the message that came back)."""
    places = [len(text)]
    for found in _ORIGINAL.finditer(text):
        if not _NOT_ORIGINAL.search(found[0]) and text[: found.start()].strip():
            places.append(found.start())
            break
    header = _HEADERS.search(text)
    if header and text[: header.start()].strip():
        places.append(header.start())
    place = min(places)
    return text[:place], text[place:]


def recipients(said: str, *, known: tuple[str, ...] = (), ours: frozenset[str] = frozenset()) -> list[Named]:
    """Whom the text names as not reached, with the words about each.

    `known`: the addresses the message that came back was written to; `ours`: addresses that are never meant.
    """
    lines = said.splitlines()[:_MOST_LINES]
    named: list[Named] = []
    current: Named | None = None
    for line in lines:
        found = _ALONE.match(line[:600]) or _BEGINS.match(line[:600])
        email = addresses.email_in(found[1]) if found else ""
        if found and email and email not in ours and not _is_postmaster(email, known):
            current = next((one for one in named if one.email == email), None)
            if current is None:
                current = Named(email)
                named.append(current)
            current.lines.append(found[2].strip("[]() \t"))
        elif current is not None:
            current.lines.append(line.strip())
    if named:
        return named[:LONGEST_LIST]
    sides = ours | {email.lower() for email in _OUR_SIDE.findall(said)}
    for pattern in (_NAMED, _BEFORE_TROUBLE, _ANY):
        emails = [addresses.email_in(email) for email in pattern.findall(said)]
        emails = [email for email in emails if email and email not in sides and not _is_postmaster(email, known)]
        if pattern is _ANY and known:
            emails = [email for email in emails if email in known] or list(known)
        if emails:
            break
    else:
        emails = list(known)
    return [Named(email, said.splitlines()) for email in dict.fromkeys(emails)][:LONGEST_LIST]


def _is_postmaster(email: str, known: tuple[str, ...]) -> bool:
    local = email.partition("@")[0]
    return email not in known and local in ("postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "admin")
