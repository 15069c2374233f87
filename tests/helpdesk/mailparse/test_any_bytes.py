"""Whatever bytes arrive: they are read or set aside, in bounded time, and what is read keeps its word."""

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.lib.mailparse import bounce_text, invitations, rtf, tnef, words
from helpdesk.lib.mailparse.addresses import parse as addresses
from helpdesk.lib.mailparse.charsets import decode
from helpdesk.lib.mailparse.parse import parse
from helpdesk.lib.mailparse.parsed import Parsed, Unreadable

NAMES = st.sampled_from([
    b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"Content-Type", b"Content-Transfer-Encoding",
    b"Return-Path",
    b"Content-Disposition", b"Auto-Submitted", b"Precedence", b"List-Id", b"X-Failed-Recipients", b"Content-ID",
    b"Sender", b"MIME-Version",
])  # fmt: skip
PIECES = st.sampled_from([
    b"=?utf-8?q?", b"=?iso-2022-jp?B?", b"?=", b"=C3=BC", b"<", b">", b"@", b"a@b.example", b'"', b"\\", b"(", b")",
    b",", b";", b":", b"\0", b"\r",
    b"\xff", b"\xc3\xbc", b"multipart/mixed", b"multipart/report", b"; boundary=b", b"; charset=", b"utf-7", b"idna",
    b"hz", b"gb2312", b"message/rfc822",
    b"text/html", b"text/calendar", b"application/ms-tnef", b"message/delivery-status", b"*0*=", b"''", b"%",
    b"base64", b"quoted-printable",
    b"x-uuencode", b"Tue, 3 May 2022 10:00:00 +0200", b"mailer-daemon@x.example", b"\n ", b"\x1b$B", b"format=flowed",
    b"attachment; filename=", b" ",
])  # fmt: skip
BODIES = st.sampled_from([
    b"--b\n", b"--b--\n", b"\n", b"Content-Type: text/plain\n", b"Content-Type: multipart/alternative; "
        b"boundary=b\n", b"begin 644 x\n", b"end\n", b"=\n",
    b"> quoted\n", b"-- \n", b"\x78\x9f\x3e\x22", b"550 5.1.1 <a@b.example> user unknown\n", b"Final-Recipient: "
        b"rfc822; a@b.example\n", b"Action: failed\n",
    b"Status: 5.1.1\n", b"<div>", b"</div>", b"<img src=cid:x>", b"BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"{\"notificationType\":\"Bounce\"}", b"Received: x\n", b"\x1b$B", b"+APw-", b"~{", b"On Monday Dana wrote:\n",
    b"From: a@b.example\n",
])  # fmt: skip
VALUES = st.lists(PIECES | st.binary(max_size=12), max_size=12).map(b"".join)
HEADERS = st.lists(st.tuples(NAMES, VALUES).map(b": ".join), max_size=10).map(b"\n".join)
MESSAGES = st.tuples(HEADERS, st.lists(BODIES | st.binary(max_size=20), max_size=40).map(b"".join)).map(b"\n\n".join)

patient = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(raw: bytes) -> Parsed | None:
    started = time.process_time()
    try:
        return parse(raw)
    except Unreadable as error:
        if "failed" in str(error):  # a fault of ours, not of the message
            raise
        return None
    finally:
        assert time.process_time() - started < 2


def lines(parsed: Parsed) -> list[str]:
    """Everything that must be one harmless line."""
    people = [parsed.sender, parsed.written_by, *parsed.reply_to, *parsed.to, *parsed.cc]
    return [parsed.subject, parsed.message_id, *parsed.in_reply_to, *parsed.references, *parsed.delivered_to,
            *(person.email for person in people), *(person.name for person in people), *parsed.headers.values(),
            *(file.name for file in parsed.attachments), *(one.recipient for one in parsed.undelivered),
            *(one.words for one in parsed.undelivered), parsed.automatic_because]  # fmt: skip


def keeps_its_word(parsed: Parsed) -> bool:
    for line in lines(parsed):
        assert not any(letter in line for letter in "\r\n\0"), line
    assert all(file.name and "/" not in file.name and "\\" not in file.name for file in parsed.attachments)
    assert all(person.email == person.email.lower() for person in (parsed.sender, *parsed.to, *parsed.cc))
    assert not set("\0\r") & set(parsed.text)
    f"{parsed.text}{parsed.html}{''.join(lines(parsed))}".encode()  # no half characters
    return True


@patient
@given(MESSAGES)
def test_any_message_is_read_or_set_aside(raw):
    parsed = read(raw)
    assert parsed is None or keeps_its_word(parsed)


@patient
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_set_aside(raw):
    parsed = read(raw)
    assert parsed is None or keeps_its_word(parsed)


@patient
@given(VALUES)
def test_any_header_is_one_line(raw):
    assert not set("\r\n\0") & set(words.text(raw))
    assert all("@" in one.email or not one.email for one in addresses(raw))


@patient
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "utf-7", "hz", "iso-2022-kr", "idna", "gb2312", "utf-16", "x"])
    | st.text(max_size=20),
)
def test_any_bytes_under_any_label_are_text(data, label):
    assert decode(data, label).encode().decode() == decode(data, label)


@patient
@given(st.binary(max_size=300))
def test_any_winmail_is_bounded(data):
    opened = tnef.read(b"\x78\x9f\x3e\x22\0\0" + data)
    assert opened is not None
    assert len(opened.files) <= 200
    assert isinstance(rtf.to_text(rtf.decompressed(data)) + rtf.to_text(data), str)


@patient
@given(st.text(max_size=300))
def test_any_text_is_searched(text):
    said, original = bounce_text.cut(text)
    assert said + original == text
    assert all("@" in one.email for one in bounce_text.recipients(said))
    assert invitations.in_words("BEGIN:VEVENT\n" + text + "\nEND:VEVENT").count("\n") < 2000
