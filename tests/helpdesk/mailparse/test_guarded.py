"""Hostile mail: read in bounded time or set aside, and never more than Unreadable raised."""

import dataclasses
import time
from base64 import b64encode
from contextlib import suppress

import pytest

from helpdesk.lib.mailparse import guarded, limits
from helpdesk.lib.mailparse.guarded import is_ordinary, parse_guarded, parse_in_child
from helpdesk.lib.mailparse.parsed import Unreadable

HEAD = b"From: dana@example.com\nSubject: Hello\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
HTML = HEAD + b"Content-Type: text/html\n\n"
DAEMON = b"From: mailer-daemon@mx.example\nReturn-Path: <>\nSubject: failure notice\n\ncould not be delivered\n"
NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(500))

SET_ASIDE = {
    "500 multiparts within each other": (HEAD + NESTED + b"\r\nhello", "deep"),
    "100,000 parts": (MIXED + b"--b\n\nx\n" * 100_000, "parts"),
    "20,000 encoded words": (b"From: a@b.example\nSubject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nx", "headers"),
    "headers without end": (HEAD + b"X: " + b"a" * 70_000 + b"\n\nx", "headers"),
    "headers without end in a part": (MIXED + b"--b\n" + b"X: y\n" * 20_000, "headers"),
    "100,000 divs": (HTML + b"<div>" * 100_000, "elements"),
}  # fmt: skip
READ = {
    "an id that breaks off": HEAD + b"Message-ID: <\n\nx",
    "charset idna": HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"\xff\xfe." * 1000,
    "5,000 unclosed elements": HTML + b"<font><b><i>" * 1700,
    "a million paragraphs": HTML + b"<p>" * 1_000_000,
    "quotes in an address": b"From: " + b'"\\"' * 10_000 + b"\nSubject: Hello\n\nx",
    "brackets in an address": b"From: " + b"<(" * 20_000 + b"\nSubject: Hello\n\nx",
    "groups in an address": b"From: " + b"a:b;" * 10_000 + b"\nSubject: Hello\n\nx",
    "words that never end": b"From: " + b"=?utf-8?b?aa" * 4000 + b"\nSubject: Hello\n\nx",
    "sections of a name": HEAD + b"Content-Type: text/plain" + b"; a*0*=x" * 7000 + b"\n\nx",
    "ids without end": HEAD + b"References: " + b"<a@b> " * 9000 + b"\n\nx",
    "dashes": MIXED + b"--c\n" * 300_000,
    "files that begin and never end": HEAD + b"\n" + b"begin 644 a\n" * 30_000,
    "signatures that never end": HEAD + b"\n" + b"-----BEGIN PGP SIGNATURE-----\n" * 20_000,
    "an invitation of semicolons": HEAD + b"Content-Type: text/calendar\n\nBEGIN:VEVENT\n" + b'A;b"c"d;' * 100_000,
    "a winmail.dat that lies": HEAD
    + b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\0\0\x01"
    + b"\xff" * 100_000,
    "a bounce of addresses": DAEMON + b"a@b.example: x\n" * 20_000,
    "a bounce of at signs": DAEMON + b"a@" * 100_000,
    "a bounce of commands": DAEMON + b"rcpt to: <" * 30_000,
    "a bounce of headers": DAEMON + b"Received:\n" * 30_000,
    "a bounce of dashes": DAEMON + b"-" * 200_000,
    "a long text": HEAD + b"\n" + b"a line of words\n" * 1_500_000,
}


@pytest.mark.parametrize("what", SET_ASIDE)
def test_what_is_beyond_the_limits_is_set_aside_at_once(what):
    raw, word = SET_ASIDE[what]
    started = time.monotonic()
    with pytest.raises(Unreadable, match=word):
        parse_guarded(raw)
    assert time.monotonic() - started < guarded.WALL_SECONDS


@pytest.mark.parametrize("what", READ)
def test_what_looks_costly_ends_in_time(what):
    started = time.monotonic()
    with suppress(Unreadable):  # where its limits are reached
        parse_guarded(READ[what])
    assert time.monotonic() - started < guarded.WALL_SECONDS


@pytest.mark.parametrize("what", [name for name in READ if is_ordinary(READ[name])])
def test_what_is_read_here_costs_little(what):
    started = time.process_time()
    parse_guarded(READ[what])
    assert time.process_time() - started < 2


def test_a_child_reads_the_same():
    pdf = b64encode(b"%PDF" * 10)
    raw = (
        b"From: Dana <dana@example.com>\nTo: a@b.example\nDate: Tue, 3 May 2022 10:00:00 +0000\nReferences: "
        b"<1@x.example>\n"
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n> quoted\n"
        b"--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" + pdf + b"\n--b\n"
        b"Content-Type: message/rfc822\n\nFrom: lee@example.net\n\nInner\n--b--\n"
    )
    assert is_ordinary(raw)
    here, there = parse_guarded(raw), parse_in_child(raw)
    for field in dataclasses.fields(here):
        assert getattr(here, field.name) == getattr(there, field.name), field.name


def test_a_child_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(guarded, "WALL_SECONDS", 0.001)
    with pytest.raises(Unreadable, match="too long"):
        parse_in_child(HEAD + b"\nHello")


def test_a_child_that_takes_too_much_is_set_aside(monkeypatch):
    monkeypatch.setattr(
        guarded, "CHILD", "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass"
    )
    with pytest.raises(Unreadable, match="time or memory"):
        parse_in_child(HEAD + b"\nHello")


def test_a_child_knows_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary")
    monkeypatch.setattr(guarded, "CHILD", "import json, os; print(json.dumps({'unreadable': str(dict(os.environ))}))")
    with pytest.raises(Unreadable) as told:
        parse_in_child(HEAD + b"\nHello")
    assert "canary" not in str(told.value)


def test_a_large_message_is_read_and_a_giant_refused():
    line = b64encode(b"x" * 57) + b"\n"
    raw = HEAD + b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" + line * 400_000
    assert len(parse_guarded(raw).attachments[0].content) == 57 * 400_000
    with pytest.raises(Unreadable, match="larger"):
        parse_guarded(b"a" * (limits.LARGEST_MESSAGE + 1))
