"""Reading a message: headers, charsets, encodings, as they really arrive."""

from datetime import UTC, datetime

import pytest

from helpdesk.lib.mailparse.parse import parse
from helpdesk.lib.mailparse.parsed import Address


def read(headers: str = "", body: str | bytes = "Hello", **more: bytes):
    raw = ("From: Dana Reyes <dana@example.com>\n" + headers).encode("utf-8", "surrogateescape")
    for name, value in more.items():
        raw += name.replace("_", "-").encode() + b": " + value + b"\n"
    return parse(raw + b"\n" + (body if isinstance(body, bytes) else body.encode()))


def test_an_ordinary_message_is_read():
    parsed = parse(
        b"Return-Path: <dana@example.com>\r\nDelivered-To: support@desk.example\r\nFrom: Dana Reyes "
        b"<Dana@Example.com>\r\n"
        b'To: Support <support@desk.example>, "Lee, Ann" <ann@desk.example>\r\nCc: bob@example.com\r\n'
        b"Subject: Where is\r\n my parcel?\r\nDate: Tue, 3 May 2022 10:00:00 +0200\r\nMessage-ID: <1@example.com>\r\n"
        b"In-Reply-To: <0@desk.example>\r\nReferences: <a@desk.example>\r\n <0@desk.example>\r\n\r\nIt never came.\r\n"
    )
    assert parsed.sender == Address("dana@example.com", "Dana Reyes")
    assert parsed.to == (Address("support@desk.example", "Support"), Address("ann@desk.example", "Lee, Ann"))
    assert parsed.cc == (Address("bob@example.com"),)
    assert parsed.subject == "Where is my parcel?"
    assert parsed.date == datetime(2022, 5, 3, 8, 0, tzinfo=UTC)
    assert parsed.message_id == "1@example.com"
    assert parsed.in_reply_to == ("0@desk.example",)
    assert parsed.references == ("a@desk.example", "0@desk.example")
    assert (parsed.return_path, parsed.delivered_to) == ("dana@example.com", ("support@desk.example",))
    assert parsed.text == "It never came.\n"
    assert not any((parsed.is_auto_reply, parsed.is_bounce, parsed.is_list, parsed.attachments, parsed.defects))


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?iso-8859-1?q?Gr=FC=DFe?= =?iso-8859-1?q?_an_alle?=", "Grüße an alle"),
        (b"=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),  # a letter cut in two
        (b"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),  # no padding
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe an alle?=", "Grüße an alle"),  # blanks inside
        (b"Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=(2)", "Re: Grüße(2)"),
        (b"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),  # with a language
        (b"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"=?utf-7?Q?Gr+APw-+AN8-e?=", "Grüße"),
        (b"=?x-nonsense?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?Q?broken", "=?utf-8?Q?broken"),
        ("Grüße".encode(), "Grüße"),  # raw UTF-8
        ("Grüße".encode("latin-1"), "Grüße"),  # raw Latin-1
        (b"a\0b\x07c", "abc"),
        (b"=?utf-8?Q?two=0Alines=0D=0ABcc:_x@y.example?=", "two lines Bcc: x@y.example"),
    ],
)
def test_a_subject_is_read_however_it_is_written(raw, subject):
    assert read(Subject=raw).subject == subject


def test_a_raw_header_is_read_in_the_charset_of_the_body():
    parsed = read(
        "Content-Type: text/plain; charset=koi8-r\n", "Привет".encode("koi8-r"), Subject="Привет".encode("koi8-r")
    )
    assert (parsed.subject, parsed.text) == ("Привет", "Привет")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("utf-8", "utf-8", "naïve 日本語"), ("iso-8859-1", "cp1252", "price: 5 € – “ok”"),
        ("gb2312", "gb18030", "朱镕基"),
        ("ks_c_5601-1987", "cp949", "안녕하세요"), ("shift_jis", "cp932", "①日本"),
        ("iso-2022-jp", "iso2022_jp", "日本語"),
        ("us-ascii", "iso2022_jp", "日本語"), ("windows-1251", "cp1251", "Здравствуйте"), ("utf-7", "utf-7", "Grüße"),
        ("big5", "big5", "您好"), ("unicode-1-1-utf-7", "utf-7", "Grüße"), ("iso-8859-1", "utf-8", "Grüße"),
        ("x-mac-roman", "mac_roman", "Größe"), ("utf8mb4", "utf-8", "😀"), ("iso-8859-8-i", "iso-8859-8", "שלום"),
        ("", "utf-8", "Grüße"), ("", "latin-1", "Grüße"), ("idna", "utf-8", "Grüße"), ("rot13", "utf-8", "Grüße"),
        ("undefined", "utf-8", "Grüße"), ("unicode_escape", "utf-8", "Grüße \\x41"), ("utf-16", "utf-16", "Grüße"),
        ("windows-1252", "cp1252", "“quoted” €"), ("no such thing", "utf-8", "Grüße"), ("hz-gb-2312", "hz", "你好"),
    ],
)  # fmt: skip
def test_a_body_is_read_under_whatever_label(label, codec, text):
    assert read(f'Content-Type: text/plain; charset="{label}"\n', text.encode(codec)).text == text


def test_cyrillic_without_a_label_is_recognised():
    text = "Здравствуйте, мой заказ до сих пор не пришёл. Когда его ждать? Спасибо, с уважением, Анна Иванова. " * 4
    assert read("", text.encode("cp1251")).text == text


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("quoted-printable", "Gr=C3=BC=C3=9Fe =\nan alle", "Grüße an alle"),
        ("quoted-printable", "50=% off =XX", "50=% off =XX"),
        ("base64", "R3LDvMOfZQ==", "Grüße"),
        ("base64", "R3LDv\nMOfZQ", "Grüße"),
        ("base64", "R3LD!!vMOfZQ== trailing words", "Grüße"),
        ("BASE64 ", "R3LDvMOfZQ==", "Grüße"),
        ("8bit", "Grüße", "Grüße"),
        ("x-unknown", "Grüße", "Grüße"),
    ],
)
def test_a_body_is_read_under_whatever_encoding(encoding, body, text):
    assert read(f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n", body).text == text


@pytest.mark.parametrize(
    ("raw", "email", "name"),
    [
        ("Dana <dana@example.com>", "dana@example.com", "Dana"),
        ("<dana@example.com>", "dana@example.com", ""),
        ("dana@example.com (Dana Reyes)", "dana@example.com", "Dana Reyes"),
        ("Reyes, Dana <dana@example.com>", "dana@example.com", "Reyes, Dana"),
        ('"dana@example.com" <dana@example.com>', "dana@example.com", "dana@example.com"),
        ("=?utf-8?Q?Reyes=2C_D=C3=A1na?= <dana@example.com>", "dana@example.com", "Reyes, Dána"),
        ('"=?utf-8?Q?D=C3=A1na?=" <dana@example.com>', "dana@example.com", "Dána"),
        ("'Dana Reyes' <DANA@EXAMPLE.COM>", "dana@example.com", "Dana Reyes"),
        ("Dana <mailto:dana@example.com>", "dana@example.com", "Dana"),
        ("Dana dana@example.com", "dana@example.com", ""),
        ("Dana <dana@example.com", "dana@example.com", "Dana"),
        ("<@relay.example:dana@example.com>", "dana@example.com", ""),
        ("Dana <>", "", "Dana"),
        ("undisclosed-recipients:;", "", ""),
        ("Dana\0 <dana@exam\0ple.com>", "dana@example.com", "Dana"),
    ],
)
def test_a_sender_is_read_however_it_is_written(raw, email, name):
    assert parse(f"From: {raw}\n\nHello".encode()).sender == Address(email, name)


def test_the_sender_header_stands_in_for_a_missing_from():
    assert parse(b"Sender: dana@example.com\n\nHello").sender.email == "dana@example.com"


def test_the_first_address_of_several_froms_counts():
    parsed = parse(b"From: nobody\nFrom: a@example.com, b@example.com\nFrom: c@example.com\n\nHello")
    assert parsed.sender.email == "a@example.com"


def test_the_author_behind_a_list_is_told_when_both_headers_agree():
    headers = b"From: 'Dana' via Help <help@lists.example>\nX-Original-From: Dana <dana@example.com>\n"
    assert parse(headers + b"Reply-To: dana@example.com\n\nHi").written_by.email == "dana@example.com"
    assert parse(headers + b"Reply-To: eve@example.com\n\nHi").written_by.email == "help@lists.example"
    assert parse(headers + b"\nHi").sender.email == "help@lists.example"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_read(end):
    raw = end.join([b"From: dana@example.com", b"Subject: one", b" two", b"", b"line 1", b"line 2"])
    parsed = parse(raw)
    assert (parsed.subject, parsed.text) == ("one two", "line 1\nline 2")


@pytest.mark.parametrize(
    "before", [b"From dana@example.com Tue May  3 10:00:00 2022\n", b"\n\n", b"\xef\xbb\xbf", b">From x\n"]
)
def test_what_stands_before_the_headers_is_passed_over(before):
    assert parse(before + b"From: dana@example.com\nSubject: one\n\nHello").subject == "one"


def test_a_stray_line_among_headers_is_passed_over():
    parsed = parse(b"From: dana@example.com\nthis is no header\nSubject: one\n\nHello")
    assert (parsed.subject, parsed.text) == ("one", "Hello")


def test_a_body_may_begin_without_an_empty_line():
    assert parse(b"From: dana@example.com\nDear all, this is it.\nYours").text == "Dear all, this is it.\nYours"


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\0\0\0", b":", b"From", b"\xff\xfe\xfd", b"Message-ID: <", b"Date: x\n\n"]
)
def test_rubbish_is_read_as_far_as_it_goes(raw):
    parsed = parse(raw)
    assert (parsed.sender.email, parsed.message_id, parsed.date) == ("", "", None)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Tue, 3 May 2022 10:00:00 GMT", datetime(2022, 5, 3, 10, tzinfo=UTC)),
        ("3 May 22 10:00 -0500", datetime(2022, 5, 3, 15, tzinfo=UTC)),
        ("Tue, 3 May 2022 99:00:00 GMT", None),
        ("Tue, 3 May 9999 10:00:00 GMT", None),
        ("gestern", None),
        ("Tue, 32 Foo 2022", None),
    ],
)
def test_a_date_is_read_or_left_out(date, expected):
    assert read(f"Date: {date}\n").date == expected


def test_single_headers_are_kept_in_short():
    parsed = read("X-Loop-Mark: one\nX-Loop-Mark: two\nX-Long: " + "a" * 5000 + "\n")
    assert parsed.headers["x-loop-mark"] == "one"
    assert len(parsed.headers["x-long"]) == 1000


def test_ids_are_told_without_brackets_and_doubles():
    parsed = read(
        "References: <a@x.example><b@x.example>\n <a@x.example>\nIn-Reply-To: Your message of Tuesday <c@x.example>\n"
    )
    assert parsed.references == ("a@x.example", "b@x.example")
    assert parsed.in_reply_to == ("c@x.example",)
