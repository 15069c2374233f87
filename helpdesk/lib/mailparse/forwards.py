"""A message that somebody passed on inside their own, or answered: what mail programs put above it, taken apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpdesk.lib.mailparse import marks
from helpdesk.lib.mailparse.parsed import Address, Forwarded

LOOKED_AT_LINES = 400
NAMED = re.compile(r"[\"'“”\s]{0,4}([^<\[(]{0,200}?)[\"'“”\s]{0,4}[<\[(]{1,2}\s?(?:mailto:)?([^\s<>\[\]()]{1,254})")
# "On 3 May 2022 at 9:05, Jane <jane@example.com> wrote:" between "On" and the name
FORWARD_SUBJECT = re.compile(
    r"\s{0,4}(?:fwd?|wg|tr|rv|i|enc|doorst|vs|vb|vl|pd|továbbítás|ilt|转发|轉寄|転送|전달|הועבר)\s?[:：]", re.IGNORECASE
)
DATE_THEN_NAME = re.compile(r"[^\W\d]{1,14}\.? (.{4,60}?)\s?, ([^,]{0,200}<\s?[^<>\s]{1,254}\s?>)")


@dataclass(frozen=True)
class Unwrapped:
    """`kind`: forward, reply or quote. `headers` as they stood, by kind: from, sent, date, to, cc, subject, reply-to.

    `is_announced`: a line such as "Forwarded message" stands above. A bare header block is also what Outlook puts above
    the message that is answered.
    """

    kind: str
    above: str
    body: str
    below: str
    headers: dict[str, str] = field(default_factory=dict)
    is_announced: bool = False


def find(text: str, subject: str | None = None) -> Forwarded | None:
    """Who wrote the message passed on, and what; None where nothing is. Linear; never raises.

    A header block without a word of passing on is also what Outlook puts above the message it answers. Where the mail's
    `subject` is given, such a block counts only if that begins with "Fwd:" or its like, or if nothing stands above it.
    """
    found = unwrap(text)
    if found is None or found.kind != "forward":
        return None
    is_sure = found.is_announced or bool(found.headers and not found.above)
    if not is_sure and subject is not None and not FORWARD_SUBJECT.match(subject):
        return None
    return Forwarded(address(found.headers.get("from", "")), found.headers.get("subject", ""), found.body)


def unwrap(text: str) -> Unwrapped | None:
    """The first message quoted in `text`, whichever way it is; None where nothing is. Linear; never raises."""
    lines = text.replace("\r\n", "\n").split("\n")
    inner = [marks.bare(marks.without_quote_signs(line)) for line in lines[:LOOKED_AT_LINES]]
    for number, line in enumerate(inner):
        if not line:
            continue
        if marks.is_forward_line(line) or marks.is_separator(line):
            return _forward(lines, inner, number, number + 1)
        if marks.header_block(inner, number):
            return _forward(lines, inner, number, number)
        first = marks.attribution_start(inner, number, before_quote=_is_quoted(lines, number + 1))
        if first is not None:
            return _reply(lines, inner, first, number)
    return _quote(lines)


def address(written: str) -> Address:
    """`"Jane Doe" <jane@example.com>` in the forms mail programs write in a body."""
    if named := NAMED.match(written[:600]):
        return Address(named[2].strip().lower() if "@" in named[2] else "", named[1].strip())
    bare = marks.ADDRESS.search(written[:600])
    return Address(bare.group().lower(), "") if bare else Address("", " ".join(written[:200].split()))


def _forward(lines: Sequence[str], inner: Sequence[str], first: int, number: int) -> Unwrapped:
    while number < len(inner) and not inner[number]:
        number += 1
    block = marks.header_block(inner, number, is_announced=number > first) if number < len(inner) else None
    body, below = _body(lines, block.end if block else number)
    return Unwrapped(
        "forward", _text(lines[:first]), body, below, block.values if block else {}, marks.is_forward_line(inner[first])
    )


def _reply(lines: Sequence[str], inner: Sequence[str], first: int, last: int) -> Unwrapped:
    said = " ".join(inner[first : last + 1])
    body, below = _body(lines, last + 1)
    told = DATE_THEN_NAME.match(said[: marks.LONGEST_ATTRIBUTION])
    headers = {"date": told[1].strip(), "from": re.sub(r"<\s", "<", told[2]).strip()} if told else {"from": said}
    return Unwrapped("reply", _text(lines[:first]), body, below, headers)


def _quote(lines: Sequence[str]) -> Unwrapped | None:
    """Two quoted lines or more, with nothing above that says whose they are."""
    first = next((number for number, line in enumerate(lines) if marks.is_quoted(line)), None)
    if first is None or first + 1 >= len(lines) or not marks.is_quoted(lines[first + 1]):
        return None
    body, below = _body(lines, first)
    return Unwrapped("quote", _text(lines[:first]), body, below)


def _body(lines: Sequence[str], start: int) -> tuple[str, str]:
    """The message from `start` on, without one level of quote signs, and what stands below its quoted lines."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start == len(lines) or not marks.is_quoted(lines[start]):
        return _text(lines[start:]), ""
    end = next((number for number in range(start, len(lines)) if not marks.is_quoted(lines[number])), len(lines))
    return _text([re.sub(r"^\s{0,8}>[ \t]?", "", line) for line in lines[start:end]]), _text(lines[end:])


def _is_quoted(lines: Sequence[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and marks.is_quoted(lines[number])


def _text(lines: Sequence[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n ")
