"""Signing in and out, forgotten passwords and preferences: the right person, nobody else, and no hints to strangers."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tests import cast
from tickets.models import Customer, DeskVersion, OutboxMail, User
from tickets.views import accounts

pytestmark = pytest.mark.django_db
WRONG = "Email and password do not fit together. Please look at both again."


def sign_in(client, email="mira@desk.example", password=cast.PASSWORD, **more):
    return client.post(reverse("sign_in"), {"username": email, "password": password, **more})


def is_signed_in(client):
    return "_auth_user_id" in client.session


def reset_path(user):
    return reverse(
        "password_reset_confirm",
        args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)],
    )


@pytest.mark.parametrize(("who", "goes_to"), [(cast.mira, "queue"), (cast.max_, "queue"), (cast.olaf, "my_requests")])
def test_everybody_comes_to_their_own_start(client, who, goes_to):
    assert sign_in(client, who().email).url == reverse("after_sign_in")
    assert client.get(reverse("after_sign_in")).url == reverse(goes_to)


def test_the_address_may_be_typed_in_any_case(client):
    cast.mira()
    assert sign_in(client, " Mira@Desk.example ").status_code == 302


def test_unknown_wrong_and_inactive_get_the_same_words(client):
    cast.mira()
    cast.UserFactory(email="gone@desk.example", is_active=False)
    tries = [
        ("nobody@desk.example", cast.PASSWORD),
        ("mira@desk.example", "wrong"),
        ("gone@desk.example", cast.PASSWORD),
    ]
    pages = []
    for email, password in tries:
        answer = sign_in(client, email, password)
        pages.append(re.sub(r'(csrfmiddlewaretoken" )?value="[^"]*"', "", answer.text))
        assert (answer.status_code, WRONG in answer.text, is_signed_in(client)) == (422, True, False)
    assert len(set(pages)) == 1


def test_an_unknown_account_costs_a_hash_as_a_known_one_does(client, monkeypatch):
    made = []
    monkeypatch.setattr(User, "set_password", lambda self, raw: made.append(raw))
    sign_in(client, "nobody@desk.example", "guess")
    assert made == ["guess"]


def test_signing_in_changes_the_session_s_key(client):
    cast.mira()
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client)
    assert client.session.session_key != session.session_key


@pytest.mark.parametrize("known", [True, False])
def test_guessing_is_stopped_alike_for_known_and_unknown_accounts(client, known):
    if known:
        cast.mira()
    answers = [sign_in(client, password="guess") for _ in range(accounts.TRIES_HERE + 1)]
    assert [answer.status_code for answer in answers] == [422] * accounts.TRIES_HERE + [429]
    right = sign_in(client)
    assert (right.status_code, is_signed_in(client)) == (429, False)
    assert int(right["Retry-After"]) > 0
    assert 'value="mira@desk.example"' in right.text


def test_the_pause_ends_and_is_for_one_place_only(client):
    cast.mira()
    with time_machine.travel(cast.MONDAY) as clock:
        for _ in range(accounts.TRIES_HERE + 1):
            sign_in(client, password="guess")
        elsewhere = client.post(
            reverse("sign_in"), {"username": "mira@desk.example", "password": cast.PASSWORD}, REMOTE_ADDR="192.0.2.9"
        )
        assert elsewhere.status_code == 302
        clock.shift(timedelta(minutes=16))
        assert sign_in(client).status_code == 302


def test_a_right_password_forgives_the_wrong_ones_before(client):
    cast.mira()
    for _ in range(3):
        for _ in range(accounts.TRIES_HERE - 1):
            assert sign_in(client, password="guess").status_code == 422
        assert sign_in(client).status_code == 302


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil",
        "\x00/desk/",
        "desk/",
    ],
)
def test_the_way_on_stays_on_the_site(client, wanted):
    cast.mira()
    assert wanted not in re.findall(
        r'name="next" value="([^"]*)"', client.get(reverse("sign_in"), {"next": wanted}).text
    )
    assert sign_in(client, next=wanted).url == reverse("after_sign_in")


def test_the_way_on_is_kept_through_a_wrong_password(client):
    cast.mira()
    page = sign_in(client, password="guess", next="/desk/?view=mine").text
    assert 'name="next" value="/desk/?view=mine"' in page
    assert sign_in(client, next="/desk/?view=mine").url == "/desk/?view=mine"


def test_signing_out_takes_a_post(client):
    client.force_login(cast.mira())
    assert client.get(reverse("sign_out")).status_code == 405
    assert is_signed_in(client)
    assert client.post(reverse("sign_out")).url == "/"
    assert not is_signed_in(client)


def test_a_customer_s_first_sign_in_links_their_requests(client):
    ravi = cast.ravi()
    ticket = cast.TicketFactory(customer=ravi, subject="From before")
    cast.UserFactory(name="Ravi Menon", email=ravi.email, role="customer", team=None)
    sign_in(client, ravi.email)
    assert "From before" in client.get(reverse("my_requests")).text
    assert Customer.objects.get(user__email=ravi.email) == ticket.customer


def test_a_forgotten_password_is_mailed_to_known_accounts_with_the_same_answer_for_all(client):
    mira = cast.mira()
    cast.UserFactory(email="gone@desk.example", is_active=False)
    pages = set()
    for email in (mira.email, "nobody@desk.example", "gone@desk.example"):
        page = client.post(reverse("password_reset"), {"email": email}).text
        pages.add(page.replace(email, "…"))
    assert len(pages) == 1
    assert list(OutboxMail.objects.values_list("kind", "to", "user", "data")) == [
        ("password_reset", mira.email, mira.pk, {})
    ]


def test_password_mails_are_not_sent_without_end(client):
    cast.mira()
    answers = [client.post(reverse("password_reset"), {"email": "mira@desk.example"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * accounts.RESETS_PER_HOUR + [429]


def test_a_reset_link_sets_a_password_once_and_opening_it_changes_nothing(client):
    mira = cast.mira()
    path = reset_path(mira)
    form = client.get(path).url
    client.get(path)
    assert User.objects.get(pk=mira.pk).check_password(cast.PASSWORD)
    new = {"new_password1": "a-brand-new-secret", "new_password2": "a-brand-new-secret"}
    assert client.post(form, new).url == reverse("sign_in")
    assert User.objects.get(pk=mira.pk).check_password("a-brand-new-secret")
    assert "This link was used or is too old" in client.get(path, follow=True).text


def test_a_weak_or_mistyped_new_password_is_refused(client):
    mira = cast.mira()
    form = client.get(reset_path(mira)).url
    for first, second in (("short", "short"), ("a-brand-new-secret", "a-brand-new-secert")):
        client.post(form, {"new_password1": first, "new_password2": second})
    assert User.objects.get(pk=mira.pk).check_password(cast.PASSWORD)


def test_a_forged_reset_link_offers_a_fresh_one(client):
    mira = cast.mira()
    forged = reset_path(mira)[:-3] + "xx/"
    assert reverse("password_reset") in client.get(forged).text


def test_changing_the_password_needs_the_old_one_and_keeps_this_session(client, django_user_model):
    mira = cast.mira()
    client.force_login(mira)
    new = {"new_password1": "a-brand-new-secret", "new_password2": "a-brand-new-secret"}
    assert client.post(reverse("password_change"), {"old_password": "wrong", **new}).status_code == 422
    assert client.post(reverse("password_change"), {"old_password": cast.PASSWORD, **new}).status_code == 302
    assert django_user_model.objects.get(pk=mira.pk).check_password("a-brand-new-secret")
    assert client.get(reverse("password_change")).status_code == 200


@pytest.mark.parametrize("name", ["preferences", "password_change", "after_sign_in"])
def test_strangers_are_asked_to_sign_in(client, name):
    answer = client.get(reverse(name))
    assert urlsplit(answer.url).path == reverse("sign_in")
    assert reverse(name) in answer.url


def test_an_agent_s_preferences_are_kept_and_the_desk_s_version_stays(client):
    mira = cast.mira()
    DeskVersion.bump()
    before = DeskVersion.objects.get().number
    client.force_login(mira)
    given = {"language": "de", "time_zone": "Europe/Berlin", "theme": "dark", "after_send": "next"}
    assert client.post(reverse("preferences"), given).status_code == 302
    kept = User.objects.get(pk=mira.pk)
    assert (kept.language, kept.time_zone, kept.theme, kept.has_single_keys, kept.after_send) == (
        "de", "Europe/Berlin", "dark", False, "next",
    )  # fmt: skip
    assert client.cookies["theme"].value == "dark"
    assert DeskVersion.objects.get().number == before


def test_a_customer_s_preferences_reach_their_mails_and_nothing_of_the_desk(client):
    user = cast.olaf()
    client.force_login(user)
    page = client.get(reverse("preferences")).text
    assert "after_send" not in page
    client.post(
        reverse("preferences"), {"language": "de", "time_zone": "Asia/Tokyo", "theme": "auto", "role": "administrator"}
    )
    assert Customer.objects.values_list("language", "time_zone").get(user=user) == ("de", "Asia/Tokyo")
    assert User.objects.get(pk=user.pk).role == "customer"


@pytest.mark.parametrize(
    "wrong",
    [{"language": "xx"}, {"time_zone": "Mars/Base"}, {"theme": "neon"}, {"after_send": "\x00"}, {"language": ""}],
)
def test_wrong_preferences_are_refused_and_change_nothing(client, wrong):
    mira = cast.mira()
    client.force_login(mira)
    given = {"language": "de", "time_zone": "Europe/Berlin", "theme": "dark", "after_send": "next"} | wrong
    assert client.post(reverse("preferences"), given).status_code == 422
    assert User.objects.get(pk=mira.pk).language == "en"
