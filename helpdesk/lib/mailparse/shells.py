"""Signed and encrypted mail: what is signed is read, what is encrypted is said to be."""

from __future__ import annotations

import re

from helpdesk.lib.mailparse.parsed import Unreadable
from helpdesk.lib.mailparse.parts import Part, split

_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the object id of PKCS #7 signed data
_DATA = bytes.fromhex("06092a864886f70d010701")
_CLEARSIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]{1,30}: [^\n]{0,200}\n){0,10}\n?")
_SIGNATURE = re.compile(r"-----BEGIN PGP SIGNATURE-----\n[^-]*(?:-----END PGP SIGNATURE-----\n?)?")
_MOST_PIECES = 100_000


def opened(root: Part, defects: list[str]) -> Part:
    """The message inside an S/MIME shell that is only signed, else `root` itself; what is encrypted is noted."""
    if root.type in _SMIME:
        content = _signed_content(root.content)
        if content:
            try:
                inner = split(content)
            except Unreadable:
                return root
            return inner if inner.headers else root
        defects.append("The message is encrypted (S/MIME) and cannot be read here.")
    elif root.type == "multipart/encrypted":
        defects.append("The message is encrypted (PGP) and cannot be read here.")
    elif root.type == "text/plain" and b"-----BEGIN PGP MESSAGE-----" in root.body[:10_000]:
        defects.append("The message is encrypted (PGP) and cannot be read here.")
    return root


def without_armour(text: str) -> str:
    """Text signed in the open, without the lines around it."""
    if "-----BEGIN PGP SIGN" not in text:
        return text
    text = _SIGNATURE.sub("", _CLEARSIGNED.sub("", text, count=1))
    return re.sub(r"(?m)^- (?=-)", "", text)


def _signed_content(der: bytes) -> bytes:
    """The content inside PKCS #7 signed data: the octet string behind its “data” object id; b"" where there is none."""
    if _SIGNED_DATA not in der[:64]:
        return b""
    at = der.find(_DATA, der.find(_SIGNED_DATA) + len(_SIGNED_DATA))
    if at < 0:
        return b""
    at += len(_DATA)
    if der[at : at + 1] != b"\xa0":
        return b""
    at, _ = _length(der, at + 1)
    return _octets(der, at)


def _octets(der: bytes, at: int) -> bytes:
    """An octet string, in one piece or in many."""
    kind = der[at : at + 1]
    start, size = _length(der, at + 1)
    if kind == b"\x04":
        return der[start : start + size] if size >= 0 else b""
    if kind != b"\x24":
        return b""
    pieces: list[bytes] = []
    at, end = start, start + size if size >= 0 else len(der)
    while at < end and der[at : at + 1] == b"\x04" and len(pieces) < _MOST_PIECES:
        start, size = _length(der, at + 1)
        if size < 0:
            break
        pieces.append(der[start : start + size])
        at = start + size
    return b"".join(pieces)


def _length(der: bytes, at: int) -> tuple[int, int]:
    """Where the content begins and its length, -1 where it is left open."""
    first = der[at] if at < len(der) else 0
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    if count == 0:
        return at + 1, -1
    return at + 1 + count, int.from_bytes(der[at + 1 : at + 1 + min(count, 8)], "big")
