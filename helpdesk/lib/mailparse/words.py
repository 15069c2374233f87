"""Header values to text: encoded words (RFC 2047) as they are really written, and raw eight-bit headers."""

import binascii
import re

from helpdesk.lib.mailparse import charsets
from helpdesk.lib.mailparse.limits import MOST_WORDS
from helpdesk.lib.mailparse.parsed import Unreadable

_START = re.compile(rb"=\?([^?\s=]{1,60})\?([bBqQ])\?")
_BLANK = re.compile(rb"[ \t\r\n]*")
_FOLD = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def text(value: bytes, hint: str = "") -> str:
    """One line of text. `hint`: the charset the message's body is labelled with, tried on raw eight-bit headers."""
    if b"=?" not in value:
        return clean(charsets.decode(value, "", hint))
    pieces: list[str] = []
    pending, pending_charset = b"", ""
    for data, charset in _pieces(value):
        if charset and charset == pending_charset:
            pending += data  # a character may be cut in two by neighbouring words
            continue
        pieces.append(charsets.decode(pending, pending_charset, hint))
        pending, pending_charset = data, charset
    pieces.append(charsets.decode(pending, pending_charset, hint))
    return clean("".join(pieces))


def clean(value: str) -> str:
    """The value in one line, without control characters."""
    return _CONTROL.sub("", _FOLD.sub(" ", value)).strip()


def _pieces(value: bytes) -> list[tuple[bytes, str]]:
    """(bytes, charset) in order; the charset is "" for what stands between the words."""
    found: list[tuple[bytes, str]] = []
    at, words = 0, 0
    end_after = -1  # where the last "?=" looked for was found: never looked for twice, so that time stays linear
    while True:
        start = _START.search(value, at)
        if start is None:
            break
        if end_after < start.end():
            end_after = value.find(b"?=", start.end())
        if end_after < 0:
            break
        words += 1
        if words > MOST_WORDS:
            raise Unreadable("A header holds thousands of encoded words.")
        between = value[at : start.start()]
        # blanks between two words belong to neither
        if between and not (found and found[-1][1] and _BLANK.fullmatch(between)):
            found.append((between, ""))
        charset = start[1].decode("ascii", "replace").split("*", 1)[0].lower()
        data = value[start.end() : end_after]
        found.append((_base64(data) if start[2] in b"bB" else _quoted(data), charset))
        at = end_after + 2
    if value[at:]:
        found.append((value[at:], ""))
    return found


def _quoted(data: bytes) -> bytes:
    return _HEX.sub(lambda pair: bytes.fromhex(pair[1].decode()), data.replace(b"_", b" "))


def _base64(data: bytes) -> bytes:
    clean_data = _NOT_BASE64.sub(b"", data)
    if len(clean_data) % 4 == 1:
        clean_data = clean_data[:-1]
    try:
        return binascii.a2b_base64(clean_data + b"=" * (-len(clean_data) % 4))
    except binascii.Error:
        return data
