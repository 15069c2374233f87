"""Plain text as mail writes it: flowed lines (RFC 3676), enriched text, line ends of every system."""

import html
import re

_ENDS = re.compile(r"\r\n|\r(?!\n)|\u2028|\u0085")
_QUOTE = re.compile(r">*")
_ENRICHED_PARAM = re.compile(r"<param>[^<]{0,500}</param>", re.IGNORECASE)
_ENRICHED_TAG = re.compile(r"</?[a-z0-9-]{1,60}>", re.IGNORECASE)


def unix_lines(text: str) -> str:
    """Line feeds only, no NULs."""
    return _ENDS.sub("\n", text).replace("\0", "")


def unflowed(text: str, *, is_spaceless: bool = False) -> str:
    """Lines that end in a blank joined to the next of the same quote depth; `is_spaceless` (DelSp): the blank goes."""
    lines: list[str] = []
    open_depth = -1  # quote depth of a line that goes on, -1: none does
    for line in text.split("\n"):
        quotes = _QUOTE.match(line)
        depth = quotes.end() if quotes else 0
        content = line[depth:]
        content = content[1:] if content.startswith(" ") else content
        if depth == open_depth:
            lines[-1] += content
        else:
            lines.append(line[:depth] + (" " if depth else "") + content)
        is_flowed = content.endswith(" ") and content != "-- "
        open_depth = depth if is_flowed else -1
        if is_flowed and is_spaceless:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def from_enriched(text: str) -> str:
    """text/enriched (RFC 1896) without its marks: one line end is a blank, n of them are n - 1."""
    text = _ENRICHED_TAG.sub("", _ENRICHED_PARAM.sub("", text.replace("<<", "\x01"))).replace("\x01", "<")
    return re.sub(r"\n+", lambda ends: "\n" * (len(ends[0]) - 1) if len(ends[0]) > 1 else " ", text)


def as_html(text: str) -> str:
    """Plain text between pieces of HTML."""
    return "<p>" + html.escape(text.strip("\n")).replace("\n", "<br>\n") + "</p>" if text.strip() else ""
