"""The rich text of Outlook's messages as plain text: MS-OXRTFCP decompressed, its marks taken out."""

import re
import struct

# The dictionary both sides begin with (MS-OXRTFCP, 2.1.2.1).
_PRIMER = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbol"
    rb"ArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_LARGEST = 2_000_000
_MARK = re.compile(rb"\\([a-z]{1,30})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_HIDDEN_GROUPS = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"htmltag"})
_BREAKS = {b"par": b"\n", b"line": b"\n", b"tab": b"\t", b"emdash": b"-", b"endash": b"-", b"bullet": b"*"}


def decompressed(data: bytes) -> bytes:
    """The RTF inside; b"" where it cannot be read."""
    if len(data) < 16:
        return b""
    _, size, kind = struct.unpack_from("<II4s", data)
    if kind == b"MELA":
        return data[16 : 16 + min(size, _LARGEST)]
    if kind != b"LZFu":
        return b""
    window = bytearray(_PRIMER.ljust(4096, b"\0"))
    write = len(_PRIMER)
    out = bytearray()
    at = 16
    while at < len(data) and len(out) < min(size, _LARGEST):
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if flags >> bit & 1:
                if at + 1 >= len(data):
                    return bytes(out)
                pair = data[at] << 8 | data[at + 1]
                at += 2
                read, count = pair >> 4, (pair & 15) + 2
                if read == write:
                    return bytes(out)
                for step in range(count):
                    byte = window[(read + step) % 4096]
                    window[write] = byte
                    write = (write + 1) % 4096
                    out.append(byte)
            else:
                window[write] = data[at]
                write = (write + 1) % 4096
                out.append(data[at])
                at += 1
    return bytes(out)


def to_text(data: bytes) -> str:
    """The words of it, in one pass."""
    pieces: list[str] = []
    hidden: list[bool] = [False]
    skip = 0  # letters that stand in for a \\u character
    for found in _MARK.finditer(data[:_LARGEST]):
        word, number, code, symbol, brace, text = found.groups()
        if brace == b"{":
            hidden.append(hidden[-1])
        elif brace == b"}":
            if len(hidden) > 1:
                hidden.pop()
        elif word in _HIDDEN_GROUPS or symbol == b"*":
            hidden[-1] = True
        elif word == b"htmlrtf":
            hidden[-1] = number != b"0"
        elif hidden[-1]:
            continue
        elif word == b"u" and number:
            value = int(number) % 65536
            pieces.append(chr(value) if not 0xD800 <= value < 0xE000 else "")
            skip = 1
        elif word in _BREAKS:
            pieces.append(_BREAKS[word].decode())
        elif code:
            pieces.append("" if skip else bytes.fromhex(code.decode()).decode("cp1252", "replace"))
            skip = 0
        elif symbol in (b"\\", b"{", b"}"):
            pieces.append(symbol.decode())
        elif symbol == b"~":
            pieces.append(" ")
        elif text:
            pieces.append(text.decode("cp1252", "replace")[skip:])
            skip = 0
    return "".join(pieces).strip()
