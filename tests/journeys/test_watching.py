"""The journeys' own eyes: what a watched page reports, and what axe-core finds, on faults planted here."""

MISSING = "/no-such-page/"


def test_a_clean_page_reports_nothing(page, axe, watched_pages):
    assert page.goto(MISSING).status == 404
    assert axe(page) == []
    assert [watched.faults for watched in watched_pages] == [[]]


def test_a_script_that_throws_is_reported(page, watched_pages):
    page.goto(MISSING)
    with page.expect_event("pageerror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('planted') }) }")
    [fault] = watched_pages[0].faults
    watched_pages.clear()
    assert fault.endswith("planted")


def test_a_style_against_the_policy_is_reported(page, watched_pages):
    page.goto(MISSING)
    with page.expect_console_message():
        page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">planted</p>')")
    [fault] = watched_pages[0].faults
    watched_pages.clear()
    assert "Content Security Policy" in fault


def test_a_request_to_another_host_is_stopped_and_reported(open_page, watched_pages):
    page = open_page()
    page.goto("/static/img/favicon.svg")
    with page.expect_event("requestfailed"):
        page.evaluate("() => { fetch('http://elsewhere.test/planted').catch(() => {}) }")
    faults = list(watched_pages[0].faults)
    watched_pages.clear()
    assert "request to another host: http://elsewhere.test/planted" in faults


def test_axe_finds_a_picture_without_words(page, axe):
    page.goto(MISSING)
    page.evaluate("() => document.querySelector('main').append(document.createElement('img'))")
    assert [fault.split(" (")[0] for fault in axe(page) if "img" in fault] == ["image-alt"]


def test_pages_open_in_the_size_and_colours_asked_for(open_page):
    page = open_page((360, 740), color_scheme="dark")
    page.goto(MISSING)
    assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [360, True]
