"""The survey's answer: one a ticket, only once solved, with an event for each change."""

import pytest

from tests import cast
from tickets import satisfaction
from tickets.errors import Refused
from tickets.models import EventKind, Satisfaction, State

pytestmark = pytest.mark.django_db


def rated(ticket):
    return list(ticket.events.filter(kind=EventKind.RATED).values_list("data", flat=True))


@pytest.mark.parametrize("state", [State.RESOLVED, State.CLOSED])
def test_a_rating_is_kept_for_whoever_held_the_ticket(state):
    mira = cast.mira()
    ticket = cast.TicketFactory(state=state, assignee=mira)
    answer = satisfaction.rate(ticket, score=4, now=cast.MONDAY)
    assert (answer.score, answer.comment, answer.agent, answer.at) == (4, "", mira, cast.MONDAY)
    assert rated(ticket) == [{"score": 4, "before": None, "has_comment": False, "agent": mira.pk}]


def test_the_last_answer_counts_and_a_comment_stays_until_changed():
    ticket = cast.TicketFactory(state=State.CLOSED)
    satisfaction.rate(ticket, score=2, comment="Too slow\x00")
    satisfaction.rate(ticket, score=5)
    answer = Satisfaction.objects.get()
    assert (answer.score, answer.comment) == (5, "Too slow")
    assert [(data["score"], data["before"], data["has_comment"]) for data in rated(ticket)] == [
        (2, None, True),
        (5, 2, True),
    ]


def test_the_same_answer_again_leaves_no_second_event():
    ticket = cast.TicketFactory(state=State.CLOSED)
    satisfaction.rate(ticket, score=3)
    satisfaction.rate(ticket, score=3)
    assert len(rated(ticket)) == 1


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_out_of_range_is_refused(score):
    with pytest.raises(Refused):
        satisfaction.rate(cast.TicketFactory(state=State.CLOSED), score=score)
    assert Satisfaction.objects.count() == 0


@pytest.mark.parametrize("state", [State.NEW, State.IN_PROGRESS, State.PENDING_CUSTOMER])
def test_an_open_ticket_is_not_rated(state):
    ticket = cast.TicketFactory(state=state)
    with pytest.raises(Refused):
        satisfaction.rate(ticket, score=5)
    assert rated(ticket) == []
