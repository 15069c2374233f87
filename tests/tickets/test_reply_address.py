"""The address answers go to: names its ticket, cannot be made up, comes through whatever mail servers do to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import reply_address

BASE = "support@firstline.test"


@pytest.mark.hypothesis
@given(st.integers(1, 2**63 - 1))
def test_an_address_names_its_ticket_in_any_case(number):
    made = reply_address.address_for(number, BASE)
    assert reply_address.read(made) == reply_address.read(made.upper()) == number
    assert len(made.partition("@")[0]) <= 64
    assert made == made.lower()


@pytest.mark.parametrize(
    "as_it_came",
    [
        "Firstline Support <{}>",
        '"{local}"@firstline.test',
        "  {} ",
        "prvs=0123456789={}",
        "SRS0=ab1c=XY=firstline.test={local}@forwarder.example",
        "support%2B{tag}@firstline.test",
        "support-{tag}@other.example",
    ],
)
def test_an_address_is_read_as_servers_and_programs_rewrite_it(as_it_came):
    made = reply_address.address_for(4711, BASE)
    local = made.partition("@")[0]
    assert reply_address.read(as_it_came.format(made, local=local, tag=local.partition("+")[2])) == 4711


def test_an_address_with_another_number_or_signature_is_nobodys():
    made = reply_address.address_for(4711, BASE)
    tag = made.partition("+")[2].partition("@")[0]
    signature = tag[-16:]
    assert len(tag) == 3 + 16
    wrong = [f"support+3mw{signature}", f"support+{tag[:-1]}x", f"support+{signature}", "support", "", "+", "a" * 5000]
    assert [reply_address.read(f"{local}@firstline.test") for local in wrong if local != f"support+{tag}"] == [None] * 7


def test_an_address_of_a_replaced_secret_is_still_good(settings):
    made = reply_address.address_for(4711, BASE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert reply_address.read(made) == 4711
    settings.SECRET_KEY_FALLBACKS = []
    assert reply_address.read(made) is None


def test_a_name_without_room_for_a_tag_stays_as_it_is():
    long = "a" * 50 + "@firstline.test"
    assert reply_address.address_for(4711, long) == long
