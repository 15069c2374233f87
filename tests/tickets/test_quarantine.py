"""What cannot be read is looked at safely, released by a person, or dropped; and leads see how the mailboxes are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from helpdesk.lib.mailparse.parsed import Unreadable
from tests import cast
from tests.mails import come, raw
from tickets import desk, fetching, mail_intake, mail_store, mailbox_health, quarantine
from tickets.errors import Refused
from tickets.models import InboundMail, Mailbox, MailStatus, Notification, OutboxMail, Road, Ticket

pytestmark = pytest.mark.django_db
POISON = "<script>alert(1)</script> poison"


@pytest.fixture
def unreadable(monkeypatch):
    """A message that reading gives up on, in quarantine."""

    def refuse(content):
        raise Unreadable("It is nested too deeply.")

    for module in (mail_intake, quarantine):
        monkeypatch.setattr(module, "parse_guarded", refuse)
    mail = come(raw(POISON, subject="Odd =?utf-8?q?=C3=A4?=", message_id="<odd@people.example>"))
    assert mail.status == MailStatus.QUARANTINED
    return mail


def test_a_lead_sees_reason_headers_and_text_as_text(client, unreadable):
    client.force_login(cast.lena())
    listed = client.get(reverse("quarantine")).content.decode()
    page = client.get(reverse("quarantine_mail", args=[unreadable.pk])).content.decode()
    assert "It is nested too deeply." in listed
    assert ("It is nested too deeply." in page, "Message-ID: &lt;odd@people.example&gt;" in page) == (True, True)
    assert ("<script>alert" in page, "&lt;script&gt;alert(1)" in page) == (False, True)


def test_the_message_is_handed_out_as_a_download_only(client, unreadable):
    client.force_login(cast.lena())
    answer = client.get(reverse("quarantine_raw", args=[unreadable.pk]))
    assert answer.content == mail_store.raw_of(unreadable)
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")


def test_released_it_is_a_ticket_even_when_it_cannot_be_read(client, unreadable):
    lena = cast.lena()
    client.force_login(lena)
    client.post(reverse("quarantine_release", args=[unreadable.pk]), {"how": "ticket"})
    unreadable.refresh_from_db()
    ticket = Ticket.objects.get()
    assert (unreadable.status, unreadable.ticket, unreadable.decided_by) == (MailStatus.DONE, ticket, lena)
    assert (ticket.customer.email, "poison" in ticket.messages.get().body) == ("dana@people.example", True)
    with pytest.raises(Refused):
        quarantine.make_ticket(unreadable, by=lena)
    assert Ticket.objects.count() == 1


def test_read_again_once_the_fault_is_mended(unreadable, monkeypatch):
    monkeypatch.undo()
    quarantine.read_again(unreadable, by=cast.lena())
    mail_intake.take_in()
    unreadable.refresh_from_db()
    assert (unreadable.status, unreadable.message.body) == (MailStatus.DONE, POISON)


def test_dropped_it_leaves_the_list_and_stays_kept(client, unreadable):
    client.force_login(cast.lena())
    client.post(reverse("quarantine_drop", args=[unreadable.pk]))
    unreadable.refresh_from_db()
    assert (unreadable.status, mail_store.raw_of(unreadable) != b"") == (MailStatus.DROPPED, True)
    assert "Odd" not in client.get(reverse("quarantine")).content.decode()
    assert quarantine.make_ticket(unreadable, by=cast.lena()).status == MailStatus.DONE


def test_an_automatic_mail_that_was_kept_may_become_a_ticket_after_all():
    mail = come(raw("I am away, but also: the printer burns.", subject="Out of office", auto_submitted="auto-replied"))
    made = quarantine.make_ticket(mail, by=cast.lena())
    assert (made.ticket, OutboxMail.objects.count()) == (Ticket.objects.get(), 0)


def test_what_names_no_sender_stays(client):
    mail = come(raw(sender=""))
    with pytest.raises(Refused):
        quarantine.make_ticket(mail, by=cast.lena())
    mail.refresh_from_db()
    assert mail.status == MailStatus.QUARANTINED


@pytest.mark.parametrize("page", ["quarantine", "mailboxes"])
def test_the_lists_cost_the_same_for_one_row_and_for_three(client, page, django_assert_max_num_queries):
    client.force_login(cast.lena())

    def more(number):
        box = Mailbox.objects.create(address=f"box{number}@firstline.test", road=Road.PIPE, team=cast.TeamFactory())
        mail = mail_store.keep(raw(f"Number {number}"), road=Road.PIPE, mailbox=box)
        InboundMail.objects.filter(pk=mail.pk).update(status=MailStatus.QUARANTINED)

    def cost():
        client.get(reverse(page))
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse(page)).status_code == 200
        return len(asked)

    more(1)
    one = cost()
    more(2)
    more(3)
    assert (cost(), one <= 4) == (one, True)


def test_a_lead_outside_a_restricted_team_sees_none_of_its_mail(client):
    locked = cast.TeamFactory(slug="payroll", is_restricted=True)
    box = Mailbox.objects.create(address="payroll@firstline.test", road=Road.PIPE, team=locked)
    desk.forget()
    secret = come(raw("secret", sender=""), mailbox=box)
    heard = come(raw("My salary is wrong."), mailbox=box)
    client.force_login(cast.lena())
    answers = [
        client.get(reverse("quarantine_mail", args=[secret.pk])).status_code,
        client.get(reverse("quarantine_raw", args=[heard.pk])).status_code,
        client.get(reverse("message_source", args=[heard.message_id])).status_code,
    ]
    assert (answers, heard.ticket.team) == ([404] * 3, locked)
    assert "payroll@firstline.test" not in client.get(reverse("mailboxes")).content.decode()


def test_a_silent_and_a_failing_mailbox_alarm_once_each_time(client):
    lena, now = cast.lena(), timezone.now()
    desk.forget()
    silent = Mailbox.objects.create(address="a@firstline.test", road=Road.PIPE, silent_after=2)
    failing = Mailbox.objects.create(
        address="b@firstline.test", road=Road.IMAP, host="imap.example", failures=9, last_error="refused",
        failing_since=now - timedelta(minutes=10),
    )  # fmt: skip
    told = lambda: Notification.objects.filter(user=lena, kind="mailbox").count()  # noqa: E731
    assert (mailbox_health.sweep(now), told()) == (0, 0)
    later = now + timedelta(hours=3)
    assert (mailbox_health.sweep(later), mailbox_health.sweep(later), told()) == (2, 0, 2)
    Mailbox.objects.filter(pk=failing.pk).update(failing_since=now - timedelta(hours=1))
    client.force_login(lena)
    page = client.get(reverse("mailboxes")).content.decode()
    assert ("failing" in page, "refused" in page) == (True, True)
    Mailbox.objects.filter(pk=failing.pk).update(failing_since=None, failures=0)
    mail_store.keep(raw(), road=Road.PIPE, mailbox=silent, now=later)
    assert mailbox_health.sweep(later) == 0
    assert (mailbox_health.sweep(later + timedelta(hours=3)), told()) == (1, 3)


def test_readyz_tells_of_mail_that_nobody_reads(client):
    now = timezone.now()
    mail_store.keep(raw(), road=Road.PIPE, now=now - timedelta(minutes=10))
    answer = client.get("/readyz").json()
    assert answer["mail_in_oldest_seconds"] >= 600
    assert any("nobody reads it" in problem for problem in answer["problems"])


def test_a_mailboxes_password_goes_in_encrypted_and_never_comes_out(client):
    client.force_login(cast.ada())
    fields = {
        "address": "Help@firstline.test", "name": "Help", "road": "imap", "host": "imap.example", "port": "993",
        "security": "tls", "user": "help", "password": "horse-battery", "folder": "INBOX", "after": "seen",
        "silent_after": "0", "is_active": "on",
    }  # fmt: skip
    assert client.post(reverse("admin:tickets_mailbox_add"), fields).status_code == 302
    box = Mailbox.objects.get()
    page = client.get(reverse("admin:tickets_mailbox_change", args=[box.pk])).content.decode()
    assert (box.address, "horse-battery" in box.sealed_password, "horse-battery" in page) == (
        "help@firstline.test", False, False
    )  # fmt: skip
    assert fetching.account_of(box).password == "horse-battery"
    client.post(reverse("admin:tickets_mailbox_change", args=[box.pk]), {**fields, "password": "", "name": "New"})
    box.refresh_from_db()
    assert (box.name, fetching.account_of(box).password) == ("New", "horse-battery")
