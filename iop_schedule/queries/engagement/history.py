"""A program's own past, as trying settings of the monitor needs it."""

from datetime import datetime

from iop_schedule.domain.civil_time import ProgramWeek, local_day, zone
from iop_schedule.domain.engagement.trying import PastCare
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.engagement.episodes import Progress, episodes, past_care

#: How far back the history goes.
WEEKS = 104


def program_history(
    actor: Actor,
    program_id: int,
    *,
    weeks: int,
    policy: MonitorPolicy,
    now: datetime,
    progress: Progress = lambda _: None,
) -> list[PastCare]:
    """Return everyone's sessions of the last `weeks` program weeks, the current one included.

    Raises:
        NotFound: no program of this person's sites.
    """
    program = access_program(actor, program_id, Permission.REPORTS_READ)
    this_week = ProgramWeek.containing(local_day(now, zone(program.site.zone)))
    first_day = this_week.shifted(1 - weeks).monday
    return [
        past_care(one, program, policy=policy, now=now)
        for some in episodes(program, first_day=first_day, now=now, progress=progress)
        for one in some
    ]
