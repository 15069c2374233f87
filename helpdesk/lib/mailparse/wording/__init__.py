"""How servers and mail programs word things, in many languages: sections of one phrase a line, beside the code as text."""

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
_BLANKS = re.compile(r"\s+")


@cache
def of(name: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The sections of `<name>.txt` in order: each phrase as the pieces between its `*`."""
    text = HERE.joinpath(f"{name}.txt").read_text("utf-8")
    sections: dict[str, list[tuple[str, ...]]] = {}
    current: list[tuple[str, ...]] = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1], [])
        else:
            current.append(tuple(flat(line).split("*")))
    return {section: tuple(phrases) for section, phrases in sections.items()}


def flat(text: str) -> str:
    """Lower case, every run of blanks one, plain apostrophes: as phrases are written."""
    return _BLANKS.sub(" ", text.replace("’", "'").replace("`", "'")).casefold().strip()


def found(flat_text: str, phrases: tuple[tuple[str, ...], ...]) -> str:
    """The first phrase that occurs in text made `flat`, "" if none does; `*` spans at most 60 characters."""
    return next(("*".join(pieces) for pieces in phrases if _occurs(flat_text, pieces)), "")


def begins(flat_text: str, phrases: tuple[tuple[str, ...], ...]) -> str:
    """The first phrase the text begins with."""
    return next((pieces[0] for pieces in phrases if flat_text.startswith(pieces[0])), "")


def _occurs(text: str, pieces: tuple[str, ...]) -> bool:
    at = text.find(pieces[0])
    while at >= 0:
        end = at + len(pieces[0])
        for piece in pieces[1:]:
            place = text.find(piece, end, end + 60 + len(piece))
            if place < 0:
                break
            end = place + len(piece)
        else:
            return True
        at = text.find(pieces[0], at + 1)
    return False
