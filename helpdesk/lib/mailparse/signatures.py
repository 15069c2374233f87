"""Where a signature begins below what somebody wrote: "-- ", "Sent from my …", a closing formula and name, notices."""

import re
from collections.abc import Sequence

from helpdesk.lib.mailparse import phrases
from helpdesk.lib.mailparse.marks import bare, is_rule

LONGEST_SIGNATURE = 40  # lines
SENT_FROM = tuple(phrases.table("sent_from"))
SENT_LAST = re.compile(
    r"(?:von meinem .{1,40} gesendet|benim .{1,30} gönderildi|.{1,20}(?:から送信|에서 보냄|kaldığında gönderildi))$"
)
CLOSINGS = frozenset(phrases.table("closings"))
NOTICES = tuple(phrases.table("notices"))
BANNERS = tuple(phrases.table("banners"))
LONG_DASHES = re.compile(r"[—–]{1,40}$|—-$|-—$")
UNDERSCORES = re.compile(r"_{2,}$")
# "-Jane Doe", "/Jane", "~ Jane"
DASHED_NAME = re.compile(r"(?:--?|–|—|/|~)\s?[^\W\d_a-zß-öø-ÿ][\w.'’-]*(?: [^\W\d_a-zß-öø-ÿ][\w.'’-]*){0,3}$")
CLOSING_END = re.compile(r"[\s,.!;:~*)(☺😊🙂🎉-]+$")
LINKED = re.compile(r"<https?://[^>\s]{1,400}>|\[https?://[^\]\s]{1,400}\]|\(https?://[^)\s]{1,400}\)")


def start(lines: Sequence[str]) -> int | None:
    """The line on which the signature begins; None where there is none, or nothing would be left of the text."""
    plain = [bare(line) for line in lines]
    first_words = next((number for number, line in enumerate(plain) if line and not is_rule(line)), len(plain))
    cut = _marked(lines, plain, first_words)
    end = len(plain) if cut is None else cut
    while (named := _signed(plain, end, first_words)) is not None:
        cut = end = named
    return cut


def is_program_line(line: str) -> bool:
    """A line like "Sent from my iPhone", which a mail program adds; no sentence of a person. `line` is bare."""
    if len(line) > 500:
        return False
    words = LINKED.sub("", line).strip(" *_-").casefold()
    is_sentence = words.endswith((".", "?", "!", ":")) and not words.endswith(("email.", "android."))
    if not 6 < len(words) <= 70 or is_sentence:
        return False
    if "," in words and not words.startswith(("yahoo mail", "sent from yahoo")):
        return False
    return words.startswith(SENT_FROM) or bool(SENT_LAST.match(words))


def banner_end(lines: Sequence[str]) -> int:
    """The line after the warnings that a gateway put on top of a mail; 0 where there are none."""
    end = 0
    while end < len(lines):
        at = next((number for number in range(end, len(lines)) if bare(lines[number])), len(lines))
        if at == len(lines) or not bare(lines[at]).strip("*_ ").casefold().startswith(BANNERS):
            break
        end = next((number for number in range(at, len(lines)) if not bare(lines[number])), len(lines))
    return end if any(bare(line) for line in lines[end:]) else 0


def _marked(lines: Sequence[str], plain: Sequence[str], first_words: int) -> int | None:
    """The first line that is a signature's beginning by itself."""
    in_code = False
    filled = [0] * (len(plain) + 1)  # how many lines with words follow
    for number in range(len(plain) - 1, -1, -1):
        filled[number] = filled[number + 1] + bool(plain[number])
    for number, line in enumerate(plain):
        if line.startswith("```"):
            in_code = not in_code and any(other.startswith("```") for other in plain[number + 1 :][:400])
        if in_code or number <= first_words or not line or (filled[number] > LONGEST_SIGNATURE and line != "--"):
            continue
        after_gap = not plain[number - 1] or is_rule(plain[number - 1])
        if line == "--" and (lines[number].startswith("-- ") or filled[number] <= 25):
            return number
        if (LONG_DASHES.match(line) or UNDERSCORES.match(line)) and 1 < filled[number] <= 25:
            return number
        if is_program_line(line):
            return number
        if after_gap and line.lstrip("*_ ").casefold().startswith(NOTICES):
            return number
    return None


def _signed(plain: Sequence[str], end: int, first_words: int) -> int | None:
    """A closing formula or a name behind a dash near `end`, with nothing but a name and an address below it."""
    below = 0
    for number in range(end - 1, first_words, -1):
        line = plain[number]
        if not line:
            continue
        if _closes(line, has_name_below=below > 0):
            return number
        if DASHED_NAME.match(line) and below < 3 and len(line) < 50 and not plain[number - 1]:
            return number if not _is_list(plain, number) else None
        below += 1
        if below > 9 or len(line) > 90 or _is_sentence(line):
            return None
    return None


def _closes(line: str, *, has_name_below: bool) -> bool:
    if len(line) > 70:
        return False
    words = CLOSING_END.sub("", line).lstrip("*_").casefold()
    if words in CLOSINGS:
        return True
    if has_name_below:
        return False
    head, comma, name = line.partition(",")
    if comma and head.casefold() in CLOSINGS:
        return _is_name(name)
    parts = line.split()
    return any(
        " ".join(parts[:count]).casefold() in CLOSINGS and _is_name(" ".join(parts[count:]))
        for count in range(1, min(5, len(parts)))
    )


def _is_name(text: str) -> bool:
    parts = text.strip(" .,!").split()
    return 1 <= len(parts) <= 4 and all(part[0].isupper() and part.strip(".-'’").isalpha() for part in parts)


def _is_sentence(line: str) -> bool:
    return line.endswith("?") or (line.endswith((".", "!")) and len(line.split()) >= 7)


def _is_list(plain: Sequence[str], number: int) -> bool:
    sign = plain[number][0]
    return any(other.startswith(sign) for other in [*plain[max(0, number - 4) : number], *plain[number + 1 :][:4]])
