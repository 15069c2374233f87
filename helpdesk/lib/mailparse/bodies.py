"""What of a message is its body and what is attached: the choice of RFC 8621, 4.1.4, made for people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from helpdesk.lib.mailparse import charsets, deep_html, html_text, invitations, names, plain_text, shells, tnef, transfer
from helpdesk.lib.mailparse.limits import LONGEST_TEXT
from helpdesk.lib.mailparse.parsed import Attached, Unreadable
from helpdesk.lib.mailparse.parts import Part, split

_MEDIA = ("image/", "audio/", "video/")
_CID = re.compile(r"""cid:([^"'\s>)]{1,250})""", re.IGNORECASE)
_ENRICHED = ("text/enriched", "text/richtext")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_REPORT_TYPES = (
    "message/delivery-status", "message/disposition-notification", "message/feedback-report", "text/rfc822-headers",
    "message/global-delivery-status",
)  # fmt: skip


@dataclass
class Body:
    """The body in its two forms and the files beside it; `defects` in English."""

    text: str = ""
    html: str = ""
    attachments: list[Attached] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


@dataclass
class _Lists:
    text: list[Part] | None = field(default_factory=list)
    html: list[Part] | None = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)


def read(root: Part) -> Body:
    """Raises Unreadable where the HTML nests beyond the limit."""
    body = Body()
    root = shells.opened(root, body.defects)
    chosen = _Lists([], [], [])
    _sort([root], "mixed", False, chosen)
    texts = [_text(part, body) for part in chosen.text or [] if not part.type.startswith(_MEDIA)]
    htmls = [part for part in chosen.html or [] if part.type == "text/html"]
    if htmls:
        body.html = "\n".join(_html(part, chosen.html or []) for part in chosen.html or [] if _is_readable(part))
    body.text = _joined(texts)
    if not body.text.strip() and body.html:
        body.text = html_text.to_text(body.html)
    if not body.text.strip():
        enriched = [part for part in chosen.attached if part.type in _ENRICHED]
        body.text = _joined([_text(part, body) for part in enriched])
    for part in chosen.attached:
        _attach(part, body)
    for part in [*(chosen.text or []), *(chosen.html or [])]:
        if part.type.startswith(_MEDIA) and part not in chosen.attached:
            chosen.attached.append(part)
            _attach(part, body)
    shown = {found.lower() for found in _CID.findall(body.html)}
    body.attachments = [_marked(attached, shown) for attached in body.attachments]
    body.text = body.text[:LONGEST_TEXT]
    return body


def _sort(parts: list[Part], kind: str, in_alternative: bool, into: _Lists) -> None:
    """The parts of one multipart of that `kind` onto the lists; depth was limited when the message was cut."""
    text_before = len(into.text) if into.text is not None else -1
    html_before = len(into.html) if into.html is not None else -1
    for number, part in enumerate(parts):
        if part.children:
            minor = part.type.partition("/")[2]
            nested = _Lists(into.text, into.html, into.attached)
            _sort(part.children, minor, in_alternative or kind == "alternative", nested)
        elif not _is_body(part, number, kind):
            into.attached.append(part)
        elif kind == "alternative":
            if part.type == "text/html" and into.html is not None:
                into.html.append(part)
            elif _is_readable(part) and part.type != "text/html" and into.text is not None:
                into.text.append(part)
            else:
                into.attached.append(part)
        else:
            if in_alternative and part.type == "text/html":
                into.text = None
            elif in_alternative and _is_readable(part):
                into.html = None
            if into.text is not None:
                into.text.append(part)
            if into.html is not None:
                into.html.append(part)
            if (into.text is None or into.html is None) and part.type.startswith(_MEDIA):
                into.attached.append(part)
    if kind == "alternative" and into.text is not None and into.html is not None:
        if text_before == len(into.text) and html_before != len(into.html):
            into.text.extend(into.html[html_before:])
        if html_before == len(into.html) and text_before != len(into.text):
            into.html.extend(into.text[text_before:])


def _is_body(part: Part, number: int, kind: str) -> bool:
    if part.disposition.value.startswith("attach"):
        return False
    if part.type.startswith(_MEDIA):
        return number == 0 or kind != "related"
    if not _is_readable(part):
        return False
    return number == 0 or (kind != "related" and not part.filename)


def _is_readable(part: Part) -> bool:
    # of a multipart without parts the boundary was never found: what stands there is text
    return part.type in ("text/plain", "text/html") or part.type.startswith("multipart/")


def _text(part: Part, body: Body) -> str:
    """The part as text; files pasted into it by uuencode are attached."""
    if part.type == "text/html":
        return html_text.to_text(deep_html.flattened(_decoded(part)))
    content = part.content
    if part.type == "text/plain":
        content, files = transfer.uuencoded(content)
        for raw_name, data in files:
            name = names.safe(charsets.decode(raw_name), "application/octet-stream")
            body.attachments.append(Attached(name, "application/octet-stream", data))
    text = plain_text.unix_lines(charsets.decode(content, part.charset))
    if part.type in _ENRICHED:
        return plain_text.from_enriched(text)
    params = part.content_type.params
    if params.get("format", "").lower() == "flowed":
        text = plain_text.unflowed(text, is_spaceless=params.get("delsp", "").lower() == "yes")
    return shells.without_armour(text)


def _html(part: Part, among: list[Part]) -> str:
    if part.type == "text/html":
        return deep_html.flattened(_decoded(part))
    return plain_text.as_html(plain_text.unix_lines(_decoded(part))) if len(among) > 1 else ""


def _decoded(part: Part) -> str:
    label = part.charset
    if part.type == "text/html" and not label:
        found = re.search(rb"charset=[\"']?([A-Za-z0-9_-]{2,40})", part.content[:2048])
        label = found[1].decode() if found else ""
    return charsets.decode(part.content, label).replace("\0", "")


def _joined(texts: list[str]) -> str:
    return "\n".join(text.rstrip("\n") for text in texts if text.strip()) if len(texts) != 1 else texts[0]


def _attach(part: Part, body: Body) -> None:
    """The part as a file; what it holds for people (winmail.dat, an invitation) becomes files and text of its own."""
    kind, content = part.type, part.content
    if not content.strip() and not part.filename and kind.startswith("text/"):
        return
    if kind in _TNEF or part.filename.lower() == "winmail.dat":
        opened = tnef.read(content)
        if opened is not None:
            body.attachments += [Attached(names.safe(file.name), file.content_type, file.content) for file in opened.files]
            if not body.text.strip():
                body.text = opened.text or (html_text.to_text(deep_html.flattened(opened.html)) if opened.html else "")
                body.html = body.html or opened.html
            return
        body.defects.append("An Outlook winmail.dat could not be opened.")
    if kind in ("text/calendar", "application/ics"):
        told = invitations.in_words(charsets.decode(content, part.charset or "utf-8"))
        if told and told not in body.text:
            body.text = f"{body.text.rstrip()}\n\n{told}".strip() if body.text.strip() else told
    if kind.startswith("message/") and kind not in _REPORT_TYPES and not part.filename:
        name = _subject_as_name(part)
    else:
        name = names.safe(part.filename, kind)
    body.attachments.append(Attached(name, kind, content, part.content_id))


def _subject_as_name(part: Part) -> str:
    """A forwarded message is called by its subject."""
    if part.type != "message/rfc822":
        return names.safe("", part.type)
    try:
        subject = split(part.content[:70_000]).text("subject")
    except Unreadable:
        subject = ""
    return names.safe(subject[:100].replace("/", "-") + ".eml" if subject.strip(" .") else "", "message/rfc822")


def _marked(attached: Attached, shown: set[str]) -> Attached:
    if not attached.content_id or attached.content_id.lower() not in shown:
        return attached
    return Attached(attached.name, attached.content_type, attached.content, attached.content_id, is_inline=True)
