"""A mail's text cut in three: what was written now, what it quotes, how it is signed. Nothing is thrown away."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from helpdesk.lib.mailparse import marks, reply_marker, signatures

LOOKED_AT_LINES = 400  # what stands below is judged by its quote signs alone
LOOKED_AT_CHARACTERS = 20_000
LONG_QUOTE = 20  # lines between two answers; of more, the last few are shown
LAST_OF_A_LONG_QUOTE = 8


class Part(Enum):
    REPLY = "reply"
    QUOTED = "quoted"
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Split:
    """Joined by line breaks, the three hold every line of the text, in its order within each.

    `reply` is empty only where the mail is nothing but a quote. `messages`: how many the text holds, as far as the
    lines above quotes tell: this one and those it quotes.
    """

    reply: str
    quoted: str = ""
    signature: str = ""
    messages: int = 1


def split(text: str) -> Split:
    """Cut `text`. Linear in its length; never raises."""
    lines = [line.rstrip() if line.rstrip() != "--" else line for line in text.replace("\r\n", "\n").split("\n")]
    read = _Reading(lines)
    parts = read.parts()
    kept = {part: [line for line, its in zip(lines, parts, strict=True) if its is part] for part in Part}
    reply, quoted, signature = (_joined(kept[part]) for part in Part)
    return Split(reply, quoted, signature, messages=1 + read.earlier())


class _Reading:
    """One text, its lines bare, and the marks found in it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.is_quote = [marks.is_quoted(line) for line in lines]
        self.bare = [marks.bare(line) for line in lines]
        size, self.limit = 0, 0
        for line in self.bare[:LOOKED_AT_LINES]:
            size += len(line) + 1
            if size > LOOKED_AT_CHARACTERS:
                break
            self.limit += 1
        self.looked_at = self.bare[: self.limit]

    def parts(self) -> list[Part]:
        cut, cut_end = self._hard_cut(0)
        parts = self._above(cut)
        if self._is_empty(parts) and cut < len(self.lines):
            # Nothing stands above: what was passed on is what is to be read, up to what that quotes.
            following, _ = self._hard_cut(cut_end)
            parts = self._above(following, start=cut)
        for number in range(1, len(parts)):
            if not self.bare[number]:
                parts[number] = parts[number - 1]  # an empty line goes with what it follows
        return parts

    def earlier(self) -> int:
        """How many quoted messages begin in the text, at any depth."""
        lines = [marks.bare(marks.without_quote_signs(line)) for line in self.lines[: self.limit]]
        found, number = 0, 0
        while number < len(lines):
            block = marks.header_block(lines, number) if lines[number] else None
            if block:
                found += number > 0 or found > 0
                number = block.end
                continue
            if lines[number] and marks.attribution_start(lines, number, before_quote=False) is not None:
                found += 1
            number += 1
        return found

    def _is_empty(self, parts: Sequence[Part]) -> bool:
        return not any(part is Part.REPLY and line for part, line in zip(parts, self.bare, strict=True))

    def _hard_cut(self, start: int) -> tuple[int, int]:
        """Where everything below is quoted without signs, and the first line after what says so."""
        after_rule = False
        for number in range(start, self.limit):
            line = self.bare[number]
            if not line or self.is_quote[number]:
                continue
            if reply_marker.is_marker(line):
                return self._with_rules(number), number + 1
            if marks.is_separator(line, after_rule=after_rule):
                if not self._quote_follows(number + 1) or marks.is_forward_line(line):
                    return self._with_rules(number), self._after_headers(number + 1)
            elif block := marks.header_block(self.looked_at, number):
                return self._with_rules(number), block.end
            first = marks.attribution_start(self.bare, number, before_quote=self._quote_follows(number + 1))
            if first is not None and first >= start and not self._quote_follows(number + 1):
                return self._with_rules(first), number + 1
            after_rule = marks.is_rule(line)
        return len(self.lines), len(self.lines)

    def _after_headers(self, number: int) -> int:
        while number < self.limit and not self.bare[number]:
            number += 1
        block = marks.header_block(self.looked_at, number, is_announced=True) if number < self.limit else None
        return block.end if block else number

    def _quote_follows(self, number: int) -> bool:
        while number < len(self.bare) and not self.bare[number]:
            number += 1
        return number < len(self.bare) and self.is_quote[number]

    def _with_rules(self, number: int) -> int:
        """The line a drawn rule above the cut begins on, else the cut itself."""
        above = number - 1
        while above >= 0 and (not self.bare[above] or (marks.is_rule(self.bare[above]) and self.bare[above] != "--")):
            if self.bare[above]:
                number = above
            above -= 1
        return number

    def _above(self, cut: int, *, start: int = 0) -> list[Part]:
        """The parts of all lines, where those from `cut` on are quoted."""
        parts = [Part.REPLY] * cut + [Part.QUOTED] * (len(self.lines) - cut)
        for number in range(start, cut):
            if self.is_quote[number] or self._is_left_of_a_quote(number, cut):
                parts[number] = Part.QUOTED
        self._take_attributions(parts, start, cut)
        banner = signatures.banner_end(self.lines[start:cut]) + start
        parts[start:banner] = [Part.SIGNATURE] * (banner - start)
        self._take_signature(parts, banner, cut)
        self._show_answered(parts, banner, cut)
        return parts

    def _is_left_of_a_quote(self, number: int, cut: int) -> bool:
        """A line broken off the long quoted line above it: no space between them, and the quote goes on below."""
        if not 0 < number < cut - 1 or not self.bare[number] or not self.is_quote[number - 1]:
            return False
        return self.is_quote[number + 1] and len(self.lines[number - 1]) >= 60 and self.bare[number][0].islower()

    def _take_attributions(self, parts: list[Part], start: int, cut: int) -> None:
        for number in range(start, min(cut, self.limit)):
            if parts[number] is Part.REPLY and self.bare[number] and self._quote_follows(number + 1):
                first = marks.attribution_start(self.bare, number, before_quote=True)
                if first is None and marks.is_separator(self.bare[number]):
                    first = number
                if first is not None:
                    first = max(first, start)
                    parts[first : number + 1] = [Part.QUOTED] * (number + 1 - first)

    def _take_signature(self, parts: list[Part], start: int, cut: int) -> None:
        """The signature below the last words; what stands below "Sent from my …" is an older message."""
        own = [number for number in range(start, min(cut, self.limit)) if parts[number] is Part.REPLY]
        if not any(self.bare[number] for number in own):
            return
        begins = signatures.start([self.lines[number] for number in own])
        if begins is None:
            return
        below = Part.SIGNATURE
        for number in own[begins:]:
            parts[number] = below
            if signatures.is_program_line(self.bare[number]):
                below = Part.QUOTED if self._has_paragraph_below(number, cut) else below
        for number in range(self.limit, cut):
            if parts[number] is Part.REPLY:
                parts[number] = below

    def _has_paragraph_below(self, number: int, cut: int) -> bool:
        words = [line for line in self.bare[number + 1 : cut] if line]
        return bool(words) and not words[0].startswith(("--", "__", "—"))

    def _show_answered(self, parts: list[Part], start: int, cut: int) -> None:
        """Quotes between answers stay with them; one above a single answer, or below the last, does not."""
        runs = _runs(parts[:cut], self.bare, start)
        own = [place for place, (part, _, _) in enumerate(runs) if part is Part.REPLY]
        if own and own[0] == 0 and self._is_greeting(runs[0]):
            own = own[1:]
        if not own or own[-1] == 0 or (len(own) == 1 and len(runs[: own[0]]) <= 2):
            return
        for part, first, last in runs[: own[-1]]:
            if part is Part.QUOTED:
                if last - first > LONG_QUOTE:
                    first = last - LAST_OF_A_LONG_QUOTE
                for number in range(first, last):
                    if self.is_quote[number]:
                        parts[number] = Part.REPLY

    def _is_greeting(self, run: tuple[Part, int, int]) -> bool:
        """A "Hi," on top, with the answer below the quote."""
        words = self.bare[run[1]]
        return run[2] - run[1] == 1 and len(words) < 40 and words.endswith((",", "!")) and len(words.split()) <= 4


def _runs(parts: Sequence[Part], bare: Sequence[str], start: int) -> list[tuple[Part, int, int]]:
    """Stretches of reply and of quote, (part, first, line after), blank lines and signatures left out."""
    runs: list[tuple[Part, int, int]] = []
    for number in range(start, len(parts)):
        if not bare[number] or parts[number] is Part.SIGNATURE:
            continue
        if runs and runs[-1][0] is parts[number]:
            runs[-1] = (*runs[-1][:2], number + 1)
        else:
            runs.append((parts[number], number, number + 1))
    return runs


def _joined(lines: Sequence[str]) -> str:
    first, last = 0, len(lines)
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first:last]).rstrip()
