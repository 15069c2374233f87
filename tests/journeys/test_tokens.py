"""A person makes a token, copies it, uses it, takes it back; and reads how in the docs."""

import pytest
from django.test import Client

from tests import cast
from tests.journeys.conftest import DESKTOP, PHONE
from tickets.models import ApiToken

LOOKS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
ACROSS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_token_is_made_shown_once_and_revoked(open_page, sign_in, axe, transactional_db):
    mira = cast.mira()
    page = open_page(DESKTOP)
    sign_in(page, mira.email)
    page.goto("/preferences/")
    page.get_by_role("link", name="API tokens").click()
    page.get_by_label("What is it for?").fill("Shop")
    page.get_by_label("tickets:read").check()
    page.get_by_role("button", name="Make a token").click()
    secret = page.get_by_role("textbox", name="Your new token").input_value()
    page.get_by_role("button", name="Copy").wait_for()
    assert (secret[:3], axe(page)) == ("fl_", [])
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/support/me").json()["scopes"] == ["tickets:read"]
    page.goto("/preferences/tokens/")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Yes, go on").click()
    page.get_by_text("opens nothing any more").wait_for()
    assert program.get("/api/v1/support/me").status_code == 401
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_docs_unfold_and_are_accessible(open_page, axe, size, scheme, transactional_db):
    page = open_page(size, color_scheme=scheme)
    page.goto("/api/docs/#tickets_create")
    entry = page.locator("#tickets_create")
    assert entry.get_attribute("open") is not None
    assert "Idempotency-Key" in entry.inner_text()
    assert (page.evaluate(ACROSS) <= 0, axe(page)) == (True, [])
