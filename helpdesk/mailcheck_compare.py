"""Comparing texts as an outsider would: blanks, line ends and letters the reference could not read do not count."""

import re

_BLANKS = re.compile(r"\s+")
_MARKS = re.compile(r"(\*\*|__|\\|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))")
_LOST = "\ufffd"
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\u200b\u200c\u200d\u2060\ufeff\u00ad]")


def flat(text: str) -> str:
    return _BLANKS.sub(" ", _INVISIBLE.sub("", text.replace("\u00a0", " "))).strip()


def same(expected: str, got: str) -> bool:
    """Equal but for blanks; a letter the reference lost (U+FFFD) may be one or more of ours."""
    expected, got = flat(expected), flat(got)
    return expected == got or (_LOST in expected and bool(_pattern(expected).fullmatch(got)))


def holds(got: str, expected: str) -> bool:
    """Whether `expected` occurs in `got`."""
    expected, got = flat(expected), flat(got)
    return expected in got or (_LOST in expected and bool(_pattern(expected).search(got)))


def without_markdown(text: str) -> str:
    """Markdown's emphasis and escapes taken out: the reference turns HTML into it, we into plain text."""
    return _MARKS.sub("", text)


def _pattern(expected: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in re.split(f"{_LOST}+", expected)]
    return re.compile(".{0,4}".join(pieces), re.DOTALL)
