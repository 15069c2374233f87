"""Which ladder is a ticket's, and which of its levels comes next."""

import pytest

from escalation import ladders
from escalation.models import Ladder, Level, Owner
from tests import cast
from tests.escalation import ladders as made
from tickets.rule_fields import Facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def quick():
    return made.quick()


def test_the_first_that_fits_else_the_one_that_takes_the_rest(quick):
    vip = {"field": "customer_tier", "op": "is", "value": "vip"}
    own = Ladder.objects.create(slug="vip", name="VIP", conditions=vip, position=5)
    off = Ladder.objects.create(slug="off", name="Off", conditions=vip, position=1, is_active=False)
    Ladder.objects.create(slug="bare", name="Bare", position=2)  # without conditions it takes nothing by itself
    made.known()
    book = ladders.current()
    assert (book.choose(Facts(customer_tier="vip")), book.choose(Facts(customer_tier="standard"))) == (own, quick)
    assert off not in book.ladders


def test_no_ladder_at_all():
    assert ladders.current().choose(Facts()) is None


def test_levels_are_passed_by_where_they_do_not_take_it(quick):
    book = ladders.current()
    reach = lambda rank, reason="legal", **facts: str(book.reach(quick, rank, Facts(**facts), reason))  # noqa: E731
    assert reach(1) == "Senior Support"
    assert (reach(2), reach(2, category="technical")) == ("None", "Engineering")
    assert (reach(2, priority="urgent"), reach(2, "beyond_expertise")) == ("Management", "Engineering")
    assert reach(4, priority="urgent") == "None"


def test_self_service_is_never_asked(quick):
    Level.objects.create(ladder=quick, rank=0, name="Help pages", owner=Owner.NOBODY)
    made.known()
    assert str(ladders.current().reach(quick, 0, Facts(), "legal")) == "Senior Support"


def test_where_a_team_stands_already(quick):
    book, tier_2 = ladders.current(), cast.TeamFactory(slug="tier-2")
    assert (book.rank_of_team(quick, tier_2.pk), book.rank_of_team(quick, None)) == (1, 0)


def test_what_is_kept_follows_the_desks_version(quick):
    first = ladders.current()
    Level.objects.filter(ladder=quick, rank=1).update(limit=5)
    assert ladders.current() is first
    made.known()
    assert ladders.current().of(quick)[0].limit == 5
