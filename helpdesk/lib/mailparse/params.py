"""Content-Type and Content-Disposition: the value and its parameters, RFC 2231 and encoded words in them included."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from helpdesk.lib.mailparse import charsets, words

_EXTENDED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*?))?")
_MOST = 100  # parameters of one header


@dataclass(frozen=True)
class Value:
    """A header's value in lower case ("text/plain", "attachment") and its parameters by lower-cased name."""

    value: str = ""
    params: dict[str, str] = field(default_factory=dict)


def parse(raw: bytes, hint: str = "") -> Value:
    """Reads `raw`; `hint` is the charset for names written in raw eight-bit letters."""
    pieces = _split(raw)
    value, _, rest = pieces[0].decode("ascii", "ignore").strip().lower().partition(" ")
    if "=" in rest:  # somebody forgot the semicolon
        pieces.insert(1, pieces[0].strip().split(None, 1)[1])
    value = value.replace("\t", "")
    plain: dict[str, bytes] = {}
    extended: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for piece in pieces[1:_MOST]:
        name_part, separator, content = piece.partition(b"=")
        name = name_part.decode("ascii", "ignore").strip().lower()
        if not separator or not name:
            continue
        content = _unquoted(content)
        found = _EXTENDED.fullmatch(name)
        if found is None:
            plain.setdefault(name, content)
        else:
            is_coded = found[2] is None or bool(found[3])
            extended.setdefault(found[1], {}).setdefault(int(found[2] or 0), (content, is_coded))
    read = {name: words.text(content, hint) for name, content in plain.items()}
    for name, sections in extended.items():
        joined = _joined(sections, hint)
        if joined:
            read[name] = joined
    return Value(value, read)


def _joined(sections: dict[int, tuple[bytes, bool]], hint: str) -> str:
    """The sections of an RFC 2231 parameter in order; the first names the charset."""
    charset, whole = "", b""
    for number in sorted(sections):
        content, is_coded = sections[number]
        if is_coded and number == min(sections) and content.count(b"'") >= 2:
            label, _language, content = content.split(b"'", 2)
            charset = label.decode("ascii", "ignore")
        whole += unquote_to_bytes(content) if is_coded else content
    # some writers put encoded words where RFC 2231 wants percent signs
    return words.text(whole, hint) if b"=?" in whole or not charset else words.clean(charsets.decode(whole, charset))


def _split(raw: bytes) -> list[bytes]:
    """At semicolons outside quotes, in one pass."""
    pieces: list[bytes] = []
    start, is_quoted, is_escaped = 0, False, False
    for at, byte in enumerate(raw):
        if is_escaped:
            is_escaped = False
        elif byte == 0x5C and is_quoted:
            is_escaped = True
        elif byte == 0x22:
            is_quoted = not is_quoted
        elif byte == 0x3B and not is_quoted:
            pieces.append(raw[start:at])
            start = at + 1
    pieces.append(raw[start:])
    if is_quoted and len(pieces) == 1 and b";" in raw:  # a quote that never ends: take the semicolons as they come
        return raw.split(b";")
    return pieces


def _unquoted(content: bytes) -> bytes:
    """Without quotes; a backslash stands for itself unless before a quote or backslash, as Windows paths need."""
    content = content.strip()
    if not content.startswith(b'"'):
        return content
    content = content[1:]
    end = _closing_quote(content)
    return content[:end].replace(b'\\"', b'"').replace(b"\\\\", b"\\")


def _closing_quote(content: bytes) -> int:
    at = content.find(b'"')
    while at > 0 and content[at - 1] == 0x5C and (at < 2 or content[at - 2] != 0x5C):
        at = content.find(b'"', at + 1)
    return at if at >= 0 else len(content)
