"""What follows when something happened to a ticket. Read the table from top to bottom: it is the product's story.

A reaction runs in the worker, after the change it follows was committed; it may run twice for one event and must then
change nothing. One that fails does not stop its siblings; its event is tried again later and, after a few tries, set
aside where leads see it (/lead/outbox/).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from escalation import ladder as escalation_ladder
from escalation import telling as escalation_telling
from escalation import triggered
from tickets import desk, rules, telling, webhooks
from tickets.models import EventKind, TicketEvent

log = structlog.get_logger()

Reaction = Callable[[TicketEvent], None]


def count_rules_used(event: TicketEvent) -> None:
    """How often each rule decides; at the first try only, for a figure may miss one but not grow by trying again."""
    used = [decision["rule_id"] for decision in event.data.get("decisions", ()) if decision.get("rule_id")]
    if used and event.reaction_attempts == 1:
        rules.count_uses(used, event.at.date())


REACTIONS: dict[EventKind, tuple[Reaction, ...]] = {
    # It comes in. The receipt is written with the ticket itself, so that nobody who wrote to us goes without.
    EventKind.RECEIVED: (triggered.by_a_new_ticket,),
    EventKind.SORTED: (count_rules_used, telling.leads_are_alerted),
    EventKind.ROUTED: (count_rules_used, telling.leads_are_alerted),
    EventKind.ASSIGNED: (telling.assignee_gets_the_ticket, telling.customer_has_an_agent),
    EventKind.UNASSIGNED: (),
    # We work on it. A reply's mail is written with the reply, and tells the state it moved to.
    EventKind.ACKNOWLEDGED: (),
    EventKind.STARTED: (telling.customer_sees_work_begin,),
    EventKind.REPLIED: (),
    EventKind.WITHDRAWN: (escalation_ladder.follows_the_ticket,),
    EventKind.NOTED: (telling.mentioned_are_told,),
    EventKind.HANDED_OVER: (telling.customer_gets_a_specialist,),
    # Somebody waits.
    EventKind.WAITING_CUSTOMER: (telling.customer_is_asked,),
    EventKind.WAITING_INTERNAL: (telling.customer_waits_with_us,),
    EventKind.HEARD: (telling.assignee_sees_the_answer, telling.leads_are_alerted, triggered.by_an_answer),
    EventKind.SNOOZED: (),
    EventKind.WOKEN: (telling.assignee_sees_it_is_back,),
    # Time passes.
    EventKind.REMINDED: (telling.somebody_is_reminded,),
    EventKind.DUE_SOON: (telling.somebody_sees_it_is_due_soon, telling.customer_learns_of_the_delay),
    EventKind.BREACHED: (telling.breach_is_told, telling.customer_learns_of_the_delay),
    EventKind.FOLLOWED_UP: (telling.customer_is_followed_up,),
    # It is escalated, further, taken up, late at the top, or back where it came from.
    EventKind.ESCALATED: (
        telling.customer_gets_a_specialist,
        escalation_telling.owner_is_told,
        escalation_telling.leads_get_a_digest,
    ),
    EventKind.ESCALATION_CLIMBED: (
        telling.customer_gets_a_specialist,
        escalation_telling.owner_is_told,
        escalation_telling.leads_get_a_digest,
    ),
    EventKind.ESCALATION_TAKEN: (),
    EventKind.ESCALATION_OVERDUE: (escalation_telling.top_is_told,),
    EventKind.ESCALATION_ENDED: (escalation_telling.who_has_it_back_is_told,),
    # It ends, or so we think.
    EventKind.RESOLVED: (telling.customer_gets_a_solution, escalation_ladder.follows_the_ticket),
    EventKind.CLOSED: (telling.customer_is_asked_how_it_was, escalation_ladder.follows_the_ticket),
    EventKind.RATED: (telling.poor_rating_is_told, triggered.by_a_rating),
    EventKind.REOPENED: (telling.customer_sees_it_reopened, triggered.by_a_reopening),
    EventKind.MERGED: (telling.customer_learns_of_the_merge, escalation_ladder.follows_the_ticket),
    EventKind.MAIL_RETURNED: (telling.somebody_sees_the_mail_came_back,),
    EventKind.HELD: (telling.held_mail_waits,),
    EventKind.LOOP_CUT: (telling.loop_is_told,),
    EventKind.NOTICE_DEAD: (telling.leads_see_the_dead_letter,),
    # The rest is there to be read.
    EventKind.RESTORED: (escalation_ladder.follows_the_ticket,),
    EventKind.CHANGED: (triggered.by_a_change,),
    EventKind.TAGGED: (triggered.by_a_change,),
    EventKind.UNMERGED: (escalation_ladder.follows_the_ticket,),
    EventKind.SPLIT: (),
    EventKind.LINKED: (),
    EventKind.UNLINKED: (),
    EventKind.SPAM: (escalation_ladder.follows_the_ticket,),
    EventKind.NOT_SPAM: (escalation_ladder.follows_the_ticket,),
    EventKind.MACRO_USED: (),
    EventKind.ACCEPTED: (),
    EventKind.AUTO_REPLIED: (),
}

# How old an event must be to be tried again, by how often it was tried; after the last it is set aside.
TRY_AGAIN_AFTER = (
    timedelta(0), timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)
)  # fmt: skip
MOST_TRIES = len(TRY_AGAIN_AFTER)
WITHOUT = [kind for kind, reactions in REACTIONS.items() if not reactions]


def react(now: datetime | None = None, limit: int = 1000, until: datetime | None = None) -> int:
    """Run the reactions of events that have none yet, oldest first; return how many events are through.

    Each event is tried at most once a call. Any number of workers may react at once. Not past `until`.
    """
    if not waiting(now or timezone.now()).exists():
        return 0
    told = webhooks.listening(desk.current())
    unheard = TicketEvent.objects.filter(
        reacted_at__isnull=True, kind__in=[kind for kind in WITHOUT if kind not in told]
    )
    done, last = unheard.update(reacted_at=now or timezone.now()), 0
    for _turn in range(limit):
        if until and timezone.now() >= until:
            break
        event_id = _claim(now or timezone.now(), after=last)
        if event_id is None:
            break
        last = event_id
        done += _react_to(event_id, now or timezone.now(), told)
    return done


def waiting(now: datetime) -> QuerySet[TicketEvent]:
    """Events whose reactions are due."""
    due = Q()
    for tries, age in enumerate(TRY_AGAIN_AFTER):
        due |= Q(reaction_attempts=tries, at__lte=now - age) if tries else Q(reaction_attempts=0)
    return TicketEvent.objects.filter(due, reacted_at__isnull=True)


def set_aside() -> QuerySet[TicketEvent]:
    """Events whose reactions failed too often; leads see them and can try again."""
    return TicketEvent.objects.filter(reacted_at__isnull=True, reaction_attempts__gte=MOST_TRIES)


def try_again(event: TicketEvent) -> None:
    """Give a set-aside event a fresh round of tries."""
    TicketEvent.objects.filter(pk=event.pk, reacted_at__isnull=True).update(reaction_attempts=0)


def _claim(now: datetime, *, after: int) -> int | None:
    """Count the try and commit it before any work, so that an event that kills its worker is given up one day too."""
    with transaction.atomic():
        event_id = _free(waiting(now).filter(pk__gt=after)).order_by("pk").values_list("pk", flat=True).first()
        if event_id is not None:
            TicketEvent.objects.filter(pk=event_id).update(reaction_attempts=F("reaction_attempts") + 1)
    return event_id


def _react_to(event_id: int, now: datetime, told: frozenset[str]) -> bool:
    with transaction.atomic():
        found = _free(TicketEvent.objects.filter(pk=event_id, reacted_at__isnull=True)).first()
        if found is None:
            return False  # another worker has it
        event = TicketEvent.objects.select_related("ticket__customer", "by").get(pk=event_id)
        # Whatever happens, other programs are told of it if they asked for its kind.
        also = (webhooks.enqueue,) if event.kind in told else ()
        outcomes = [_succeeds(reaction, event) for reaction in (*REACTIONS.get(EventKind(event.kind), ()), *also)]
        if not all(outcomes):
            return False
        TicketEvent.objects.filter(pk=event_id).update(reacted_at=now)
    return True


def _succeeds(reaction: Reaction, event: TicketEvent) -> bool:
    try:
        with transaction.atomic():
            reaction(event)
    except Exception:
        log.exception(
            "reaction_failed", reaction=reaction.__name__, event_id=event.pk, ticket=event.ticket_id, kind=event.kind,
            attempt=event.reaction_attempts,
        )  # fmt: skip
        return False
    return True


def _free(events: QuerySet[TicketEvent]) -> QuerySet[TicketEvent]:
    """Those no other worker holds."""
    if connection.features.has_select_for_update_skip_locked:
        return events.select_for_update(skip_locked=True)
    return events
