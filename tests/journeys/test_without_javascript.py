"""With JavaScript switched off everything can still be done: by forms, links and pages."""

import re

import pytest
from playwright.sync_api import expect

from tests import cast
from tests.journeys import desks
from tickets import links
from tickets.models import Draft, Ticket


@pytest.fixture
def desk(settings, tmp_path, transactional_db):
    settings.FILES_DIR = tmp_path / "files"
    settings.PUBLIC_FORMS_PER_HOUR = 100
    return desks.open_desk()


@pytest.fixture
def plain(open_page):
    """A page of a browser that runs no scripts."""
    return lambda: open_page(javascript=False)


def test_a_customer_asks_answers_and_rates(desk, plain):
    page = plain()
    page.goto("/requests/new/")
    page.get_by_role("button", name="Send request").click()
    expect(page.locator("main")).to_contain_text("We need your address to answer you.")
    page.get_by_label("Your email").fill("dana@whitfield.example")
    page.get_by_label("Subject").fill("Without script")
    page.get_by_label("What happened?").fill("It works all the same.")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    page.goto(links.customer_path(Ticket.objects.get()))
    page.locator("textarea[name=body]").fill("One thing more.")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("[data-message]").last).to_contain_text("One thing more.")
    page.get_by_role("button", name=re.compile("solved")).first.click()
    page.goto(links.customer_path(Ticket.objects.get()) + "satisfaction/?score=4")
    page.get_by_role("button", name="Send my rating").click()
    expect(page.locator("main")).to_contain_text("4 of 5")
    assert (Ticket.objects.get().state, Ticket.objects.get().satisfaction.score) == ("closed", 4)


def test_an_agent_takes_answers_notes_and_moves(desk, plain, sign_in):
    mira, _jonas = desk
    type(mira).objects.update(availability="away")  # so that routing leaves it to be taken
    ticket = cast.a_ticket(subject="Take me")
    page = plain()
    sign_in(page, mira.email)
    page.goto("/desk/")
    page.get_by_role("button", name=re.compile("Take next")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take me")
    assert Ticket.objects.get().assignee_id == mira.pk

    page.locator("textarea[name=body]").fill("Only for us.")
    page.get_by_text("Internal note", exact=True).click()
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".message--note")).to_contain_text("Only for us.")

    page.locator("textarea[name=body]").fill("Hello, we are on it.")
    page.get_by_text("Reply", exact=True).click()
    page.locator("[data-send]").click()
    page.goto(f"/desk/tickets/{ticket.pk}/")
    expect(page.locator(".message--reply")).to_contain_text("we are on it")
    page.locator(".message__undo button").click()
    assert Draft.objects.get().body == "Hello, we are on it."

    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Waiting on us").click()
    page.wait_for_url(f"**/desk/tickets/{ticket.pk}/**")
    assert Ticket.objects.get().state == "pending_internal"
    page.goto(f"/desk/tickets/{ticket.pk}/?macro={_macro()}#composer")
    assert page.locator("textarea[name=body]").input_value() != ""


def test_many_at_once_and_a_merge_that_is_undone(desk, plain, sign_in):
    mira, _jonas = desk
    customer = cast.ravi()
    tickets = [cast.a_ticket(customer=customer, subject=f"Number {n}") for n in range(3)]
    page = plain()
    sign_in(page, mira.email)
    page.goto("/desk/")
    for ticket in tickets[:2]:
        page.locator(f"input[name=tickets][value='{ticket.pk}']").check()
    bulk = page.locator("[data-bulk]")
    bulk.get_by_text("Priority", exact=True).click()
    bulk.get_by_role("button", name="High").click()
    expect(page.locator("body")).to_contain_text("2 tickets done")
    assert list(Ticket.objects.order_by("pk").values_list("priority", flat=True))[:2] == [2, 2]

    kept, twin = tickets[:2]
    page.goto(f"/desk/tickets/{twin.pk}/merge/")
    page.get_by_label(re.compile(f"#{kept.pk} ")).check()
    page.get_by_role("button", name="Merge").click()
    page.wait_for_url(f"**/desk/tickets/{kept.pk}/**")
    assert Ticket.objects.get(pk=twin.pk).merged_into_id == kept.pk
    page.goto(f"/desk/tickets/{twin.pk}/")
    page.get_by_role("button", name="Undo the merge").click()
    page.wait_for_load_state()
    assert Ticket.objects.get(pk=twin.pk).merged_into_id is None


def test_signing_in_searching_and_saving_a_view(desk, plain):
    mira, _jonas = desk
    ticket = cast.a_ticket(subject="Peculiar toaster")
    page = plain()
    page.goto("/desk/my-day/")
    page.get_by_label("Email").fill(mira.email)
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk/my-day/")
    page.get_by_role("searchbox").first.fill("toaster")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-ticket='{ticket.pk}']")).to_be_visible()
    page.goto("/desk/views/?f=1&state=new")
    page.get_by_label("Name").first.fill("Fresh ones")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator("body")).to_contain_text("Fresh ones")


def _macro() -> int:
    macro = cast.models.Macro.objects.create(name="By hand", body="Dear {{customer.first_name}}")
    cast.models.DeskVersion.bump()
    return macro.pk
