"""The line that our mails carry on top, above which people answer: printed by the mail templates, found again here."""

import re

# By language code; the first is used where a language has none. What was sent once is answered years later: add lines,
# never change one.
LINES = {
    "en": "——— Please write your answer above this line ———",
    "de": "——— Bitte schreiben Sie Ihre Antwort über diese Zeile ———",
}

# Lines of the same kind that other helpdesks print, in words they share.
OTHERS = re.compile(
    r"(?:reply|respond|response|answer|write|type)\b.{0,40}\babove (?:this|the) line"
    r"|above (?:this|the) line\b.{0,30}\b(?:reply|respond|answer)"
    r"|(?:antwort|schreib)\w{0,6}\b.{0,40}\b(?:über|oberhalb)\b.{0,12}\b(?:zeile|linie)"
    r"|(?:über|oberhalb) diese[rs]? (?:zeile|linie)\b.{0,40}\b(?:antwort|schreib)"
    r"|(?:répon|écri)\w{0,6}\b.{0,40}au-dessus de cette ligne"
    r"|(?:respon|escrib)\w{0,6}\b.{0,40}(?:encima|arriba) de esta línea"
    r"|(?:rispo|scriv)\w{0,6}\b.{0,40}sopra (?:a )?questa (?:riga|linea)"
    r"|(?:respon|escrev)\w{0,6}\b.{0,40}acima desta linha"
    r"|(?:antwoord|reageer|typ)\w{0,4}\b.{0,40}boven deze (?:regel|lijn)"
)

KNOWN = frozenset(line.strip("— ").casefold() for line in LINES.values())
LONGEST = 120


def line(language: str) -> str:
    """The line in that language (`de`, `de-at`), English where there is none."""
    return LINES.get(language.split("-")[0].lower(), LINES["en"])


def is_marker(text: str) -> bool:
    """Whether a line, without quote signs, is ours or another helpdesk's of the kind."""
    if len(text) > LONGEST:
        return False
    bare = text.strip("—–-_#*=|~<> \t").casefold()
    return bare in KNOWN or bool(OTHERS.match(_start(bare)))


def _start(bare: str) -> str:
    """A line from its verb on."""
    for opening in ("please ", "bitte ", "merci de ", "veuillez ", "por favor ", "per favore ", "gelieve "):
        bare = bare.removeprefix(opening)
    for verb in ("type your ", "enter your ", "geben sie ihre ", "gib deine "):
        bare = bare.removeprefix(verb)
    return bare
