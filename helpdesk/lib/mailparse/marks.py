"""The lines that mail programs put above what is quoted: "On … wrote:", header blocks, "-----Original Message-----".

Every pattern runs on a few joined lines of bounded length, so the whole stays linear in the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from helpdesk.lib.mailparse import phrases

LONGEST_LINE = 998  # RFC 5322; what is longer is no mark
LONGEST_ATTRIBUTION = 400
WRAPPED_OVER = 4  # lines an attribution may be broken into
HEADER_LINES = 24

INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]")
QUOTE = re.compile(r"[ \t\xa0]{0,8}>[> \t\xa0|]*")
# What is left of "Jane <jane@example.com>:" when it was broken before the bracket: no quote sign.
BROKEN_BRACKET = re.compile(r">{1,2}\s{0,2}([^>:：]{0,24}?)\s?[:：]$")
RULE = re.compile(r"[-_=*~─—–‐\s]{2,}$")

ADDRESS = re.compile(r"[^\s<>()\[\]@,;:\"']{1,64}@[\w.-]{1,200}")
# The address right before the final colon, in brackets of any kind.
ADDRESS_LAST = re.compile(r"@[\w.-]{1,200}[^\w:：]{0,4}(?:mailto:[^\s<>]{1,200})?\s{0,2}[>)\]]{1,3}\s{0,3}[:：]$")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
NUMBERS = re.compile(r"(?<!\d)\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}(?!\d)")
TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h]\s?\d{2}(?!\d)")
WORDS = sorted(phrases.table("wrote"), key=len, reverse=True)
WROTE_WORDS = frozenset(["", *WORDS])
_WROTE = "|".join(re.escape(word) for word in WORDS)
WROTE_LAST = re.compile(rf"(?:^|[\s>)\d,\"'”]|님이 ?)(?:{_WROTE})\s?[:：]?$")
# Languages that put the word before the name, or write without spaces.
WROTE = re.compile(rf"(?:^|[\s>)\d,\"'”])(?:{_WROTE})(?=[\s:：<(\"']|$)")
LEADS = frozenset(phrases.table("lead"))
LEAD = re.compile(r"[^\W\d]+\.?")
HEADERS = phrases.kinds("headers")
HEADER = re.compile(r"[*_]{0,2}\s?([^\W\d_][^:：*\n<>@]{0,30}?)[*_]{0,2}\s{0,4}[:：][*_]{0,2}(.*)$", re.DOTALL)
SEPARATORS = frozenset(phrases.table("separators"))
FORWARDED = frozenset(phrases.table("forwarded"))
OPENINGS = ("original message", "forwarded by")
TOBIT = ("original message processed by", "originalnachricht verarbeitet mit")
BETWEEN_RULES = re.compile(r"[-_=*~─—–‐>]{2,}\s{0,3}(\S.{0,100}?)\s{0,3}[-_=*~─—–‐<]{0,}\s{0,3}:?$")


@dataclass(frozen=True)
class Header:
    kind: str
    value: str


@dataclass(frozen=True)
class Block:
    """A header block: the line after it, and the values by kind (`from`, `sent`, `date`, `to`, `subject`, …)."""

    end: int
    values: dict[str, str]


def bare(line: str) -> str:
    """A line without invisible signs and blanks around it; what is too long for a mark is cut."""
    line = line[: LONGEST_LINE + 1].replace("&nbsp;", " ")  # QQ Mail leaves these in its plain text
    return (line if line.isascii() else INVISIBLE.sub("", line).replace("\xa0", " ")).strip()


def is_quoted(line: str) -> bool:
    if not QUOTE.match(line):
        return False
    broken = BROKEN_BRACKET.match(line) if len(line) < 30 else None
    return broken is None or broken[1].casefold() not in WROTE_WORDS


def without_quote_signs(line: str) -> str:
    found = QUOTE.match(line)
    return line[found.end() :] if found else line


def is_rule(line: str) -> bool:
    """A line drawn of dashes, underscores or equals signs."""
    return len(line) > 1 and bool(RULE.match(line))


# -- "On … wrote:" ----------------------------------------------------------------------------------------------------


def attribution_start(lines: Sequence[str], last: int, *, before_quote: bool) -> int | None:
    """The first line of the attribution that ends on line `last`, or None. `lines` are bare.

    `before_quote`: a `>` line comes next, which makes less evidence enough.
    """
    end = lines[last].strip("-–—* ").rstrip("_").casefold()
    if len(end) > LONGEST_ATTRIBUTION or not (end.endswith((":", "：")) or WROTE_LAST.search(end[-40:])):
        return None
    joined, found = "", dict[int, int]()
    for first in range(last, max(-1, last - WRAPPED_OVER), -1):
        if not lines[first] or len(joined) + len(lines[first]) > LONGEST_ATTRIBUTION:
            break
        joined = f"{lines[first]} {joined}".strip()
        found[first] = _attributes(joined.strip("-–—* ").casefold(), before_quote=before_quote)
    return _best_start(found, opens_paragraph=min(found, default=0) == 0 or not lines[min(found) - 1])


def _best_start(found: dict[int, int], *, opens_paragraph: bool) -> int | None:
    """Of the lines an attribution may begin on, with how much speaks for each: the last that begins as such lines do.

    Where none clearly does, the whole paragraph, if it can be one.
    """
    strongest = max(found.values(), default=0)
    if not strongest:
        return None
    if strongest not in (3, 6) and opens_paragraph and found[min(found)] == strongest:
        return min(found)
    return max(first for first, strength in found.items() if strength == strongest)


def _attributes(line: str, *, before_quote: bool) -> int:
    """How much speaks for an attribution; 0: nothing. An address weighs most, then how it begins."""
    ends_in_colon = line.endswith((":", "："))
    wrote_last = WROTE_LAST.search(line[-40:])
    wrote = wrote_last or WROTE.search(line)
    address = ADDRESS.search(line)
    date = YEAR.search(line) or NUMBERS.search(line) or TIME.search(line)
    begins = _begins_like_one(line)
    if date and address and (wrote_last or (ends_in_colon and (wrote or ADDRESS_LAST.search(line[-260:])))):
        return begins + 3
    if date and wrote_last and begins > 1 and date.start() < 60 and (before_quote or _is_full_date(line[:70])):
        return begins
    if ends_in_colon and wrote and _is_full_date(line) and (address or not wrote_last) and len(line) < 160:
        return 1  # "Jane Doe/ACME wrote on 03/05/2010 11:05:14 AM:"
    if wrote_last and ends_in_colon and ((address and line.find("<") > 0) or before_quote) and len(line) < 160:
        return 1
    if before_quote and ends_in_colon and date and (begins > 1 or address) and len(line) < 160:
        return 1
    return 0


def _begins_like_one(line: str) -> int:
    """3: "On" and its like, then a date; 2: a date, or one short word and a date; 1: anything else."""
    line = line.lstrip("\"'[(")
    if line[:1].isdigit():
        return 2
    lead = LEAD.match(line)
    if lead is None or not re.search(r"\d", line[lead.end() : lead.end() + 26]):
        return 1
    if lead.group() in LEADS:
        return 3
    return 2 if len(lead.group()) <= 12 else 1


def _is_full_date(text: str) -> bool:
    return bool(YEAR.search(text) or NUMBERS.search(text))


# -- From:, Sent:, To:, Subject: --------------------------------------------------------------------------------------


def header(line: str) -> tuple[frozenset[str], str] | None:
    """The kinds a header line may be, and its value; None where it is none. `line` is bare."""
    found = HEADER.match(line[:LONGEST_LINE])
    if found is None:
        return None
    kinds = HEADERS.get(found[1].strip().casefold())
    return None if kinds is None else (kinds, found[2].strip(" \t*"))


def header_block(lines: Sequence[str], first: int, *, is_announced: bool = False) -> Block | None:
    """The block of header lines that begins on `first`; None where too little speaks for one. `lines` are bare.

    `is_announced`: a line such as "Forwarded message" stands above, so that a single header is enough.
    """
    values: dict[str, str] = {}
    kind = ""
    at, end, waiting = first, first, 0
    while at < len(lines) and at < first + HEADER_LINES and waiting < 4:
        line = lines[at]
        found = header(line)
        new = next((one for one in sorted(found[0]) if one not in values), None) if found else None
        if found and new:
            if waiting and kind and all(lines[end:at]):
                values[kind] = " ".join([values[kind], *lines[end:at]]).strip()
            kind, values[new] = new, found[1]
            end, waiting = at + 1, 0
        elif found:
            break
        elif at == first:
            return None
        else:
            waiting += 1
        at += 1
    return Block(end, values) if _is_block(values, is_announced=is_announced) else None


def _is_block(values: dict[str, str], *, is_announced: bool) -> bool:
    if is_announced:
        return bool(values)
    if "from" not in values and not ("sent" in values and "to" in values and "subject" in values):
        return False
    told = values.keys() & {"from", "sent", "date", "to", "subject", "reply-to"}
    mail_words = "subject" in values or "sent" in values
    has_address = any("@" in value for kind, value in values.items() if kind in ("from", "to", "cc", "reply-to"))
    return (len(told) >= 3 and (mail_words or has_address)) or (len(told) == 2 and mail_words and has_address)


# -- lines between -----------------------------------------------------------------------------------------------------


def is_separator(line: str, *, after_rule: bool = False) -> bool:
    """A line like "-----Original Message-----" in any language. `line` is bare; `after_rule`: a drawn line is above."""
    if line.casefold().startswith(TOBIT):
        return len(line) < 100
    words = _between_rules(line) or (line.strip("*_: ").casefold() if after_rule else "")
    return words in SEPARATORS or is_forward_line(line) or words.startswith(OPENINGS)


def is_forward_line(line: str) -> bool:
    """A line like "Begin forwarded message:" in any language, or one between dashes. `line` is bare."""
    if len(line) > 120:
        return False
    words = _between_rules(line)
    if words:
        return words in FORWARDED or words.startswith("forwarded by")
    return line.endswith((":", "：")) and line.strip("*_:： ").casefold() in FORWARDED


def _between_rules(line: str) -> str:
    if len(line) > 140:
        return ""
    found = BETWEEN_RULES.match(line)
    return found[1].strip("*_-: ").casefold() if found else ""
