"""Mail through a provider's API, against a stand-in that answers as Postmark and Mailgun do."""

import base64
import json
import os
import subprocess
import sys
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction

from helpdesk.lib import mail as post
from tests import cast
from tests.cast import MONDAY, later
from tickets import conversation, notices, outbox, participants, unreachable
from tickets.bounces import provider_event
from tickets.models import EventKind, OutboxMail, OutboxStatus, ReturnedMail, State

pytestmark = pytest.mark.django_db
RAVI, BOSS = "ravi@menon.example", "boss@menon.example"
OK = {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817", "To": RAVI}


class Provider(ThreadingHTTPServer):
    """Answers what it is told to, in order, then the last again; keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers = [(200, OK)]
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Talk(BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), content))
        status, answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_given):
        pass


@pytest.fixture
def provider():
    server = Provider()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def postmark(settings, provider):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "secret", "POSTMARK_API_URL": provider.url}
    return provider


@pytest.fixture
def mailgun(settings, provider):
    settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    settings.ANYMAIL = {
        "MAILGUN_API_KEY": "secret", "MAILGUN_SENDER_DOMAIN": "firstline.test", "MAILGUN_API_URL": provider.url + "v3",
    }  # fmt: skip
    provider.answers = [(200, {"id": "<20260302.1@firstline.test>", "message": "Queued. Thank you."})]
    return provider


@pytest.fixture
def ticket():
    return cast.TicketFactory(customer=cast.ravi(), created_at=MONDAY, state=State.IN_PROGRESS)


def write(ticket, kind="in_progress", now=MONDAY, **given):
    with transaction.atomic():
        notices.to_customer(ticket, kind, now=now, key=f"{kind}:{OutboxMail.objects.count()}", **given)
    outbox.drain(now=now)
    return OutboxMail.objects.order_by("pk").last()


def test_postmark_gets_our_message_id_and_its_own_is_kept(postmark, ticket):
    row = write(ticket)
    [(path, headers, content)] = postmark.asked
    sent = json.loads(content)
    named = {header["Name"]: header["Value"] for header in sent["Headers"]}
    assert (path, headers["X-Postmark-Server-Token"], sent["To"]) == ("/email", "secret", RAVI)
    assert (named["Message-ID"], named["X-PM-KeepID"]) == (row.mail_id, "true")
    assert "References" in named
    assert (row.status, row.provider_id) == (OutboxStatus.SENT, OK["MessageID"])
    provider_event("bounced", recipient=RAVI, message_id=OK["MessageID"], is_hard=True, words="gone", now=MONDAY)
    assert ReturnedMail.objects.get().mail == row


def test_mailgun_gets_our_message_id_and_its_own_is_kept(mailgun, ticket):
    row = write(ticket)
    [(path, headers, content)] = mailgun.asked
    form = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + content
    )
    assert path == "/v3/firstline.test/messages"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"api:secret").decode()
    said = form.get_payload() if isinstance(form.get_payload(), str) else str(form)
    assert row.mail_id.strip("<>") in said.replace("%40", "@").replace("%3C", "<")
    assert (row.status, row.provider_id) == (OutboxStatus.SENT, "<20260302.1@firstline.test>")
    assert outbox.ticket_of(["20260302.1@firstline.test"]) == ticket


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_may_pass_is_tried_again_under_the_same_id(postmark, ticket, status):
    postmark.answers = [(status, {"ErrorCode": 10, "Message": "not now"}), (200, OK)]
    row = write(ticket)
    assert (row.status, row.attempts) == (OutboxStatus.PENDING, 1)
    assert outbox.drain(now=later(minutes=5)) == 1
    ids = [
        next(header["Value"] for header in json.loads(content)["Headers"] if header["Name"] == "Message-ID")
        for _path, _headers, content in postmark.asked
    ]
    assert ids == [row.mail_id] * 2
    assert not unreachable.is_held(RAVI)


def test_a_provider_that_is_not_there_or_talks_nonsense_is_tried_again(postmark, ticket, settings):
    postmark.answers = [(200, b"<html>")]
    row = write(ticket)
    assert row.status == OutboxStatus.PENDING
    settings.ANYMAIL = settings.ANYMAIL | {"POSTMARK_API_URL": "http://127.0.0.1:9/"}
    outbox.drain(now=later(minutes=5))
    row.refresh_from_db()
    assert (row.status, row.attempts) == (OutboxStatus.PENDING, 2)


def test_an_inactive_recipient_is_a_dead_address(postmark, ticket):
    words = f"Found inactive addresses: {RAVI}. Inactive recipients are ones that have generated a hard bounce."
    postmark.answers = [(422, {"ErrorCode": 406, "Message": words})]
    row = write(ticket)
    assert row.status == OutboxStatus.DEAD
    assert unreachable.is_held(RAVI)
    assert ReturnedMail.objects.get().words == words
    assert [event.kind for event in ticket.events.all()] == [EventKind.MAIL_RETURNED]


@pytest.mark.parametrize("provider_name", ["postmark", "mailgun"])
def test_a_mail_the_provider_cannot_take_is_given_up_and_marks_nobody(request, provider_name, ticket):
    provider = request.getfixturevalue(provider_name)
    wrong = {"ErrorCode": 300, "Message": "Invalid 'From' address: 'x'."}
    provider.answers = [(422, wrong)] if provider_name == "postmark" else [(400, {"message": "to is not valid"})]
    row = write(ticket)
    assert (row.status, row.attempts) == (OutboxStatus.DEAD, 1)
    assert not unreachable.is_held(RAVI)
    assert [event.kind for event in ticket.events.all()] == [EventKind.NOTICE_DEAD]


def test_a_copy_that_the_provider_leaves_out_is_told_and_the_customer_has_it(postmark, ticket):
    participants.add(ticket, address=BOSS, by=cast.mira(), now=MONDAY)
    left_out = (
        f"Message OK, but will not deliver to these inactive addresses: {BOSS}. Inactive recipients are ones that"
    )
    postmark.answers = [(200, OK | {"Message": left_out})]
    said = conversation.reply(ticket, body="Hello.", by=cast.mira(), now=MONDAY)
    outbox.drain(now=said.undo_until)
    assert OutboxMail.objects.get(kind="reply").status == OutboxStatus.SENT
    assert json.loads(postmark.asked[0][2])["Cc"] == BOSS
    assert (ReturnedMail.objects.get().address, unreachable.is_held(BOSS)) == (BOSS, True)


def test_a_wrong_copy_does_not_keep_the_mail_from_the_customer(postmark, ticket):
    participants.add(ticket, address=BOSS, by=cast.mira(), now=MONDAY)
    wrong = {"ErrorCode": 300, "Message": f"Invalid 'Cc' address: '{BOSS}'."}
    postmark.answers = [(422, wrong), (200, OK)]
    said = conversation.reply(ticket, body="Hello.", by=cast.mira(), now=MONDAY)
    outbox.drain(now=said.undo_until)
    assert [json.loads(content).get("Cc") for _path, _headers, content in postmark.asked] == [BOSS, None]
    row = OutboxMail.objects.get(kind="reply")
    assert (row.status, row.provider_id) == (OutboxStatus.SENT, OK["MessageID"])


def test_keys_come_from_the_environment():
    environment = os.environ | {"ANYMAIL_POSTMARK_SERVER_TOKEN": "abc", "SECRET_KEY": "x" * 60}
    code = "from helpdesk import settings; print(settings.ANYMAIL)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'POSTMARK_SERVER_TOKEN': 'abc'}"


def test_the_loop_mark_is_the_same_every_time():
    assert post.loop_mark() == post.loop_mark()
    assert len(post.loop_mark()) == 16
