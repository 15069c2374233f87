"""What runs when. The table is the truth: it is written into the queue's own rows whenever a worker starts."""

from dataclasses import dataclass

from django.db import transaction
from django_q.models import Schedule


@dataclass(frozen=True)
class Line:
    name: str
    job: str  # a dotted path below helpdesk.jobs
    minutes: int


SCHEDULE = (
    # The worker looks by itself every few seconds and is rung after every change; this is a third way to the same work.
    Line("tick", "helpdesk.jobs.tick", 1),
    Line("housekeeping", "helpdesk.jobs.housekeeping", 60),
)


def sync() -> int:
    """Make the queue's schedule equal to SCHEDULE, removing what is not in it; return how many lines it has."""
    with transaction.atomic():
        Schedule.objects.exclude(name__in=[line.name for line in SCHEDULE]).delete()
        for line in SCHEDULE:
            same = Schedule.objects.filter(name=line.name)
            same.filter(pk__gt=(same.order_by("pk").values_list("pk", flat=True).first() or 0)).delete()
            wanted = {"func": line.job, "schedule_type": Schedule.MINUTES, "minutes": line.minutes, "repeats": -1}
            Schedule.objects.update_or_create(name=line.name, defaults=wanted)
    return len(SCHEDULE)
