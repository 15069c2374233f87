"""Text from strangers: cleaned, shortened, split and shown, also when it is made to be slow or to deceive."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.lib.text import initials, linkify, plain, preview, words

MEGABYTE = 1_000_000
REL = 'rel="nofollow noopener noreferrer"'


class Reader(HTMLParser):
    """Collects what a browser would: the tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def links(text: str) -> list[str]:
    return [attributes["href"] for tag, attributes in Reader(linkify(text)).tags if tag == "a"]


@given(st.text(), st.integers(0, 50))
@example("\ud800\x00\r\n\x85", 50)
@example("\u1100\u1161\u0958\U0001d160", 3)
def test_plain_is_storable_and_stays_as_it_is(value, limit):
    text = plain(value, limit)
    assert len(text) <= limit
    assert text.encode("utf-8").decode("utf-8") == text
    assert [each for each in text if unicodedata.category(each) == "Cc" and each not in "\n\t"] == []
    assert unicodedata.is_normalized("NFC", text)
    assert plain(text, limit) == text


def test_plain_normalises_newlines_and_letters_and_drops_controls():
    assert plain("a\r\nb\rc\u2028d\x85e\x0bf", 100) == "a\nb\nc\nd\ne\nf"
    assert plain("nul\x00 bell\x07 esc\x1b[31m\ttab", 100) == "nul bell esc[31m\ttab"
    assert plain("Cafe\u0301", 100) == "Café"
    assert plain("x" * 20, 5) == "xxxxx"


def test_plain_keeps_writing_from_right_to_left_and_emoji():
    for text in ("مرحبا\u200f עברית", "👩‍👩‍👧 🇩🇪 👍🏽", "क्षत्रिय"):
        assert plain(text, 100) == text


def test_plain_cuts_marks_piled_on_a_letter():
    assert len(plain("a" + "\u0300\u0316" * (MEGABYTE // 2), MEGABYTE)) <= 31


def test_preview_is_one_short_line():
    assert preview("  Hello\n\n there,\tworld ") == "Hello there, world"
    assert preview("word " * 50, 20) == "word word word word…"
    assert preview("x" * 300) == "x" * 139 + "…"
    assert preview("The card, which I lost", 10) == "The card…"
    assert preview("") == ""


@given(st.text(), st.integers(1, 40))
def test_preview_keeps_within_its_limit(text, limit):
    line = preview(text, limit)
    assert len(line) <= limit
    assert line.split("\n") == [line]


def test_preview_does_not_cut_a_letter_or_an_emoji_in_two():
    assert preview("ab" + "👩\u200d👩\u200d👧" + "cdefgh", 6) == "ab…"
    assert preview("xyze\u0301abc", 5) == "xyz…"


def test_words_are_lower_case_with_apostrophes_inside():
    assert words("Can't LOG in: 'password' reset — DON’T know why…") == [
        "can't", "log", "in", "password", "reset", "don't", "know", "why",
    ]  # fmt: skip
    assert words("Error_500 at 10:30, v2.1!") == ["error", "500", "at", "10", "30", "v2", "1"]
    assert words("") == []


def test_words_know_other_scripts():
    assert words("Straße ÄRGER Ωmega") == ["straße", "ärger", "ωmega"]
    assert words("हिन्दी में मदद") == ["हिन्दी", "में", "मदद"]
    assert words("не РАБОТАЕТ!") == ["не", "работает"]
    assert words("退款 请求") == ["退款", "请求"]


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ben Ayala", "BA"),
        ("  maría josé  de la cruz ", "MC"),
        ("Prince", "P"),
        ("Anne-Marie Lee", "AL"),
        ("ben.ayala@example.com", "BA"),
        ("李小龙", "李"),
        ("ßen", "S"),
        ("Łukasz (Support) Żak", "ŁŻ"),
        ("O'Brien", "O"),
        ("🙂", "?"),
        ("", "?"),
    ],
)
def test_initials_are_one_or_two_capitals(name, letters):
    assert initials(name) == letters


def test_linkify_keeps_paragraphs_and_line_breaks():
    assert linkify("Hello\r\nworld\n \n\nBye\n") == '<p dir="auto">Hello<br>world</p><p dir="auto">Bye</p>'
    assert linkify(" \n\n") == ""


def test_linkify_links_addresses_and_leaves_the_sentence_outside():
    assert linkify("See https://example.com/a?b=1&c=2.") == (
        f'<p dir="auto">See <a href="https://example.com/a?b=1&amp;c=2" {REL}>https://example.com/a?b=1&amp;c=2</a>.</p>'
    )
    assert linkify("write to <Ben.Ayala+1@mail.example.co.uk>, please") == (
        f'<p dir="auto">write to &lt;<a href="mailto:Ben.Ayala%2B1@mail.example.co.uk" {REL}>'
        "Ben.Ayala+1@mail.example.co.uk</a>&gt;, please</p>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(see https://en.example.org/wiki/Mars_(planet))", ["https://en.example.org/wiki/Mars_(planet)"]),
        ("HTTP://EXAMPLE.COM!", ["HTTP://EXAMPLE.COM"]),
        ("https://exämple.de/päth", ["https://exämple.de/päth"]),
        ("**https://a.example**", ["https://a.example"]),
        ("http://a.example and http://b.example", ["http://a.example", "http://b.example"]),
        ("a@b.example,c@d.example", ["mailto:a@b.example", "mailto:c@d.example"]),
        ("javascript:alert(1) data:text/html,x ftp://a.example www.a.example", []),
        ("https:// http://? http://.. http://(", []),
        ("https://bank.example@evil.example/", []),
        ("https://bank.example\\@evil.example/", ["https://bank.example"]),
        ("https://a.example/\u202egpj.exe", ["https://a.example/"]),
        ("https://a.example/" + "x" * 3_000, []),
        ("a@b a@b. @b.example a@@b.example a@b.c1", []),
        ("x" * 65 + "@b.example", []),
    ],
)
def test_linkify_links_only_what_is_plainly_an_address(text, expected):
    assert links(text) == expected


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        'https://a.example/"onmouseover="alert(1)',
        "https://a.example/'><svg onload=alert(1)>",
        "https://a.example/<b>",
        '"<x@y.example>"onclick=alert(1)',
        "&lt;script&gt; &#60;script&#62;",
        "https://a.example/&quot;onclick=1",
    ],
)
def test_linkify_shows_attacks_as_text(attack):
    seen = Reader(linkify(attack))
    assert seen.text == attack
    assert {tag for tag, _ in seen.tags} <= {"p", "a"}
    assert all(set(attributes) == ({"dir"} if tag == "p" else {"href", "rel"}) for tag, attributes in seen.tags)


@given(st.text(alphabet=st.sampled_from("ab.@:/hHtps<>&\"'()[] \n\\-_1é\u202e")))
@example("http://a.b@c")
def test_linkify_loses_no_text_and_adds_no_tag(text):
    seen = Reader(linkify(text))
    assert "".join(seen.text.split()) == "".join(text.split())
    assert {tag for tag, _ in seen.tags} <= {"p", "a", "br"}
    for tag, attributes in seen.tags:
        if tag == "a":
            assert attributes["href"].lower().startswith(("http://", "https://", "mailto:"))


@pytest.mark.parametrize(
    "piece",
    ["a", "a.", "a@", "a@a.", "@", "http://", "http://a", "https://a.example ", "(", ")", "http://a((", "\n", "\n ",
     " ", "'", "a'", "\u0300\u0316", "<", "&", "a@b.example ", "_", "\u200d", ".a", "h", "-"],
)  # fmt: skip
def test_a_megabyte_of_anything_is_dealt_with(piece):
    # a quadratic step would take minutes here, and stop the suite rather than this assertion
    text = (piece * (MEGABYTE // len(piece)))[:MEGABYTE]
    stored = plain("http://a" + text + ")" * 1_000, MEGABYTE)
    assert len(stored) <= MEGABYTE
    assert len(preview(stored)) <= 140
    assert "".join(words(stored)).startswith("http")
    assert "".join(Reader(linkify(stored[:100_000])).text.split()) == "".join(stored[:100_000].split())
    assert len(linkify(stored)) >= len("".join(stored.split()))
