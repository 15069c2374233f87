"""What is the body of a message and what is attached, in every nest they come in."""

import struct

import pytest

from helpdesk.lib.mailparse import names
from helpdesk.lib.mailparse.parse import parse

FROM = b"From: dana@example.com\nMIME-Version: 1.0\n"
PNG = b"Content-Type: image/png; name=shot.png\nContent-Transfer-Encoding: base64\n"


def nest(kind: str, *parts: bytes, boundary: bytes = b"cut") -> bytes:
    head = b"Content-Type: multipart/%s; boundary=%s\n\n" % (kind.encode(), boundary)
    return head + b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts) + b"--%s--\n" % boundary


def part(kind: str, content: str, headers: str = "") -> bytes:
    return f"Content-Type: {kind}\n{headers}\n{content}".encode()


def test_of_an_alternative_the_plain_part_is_the_text():
    parsed = parse(
        FROM + nest("alternative", part("text/plain", "Hello"), part("text/html", "<p>Hello <b>you</b></p>"))
    )
    assert (parsed.text, parsed.html) == ("Hello", "<p>Hello <b>you</b></p>")
    assert parsed.attachments == ()


def test_without_a_plain_part_the_text_comes_from_the_html():
    parsed = parse(FROM + part("text/html; charset=utf-8", "<p>Grüße</p>"))
    assert parsed.text.strip() == "Grüße"


def test_texts_around_a_picture_are_one_body():
    parsed = parse(FROM + nest("mixed", part("text/plain", "before"), PNG + b"\niVBORw0K", part("text/plain", "after")))
    assert parsed.text.split() == ["before", "after"]
    assert [(file.name, file.content[:4]) for file in parsed.attachments] == [("shot.png", b"\x89PNG")]


def test_a_picture_the_html_shows_is_inline():
    html = part("text/html", '<p>See <img src="cid:One@x"></p>')
    picture = PNG + b"Content-ID: <one@x>\n\niVBORw0K"
    other = PNG + b"Content-ID: <two@x>\n\niVBORw0K"
    parsed = parse(FROM + nest("related", html, picture, other))
    assert [(file.content_id, file.is_inline) for file in parsed.attachments] == [("one@x", True), ("two@x", False)]


def test_the_same_picture_twice_is_two_files():
    picture = b"Content-Disposition: inline; filename=a.png\nContent-Type: image/png\n\nsame"
    assert len(parse(FROM + nest("mixed", picture, picture)).attachments) == 2


def test_a_text_file_is_attached_not_read_into_the_body():
    log = part("text/plain; name=log.txt", "secret", "Content-Disposition: attachment; filename=log.txt\n")
    parsed = parse(FROM + nest("mixed", part("text/plain", "See the log."), log))
    assert parsed.text.strip() == "See the log."
    assert [(file.name, file.content) for file in parsed.attachments] == [("log.txt", b"secret")]


def test_a_message_passed_on_as_a_file_is_named_and_told():
    inner = b"Content-Type: message/rfc822\n\nFrom: Lee <lee@example.net>\nSubject: Broken\n lamp\n\nIt broke."
    parsed = parse(FROM + nest("mixed", part("text/plain", "Please see."), inner))
    assert [file.name for file in parsed.attachments] == ["Broken lamp.eml"]
    assert parsed.forwarded is not None
    assert (parsed.forwarded.sender.email, parsed.forwarded.subject) == ("lee@example.net", "Broken lamp")
    assert parsed.forwarded.body == "It broke."


def test_messages_of_a_digest_are_files():
    parsed = parse(FROM + nest("digest", b"\nSubject: one\n\nA", b"\nSubject: two\n\nB"))
    assert [file.name for file in parsed.attachments] == ["one.eml", "two.eml"]


def test_a_last_part_without_an_end_is_read():
    parsed = parse(
        FROM + b"Content-Type: multipart/mixed; boundary=cut\n\n--cut\n\nHello\n--cut\n" + PNG + b"\niVBORw0K"
    )
    assert (parsed.text, len(parsed.attachments)) == ("Hello", 1)


@pytest.mark.parametrize("declared", ["", "; boundary=other", '; boundary=""'])
def test_a_wrong_boundary_is_found_by_looking(declared):
    body = b"--real\nContent-Type: text/plain\n\nHello\n--real\nContent-Type: text/html\n\n<p>Hello</p>\n--real--\n"
    parsed = parse(FROM + f"Content-Type: multipart/alternative{declared}\n\n".encode() + body)
    assert (parsed.text, parsed.html) == ("Hello", "<p>Hello</p>")


def test_a_multipart_that_is_none_is_text():
    assert parse(FROM + b"Content-Type: multipart/mixed; boundary=cut\n\nJust words.").text == "Just words."


def test_an_inner_part_ends_where_the_outer_goes_on():
    inner = b"Content-Type: multipart/alternative; boundary=in\n\n--in\n\nHello\n--in\n" + part(
        "text/html", "<p>Hello</p>"
    )
    parsed = parse(FROM + nest("mixed", inner, PNG + b"\niVBORw0K"))
    assert (parsed.text, parsed.html.strip(), len(parsed.attachments)) == ("Hello", "<p>Hello</p>", 1)


def test_files_pasted_by_uuencode_are_attached():
    parsed = parse(FROM + b"\nHere it is.\nbegin 644 a/b\\hi.txt\n#2&D*\n`\nend\nBye.")
    assert parsed.text.split() == ["Here", "it", "is.", "Bye."]
    assert [(file.name, file.content) for file in parsed.attachments] == [("hi.txt", b"Hi\n")]


def test_the_word_begin_is_no_file():
    text = "begin 644 times is enough\nend\n"
    assert parse(FROM + b"\n" + text.encode()).text == text


def test_flowed_lines_are_joined():
    flowed = part("text/plain; format=flowed", "A long \nline.\n> quoted \n> on\n-- \nDana")
    assert parse(FROM + flowed).text == "A long line.\n> quoted on\n-- \nDana"


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ('filename="report.pdf"', "report.pdf"),
        ("filename=my report.pdf", "my report.pdf"),
        ('filename="a;b.pdf"', "a;b.pdf"),
        ("filename*=utf-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        ('filename*0="long"; filename*1="name.pdf"', "longname.pdf"),
        ("filename*0*=utf-8''Gr%C3%BC; filename*1*=%C3%9Fe.pdf", "Grüße.pdf"),
        ('filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe=2Epdf?="', "Grüße.pdf"),
        ("filename==?utf-8?B?R3LDvMOfZS5wZGY=?=", "Grüße.pdf"),
        (r'filename="C:\Users\dana\report.pdf"', "report.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="report.pdf\u202efdp.exe"', "report.pdffdp.exe"),
        ('filename="<b>.pdf"', "_b_.pdf"),
        ('filename=""', "image.png"),
        ('filename=".."', "image.png"),
        ('filename="con.txt"', "_con.txt"),
    ],
)
def test_names_of_files_are_made_safe(written, safe):
    file = f"Content-Type: image/png\nContent-Disposition: attachment; {written}\n\nx".encode()
    assert [one.name for one in parse(FROM + nest("mixed", part("text/plain", "x"), file)).attachments] == [safe]


def test_a_long_name_keeps_its_ending():
    assert names.safe("a" * 400 + ".pdf") == "a" * 146 + ".pdf"


def test_an_invitation_is_told_in_words():
    calendar = (
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Visit\\, second try\n"
        "DTSTART;TZID=Europe/Vienna:20220503T100000\n"
        "DTEND;TZID=Europe/Vienna:20220503T110000\nLOCATION:Ring 1\nORGANIZER;CN=Dana Reyes:mailto:dana@example.com\n"
        "DESCRIPTION:Bring the\n  lamp.\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    parsed = parse(FROM + nest("mixed", part("text/plain", "Hello"), part("text/calendar; method=REQUEST", calendar)))
    assert parsed.text == (
        "Hello\n\nInvitation: Visit, second try\nWhen: 2022-05-03 10:00 (Europe/Vienna) to 2022-05-03 11:00 "
        "(Europe/Vienna)\n"
        "Where: Ring 1\nFrom: Dana Reyes <dana@example.com>\n\nBring the lamp."
    )
    assert [file.name for file in parsed.attachments] == ["text.ics"]


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """winmail.dat as Outlook writes it: (level, attribute, data)."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    for level, attribute, data in attributes:
        out += struct.pack("<BII", level, attribute, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return out


def test_a_winmail_dat_is_opened():
    name = "Größe.pdf".encode("utf-16-le") + b"\0\0"
    props = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name + b"\0" * (-len(name) % 4)
    data = tnef((1, 0x800C, b"Hello from Outlook\r\n\0"), (2, 0x9002, b"\0" * 14), (2, 0x8010, b"GROSSE~1.PDF\0"),
                (2, 0x800F, b"%PDF-1.4"), (2, 0x9005, props))  # fmt: skip
    winmail = b"Content-Type: application/ms-tnef; name=winmail.dat\n\n" + data
    parsed = parse(FROM + nest("mixed", part("text/plain", ""), winmail))
    assert parsed.text == "Hello from Outlook\n"
    assert [(f.name, f.content_type, f.content) for f in parsed.attachments] == [
        ("Größe.pdf", "application/pdf", b"%PDF-1.4")
    ]


def test_a_broken_winmail_dat_stays_a_file():
    winmail = b"Content-Type: application/ms-tnef; name=winmail.dat\n\nnothing of the kind"
    parsed = parse(FROM + nest("mixed", part("text/plain", "Hello"), winmail))
    assert [file.name for file in parsed.attachments] == ["winmail.dat"]
    assert parsed.defects == ("An Outlook winmail.dat could not be opened.",)


def test_a_signed_message_is_read():
    signature = b"Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----"
    parsed = parse(FROM + nest("signed", part("text/plain", "Signed words"), signature))
    assert (parsed.text, [file.name for file in parsed.attachments]) == ("Signed words", ["signature.asc"])


def test_an_opaque_s_mime_signature_is_opened():
    inner = b"Content-Type: text/plain\r\n\r\nInside the shell"
    octets = b"\xa0" + bytes([len(inner) + 2]) + b"\x04" + bytes([len(inner)]) + inner
    content = bytes.fromhex("06092a864886f70d010701") + octets
    der = (
        b"\x30\x80"
        + bytes.fromhex("06092a864886f70d010702")
        + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80"
        + content
    )
    parsed = parse(FROM + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\n" + der)
    assert parsed.text == "Inside the shell"


def test_words_signed_in_the_open_lose_their_armour():
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- \nDana\n-----BEGIN PGP SIGNATURE-----\n\n"
        "abc\n-----END PGP SIGNATURE-----\n"
    )
    assert parse(FROM + b"\n" + text.encode()).text == "Hello\n-- \nDana\n"


@pytest.mark.parametrize("kind", ["multipart/encrypted; boundary=cut", "application/pkcs7-mime"])
def test_what_is_encrypted_is_said_to_be(kind):
    parsed = parse(
        FROM + f"Content-Type: {kind}\n\n--cut\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--cut--".encode()
    )
    assert "encrypted" in parsed.defects[0]


def test_html_that_nests_like_real_mail_is_flattened():
    html = "<div>" * 1300 + "words" + "</div>" * 1300
    parsed = parse(FROM + part("text/html", html))
    assert parsed.text.strip() == "words"
    assert parsed.html.count("<div>") == parsed.html.count("</div>") == 500
