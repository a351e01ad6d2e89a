"""Asking which one, two or three new groups would serve most people; the solver's process answers."""

from datetime import datetime, timedelta

from iop_schedule.actions.placement_runs import Wanted, ask_for_run
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.vocabulary import RunKind

SECONDS = 60


def ask_for_openings(*, actor: Actor, program_id: int, now: datetime) -> int:
    """Ask which new groups to open and return the run's id; raises as `ask_for_run`."""
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    tomorrow = local_day(now, zone(program.site.zone)) + timedelta(days=1)
    wanted = Wanted(program_id=program.id, from_day=tomorrow, seconds=SECONDS, kind=RunKind.OPENINGS)
    return ask_for_run(actor=actor, wanted=wanted, now=now)
