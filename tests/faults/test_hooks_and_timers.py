"""Webhooks and timers whose worker is killed: each event is told under one id, each deadline has its effect once.

`make faults N=1000` tells and sweeps that many; deliveries are counted at the receiver.
"""

import collections
import json
import os
import random
import time

from tests.helpdesk.receivers import hang, receiver

N = int(os.environ.get("N", "30"))
TELL = """
from helpdesk import reactions
from tickets import intake
from tickets.channels.base import Inbound, Sender
from tickets.models import DeskVersion, Webhook
Webhook.objects.create(name="Stock", address="{url}", kinds=["received"], reaches_inside=True)
DeskVersion.bump()
for n in range({count}):
    sender = Sender("email", f"customer{{n}}@people.example", "Dana")
    intake.receive(Inbound(channel="web", sender=sender, subject="Where is it?", body="It has not come."))
reactions.react(limit=100_000)
"""
DELIVERIES = """
from tickets.models import WebhookDelivery
print(list(WebhookDelivery.objects.order_by("pk").values_list("delivery_id", "ticket", "status")))
"""
# Tickets that nobody has looked at for three days.
LET_TIME_PASS = """
from datetime import timedelta
from django.core.management import call_command
from django.utils import timezone
from tickets import intake
from tickets.channels.base import Inbound, Sender
from tickets.models import DeskVersion, SlaPolicy, User
call_command("playbook", "load", "saas-tiered")
SlaPolicy.objects.update(in_business_hours=False)
User.objects.create_user("lena@desk.example", "horse-battery", name="Lena", role="lead")
DeskVersion.bump()
for n in range({count}):
    sender = Sender("email", f"customer{{n}}@people.example", "Dana")
    inbound = Inbound(channel="web", sender=sender, subject="Where is it?", body="It has not come.")
    intake.receive(inbound, now=timezone.now() - timedelta(days=3))
"""
ALARMS = """
from tickets.models import Notification, OutboxMail
print((
    list(Notification.objects.filter(user__email="lena@desk.example").values_list("kind", flat=True)),
    list(OutboxMail.objects.filter(to="lena@desk.example").values_list("kind", flat=True)),
))
"""


def test_each_delivery_arrives_though_worker_and_receiver_fail(desk):
    chance = random.Random(20261124)
    plan = [chance.choice([200, 200, 200, 500, 429, _late, _no_answer]) for _turn in range(N)]
    plan[1:1] = [hang(2), hang(2)]
    with receiver(*plan, 200) as hears:
        desk.environment["WEBHOOK_PORTS"] = str(hears.port)
        desk.ask(TELL.format(url=hears.url(), count=N))
        assert desk.hand("call", "0.5").wait(900) == 0
        got = [(one.headers["Firstline-Delivery"], json.loads(one.body)["ticket"]["number"]) for one in hears.got]
    rows = eval(desk.ask(DELIVERIES))
    assert [status for _id, _ticket, status in rows] == ["delivered"] * N
    assert len({ticket for _id, ticket, _status in rows}) == N
    # None lost, none under another id, each id for one event alone; a repeat only where a try failed or was killed.
    assert set(got) == {(delivery, ticket) for delivery, ticket, _status in rows}
    failed = sum(answer not in (200, _late) for answer in plan[: len(got)])
    assert desk.deaths("call") > 0
    assert len(got) - N <= failed + desk.deaths("call")


def test_each_deadline_has_its_effect_once_though_the_sweeper_is_killed(desk):
    """And after days without a worker it is a digest that comes, not a storm."""
    desk.ask(LET_TIME_PASS.format(count=N))
    undisturbed, told = eval(desk.ask_hand("sweep", "0.9"))
    assert desk.deaths("sweep") > 0
    assert len({ticket for ticket, _kind, _deadline in told}) == N
    assert collections.Counter(told) == collections.Counter(undisturbed)
    lines, mails = eval(desk.ask(ALARMS))
    assert lines.count("breach_digest") == mails.count("breach_digest") == 1
    assert set(lines) & {"breached", "due_soon"} == set()


def _late(talk) -> None:
    time.sleep(0.3)
    talk.send_response(200)
    talk.send_header("Content-Length", "0")
    talk.end_headers()


def _no_answer(talk) -> None:
    talk.close_connection = True
