"""Outlook's winmail.dat (TNEF) opened: its files and its body, read within bounds.

Layout after Microsoft's MS-OXTNEF: a signature, a key, then attributes of level, id, length, data and checksum; the message's
and each attachment's properties (MS-OXCMSG names) stand inside two of these attributes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from mimetypes import guess_type

from helpdesk.lib.mailparse import charsets, rtf

_SIGNATURE = 0x223E9F78
_ATTRIBUTE = struct.Struct("<BIi")
_BODY, _MESSAGE_PROPS, _CODEPAGE = 0x800C, 0x9003, 0x9007
_NEW_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPS = 0x9002, 0x8010, 0x800F, 0x9005
_LONG_NAME, _DISPLAY_NAME, _MIME_TAG, _DATA_OBJECT = 0x3707, 0x3001, 0x370E, 0x3701
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = frozenset({0x0D, 0x1E, 0x1F, 0x102})
_MOST_ATTRIBUTES, _MOST_PROPERTIES, _MOST_FILES = 5000, 2000, 200


@dataclass
class File:
    name: str = ""
    content_type: str = ""
    content: bytes = b""


@dataclass
class Opened:
    text: str = ""
    html: str = ""
    files: list[File] = field(default_factory=list)


def read(data: bytes) -> Opened | None:
    """What the file holds, None where it is none. A broken file is read up to where it breaks."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return None
    opened, codepage = Opened(), "cp1252"
    file: File | None = None
    for attribute, content in _attributes(data):
        if attribute == _CODEPAGE and len(content) >= 4:
            codepage = charsets.codec_of(f"cp{struct.unpack_from('<I', content)[0]}") or codepage
        elif attribute == _BODY:
            opened.text = opened.text or _string(content, codepage)
        elif attribute == _MESSAGE_PROPS:
            _message(content, opened, codepage)
        elif attribute == _NEW_FILE:
            if len(opened.files) >= _MOST_FILES:
                break
            file = File()
            opened.files.append(file)
        elif file is not None and attribute == _FILE_NAME:
            file.name = file.name or _string(content, codepage)
        elif file is not None and attribute == _FILE_DATA:
            file.content = content
        elif file is not None and attribute == _FILE_PROPS:
            _file(content, file, codepage)
    for file in opened.files:
        file.content_type = file.content_type or guess_type(file.name)[0] or "application/octet-stream"
    return opened


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(_MOST_ATTRIBUTES):
        if at + _ATTRIBUTE.size > len(data):
            return
        level, attribute, size = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        if level not in (1, 2) or size < 0 or at + size > len(data):
            return
        yield attribute & 0xFFFF, data[at : at + size]
        at += size + 2


def _message(content: bytes, opened: Opened, codepage: str) -> None:
    for name, kind, value in _properties(content):
        if name == _TEXT:
            opened.text = _text(kind, value, codepage)
        elif name == _HTML:
            opened.html = _text(kind, value, codepage) if kind != 0x102 else charsets.decode(value, codepage)
        elif name == _RTF and not opened.text:
            opened.text = rtf.to_text(rtf.decompressed(value))


def _file(content: bytes, file: File, codepage: str) -> None:
    for name, kind, value in _properties(content):
        if name == _LONG_NAME or (name == _DISPLAY_NAME and not file.name):
            file.name = _text(kind, value, codepage) or file.name
        elif name == _MIME_TAG:
            file.content_type = _text(kind, value, codepage).lower()[:100]
        elif name == _DATA_OBJECT and not file.content:
            # an embedded message or object: sixteen bytes of interface id, then what it is
            file.content = value[16:] if kind == 0x0D else value
            file.name = file.name or "message.dat"


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(name, type, value) of a property list; ends at the first thing it cannot read."""
    if len(data) < 4:
        return
    at = 4
    for _ in range(min(struct.unpack_from("<I", data)[0], _MOST_PROPERTIES)):
        if at + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _past_name(data, at)
        is_many, plain = bool(kind & 0x1000), kind & 0xEFFF
        if plain in _SIZES and not is_many:
            yield name, plain, data[at : at + _SIZES[plain]]
            at += _SIZES[plain]
            continue
        if at + 4 > len(data):
            return
        count = struct.unpack_from("<I", data, at)[0]
        at += 4
        if count > _MOST_PROPERTIES or (plain not in _VARIABLE and plain not in _SIZES):
            return
        if plain in _SIZES:
            at += _SIZES[plain] * count
            continue
        for _ in range(count):
            if at + 4 > len(data):
                return
            size = struct.unpack_from("<I", data, at)[0]
            at += 4
            if at + size > len(data):
                return
            yield name, plain, data[at : at + size]
            at += size + (-size % 4)


def _past_name(data: bytes, at: int) -> int:
    """A named property carries its name: sixteen bytes of set, then a number or a string."""
    if at + 24 > len(data):
        return len(data)
    is_string, value = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (value + (-value % 4) if is_string else 0)


def _text(kind: int, value: bytes, codepage: str) -> str:
    if kind == 0x1F:
        return value.decode("utf-16-le", "replace").split("\0", 1)[0]
    return _string(value, codepage)


def _string(value: bytes, codepage: str) -> str:
    return charsets.decode(value.split(b"\0", 1)[0], codepage).replace("\r\n", "\n")
