"""Links that open one row: only the right token, for the right purpose, with the row's present key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib import crypto

KEYS = {7: "the-row-s-own-key", 2**62: "another"}


def opened(token, purpose="ticket", keys=KEYS):
    return crypto.read_link(token, purpose, keys.get)


@pytest.mark.parametrize("pk", list(KEYS))
def test_a_link_opens_its_row(pk):
    assert opened(crypto.sign_link(pk, KEYS[pk], "ticket")) == pk


def test_a_link_of_another_purpose_opens_nothing():
    assert opened(crypto.sign_link(7, KEYS[7], "survey")) is None


def test_a_new_key_revokes_links_sent_before():
    token = crypto.sign_link(7, KEYS[7], "ticket")
    assert opened(token, keys={7: "a-newer-key"}) is None


def test_a_signature_does_not_open_another_row():
    signature = crypto.sign_link(7, "same", "ticket").partition("-")[2]
    assert opened(f"8-{signature}", keys={7: "same", 8: "same"}) is None


def test_a_row_without_a_key_cannot_be_opened_by_the_empty_key():
    assert opened(crypto.sign_link(7, "", "ticket"), keys={7: ""}) is None


def test_a_replaced_secret_still_opens_what_it_signed(settings):
    token = crypto.sign_link(7, KEYS[7], "ticket")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "a-new-secret-" * 5
    assert opened(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert opened(token) == 7


def test_the_signature_carries_at_least_128_bits():
    signature = crypto.sign_link(7, KEYS[7], "ticket").partition("-")[2]
    assert len(signature) * 6 >= 128


@given(st.text(max_size=90))
def test_no_made_up_token_opens_anything(token):
    assert opened(token) is None


def test_the_fingerprint_is_sha_256():
    assert crypto.fingerprint("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
