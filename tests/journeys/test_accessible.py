"""Every page by axe-core in light and dark, and at 360 pixels without sideways scrolling."""

import pytest

from tests import world as worlds
from tests.journeys import desks
from tests.journeys.conftest import DESKTOP, PHONE

LOOKS = {"light": (DESKTOP, "light"), "dark": (DESKTOP, "dark"), "phone": (PHONE, "light")}
ACROSS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def world(settings, tmp_path, transactional_db):
    settings.FILES_DIR = tmp_path / "files"
    settings.UNDO_SEND_SECONDS = 600  # a reply that may still be taken back is looked at too, however slow the machine
    return worlds.a_world()


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_accessible_and_fits(world, open_page, sign_in, axe, look):
    size, scheme = LOOKS[look]
    faults, pages = [], {}
    for role, name, path in desks.places(world):
        if role not in pages:
            pages[role] = open_page(size, color_scheme=scheme)
            if role != "anonymous":
                sign_in(pages[role], desks.email_of(role, world))
        page = pages[role]
        status = page.goto(path).status
        assert (name, status) == (name, 404 if name == "not found" else 200)
        faults += [f"{name}: {fault}" for fault in axe(page)]
        if (wider := page.evaluate(ACROSS)) > 0:
            faults.append(f"{name}: {wider} pixels too wide")
    assert "\n".join(faults) == ""


def test_a_right_to_left_page_turns_around(world, open_page, axe):
    page = open_page(PHONE)
    page.goto("/requests/new/")
    page.evaluate("() => { document.documentElement.dir = 'rtl' }")
    assert page.evaluate(ACROSS) <= 0
    assert axe(page) == []
