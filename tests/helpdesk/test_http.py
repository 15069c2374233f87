"""Who is at the other end: the address our own proxies saw, never what the visitor claims."""

import pytest
from django.test import RequestFactory

from helpdesk.lib.http import client_address


def seen(remote, forwarded=""):
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, **extra))


def test_without_proxies_of_ours_a_claimed_address_counts_for_nothing(settings):
    settings.TRUSTED_PROXIES = 0
    assert seen("192.0.2.1", forwarded="198.51.100.7") == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.5, 198.51.100.7, 192.0.2.8", "198.51.100.7"),
        (2, "198.51.100.7", "198.51.100.7"),
        (1, "", "192.0.2.1"),
        (1, "<script>", "unknown"),
    ],
)
def test_behind_proxies_it_is_what_the_outermost_of_ours_saw(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    assert seen("192.0.2.1", forwarded) == address


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
    ],
)
def test_one_visitor_holds_a_whole_ipv6_network(remote, address):
    assert seen(remote) == address
