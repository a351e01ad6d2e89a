"""Planning anew after a change with the fewest changes: what is asked of the solver, what comes of it.

Two versions are asked for together: one that moves nobody whose week still works, and one that may move
some of them, without ever taking a place away, where that lets more of the others keep or find one.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from iop_schedule.actions.placement_runs import Wanted, ask_for_runs
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Series, db
from iop_schedule.queries.access import Actor, access_group, access_program, access_staff
from iop_schedule.vocabulary import PlacementAim, RepairCause, RunKind, SeriesKind


@dataclass(frozen=True, slots=True)
class Change:
    """What happened in a program, and from which day on weeks are planned anew."""

    program_id: int
    cause: RepairCause
    from_day: date
    seconds: int
    #: Of a counselor who is out, or of a group that closes.
    leader_id: int | None = None
    group_id: int | None = None


def ask_for_repair(*, actor: Actor, change: Change, now: datetime) -> int:
    """Ask for both versions of a repair and return the run of the first, which moves nobody unaffected.

    Raises:
        NotFound, NotAllowed: the program, the counselor or the group is not this person's.
        NotPossible: nothing of the program is held by them from that day on, or as `ask_for_run`.
    """
    program = access_program(actor, change.program_id, Permission.PLACEMENT_RUN)
    closes = _closing(actor, change)
    options = {"cause": str(change.cause), "closes": closes}
    wanted = [
        Wanted(
            program_id=program.id,
            from_day=change.from_day,
            seconds=change.seconds,
            aim=aim,
            kind=RunKind.REPAIR,
            options=options,
        )
        for aim in (PlacementAim.STAY, PlacementAim.REACH)
    ]
    return ask_for_runs(actor=actor, wanted=wanted, now=now)[0]


def _closing(actor: Actor, change: Change) -> list[int]:
    """Return the weekly sessions that are not held any more."""
    held = select(Series.id).where(
        Series.program_id == change.program_id,
        Series.kind == SeriesKind.GROUP,
        Series.until_day.is_(None) | (Series.until_day >= change.from_day),
    )
    if change.cause is RepairCause.COUNSELOR_OUT:
        leader = access_staff(actor, change.leader_id or 0, Permission.PLACEMENT_RUN)
        held, field = held.where(Series.leader_id == leader.id), "leader_id"
    elif change.cause is RepairCause.GROUP_CLOSED:
        group = access_group(actor, change.group_id or 0, Permission.PLACEMENT_RUN)
        if group.program_id != change.program_id:
            raise NotFound
        held, field = held.where(Series.group_id == group.id), "group_id"
    else:
        return []
    found = sorted(db.session.scalars(held))
    if not found:
        message = "No group of this program meets then. Choose another program or day."
        raise NotPossible(message, field=field)
    return found
