"""Who is at the other end of a request, as far as one can know, and where our own pages are."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse


def client_address(request: HttpRequest) -> str:
    """The visitor's IP address; one network for IPv6 (/64), as one visitor holds it whole; else "unknown".

    Behind proxies of ours (settings.TRUSTED_PROXIES of them) it is what the outermost of them saw; what stands further
    out in X-Forwarded-For anybody could have written.
    """
    given = request.META.get("REMOTE_ADDR", "")
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and hops:
        given = hops[-min(settings.TRUSTED_PROXIES, len(hops))]
    try:
        address = ipaddress.ip_address(given.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def path(name: str) -> str:
    """The path of the page of that name, one that takes no argument; looked up once, not each time as by `reverse`."""
    return _path(get_script_prefix(), name)


@lru_cache(maxsize=512)
def _path(prefix: str, name: str) -> str:
    return reverse(name)
