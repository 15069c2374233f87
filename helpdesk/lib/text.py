"""Plain text that people send us: made safe to store, short enough for a list, split for rules, shown as HTML.

Every function is linear in the length of its input, also on input made to be slow.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from urllib.parse import quote

from markupsafe import Markup, escape

MARKS_IN_A_ROW = 30  # Unicode's Stream-Safe Text Format (UAX #15, section 13); no language needs as many
LONGEST_LINK = 2_000

NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# control characters but tab and newline, and lone surrogates, which no database stores
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# letters' marks (as in Hindi or Thai) and the joiners belong to a word, though `\w` leaves them out
MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M")
WORD_CHARACTER = f"[\\w{MARKS}\u200c\u200d]"
WORD = re.compile(f"{WORD_CHARACTER}+(?:['’]{WORD_CHARACTER}+)*")

# Quantifiers are bounded or followed by what they cannot match, so no scan is ever repeated. Left out of addresses:
# quotes and angle brackets, the backslash (browsers read it as a slash) and signs that turn the writing direction.
HIDDEN = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
LINK = re.compile(
    rf"(?P<url>(?<![\w])https?://[^\s<>\"'`\\^{{|}}{HIDDEN}]+)"
    r"|(?P<mail>(?<![\w.+%@-])[\w.+-]{1,64}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z]{2,24}(?![\w@-]))",
    re.IGNORECASE,
)
REL = "nofollow noopener noreferrer"
TRAILING = ".,;:!?*_~"


def plain(value: str, limit: int) -> str:
    """Return `value` fit for storing: NFC, newlines as `\\n`, at most `limit` characters.

    Control characters other than tab and lone surrogates are dropped; marks piled on one letter are cut at 30.
    """
    text = NEWLINES.sub("\n", value)
    text = UNWANTED.sub("", text)[:limit]
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _without_piled_marks(text))[:limit]


def preview(text: str, limit: int = 140) -> str:
    """Return the text on one line, at most `limit` characters, cut between words where one ends near the limit."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[: max(limit - 1, 0)]
    if not line[len(cut)].isspace():
        space = cut.rfind(" ")
        cut = cut[:space] if space > len(cut) * 3 // 4 else _whole_letters(cut, line)
    return (cut.rstrip(" ,;:.-") + "…")[:limit]


def words(text: str) -> list[str]:
    """Return the words of `text` in order and lower case; an apostrophe inside stays (`don't`), any kind as `'`.

    Writing without spaces, such as Chinese, is not segmented: each unbroken run is one word.
    """
    return [word.replace("’", "'") for word in WORD.findall(text.lower().replace("_", " "))]


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """Return one or two capital letters for a person's name or e-mail address; `?` when there is no letter."""
    parts = [part for part in words(name.split("@")[0][:500]) if part[0].isalnum()]
    chosen = [parts[0], parts[-1]] if len(parts) > 1 else parts
    return "".join(part[0].upper()[0] for part in chosen) or "?"


def linkify(text: str) -> Markup:
    """Return `text` as HTML: escaped, in paragraphs with line breaks, http(s) and e-mail addresses as links.

    Links carry rel="nofollow noopener noreferrer" and show exactly where they lead; addresses with a user name in
    front of the host, often used to deceive, or past 2,000 characters stay text.
    """
    # Strings are put together as strings and called HTML once, at the end: each piece is escaped as it is taken.
    if text.isascii() and "://" not in text and "@" not in text:
        lines = _escaped(NEWLINES.sub("\n", text)).split("\n")  # most messages; looking closer costs ten times as much
    else:
        lines = [_with_links(line) for line in NEWLINES.sub("\n", text).split("\n")]
    blocks = [list(block) for has_text, block in groupby(map(str.rstrip, lines), key=bool) if has_text]
    # dir="auto" lets each paragraph choose its direction by its first letter
    html = "".join(f'<p dir="auto">{"<br>".join(block)}</p>' for block in blocks)
    return Markup(html)  # noqa: S704  (escaped above)


def _escaped(text: str) -> str:
    return str(escape(text))


def _with_links(line: str) -> str:
    line = line.rstrip()
    return "".join(_pieces(line)) if "://" in line or "@" in line else _escaped(line)


def _pieces(line: str) -> Iterator[str]:
    position = 0
    for match in LINK.finditer(line):
        if match["mail"]:
            found = match["mail"]
            address = f"mailto:{quote(found, safe='@')}"
        else:
            found = _without_trailing_punctuation(match["url"])
            if not _is_honest(found):
                continue
            address = found
        yield _escaped(line[position : match.start()])
        yield f'<a href="{_escaped(address)}" rel="{REL}">{_escaped(found)}</a>'
        position = match.start() + len(found)
    yield _escaped(line[position:])


def _is_honest(url: str) -> bool:
    host = re.split("[/?#]", url.split("://", 1)[1], maxsplit=1)[0]
    return len(url) <= LONGEST_LINK and "@" not in host and host[:1].isalnum()


def _without_trailing_punctuation(url: str) -> str:
    """Drop what ends the sentence, not the address: a closing bracket goes only if it was opened before the address."""
    surplus = {close: url.count(close) - url.count(start) for start, close in ("()", "[]")}
    end = len(url)
    while end and (url[end - 1] in TRAILING or surplus.get(url[end - 1], 0) > 0):
        if url[end - 1] in surplus:
            surplus[url[end - 1]] -= 1
        end -= 1
    return url[:end]


def _without_piled_marks(text: str) -> str:
    """Cut runs of combining marks, which CPython's normalisation sorts in quadratic time."""
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _whole_letters(cut: str, line: str) -> str:
    """Step back so that a letter keeps its marks and an emoji its parts, if that takes only a few steps."""
    for end in range(len(cut), max(len(cut) - MARKS_IN_A_ROW, 0), -1):
        if not _joins(line[end]) and line[end - 1] != "\u200d":
            return cut[:end]
    return cut


def _joins(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return is_skin_tone or character == "\u200d" or unicodedata.category(character)[0] == "M"
