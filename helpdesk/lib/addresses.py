"""Which web addresses a server may call: read strictly, and never a machine that the open internet does not reach."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 500  # characters of a web address
DEFAULT_PORTS = {"https": 443, "http": 80}
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# A last label of digits, or of 0x and hex digits, makes browsers and C libraries read the whole name as a number.
NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")

# IANA's special-purpose registries: https://www.iana.org/assignments/iana-ipv4-special-registry/ and …-ipv6-….
CLOSED_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Of IPv6 only 2000::/3 is given out at all; mapped, compatible and NAT64 forms, which hide an IPv4 address, stand
# outside it, as loopback, link-local, unique local and multicast do. Within it: Teredo and other protocols' own,
# documentation, 6to4.
OPEN_6 = ipaddress.IPv6Network("2000::/3")
CLOSED_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# Where clouds answer questions about the machine itself, its keys included: closed even where its network is allowed.
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
    )
)  # fmt: skip


class NotAllowed(Exception):
    """An address that we do not call; says why in a sentence."""


@dataclass(frozen=True)
class Place:
    """A web address, read. `host` is in ASCII and lower case, of IPv6 without brackets; `target` path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> Address | None:
        """The host as a number, if it is one."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Bounds:
    """What may be called. `inside`: closed networks that may be reached all the same."""

    schemes: tuple[str, ...] = ("https",)
    ports: frozenset[int] = frozenset({443, 8443})
    inside: tuple[Network, ...] = ()


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Networks as people write them in a setting (10.2.0.0/16). Raises ValueError for what is none."""
    return tuple(ipaddress.ip_network(each.strip()) for each in written if each.strip())


def read(url: str, bounds: Bounds) -> Place:
    """Read a web address within `bounds`, asking no name server. Raises NotAllowed, with a reason for people."""
    if len(url) > LONGEST or not url.isprintable() or " " in url or "\\" in url:
        raise NotAllowed(_("This is not a web address."))
    try:
        parts = urlsplit(url)
        scheme, port, written = parts.scheme.lower(), parts.port, parts.hostname or ""
    except ValueError:
        raise NotAllowed(_("This is not a web address.")) from None
    if scheme not in bounds.schemes:
        raise NotAllowed(_("The address must begin with %(scheme)s://.") % {"scheme": bounds.schemes[0]})
    if "@" in parts.netloc:
        raise NotAllowed(_("The address must not carry a user name or password."))
    if parts.fragment:
        raise NotAllowed(_("The address must not have a part after #."))
    port = DEFAULT_PORTS[scheme] if port is None else port
    if port not in bounds.ports:
        allowed = ", ".join(str(known) for known in sorted(bounds.ports))
        raise NotAllowed(_("The port must be one of %(ports)s.") % {"ports": allowed})
    host = _host(written, is_bracketed="[" in parts.netloc)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise NotAllowed(_("Write letters with accents and other scripts in the path percent-encoded."))
    place = Place(scheme, host, port, target)
    if place.literal is not None:
        check([place.literal], bounds)
    return place


def check(found: Sequence[Address], bounds: Bounds) -> None:
    """Raise NotAllowed unless each of these addresses may be called; one bad among them is enough."""
    if not found:
        raise NotAllowed(_("The name has no address."))
    for address in found:
        if not is_open(address, bounds.inside):
            raise NotAllowed(_("The address leads into a closed network (%(address)s).") % {"address": address})


def is_open(address: Address, inside: Sequence[Network] = ()) -> bool:
    """Whether it is a public address, or in one of the networks `inside`."""
    if address in METADATA:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        is_public = address in OPEN_6 and not any(address in closed for closed in CLOSED_6) and not _is_isatap(address)
    else:
        is_public = not any(address in closed for closed in CLOSED_4)
    return is_public or any(address in network for network in inside if network.version == address.version)


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """An interface id that holds an IPv4 address (RFC 5214)."""
    return (int(address) >> 32) & 0xFFFFFFFF in (0x00005EFE, 0x02005EFE)


def _host(written: str, *, is_bracketed: bool) -> str:
    """The host in its one spelling; other ways to write a number (octal, hex, short, one figure) are refused."""
    if is_bracketed:
        try:
            return str(ipaddress.IPv6Address(written)) if "%" not in written else _no_host()
        except ValueError:
            return _no_host()
    # As browsers do (UTS 46): full-width letters, circled digits and ideographic full stops are what they look like.
    host = unicodedata.normalize("NFKC", written).lower().removesuffix(".")
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return _no_host()
    labels = host.split(".")
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return _no_host()
    if NUMERIC.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return _no_host()
    return host


def _no_host() -> str:
    raise NotAllowed(_("The host is not written as a name, as four decimal numbers or as [IPv6]."))
