"""What every test shares: how hard property tests try, and which database a test is true on."""

import os

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, settings

from escalation import ladders
from tickets import desk

_slow_is_fine = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)
settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=_slow_is_fine
)
settings.register_profile("fuzz", max_examples=2000, deadline=None, suppress_health_check=_slow_is_fine)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def fresh_desk():
    """Desk settings and the active language are kept per process or thread; a test's own must not outlive it."""
    desk.forget()
    ladders.forget()
    translation.deactivate()
    yield
    desk.forget()
    ladders.forget()


def pytest_collection_modifyitems(items):
    on_postgresql = connection.vendor == "postgresql"
    for item in items:
        if item.get_closest_marker("postgresql") and not on_postgresql:
            item.add_marker(pytest.mark.skip(reason="true only on PostgreSQL"))
