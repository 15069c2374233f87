"""`manage.py mailcheck`: a corpus counted by kind and by expectation, as an outsider would."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from helpdesk import mailcheck, mailcheck_compare

MAIL = "From: Dana <dana@example.com>\nSubject: Lamp\n\nIt is broken.\n\nDana"


@pytest.fixture
def corpus(tmp_path):
    """Writes rows beside their messages, and runs the command over them."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "one.eml").write_text(MAIL)

    def run(*rows: dict, **options) -> str:
        file = tmp_path / "rows.jsonl"
        file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        out = StringIO()
        call_command("mailcheck", file, verbosity=0, stdout=out, **options)
        return out.getvalue()

    return run


def row(id: str, kind: str = "mime", file: str = "raw/one.eml", **expect) -> dict:
    return {"id": id, "corpus": "own", "kind": kind, "file": file, "expect": expect}


def test_right_and_wrong_are_counted_by_kind_and_expectation(corpus):
    told = json.loads(corpus(
        row("good", subject="Lamp", from_email="dana@example.com", body_contains=["is broken"], attachments=[]),
        row("bad", subject="Chair", from_email="dana@example.com", is_bounce=False),
        json=True,
    ))  # fmt: skip
    mime = told["summary"]["kinds"]["mime"]
    assert (mime["right"], mime["total"], mime["failing"]) == (1, 2, ["bad"])
    assert mime["expectations"]["subject"] == {"right": 1, "total": 2, "failing": ["bad"]}
    assert mime["expectations"]["from_email"] == {"right": 2, "total": 2, "failing": []}
    assert [outcome["right"] for outcome in told["rows"]] == [True, False]


def test_the_words_name_what_fails(corpus):
    words = corpus(row("good", subject="Lamp"), row("bad", subject="Chair", cases=3))
    assert "mime                                 1/2       50.0%" in words
    assert "  subject                            1/2       50.0%\n      bad" in words
    assert "not compared: cases (1)" in words


def test_what_cannot_be_used_is_told_and_passed_over(corpus):
    told = json.loads(
        corpus("no json", "[]", row("odd", kind="smoke"), row("gone", file="raw/none.eml", subject="x"), json=True)
    )
    summary = told["summary"]
    assert (summary["bad_lines"], summary["not_checked_kinds"], summary["crashes"]) == (2, {"smoke": 1}, 1)
    assert summary["kinds"]["mime"]["crashed"]["gone"].startswith("FileNotFoundError")


def test_replies_forwards_and_hostile_html_are_checked(corpus):
    told = json.loads(corpus(
        {"id": "r", "kind": "reply", "input": "Yes.\n\n> Did it?\n", "expect": {"reply_text": "Yes."}},
        {"id": "s", "kind": "sanitize", "input": "<b>x</b><script>x()</script>", "expect": {"any_of": ["<b>x</b>"]}},
        {"id": "f", "kind": "forward", "input": "Just a line.", "expect": {"unwrap": None}},
        json=True,
    ))  # fmt: skip
    assert {kind: counted["right"] for kind, counted in told["summary"]["kinds"].items()} == {
        "reply": 1,
        "sanitize": 1,
        "forward": 1,
    }


def test_nothing_is_kept(corpus, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        corpus(row("good", subject="Lamp"))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("mailcheck", tmp_path / "none.jsonl", verbosity=0)


@pytest.mark.parametrize(
    ("expected", "got", "is_same"),
    [
        ("a  b\r\n", "a b", True), ("Fr�sche", "Frösche", True), ("Fr�sche", "Frau", False), ("", "", True), ("a",
        "b", False),
        ("a\u00a0b", "a b", True), ("a\u200bb", "ab", True),
    ],
)  # fmt: skip
def test_texts_are_compared_but_for_blanks_and_lost_letters(expected, got, is_same):
    assert mailcheck_compare.same(expected, got) is is_same


def test_every_kind_of_the_corpora_has_its_check():
    assert {"mime", "robust", "bounce", "reply", "forward", "sanitize"} <= set(mailcheck.CHECKS)
