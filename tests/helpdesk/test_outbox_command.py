"""`manage.py outbox`: what waited when a copy was made stays in the house until somebody lets it go."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from tests import cast
from tickets import outbox
from tickets.models import OutboxMail, OutboxStatus

pytestmark = pytest.mark.django_db


def said(what):
    call_command("outbox", what, stdout=(out := StringIO()))
    return out.getvalue().strip()


def test_held_mail_does_not_leave_and_later_mail_does():
    old = cast.a_ticket(customer=cast.CustomerFactory(email="old@people.example"))
    assert said("hold").startswith("1 mails are held back.")
    cast.a_ticket(customer=cast.CustomerFactory(email="new@people.example"))
    outbox.drain(now=timezone.now())
    assert [sent.to for sent in mail.outbox] == [["new@people.example"]]
    assert OutboxMail.objects.get(ticket=old).status == OutboxStatus.DEAD
    assert said("show") == "0 mails wait, 1 are held back."


def test_released_mail_leaves_and_undeliverable_mail_stays():
    cast.a_ticket(customer=cast.CustomerFactory(email="gone@people.example"))
    OutboxMail.objects.update(status=OutboxStatus.DEAD, last_error="550 no such user")
    cast.a_ticket(customer=cast.CustomerFactory(email="old@people.example"))
    said("hold")
    assert said("release") == "1 mails are on their way."
    outbox.drain(now=timezone.now())
    assert [sent.to for sent in mail.outbox] == [["old@people.example"]]
    assert OutboxMail.objects.get(to="gone@people.example").status == OutboxStatus.DEAD
