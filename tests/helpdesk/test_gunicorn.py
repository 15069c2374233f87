"""What the web server makes once, before its processes part."""

import gc

import pytest
from django.template import engines

from helpdesk import gunicorn
from tickets import sentiment


@pytest.fixture
def untouched():
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


def test_pages_that_people_open_all_day_are_compiled_before_the_processes_part():
    pages = engines["jinja2"].env
    pages.cache.clear()
    sentiment._vader.cache_clear()
    gunicorn._fill_caches()
    compiled = {name for _loader, name in pages.cache}
    assert {"desk/ticket.html", "desk/queue.html", "desk/search.html", "portal/request_new.html"} <= compiled
    assert {name for name in compiled if name.startswith(("lead/", "errors/", "emails/"))} == set()
    assert sentiment._vader.cache_info().currsize == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_process_has_no_connection_of_the_one_it_came_from_and_collects_seldom(untouched):
    gunicorn.post_fork(None, None)
    assert gc.get_threshold() == (20_000, 20, 20)
