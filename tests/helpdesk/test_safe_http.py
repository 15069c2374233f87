"""Outgoing HTTP never reaches a machine it must not, and never waits or reads for ever. Real servers, real sockets."""

import socket
import ssl
import threading
import time
from itertools import product

import pytest

from helpdesk.lib import safe_http
from helpdesk.lib.addresses import Bounds, NotAllowed, networks
from helpdesk.lib.safe_http import Patience, Unreachable
from tests.helpdesk.receivers import drip, flood, hang, receiver

LOOPBACK = networks(["127.0.0.0/8"])
SOON = Patience(connect=0.5, silence=0.5, total=1.0, largest=1000)
PUBLIC = "93.184.215.14"


@pytest.fixture
def watched():
    """Listeners on 127.0.0.1 and [::1] at one port, and the connections they saw."""
    seen, port = [], 0
    listeners = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listener = socket.socket(family)
        try:
            listener.bind((host, port))
        except OSError:
            continue  # a machine without IPv6
        port = listener.getsockname()[1]
        listener.listen(500)
        listeners.append(listener)

        def look(listener=listener):
            while True:
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                seen.append(connection.getpeername())
                connection.close()

        threading.Thread(target=look, daemon=True).start()
    yield port, seen
    for listener in listeners:
        listener.close()


def bounds_for(port, inside=()):
    return Bounds(("https", "http"), frozenset({port, 80, 443}), inside)


def post(url, *, inside=(), resolve=None, patience=SOON, port=None, body=b"{}"):
    port = port or int(url.rpartition(":")[2].partition("/")[0])
    given = {"headers": {"X-Kind": "test"}, "bounds": bounds_for(port, inside), "patience": patience}
    return safe_http.post(url, body, resolve=resolve, **given)


def outcome(url, **given):
    try:
        return post(url, **given).status
    except (NotAllowed, Unreachable) as error:
        return type(error).__name__


def numbers():
    """127.0.0.1 and its like as C libraries and browsers read them: decimal, octal, hex, short, mixed, padded."""
    octets = [["127", "0177", "0x7f", "0x7F", "00127", "0x00007f"], ["0", "00", "0x0"], ["1", "01", "0x1"]]
    yield from ("2130706433", "017700000001", "0x7f000001", "0x7F000001", "00000000017700000001", "4294967297", "0")
    yield from (f"{first}.{last}" for first, last in product(octets[0], octets[2]))
    yield from (f"{first}.{middle}.{last}" for first, middle, last in product(octets[0][:4], octets[1], octets[2]))
    yield from (f"{first}.{middle}.{middle}.{last}" for first, middle, last in product(*octets))
    yield from ("127.1", "127.0.1", "127.000.000.001", "0x7f.0.0.0x1", "127.0.0.1.", "127.0.0.1..", "127..0.0.1")
    yield from ("0.0.0.0", "0", "00", "0x0", "127.127.127.127", "127.255.255.254", "255.255.255.255")


SPELLINGS = [
    *numbers(),
    # Other scripts' digits and stops, circled and full-width letters.
    "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ", "١٢٧.٠.٠.١", "loc\u00adalhost", "LOCALHOST", "localhost.", "localhost..", "ⅼocalhost",
    "0ｘ7f.1",
    # IPv6, with IPv4 hidden in it, zones, other brackets.
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:0001::]", "[2001:0:7f00:1::]", "[fe80::1]",
    "[fe80::1%25lo]", "[fe80::1%lo]", "[::1%25lo]", "[::1%lo]", "[fd00::1]", "[fec0::1]", "[ff02::1]",
    "[2a00:1450::5efe:7f00:1]", "[v1.127.0.0.1]", "[127.0.0.1]", "[[::1]]", "[::1", "::1", "[::ffff:0x7f.0.0.1]",
    # Who comes before the @, what comes after it, percent-encoding, tabs and slashes of the other kind.
    "example.com@127.0.0.1", "127.0.0.1@example.com", "a:b@127.0.0.1", "example.com%40127.0.0.1", "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1", "127.0.0.1%00.example.com", "127.0.0.1%23.example.com", "127.0.0.1\\.example.com",
    "example.com\\@127.0.0.1", "127.0.0.1\t", "\t127.0.0.1", "127.0.0.1\n", "127.0.0.1#@example.com",
    "127.0.0.1?@example.com", "127.0.0.1/@example.com", "127.0.0.1 example.com", " 127.0.0.1", "127.0.0.1,example.com",
    # Names that stand for it: a name server under the attacker's hand answers with anything.
    "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "localtest.me", "127.0.0.1.nip.io",
    "7f000001.nip.io", "inside.attacker.example", "xn--localhost-.example", "metadata.google.internal",
    # Other networks of ours.
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "224.0.0.1",
    "192.0.0.192", "198.18.0.1", "168.63.129.16", "0xA9FEA9FE", "2852039166", "169.254.43518",
]  # fmt: skip
LIES = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_this_machine_is_connected_to(watched, scheme):
    port, seen = watched
    assert len(set(SPELLINGS)) >= 200
    inside = {"resolve": lambda host, port: ["127.0.0.1"], "port": port}
    answers = {spelling: outcome(f"{scheme}://{spelling}:{port}/", **inside) for spelling in SPELLINGS}
    assert {spelling: said for spelling, said in answers.items() if said != "NotAllowed"} == {}
    time.sleep(0.05)
    assert seen == []


@pytest.mark.parametrize("lie", [*LIES, "10.0.0.1", "fe80::1%lo", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_a_name_that_leads_inside_is_refused_wherever_the_bad_address_stands(watched, lie):
    port, seen = watched
    for found in ([lie], [PUBLIC, lie], [lie, PUBLIC]):
        assert outcome(f"http://hooks.example:{port}/", resolve=lambda host, port, found=found: found) == "NotAllowed"
    assert seen == []


def test_the_systems_own_resolver_is_asked_and_localhost_refused(watched):
    port, seen = watched
    assert outcome(f"http://localhost:{port}/") == "NotAllowed"
    assert seen == []


def test_a_name_server_that_changes_its_mind_gains_nothing(watched):
    """Asked once only; the connection goes to the address that was checked, not to what the name says by then."""
    port, seen = watched
    asked = []

    def rebind(host, port):
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    assert outcome(f"http://rebind.example:{port}/", resolve=rebind) == "Unreachable"
    assert (asked, seen) == (["rebind.example"], [])


def test_the_connection_goes_to_the_checked_address_and_keeps_the_name():
    """Only the address is replaced: the Host header still bears the name."""
    with receiver() as there:
        url = there.url("hooks.example", "/in?x=1")
        answer = post(url, inside=LOOPBACK, resolve=lambda host, port: ["127.0.0.1"], body=b'{"a":1}')
    assert (answer.status, answer.body, answer.is_cut) == (200, b"seen", False)
    [got] = there.got
    assert (got.path, got.body) == ("/in?x=1", b'{"a":1}')
    assert got.headers["Host"] == f"hooks.example:{there.port}"
    assert got.headers["X-Kind"] == "test"


def test_the_certificate_is_asked_for_by_name_and_a_wrong_one_ends_it():
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda connection, name, _context: names.append(name)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _address = listener.accept()
        with connection:
            try:
                context.wrap_socket(connection, server_side=True)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        post(f"https://hooks.example:{port}/", inside=LOOPBACK, resolve=lambda host, port: ["127.0.0.1"])
    listener.close()
    assert names == ["hooks.example"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_answered_with_and_not_followed(watched, status):
    port, seen = watched
    inside = {"Location": f"http://127.0.0.1:{port}/secret"}
    with receiver((status, inside, b"")) as there:
        assert post(there.url(), inside=LOOPBACK).status == status
    assert len(there.got) == 1
    assert seen == []


@pytest.mark.parametrize(
    "answer",
    [hang(3), drip(0.2), drip(0.2, in_head=True)],
    ids=["says nothing", "drips", "drips in its head"],
)  # fmt: skip
def test_a_slow_receiver_is_left_in_time(answer):
    with receiver(answer) as there:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            post(there.url(), inside=LOOPBACK)
        assert time.monotonic() - started < 2.0


def test_a_slow_name_server_is_left_in_time():
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        post("http://slow.example:80/", resolve=lambda host, port: time.sleep(3) or [PUBLIC])
    assert time.monotonic() - started < 2.0


def test_an_unknown_name_and_a_closed_port_are_no_answer():
    def unknown(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="not known"):
        post("http://nobody.example:80/", resolve=unknown)
    with pytest.raises(Unreachable, match="ConnectError"):
        post("http://127.0.0.1:1/", inside=LOOPBACK)


def test_a_huge_answer_is_cut():
    with receiver(flood(64)) as there:
        answer = post(there.url(), inside=LOOPBACK)
    assert (answer.status, len(answer.body), answer.is_cut) == (200, 1000, True)


def test_the_environments_proxy_is_not_used(monkeypatch, watched):
    port, seen = watched
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    with receiver() as there:
        assert post(there.url(), inside=LOOPBACK).status == 200
    assert seen == []
