"""The demo: made once, only where it may be, alive at any hour."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone

from helpdesk.demo import people, seed, trickle
from tests.cast import mira
from tickets import mail_intake
from tickets.models import (
    OPEN_STATES,
    Attachment,
    Draft,
    EventKind,
    Message,
    MessageKind,
    OutboxMail,
    RuleUse,
    Satisfaction,
    SavedView,
    State,
    Ticket,
    TicketEvent,
    User,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO = True
    settings.FILES_DIR = tmp_path / "files"


def test_demo_is_refused_outside_the_demo(settings):
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(CommandError, match="FIRSTLINE_DEMO"):
        call_command("seed_demo", verbosity=0)
    assert User.objects.count() == 0


def test_demo_is_refused_on_a_desk_in_use(demo):
    mira()
    with pytest.raises(CommandError, match="in use"):
        call_command("seed_demo", verbosity=0)
    assert Ticket.objects.count() == 0


def test_demo_queue_shows_what_a_support_floor_knows(demo):
    seed.fill(number=40)
    agent = User.objects.get(email=f"agent@{people.DOMAIN}")
    mine = Ticket.objects.open().assigned_to(agent)
    dana = Ticket.objects.filter(customer__email=f"customer@{people.DOMAIN}")
    now = timezone.now()
    assert 8 <= mine.count() <= 14
    assert {ticket.state for ticket in dana} == {
        State.IN_PROGRESS, State.PENDING_CUSTOMER, State.RESOLVED, State.CLOSED,
    }  # fmt: skip
    assert Ticket.objects.overdue(now).exists()
    assert Ticket.objects.breaching_within(timedelta(hours=1), now).exclude(due_at__lt=now).exists()
    assert Ticket.objects.open().unassigned().exists()
    assert Ticket.objects.filter(is_angry=True, state__in=OPEN_STATES).exists()
    assert set(Ticket.objects.open().values_list("customer_tier", flat=True)) == {"standard", "enterprise", "vip"}
    assert Ticket.objects.filter(snoozed_until__gt=now).count() == 1
    assert Ticket.objects.filter(is_spam=True).count() == 1
    assert Ticket.objects.exclude(merged_into=None).count() == 1
    assert Draft.objects.filter(user=agent).count() == 1
    assert SavedView.objects.filter(owner=agent).count() == 1
    assert Message.objects.filter(kind=MessageKind.NOTE).exclude(mentions=None).count() == 3
    assert Attachment.objects.count() >= 6
    assert Satisfaction.objects.count() >= 2


def test_demo_counts_which_rules_decided(demo):
    seed.fill(number=40)
    behind = TicketEvent.objects.filter(reacted_at__isnull=False, at__gte=timezone.now() - timedelta(days=5))
    decided = [
        decision["rule_id"]
        for data in behind.filter(kind__in=(EventKind.SORTED, EventKind.ROUTED)).values_list("data", flat=True)
        for decision in data["decisions"]
        if decision["rule_id"]
    ]
    counted = dict(RuleUse.objects.values_list("rule").annotate(times=Sum("count")))
    assert len(decided) > 5
    assert [rule for rule in decided if counted.get(rule, 0) < decided.count(rule)] == []


def test_demo_sign_ins_have_the_printed_password(demo):
    seed.fill(number=5)
    for mailbox in ("customer", "agent", "lead", "manager", "admin"):
        assert User.objects.get(email=f"{mailbox}@{people.DOMAIN}").check_password(people.PASSWORD) is True


def test_demo_leaves_no_storm_of_old_mail(demo):
    seed.fill(number=60)
    old = timezone.now() - timedelta(days=21)
    assert OutboxMail.objects.filter(status="pending", created_at__lt=old).count() == 0


def test_demo_data_is_made_once(demo):
    call_command("seed_demo", tickets=10, verbosity=0)
    count = Ticket.objects.count()
    call_command("seed_demo", tickets=10, verbosity=0)
    assert Ticket.objects.count() == count


def test_demo_command_makes_the_desk_and_becomes_run(demo, monkeypatch, capsys):
    become = Mock()
    monkeypatch.setattr("os.execv", become)
    monkeypatch.setattr("helpdesk.demo.history.TICKETS", 5)
    monkeypatch.setenv("SITE_URL", "http://localhost:8123")
    monkeypatch.setattr("helpdesk.demo.seed.fill", Mock(return_value=5))
    call_command("demo", port=8123, verbosity=0)
    assert become.call_args.args[1][-4:] == ["--host", "127.0.0.1", "--port", "8123"]
    assert "agent@demo.firstline.test" in capsys.readouterr().out


def test_trickle_writes_one_request_a_slot(demo):
    seed.fill(number=5)
    mail_intake.take_in()
    before = Ticket.objects.count()
    now = timezone.now().replace(microsecond=0)
    now += timedelta(seconds=trickle.EVERY - int(now.timestamp()) % trickle.EVERY + trickle.EVERY - 1)
    trickle.drip(now)
    trickle.drip(now)
    mail_intake.take_in()
    assert Ticket.objects.count() == before + 1


def test_trickle_stops_when_the_desk_is_full(demo, monkeypatch):
    seed.fill(number=5)
    monkeypatch.setattr(trickle, "MOST_OPEN", 0)
    before = Ticket.objects.count()
    slot = timezone.now().replace(microsecond=0)
    trickle.drip(slot + timedelta(seconds=trickle.EVERY - 1 - int(slot.timestamp()) % trickle.EVERY))
    assert Ticket.objects.count() == before
