"""A program's monitor: which settings are in force, and who sees its tiers. Versions are never changed."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import numbers_of, revised
from iop_schedule.errors import NotPossible
from iop_schedule.models import MonitorVersion, Program, db
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.risk import policies_in_force
from iop_schedule.vocabulary import AuditKind, PolicyOrigin

#: Silent weeks longer than this are a monitor nobody uses.
LONGEST_SILENCE = timedelta(weeks=26)


class NothingNew(NotPossible):
    """These are the settings in force already. Change a number, or leave them."""


class TooSilent(NotPossible):
    """Choose a day within the next 26 weeks, or none to show tiers now."""


def adopt(
    *,
    actor: Actor,
    program_id: int,
    numbers: dict[str, Any],
    note: str,
    now: datetime,
    origin: PolicyOrigin = PolicyOrigin.BY_HAND,
) -> MonitorVersion:
    """Put a new version of a program's settings in force from now on.

    `numbers` are those of `MonitorPolicy` that differ from the version in force.

    Raises:
        NotFound: not this person's program.
        NothingNew, BadNumber: the settings would be the same, or mean nothing.
    """
    program = access_program(actor, program_id, Permission.MONITOR_MANAGE)
    db.session.refresh(program, with_for_update=True)
    standing = policies_in_force([program.id], at=now)[program.id].policy
    wanted = revised(standing, numbers)
    if wanted == standing:
        raise NothingNew
    latest = db.session.scalar(
        select(func.max(MonitorVersion.number)).where(MonitorVersion.program_id == program.id)
    )
    row = MonitorVersion(
        program_id=program.id,
        number=(latest or 0) + 1,
        numbers=numbers_of(wanted),
        origin=origin,
        note=note.strip()[:300],
        from_at=now,
        made_by_id=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    changed = {name: [getattr(standing, name), value] for name, value in numbers_of(wanted).items()}
    differs = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    _note(actor, program, {"version": row.number, "origin": origin, "changed": differs}, now=now)
    db.session.commit()
    return row


def keep_silent(*, actor: Actor, program_id: int, until_day: date | None, now: datetime) -> None:
    """Show a program's tiers to administrators only through a day; None shows them to everyone now.

    Raises:
        NotFound: not this person's program.
        TooSilent: the day is past or too far ahead.
    """
    program = access_program(actor, program_id, Permission.MONITOR_MANAGE)
    today = actor.today(now)
    if until_day is not None and not today <= until_day <= today + LONGEST_SILENCE:
        raise TooSilent(field="silent_until")
    if program.silent_until != until_day:
        program.silent_until = until_day
        _note(actor, program, {"silent_until": until_day.isoformat() if until_day else None}, now=now)
    db.session.commit()


def _note(actor: Actor, program: Program, details: dict[str, Any], *, now: datetime) -> None:
    audit.record(
        AuditKind.MONITOR_CHANGED,
        actor=actor,
        now=now,
        subject=("program", program.id),
        site_id=program.site_id,
        details=details,
    )
