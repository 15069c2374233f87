"""The main way: a customer writes, an agent answers, the customer says it is solved and rates it."""

import re

import pytest
from playwright.sync_api import expect

from tests import cast
from tests.journeys import desks
from tickets.models import CaughtMail, Notification, Ticket

SUBJECT = "Charged twice for May"


@pytest.fixture
def demo(settings, tmp_path, transactional_db, monkeypatch):
    settings.FILES_DIR = tmp_path / "files"
    settings.EMAIL_BACKEND = "tickets.caught_mail.EmailBackend"
    settings.DEMO = True
    monkeypatch.setattr("helpdesk.demo.trickle.drip", lambda: 0)  # no other requests come in meanwhile


def test_from_the_form_to_a_closed_ticket(demo, open_page, axe, live):
    mira, jonas = desks.open_desk()

    # The customer sends the form with a file and hears when to expect an answer.
    customer = open_page()
    customer.goto("/requests/new/")
    customer.get_by_label("Your email").fill("dana@whitfield.example")
    customer.get_by_label("Your name").fill("Dana Whitfield")
    customer.get_by_label("Subject").fill(SUBJECT)
    customer.get_by_label("What happened?").fill("You took the money twice on my invoice.\n\nPlease look at the file.")
    customer.locator("input[type=file]").set_input_files(
        {"name": "statement.csv", "mimeType": "text/csv", "buffer": b"date,amount\n2026-05-02,19.00\n"}
    )
    customer.get_by_role("button", name="Send request").click()
    expect(customer.get_by_role("heading", level=1)).to_have_text("We have your request")
    ticket = Ticket.objects.get()
    expect(customer.locator("main")).to_contain_text(str(ticket.pk))
    assert axe(customer) == []

    # The worker sends the receipt; the demo's mailbox shows it.
    desks.work_all_mail_out()
    assert CaughtMail.objects.filter(to="dana@whitfield.example", subject__contains=str(ticket.pk)).count() == 1

    # The agent signs in by the form and opens the ticket by keyboard.
    agent = open_page()
    agent.goto("/sign-in/")
    agent.get_by_label("Email").fill(mira.email)
    agent.get_by_label("Password").fill(cast.PASSWORD)
    agent.get_by_role("button", name="Sign in").click()
    row = agent.locator(f"tr[data-ticket='{ticket.pk}']")
    expect(row).to_contain_text(SUBJECT)
    agent.wait_for_load_state()
    agent.keyboard.press("j")
    expect(row.locator("a.queue__subject")).to_be_focused()
    agent.keyboard.press("Enter")
    expect(agent.get_by_role("heading", level=1)).to_have_text(SUBJECT)
    agent.wait_for_load_state()
    expect(agent.locator("[data-message]")).to_contain_text("statement.csv")

    # A note with a mention, which the customer never sees.
    text = agent.locator("textarea[name=body]")
    agent.keyboard.press("r")
    assert agent.evaluate("document.activeElement.name") == "body"
    agent.keyboard.press("Escape")
    agent.evaluate("document.activeElement.blur()")
    agent.keyboard.press("n")
    expect(text).to_be_focused()
    text.fill("Ask the bank first, @jonas")
    agent.get_by_role("button", name="Add note").click()
    expect(agent.locator(".message--note")).to_contain_text("Ask the bank first")
    desks.work_all_mail_out()
    assert Notification.objects.filter(user=jonas, ticket=ticket, kind="mention").count() == 1

    # A macro fills the composer; it never sends.
    agent.wait_for_load_state()
    agent.keyboard.press("Escape")
    agent.keyboard.press("m")
    agent.locator("[data-macro]").first.click()
    expect(text).not_to_have_value("")
    assert ticket.messages.filter(kind="reply").count() == 0

    # Sent as “waiting on customer”, taken back within its seconds, and sent again.
    for turn in ("taken back", "kept"):
        text.fill("We gave one of the two back. Do you see it?")
        _send_as(agent, "pending_customer")
        _go_back_to(agent, ticket)
        expect(agent.locator(".message--reply")).to_contain_text("We gave one of the two back.")
        assert Ticket.objects.get().state == "pending_customer"
        if turn == "taken back":
            agent.locator(".message__undo button").click()
            expect(text).to_have_value("We gave one of the two back. Do you see it?")
            expect(agent.locator(".message--reply")).to_have_count(0)
            assert Ticket.objects.get().state != "pending_customer"
    desks.work_all_mail_out()

    # The customer opens the link from that mail, answers, says it is solved and rates it.
    letter = CaughtMail.objects.filter(to="dana@whitfield.example", text__contains="one of the two back").get()
    assert "Ask the bank" not in letter.text + letter.html
    link = re.search(rf"{re.escape(live)}/r/[^/\s]+/", letter.text).group()
    customer.goto(f"/demo/mail/{letter.pk}/")
    expect(customer.locator("main")).to_contain_text("one of the two back")
    customer.goto(link)
    expect(customer.locator("main")).to_contain_text("one of the two back")
    expect(customer.locator("body")).not_to_contain_text("Ask the bank")
    customer.locator("textarea[name=body]").fill("Yes, it is there now.")
    customer.get_by_role("button", name="Send answer").click()
    expect(customer.locator("main")).to_contain_text("Yes, it is there now.")
    assert Ticket.objects.get().state == "in_progress"
    customer.get_by_role("button", name=re.compile("solved")).first.click()
    expect(customer.locator("body")).to_contain_text("Thank you for telling us")
    customer.get_by_role("button", name="5 of 5").click()
    expect(customer.locator("main")).to_contain_text("You gave us 5 of 5")
    assert axe(customer) == []

    # The agent sees it closed and rated, and search finds it.
    _go_back_to(agent, ticket)
    expect(agent.locator("body")).to_contain_text("Closed")
    expect(agent.locator("[data-conversation]")).to_contain_text("Yes, it is there now.")
    agent.keyboard.press("/")
    expect(agent.locator("[data-search]")).to_be_focused()
    agent.keyboard.type("charged twice")
    agent.keyboard.press("Enter")
    expect(agent.locator(f"tr[data-ticket='{ticket.pk}']")).to_be_visible()
    assert (Ticket.objects.get().state, Ticket.objects.get().satisfaction.score) == ("closed", 5)


def test_help_and_palette_open_by_keyboard_and_are_accessible(demo, open_page, sign_in, axe):
    mira, _jonas = desks.open_desk()
    ticket = cast.a_ticket(subject="The palette finds me")
    page = open_page()
    sign_in(page, mira.email)
    page.goto("/desk/")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("Control+k")
    dialog = page.locator("dialog[open]")
    dialog.locator("input").fill("palette finds")
    expect(dialog).to_contain_text(f"#{ticket.pk}")
    assert axe(page) == []
    dialog.get_by_role("link", name=re.compile(f"#{ticket.pk}")).or_(
        dialog.get_by_role("option", name=re.compile(f"#{ticket.pk}"))
    ).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The palette finds me")


def test_two_agents_at_once_one_is_told_what_happened(demo, open_page, sign_in):
    mira, jonas = desks.open_desk()
    ticket = cast.a_ticket(subject="Two at once")
    pages = []
    for person in (mira, jonas):
        page = open_page()
        sign_in(page, person.email)
        page.goto(f"/desk/tickets/{ticket.pk}/")
        pages.append(page)
    pages[0].locator("textarea[name=body]").fill("I was first.")
    _send_as(pages[0], "pending_customer")
    _go_back_to(pages[0], ticket)
    expect(pages[0].locator(".message--reply")).to_contain_text("I was first.")
    pages[1].locator("textarea[name=body]").fill("I came second.")
    _send_as(pages[1], "pending_customer")
    expect(pages[1].locator(".composer__problem[role=alert]:not([hidden])")).to_contain_text(
        "Somebody wrote while you did"
    )
    expect(pages[1].locator("textarea[name=body]")).to_have_value("I came second.")
    assert list(ticket.messages.filter(kind="reply").values_list("body", flat=True)) == ["I was first."]


def _send_as(page, state: str) -> None:
    first, chosen = page.locator("[data-send]"), page.locator(f"[data-send-as={state}]")
    if first.get_attribute("value") == state:
        chosen = first
    else:
        page.get_by_label("Send as another state").click()
    with page.expect_navigation():
        chosen.click()


def _go_back_to(page, ticket) -> None:
    """To the ticket as it is now, wherever one's preference went after sending."""
    page.goto(f"/desk/tickets/{ticket.pk}/")
