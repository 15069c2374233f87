"""What the API's tests share: a small desk with secrets in it, and a program for everybody."""

import pytest

from tests import world as worlds
from tests.tickets.api.program import Program
from tickets.api import leases


@pytest.fixture(autouse=True)
def fresh_leases():
    """Ids come again in the next test; what is left of a token's minute must not."""
    leases.forget()


@pytest.fixture
def world(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    settings.API_PER_MINUTE = 100_000
    return worlds.a_world()


@pytest.fixture
def programs(world):
    """A program with every scope for each of the world's people."""
    return {role: Program(person) for role, person in world.people.items()}
