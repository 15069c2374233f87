"""Web addresses are read strictly, and closed networks are recognised however they are written."""

import ipaddress

import pytest

from helpdesk.lib import addresses
from helpdesk.lib.addresses import Bounds, NotAllowed


def words_of(url, **bounds):
    with pytest.raises(NotAllowed) as refused:
        addresses.read(url, Bounds(**bounds))
    return str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "header"),
    [
        ("https://Example.com", "example.com", 443, "/", "example.com"),
        ("https://example.com./a?b=c", "example.com", 443, "/a?b=c", "example.com"),
        ("https://example.com:8443/", "example.com", 8443, "/", "example.com:8443"),
        ("https://bücher.example/x", "xn--bcher-kva.example", 443, "/x", "xn--bcher-kva.example"),
        ("https://hooks_2.example/", "hooks_2.example", 443, "/", "hooks_2.example"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700:4700::1111]:8443/", "2606:4700:4700::1111", 8443, "/", "[2606:4700:4700::1111]:8443"),
        ("https://１．１．１．１/", "1.1.1.1", 443, "/", "1.1.1.1"),
    ],
)
def test_a_public_address_is_read(url, host, port, target, header):
    place = addresses.read(url, Bounds())
    assert (place.host, place.port, place.target, place.host_header) == (host, port, target, header)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("javascript:alert(1)", "must begin with https://"),
        ("https://user:secret@example.com/", "user name or password"),
        ("https://example.com@127.0.0.1/", "user name or password"),
        ("https://example.com:22/", "one of 443, 8443"),
        ("https://example.com:99999/", "not a web address"),
        ("https://example.com/#part", "after #"),
        ("https://exa mple.com/", "not a web address"),
        ("https://example.com\\@127.0.0.1/", "not a web address"),
        ("https://example.com/\r\nHost: inside", "not a web address"),
        ("https://example.com/\x00", "not a web address"),
        ("https://example.com/" + "a" * 500, "not a web address"),
        ("https://" + "a" * 64 + ".example/", "not written as a name"),
        ("https://" + ".".join(["a" * 60] * 5) + "/", "not written as a name"),
        ("https://-a.example/", "not written as a name"),
        ("https:///path", "not written as a name"),
        ("https://[::1/", "not a web address"),
        ("https://[fe80::1%25eth0]/", "not written as a name"),
        ("https://example.com/ä", "percent-encoded"),
    ],
)
def test_what_is_no_address_for_us_is_refused_in_words(url, words):
    assert words in words_of(url)


def test_a_closed_network_opens_only_by_name_and_the_clouds_metadata_never():
    inside = addresses.networks(["10.2.0.0/16", " fd12::/16 ", "", "169.254.0.0/16"])
    for address, is_open in (
        ("10.2.3.4", True), ("10.3.0.1", False), ("fd12::7", True), ("fd13::7", False), ("169.254.1.1", True),
        ("169.254.169.254", False), ("9.9.9.9", True),
    ):  # fmt: skip
        assert (address, addresses.is_open(ipaddress.ip_address(address), inside)) == (address, is_open)
    with pytest.raises(ValueError):
        addresses.networks(["10.2.0.0/99"])


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.255.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.0.1", "192.0.0.1", "192.0.2.1",
        "192.88.99.1", "192.168.1.1", "198.19.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
        "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:8.8.8.8",
        "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:10::1", "2001:db8::1",
        "2002:7f00:1::1", "2002:a00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1", "2a00:1450::5efe:127.0.0.1", "2a00:1450::200:5efe:10.0.0.1",
    ],
)  # fmt: skip
def test_every_closed_network_is_known(address):
    assert not addresses.is_open(ipaddress.ip_address(address))


def test_one_closed_address_among_several_is_enough():
    found = [ipaddress.ip_address("9.9.9.9"), ipaddress.ip_address("10.0.0.1")]
    with pytest.raises(NotAllowed):
        addresses.check(found, Bounds())
    with pytest.raises(NotAllowed):
        addresses.check([], Bounds())
    addresses.check(found[:1], Bounds())
