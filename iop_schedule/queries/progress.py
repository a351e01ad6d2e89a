"""A client's own hours: this week, what gets them to their goal, and the weeks before. No rate, no tier."""

from dataclasses import dataclass
from datetime import datetime

from iop_schedule.domain.civil_time import ProgramWeek, zone
from iop_schedule.domain.frequency import ClientWeek, client_week, weeks_goal_met
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.week import MyWeek, my_week

#: Past weeks listed.
WEEKS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One session still to come this week, and the minutes it brings; times on the site's wall clock."""

    starts: datetime
    ends: datetime
    title: str
    minutes: int


@dataclass(frozen=True, slots=True)
class MyProgress:
    """Everything on the client's page of hours."""

    my: MyWeek
    steps: tuple[Step, ...]
    #: Past weeks with a goal, the latest first.
    weeks: tuple[ClientWeek, ...]
    weeks_met: int


def my_progress(actor: Actor, *, now: datetime) -> MyProgress:
    """Return the signed-in client's hours: this week (on a weekend, the next) and the weeks before."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    my = my_week(actor, week=None, now=now)
    this_week = ProgramWeek.containing(now.astimezone(zone(client.site.zone)).date())
    first = this_week.shifted(-WEEKS_SHOWN)
    care = care_records([client.id], first_day=first.monday, last_day=my.week.sunday, now=now)[client.id]
    minutes = {fact.occurrence_id: fact.scheduled_minutes for fact in care.facts}
    past = [week for week in care.weeks(first, WEEKS_SHOWN) if week.goal_met is not None]
    return MyProgress(
        my=my,
        steps=tuple(
            Step(session.starts, session.ends, session.title, minutes.get(session.id, 0))
            for day in my.days
            for session in day.sessions
            if session.is_expected
        ),
        weeks=tuple(client_week(week) for week in reversed(past)),
        weeks_met=weeks_goal_met(past)[0],
    )
