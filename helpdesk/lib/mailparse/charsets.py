"""Bytes to text under whatever label they came with: wrong, unknown and missing labels included."""

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

# Labels seen in mail, to the codec that reads what their senders really write: the larger set where one is written
# under the name of the smaller.
_MEANT = {
    "us-ascii": "ascii", "ascii": "ascii", "ansi_x3.4-1968": "ascii", "iso646-us": "ascii",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso_8859-1": "cp1252",
    "ansi": "cp1252", "windows-1252": "cp1252", "x-ansi": "cp1252", "cp-1252": "cp1252", "western": "cp1252",
    "iso-8859-9": "cp1254", "latin5": "cp1254", "iso-8859-11": "cp874", "windows-874": "cp874", "tis-620": "cp874",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "gb_2312-80": "gb18030", "cp936": "gb18030",
    "windows-936": "gb18030", "euc-cn": "gb18030", "x-euc-cn": "gb18030", "gb18030": "gb18030", "chinese": "gb18030",
    "big5": "big5hkscs", "x-x-big5": "big5hkscs", "big-5": "big5hkscs", "cn-big5": "big5hkscs", "cp950": "cp950",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932",
    "windows-31j": "cp932", "csshiftjis": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949", "korean": "cp949",
    "windows-949": "cp949", "x-windows-949": "cp949", "uhc": "cp949",
    "iso-2022-jp": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext", "iso-2022-jp-ms": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp", "x-euc": "euc_jp", "hz-gb-2312": "hz",
    "koi8-ru": "koi8_u", "koi8r": "koi8_r", "koi8": "koi8_r", "cp-866": "cp866", "ibm866": "cp866",
    "utf8": "utf-8", "utf-8": "utf-8", "utf8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "x-utf-8": "utf-8",
    "utf-8n": "utf-8", "utf 8": "utf-8", "unicode-1-1-utf-7": "utf-7", "unicode-2-0-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7", "unicode": "utf-16", "ucs-2": "utf-16",
    "macintosh": "mac_roman", "x-mac-roman": "mac_roman", "x-mac-cyrillic": "mac_cyrillic", "mac": "mac_roman",
    "x-mac-ce": "mac_latin2", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1252": "cp1252",
    "cp-850": "cp850", "dos-850": "cp850", "visual": "iso-8859-8", "logical": "iso-8859-8",
}  # fmt: skip
# Python's other codecs (rot13, zip, idna, unicode_escape, undefined) are no charsets, and dangerous or slow as such.
_TEXT_CODECS = re.compile(
    r"(ascii|utf_?-?(7|8|16|32)(_?-?(be|le|sig))?|iso8859[_-]?\d+|cp\d+|koi8[_-][rut]|mac[_-]\w+|gb18030|gbk|gb2312|hz"
    r"|big5(hkscs)?|shift_jis(x0213|_2004)?|euc_(jp|kr|jis_2004|jisx0213)|iso2022_(jp(_\d|_2004|_ext)?|kr)|johab|ptcp154"
    r"|tis[_-]620|hp[_-]roman8|kz1048)"
)
_SEVEN_BIT_CODED = frozenset({"utf-7", "hz", "iso2022_kr"})
_ESCAPES = (b"\x1b$", b"\x1b(")
_DETECTED_BYTES = 16_384
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(data: bytes, label: str = "", hint: str = "") -> str:
    """The text of `data`, labelled `label` (may be empty or wrong); `hint`: a label to try where that one fails.

    Never fails: what no charset reads becomes U+FFFD.
    """
    if not data:
        return ""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _with(codec, data) or data[len(mark) :].decode(codec, "replace")
    codec = codec_of(label)
    if data.isascii() and codec not in _SEVEN_BIT_CODED and not _is_wide(codec):
        return _escaped(data, codec)
    if codec in ("", "ascii", "cp1252"):
        # Latin text that happens to be UTF-8 does not occur; UTF-8 under a Latin label, or none, does every day
        text = _with("utf-8", data)
        if text is not None:
            return text
    text = _with(codec, data) if codec not in ("", "ascii") else None
    if text is not None:
        return text
    if codec == "cp1252":
        return data.decode("latin-1") if b"\x81" in data or b"\x8d" in data else data.decode("cp1252", "replace")
    return _guessed(data, codec, hint)


@lru_cache(maxsize=512)
def codec_of(label: str) -> str:
    """Python's name for the charset a label means, "" where it names none."""
    name = label.strip().strip("\"'<>[]").split("$", 1)[0].strip("\x1b ").lower().removeprefix("charset=")[:60]
    name = name.removeprefix("_") if name.startswith("_iso") else name
    if name in _MEANT:
        return _MEANT[name]
    for guess in (name, name.removeprefix("x-"), name.replace(" ", "-")):
        try:
            found = codecs.lookup(guess).name
        except (LookupError, ValueError, UnicodeError):
            continue
        if _TEXT_CODECS.fullmatch(found):
            return _MEANT.get(found, found)
    return ""


def _escaped(data: bytes, codec: str) -> str:
    """Seven-bit text: Japanese announces itself by escapes, whatever the label says."""
    if any(escape in data for escape in _ESCAPES):
        for japanese in ("iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr"):
            text = _with(japanese, data)
            if text is not None:
                return text
        if codec.startswith("iso2022"):
            return data.decode(codec, "replace")
    return data.decode("ascii")


def _guessed(data: bytes, codec: str, hint: str) -> str:
    """The label was wrong or missing: UTF-8, the label with small damage, the hint, then what the bytes look like."""
    text = _with("utf-8", data)
    if text is not None:
        return text
    if codec not in ("", "ascii"):
        damaged = data.decode(codec, "replace")
        high = sum(byte > 127 for byte in data[:_DETECTED_BYTES]) or 1
        if damaged[:_DETECTED_BYTES].count("\ufffd") * 10 <= high:
            return damaged
    hinted = codec_of(hint)
    text = _with(hinted, data) if hinted not in ("", "ascii", codec) else None
    if text is not None:
        return text
    found = _detected(data)
    text = _with(found, data) if found else None
    return text if text is not None else data.decode("cp1252", "replace")


def _detected(data: bytes) -> str:
    """The codec the bytes look like; Western European where there is too little to tell."""
    high = sum(byte > 127 for byte in data[:_DETECTED_BYTES])
    if high < 8 or high * 20 < min(len(data), _DETECTED_BYTES):
        return "cp1252"
    best = from_bytes(data[:_DETECTED_BYTES], steps=3, chunk_size=512, preemptive_behaviour=False).best()
    return codec_of(best.encoding) if best else "cp1252"


def _is_wide(codec: str) -> bool:
    return codec.startswith(("utf-16", "utf-32"))


def _with(codec: str, data: bytes) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError, AssertionError):
        return None
