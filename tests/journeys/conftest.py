"""A real browser at a live desk: watched pages, signing in, accessibility."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings as configured
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]
DESKTOP, PHONE = (1360, 860), (360, 740)
PICTURES = Path(__file__).resolve().parents[2] / "test-results"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A page that answers 4xx on purpose is no fault of its script; what such a journey asserts is the page itself.
EXPECTED_NOISE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.journey)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        for number, watched in enumerate(item.funcargs.get("watched_pages", []), 1):
            PICTURES.mkdir(exist_ok=True)
            watched.page.screenshot(path=PICTURES / f"{item.name}-{number}.png", full_page=True)
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_xdist_suffix, tmp_path_factory):
    """On SQLite a file, so that each thread of the live server has a connection of its own, as in production."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("desk") / "journeys.sqlite3")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"Journeys need Chromium at {CHROMIUM} (apt-get install chromium), or CHROMIUM in the environment.")
    # Playwright keeps an event loop in this thread; queries made from here beside it are meant.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def live(live_server, settings) -> str:
    """The address of a desk that runs beside the test, which is also the address its links carry."""
    settings.SITE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return live_server.url


@dataclass
class Watched:
    """A page and every fault seen on it: console errors, exceptions, requests to other hosts."""

    page: Page
    faults: list[str] = field(default_factory=list)


@pytest.fixture
def watched_pages() -> list[Watched]:
    return []


@pytest.fixture
def open_page(browser: Browser, live: str, watched_pages: list[Watched]) -> Iterator[Callable[..., Page]]:
    """Open a page of its own visitor: `open_page(PHONE, color_scheme="dark", javascript=False, locale="de-DE")`.

    Paths are relative to the live desk: `page.goto("/desk/")`. At the end of the test every page must be free of
    console errors, uncaught exceptions, policy violations and requests to other hosts.
    """
    contexts: list[BrowserContext] = []

    def open_one(size: tuple[int, int] = DESKTOP, *, javascript: bool = True, **options: Any) -> Page:
        width, height = size
        context = browser.new_context(
            base_url=live,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            reduced_motion=options.pop("reduced_motion", "reduce"),
            locale=options.pop("locale", "en-GB"),
            **options,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watched_pages.append(_watch(page, live))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [fault for watched in watched_pages for fault in watched.faults] == []


@pytest.fixture
def page(open_page) -> Page:
    """A desktop page of a visitor who has not signed in."""
    return open_page()


@pytest.fixture
def sign_in(live: str) -> Callable[[Page, str], None]:
    """`sign_in(page, "agent@example.com")`: the page's visitor holds that person's session, without the form."""

    def sign_in(page: Page, email: str) -> None:
        visitor = Client()
        visitor.force_login(get_user_model().objects.get(email=email))
        session = visitor.cookies[configured.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": configured.SESSION_COOKIE_NAME, "value": session, "url": live}])

    return sign_in


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: what axe-core finds wrong, a line per element; [] when all is well."""
    source = Path(AXE_FILE_PATH).read_text(encoding="utf-8")

    def axe(page: Page) -> list[str]:
        page.evaluate(source)
        options = {"runOnly": AXE_RULES, "resultTypes": ["violations"]}
        found = page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{violation['id']} ({violation['impact']}): {' '.join(map(str, node['target']))}"
            f" - {violation['help']}: {node.get('failureSummary', '')}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return axe


def _watch(page: Page, live: str) -> Watched:
    watched = Watched(page)

    def hear_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED_NOISE.search(message.text):
            watched.faults.append(f"console on {page.url}: {message.text}")

    def stop_at_the_door(route: Route, request: Request) -> None:
        if request.url.startswith((live, "data:", "blob:", "about:")):
            route.continue_()
        else:
            watched.faults.append(f"request to another host: {request.url}")
            route.abort()

    page.on("console", hear_console)
    page.on("pageerror", lambda error: watched.faults.append(f"exception on {page.url}: {error}"))
    page.route("**/*", stop_at_the_door)
    return watched
