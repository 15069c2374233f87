"""Outgoing HTTP to addresses that others gave us: one POST, to checked machines only, bounded in time and size.

The name is looked up once, every address found is checked, and the connection goes to exactly a checked one, so that a
name server that answers differently the second time gains nothing; the certificate is still checked against the name.
Redirects are not followed, and no proxy or password file of the environment is used.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore

from helpdesk.lib.addresses import Address, Bounds, Place, check, read

Resolver = Callable[[str, int], Sequence[str]]
PIECE = 16 * 1024  # bytes written between two looks at the clock


class Unreachable(Exception):
    """No answer: the name is unknown, nobody listens, the certificate is wrong, or it took too long."""


@dataclass(frozen=True)
class Patience:
    """Seconds for connecting (the look-up of the name included), for one silence, and for all of it; bytes kept."""

    connect: float = 5.0
    silence: float = 5.0
    total: float = 10.0
    largest: int = 64 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    is_cut: bool  # there was more than Patience.largest


def look_up(host: str, port: int) -> list[str]:
    """Every address the system's resolver knows of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_family, address in found))


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    bounds: Bounds,
    patience: Patience | None = None,
    resolve: Resolver | None = None,
) -> Answer:
    """Send `body` and return what was answered, whatever the status.

    Raises NotAllowed before anything is sent if the address is out of `bounds`, Unreachable if there is no answer.
    """
    patience = patience or Patience()
    place = read(url, bounds)
    clock = _Clock(patience)
    found = _addresses(place, clock, resolve or look_up)
    check(found, bounds)
    backend = _Pinned(found, clock)
    request: dict[str, Any] = {
        "method": "POST",
        "url": httpcore.URL(
            scheme=place.scheme.encode(), host=place.host.encode(), port=place.port, target=place.target.encode()
        ),
        "headers": {"Host": place.host_header, "Content-Length": str(len(body)), "Connection": "close", **headers},
        "content": body,
    }
    try:
        pool = httpcore.ConnectionPool(ssl_context=_certificates(), network_backend=backend, max_connections=1)
        with pool, pool.stream(**request) as answer:
            return _read(answer, patience.largest)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise Unreachable(_words(error)) from error


def _read(answer: httpcore.Response, largest: int) -> Answer:
    kept, is_cut = bytearray(), False
    for chunk in answer.iter_stream():
        kept += chunk
        if len(kept) > largest:
            is_cut = True
            break
    return Answer(answer.status, bytes(kept[:largest]), is_cut)


def _addresses(place: Place, clock: "_Clock", resolve: Resolver) -> list[Address]:
    """What the name stands for, or the number itself. In a thread: the system's resolver knows no time limit."""
    if place.literal is not None:
        return [place.literal]
    said: list[Sequence[str] | Exception] = []

    def ask() -> None:
        try:
            said.append(resolve(place.host, place.port))
        except (OSError, UnicodeError) as error:
            said.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(clock.connect())
    if not said:
        raise Unreachable("the name server did not answer in time")
    if isinstance(said[0], Exception):
        raise Unreachable(f"the name is not known: {said[0]}")
    return [ipaddress.ip_address(each) for each in said[0]]


class _Clock:
    """The time left: each step gets the lesser of its own limit and what is left of the whole."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._end = time.monotonic() + patience.total
        self._connect_end = time.monotonic() + patience.connect

    def connect(self) -> float:
        return self._left(min(self._end, self._connect_end) - time.monotonic())

    def silence(self) -> float:
        return self._left(min(self._end - time.monotonic(), self._patience.silence))

    def _left(self, seconds: float) -> float:
        if seconds <= 0:
            raise httpcore.TimeoutException("it took too long altogether")
        return seconds


class _Pinned(httpcore.NetworkBackend):
    """Connects to the first of the checked addresses that answers, whatever name it is asked for."""

    def __init__(self, addresses: Sequence[Address], clock: _Clock) -> None:
        self._addresses = addresses
        self._clock = clock
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses:
            try:
                stream = self._sockets.connect_tcp(str(address), port, timeout=self._clock.connect())
            except httpcore.ConnectError as error:
                failure = error
                continue
            return _Timed(stream, self._clock)
        raise failure or httpcore.ConnectError("no address")


class _Timed(httpcore.NetworkStream):
    """A connection whose every step is held to the clock, so that an answer drip by drip ends too."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._clock.silence())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], timeout=self._clock.silence())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, timeout=self._clock.connect())
        return _Timed(secure, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@cache
def _certificates() -> ssl.SSLContext:
    """The system's certificates; read once, for it takes a while."""
    return ssl.create_default_context()


def _words(error: Exception) -> str:
    """“ConnectTimeout: timed out”."""
    return f"{type(error).__name__}: {error}"[:300] if str(error) else type(error).__name__
