"""Files: what is taken and refused, kept whole and once, handed out without harm."""

import errno
import hashlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from tests import cast
from tickets import files
from tickets.errors import Refused
from tickets.models import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
HEADS = {
    "photo.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\0" * 30,
    "shot.PNG": PNG,
    "moving.gif": b"GIF89a" + b"\0" * 30,
    "small.webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 30,
    "bill.pdf": b"%PDF-1.7\n" + b"\0" * 30,
    "letter.docx": b"PK\x03\x04" + b"\0" * 60,
    "bundle.zip": b"PK\x03\x04" + b"\0" * 60,
    "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "server.log": b"12:00 error: disk\n",
    "table.csv": "Größe;1\n".encode(),
    "page.html": b"<html><script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "windows.txt": "text".encode("utf-16"),
    "about-mz.txt": b"MZ-700 was a computer.",
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


def upload(name="shot.png", body=PNG):
    return SimpleUploadedFile(name, body)


@pytest.mark.parametrize("name", list(HEADS))
def test_what_people_send_is_taken(name):
    assert files.keep(upload(name, HEADS[name])).size == len(HEADS[name])


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("setup.exe", b"MZ" + b"\0" * 80, "program"),
        ("photo.png", b"MZ" + b"\0" * 80, "program"),
        ("tool.txt", b"\x7fELF\x02" + b"\0" * 60, "program"),
        ("run.sh", b"#!/bin/sh\n", "not a kind of file"),
        ("macro.docm", b"PK\x03\x04" + b"\0" * 60, "not a kind of file"),
        ("none", b"hello", "not a kind of file"),
        ("photo.png", b"hello", "what its name says"),
        ("photo.jpg", PNG, "what its name says"),
        ("notes.txt", b"a\0b", "does not hold text"),
        ("empty.txt", b"", "is empty"),
    ],
)
def test_what_may_do_harm_or_lies_is_refused(name, body, why, folder):
    with pytest.raises(Refused) as refused:
        files.keep(upload(name, body))
    assert why in refused.value.message
    assert name in refused.value.message
    assert not folder.exists()


def test_a_file_past_the_limit_is_refused_with_the_limit(settings):
    settings.MAX_FILE_BYTES = 1024 * 1024
    with pytest.raises(Refused) as refused:
        files.check("big.txt", 1024 * 1024 + 1, b"text")
    assert "1.0 MB" in refused.value.message


def test_a_kept_file_lies_whole_under_its_hash_and_leaves_no_rest(folder):
    stored = files.keep(upload())
    assert stored == files.StoredFile("shot.png", len(PNG), "image/png", hashlib.sha256(PNG).hexdigest())
    with files.open_stored(stored.sha256) as kept:
        assert kept.read() == PNG
    assert list((folder / "incoming").iterdir()) == []


def test_equal_files_are_kept_once(folder):
    assert files.keep(upload("a.png")).sha256 == files.keep(upload("b.png")).sha256
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_full_disk_is_told_and_leaves_nothing(folder, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(files.NoRoom):
        files.keep(upload())
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\bill.pdf", "bill.pdf"),
        ("a\r\nb\0.txt", "a b.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("", "file"),
        ("..", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names_are_made_safe(given, kept):
    assert files.clean_name(given) == kept


@given(st.text(max_size=400))
def test_every_name_comes_out_short_and_on_one_line(name):
    kept = files.clean_name(name)
    assert 0 < len(kept) <= 200
    assert not set(kept) & set("\r\n\0/\\")


@given(st.binary(max_size=300), st.sampled_from([*files.BINARY_TYPES, *files.TEXT_TYPES, "exe", ""]))
def test_any_bytes_are_taken_or_refused_never_worse(head, extension):
    try:
        taken = files.check(f"file.{extension}", len(head), head)
    except Refused as refusal:
        taken = refusal.message
    assert taken


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "disposition", "content_type"),
    [
        ("shot.PNG", 'inline; filename="shot.PNG"', "image/png"),
        ("page.html", 'attachment; filename="page.html"', "application/octet-stream"),
        ("drawing.svg", 'attachment; filename="drawing.svg"', "application/octet-stream"),
        ("bill.pdf", 'attachment; filename="bill.pdf"', "application/octet-stream"),
    ],
)
def test_only_pictures_show_and_nothing_can_run(name, disposition, content_type):
    stored = files.keep(upload(name, HEADS[name]))
    attachment = Attachment(
        message=cast.MessageFactory(),
        name=name,
        size=stored.size,
        content_type=stored.content_type,
        sha256=stored.sha256,
    )
    response = files.serve(attachment)
    assert response["Content-Disposition"] == disposition
    assert response["Content-Type"] == content_type
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert b"".join(response.streaming_content) == HEADS[name]


def test_the_folder_of_a_hash_is_two_levels_deep(folder):
    assert files.path_of("abcdef") == Path(folder) / "ab" / "cd" / "abcdef"
