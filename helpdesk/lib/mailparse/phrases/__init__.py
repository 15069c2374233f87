"""The words mail programs and people put around what they write, in many languages: a table a file, a phrase a line."""

from pathlib import Path

HERE = Path(__file__).parent


def table(name: str) -> tuple[str, ...]:
    """The phrases of `<name>.txt` in the file's order; lines with `#` are remarks."""
    lines = (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def kinds(name: str) -> dict[str, frozenset[str]]:
    """Word -> the kinds it may stand for, from lines `kind: word, word`."""
    found: dict[str, set[str]] = {}
    for line in table(name):
        kind, _, words = line.partition(": ")
        for word in words.split(", "):
            found.setdefault(word, set()).add(kind)
    return {word: frozenset(of) for word, of in found.items()}
