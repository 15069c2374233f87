"""Receivers of webhooks for tests: real HTTP servers on this machine that answer as they are told."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers`: what to do with the first, second, … request; the last one counts for all that follow."""

    port: int
    answers: list = field(default_factory=lambda: [200])
    got: list[Got] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, host="127.0.0.1", path="/hook"):
        return f"http://{host}:{self.port}{path}"


@contextmanager
def receiver(*answers):
    """A receiver that answers a status, (status, headers, body), or does what a function of the request says."""

    class Talk(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.got.append(Got(self.path, dict(self.headers.items()), body))
            answer = made.answers[min(len(made.got), len(made.answers)) - 1]
            if callable(answer):
                answer(self)
                return
            status, headers, words = answer if isinstance(answer, tuple) else (answer, {}, b"seen")
            self.send_response(status)
            for name, value in {"Content-Length": str(len(words)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Talk)
    server.daemon_threads = True
    server.handle_error = lambda request, address: None
    made = Receiver(server.server_address[1], list(answers) or [200])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.over.set()
        server.shutdown()
        server.server_close()


def hang(seconds):
    """Says nothing for so long."""
    return lambda talk: time.sleep(seconds)


def drip(every, *, in_head=False):
    """An answer that never ends, byte by byte; already its head if `in_head`."""

    def answer(talk):
        talk.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if in_head else b"Content-Length: 100000\r\n\r\n"))
        for _turn in range(200):
            talk.wfile.write(b"X")
            talk.wfile.flush()
            time.sleep(every)

    return answer


def flood(megabytes):
    """A huge answer."""

    def answer(talk):
        talk.send_response(200)
        talk.end_headers()
        for _turn in range(megabytes * 16):
            talk.wfile.write(b"x" * 65536)

    return answer
