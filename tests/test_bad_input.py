"""Whatever is sent to a form that anybody can reach: a page in plain words, never a 500; what was typed comes back."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests import cast
from tickets import links
from tickets.forms.request import new_stamp
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db
HUGE = "Lorem ipsum. " * 80_000  # 1 MB
ODD = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 ✨",
    "right to left": "مرحبا، لا أستطيع الدخول \u202e abc",
    "null": "before\x00after",
    "template": "{{7*7}} {% debug %} ${x} __class__",
    "marks": "Z" + "\u0301" * 5000,
    "sql": "'; DROP TABLE tickets_ticket; --",
    "lines": "a\r\nBcc: everybody@example.com\r\n\r\nb",
    "chinese": "我无法登录我的账户",
}
# What people and programs type: any text that a browser can send, and what breaks programs.
typed = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from([*ODD.values(), "", " ", "a" * 10_001])
)


@pytest.fixture(autouse=True)
def open_doors(settings, tmp_path):
    settings.PUBLIC_FORMS_PER_HOUR = 100_000
    settings.FILES_DIR = tmp_path / "files"


def new_request(client, **changes):
    fields = {"email": "nia@people.example", "subject": "Hello", "body": "It broke.", "stamp": new_stamp()}
    return client.post(reverse("request_new"), fields | changes)


def shows(answer, text):
    """Whether the page holds the text as typed; browsers make every new line alike."""
    return text.replace("\r\n", "\n") in unescape(answer.text).replace("\r\n", "\n")


@pytest.mark.parametrize("name", list(ODD))
def test_odd_text_in_every_field_arrives_as_text(client, name):
    odd = ODD[name]
    answer = new_request(client, subject=odd[:150], body=odd, name=odd[:100], reference=odd[:40])
    assert answer.status_code == 302
    ticket = Ticket.objects.get()
    page = client.get(links.customer_path(ticket)).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\x00" not in Message.objects.get().body + ticket.subject + ticket.reference
    assert "\n" not in ticket.subject


def test_a_megabyte_of_text_comes_back_with_the_limit(client):
    answer = new_request(client, body=HUGE)
    assert (answer.status_code, Ticket.objects.count()) == (422, 0)
    assert "at most 100,000 fit" in answer.text
    assert shows(answer, HUGE.strip())


def test_ten_thousand_characters_of_subject_come_back_with_the_limit(client):
    answer = new_request(client, subject="x" * 10_000, body="Kept too")
    assert (answer.status_code, Ticket.objects.count()) == (422, 0)
    assert "10,000 characters; at most 200 fit" in answer.text
    assert shows(answer, "x" * 10_000)
    assert shows(answer, "Kept too")


def test_more_than_a_request_may_carry_is_refused_in_words(client):
    answer = new_request(client, body="x" * (4 * 1024 * 1024))
    assert answer.status_code == 413
    assert "shorten the text" in answer.text


def test_an_empty_form_says_what_is_missing(client):
    answer = client.post(reverse("request_new"), {})
    assert answer.status_code == 422
    for problem in ("We need your address to answer you.", "A few words on what it is about", "Tell us what happened"):
        assert problem in answer.text


@pytest.mark.parametrize(
    "email", ["nonsense", "a@b", "a@b.example\r\nBcc: c@d.example", "@", "x" * 300 + "@a.example", "<a@b>"]
)
def test_what_is_no_address_is_refused_and_the_text_kept(client, email):
    answer = new_request(client, email=email, body="Kept")
    assert (answer.status_code, Ticket.objects.count()) == (422, 0)
    assert shows(answer, "Kept")


def test_an_unknown_topic_is_refused_and_the_text_kept(client):
    cast.CategoryFactory(slug="billing")
    answer = new_request(client, category="no-such", body="Kept")
    assert answer.status_code == 422
    assert shows(answer, "Kept")


def test_too_many_files_are_refused_and_named(client, settings):
    files = [SimpleUploadedFile(f"{number}.txt", b"text") for number in range(settings.MAX_FILES_PER_MESSAGE + 1)]
    answer = new_request(client, files=files, body="Kept")
    assert answer.status_code == 422
    assert "at most 10 files" in answer.text
    assert shows(answer, "0.txt, 1.txt")


def test_an_oversized_file_is_refused_and_the_text_kept(client, settings):
    settings.MAX_FILE_BYTES = 1024
    answer = new_request(client, files=[SimpleUploadedFile("big.txt", b"x" * 2000)], body="Kept")
    assert answer.status_code == 422
    assert "“big.txt” is too large" in answer.text
    assert shows(answer, "Kept")


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=no-such-charset",
        "application/x-www-form-urlencoded; charset=hex",
        "multipart/form-data; boundary=x; charset=idna",
        "multipart/form-data; boundary=x; charset=base64",
        "multipart/form-data; boundary=x; charset=utf-7",
        "multipart/form-data",
        "multipart/form-data; boundary=\xff",
        "application/json",
        "text/plain",
        "",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"email=a%40b.example&subject=%FF%FE&body=%E4%F6%FC",
        b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n\xe4\xf6\xfc\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="\xff\x00.txt"\r\n\r\nabc',
        b"",
    ],
)
def test_wrong_encodings_never_break_the_form(content_type, body):
    client = Client(raise_request_exception=False)
    answer = client.generic("POST", reverse("request_new"), body, content_type)
    assert answer.status_code in (302, 400, 413, 415, 422)


@given(email=typed, name=typed, subject=typed, body=typed, category=typed, reference=typed, stamp=typed, zone=typed)
def test_any_text_in_any_field_of_a_request(email, name, subject, body, category, reference, stamp, zone):
    answer = new_request(
        Client(), email=email, name=name, subject=subject, body=body, category=category, reference=reference,
        stamp=stamp, time_zone=zone,
    )  # fmt: skip
    assert answer.status_code in (302, 422)
    if answer.status_code == 422:
        assert shows(answer, body)


@given(body=typed, stamp=typed)
def test_any_text_as_an_answer(body, stamp):
    ticket = cast.TicketFactory()
    path = reverse("request_reply", args=[links.token(ticket)])
    answer = Client().post(path, {"body": body, "stamp": stamp}, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code in (302, 422)
    if answer.status_code == 422:
        assert shows(answer, body)


@given(score=typed, comment=typed)
def test_any_text_as_a_rating(score, comment):
    ticket = cast.TicketFactory(state="closed", closed_at=timezone.now())
    path = reverse("request_satisfaction", args=[links.token(ticket)])
    assert Client().post(path, {"score": score, "comment": comment}).status_code in (302, 422)
    assert Client().get(path, {"score": score}).status_code == 200


@given(given_email=typed, password=typed, way=typed)
def test_any_text_at_the_sign_in(given_email, password, way):
    fields = {"username": given_email, "password": password, "next": way}
    assert Client().post(reverse("sign_in"), fields).status_code in (422, 429)
    assert Client().post(reverse("password_reset"), {"email": given_email}).status_code in (200, 422, 429)
    assert Client().post(reverse("my_requests_link"), {"email": given_email}).status_code in (200, 422, 429)


@given(token=st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=80))
def test_any_text_as_a_link(token):
    for name in ("request_page", "request_satisfaction", "my_requests_open"):
        assert Client().get(reverse(name, args=[token])).status_code in (404, 410)
    assert Client().get(reverse("request_sent"), {"t": token}).status_code == 302


@given(subject=typed, body=typed)
def test_any_text_asks_for_suggestions(subject, body):
    assert Client().post(reverse("request_suggestions"), {"subject": subject, "body": body}).status_code == 200
    assert Client().get(reverse("request_new"), {"subject": subject, "category": body}).status_code == 200
