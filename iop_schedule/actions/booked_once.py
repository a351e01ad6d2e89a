"""Writing sessions and rosters in bulk past the database's refusals: a known clash is flagged, not fatal.

A weekly session is checked when it is made. What clashes on one day later (a move, a closure taken back)
must not keep everybody else's sessions from being written; the program week lists it.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions.locks import is_double_booking
from iop_schedule.domain.intervals import Interval
from iop_schedule.models import Occurrence, RosterEntry, db
from iop_schedule.vocabulary import OccurrenceStatus


def insert_sessions(rows: list[dict[str, Any]]) -> None:
    """Write new sessions; those whose counselor or room is taken are written as known to be so."""
    if not _is_written(insert(Occurrence), rows):
        clashing = _clashing(rows)
        known = [{**row, "double_booked": number in clashing} for number, row in enumerate(rows)]
        db.session.execute(insert(Occurrence), known)


def change_sessions(rows: list[dict[str, Any]]) -> None:
    """Change sessions by primary key; those whose new time is taken are changed as known to be so."""
    if not _is_written(update(Occurrence), rows):
        for row in rows:
            _write_one(update(Occurrence), row)


def expect(chosen: Any) -> int:
    """Put on rosters what a query of session, client and source chooses; return how many."""
    columns = ["occurrence_id", "client_id", "source"]
    options = {"synchronize_session": False, "preserve_rowcount": True}
    try:
        with db.session.begin_nested():
            chosen_rows = insert(RosterEntry).from_select(columns, chosen)
            result: Any = db.session.execute(chosen_rows, execution_options=options)
            return int(result.rowcount)
    except IntegrityError as refused:
        if not is_double_booking(refused):
            raise
    rows = [dict(zip(columns, row, strict=True)) for row in db.session.execute(chosen)]
    for row in rows:
        _write_one(insert(RosterEntry), row)
    return len(rows)


def _is_written(statement: Any, rows: list[dict[str, Any]]) -> bool:
    """Write the rows and return True, or return False because the database refused a double booking."""
    try:
        with db.session.begin_nested():
            db.session.execute(statement, rows)
    except IntegrityError as refused:
        if not is_double_booking(refused):
            raise
        return False
    return True


def _write_one(statement: Any, row: dict[str, Any]) -> None:
    if not _is_written(statement, [row]):
        db.session.execute(statement, [{**row, "double_booked": True}])


def _clashing(rows: list[dict[str, Any]]) -> set[int]:
    """Return which of `rows`, by place, find their counselor or room taken; an earlier row counts too."""
    standing = select(
        Occurrence.leader_id, Occurrence.room_id, Occurrence.starts_at, Occurrence.ends_at
    ).where(
        Occurrence.status == OccurrenceStatus.PLANNED,
        ~Occurrence.double_booked,
        Occurrence.starts_at < max(row["ends_at"] for row in rows),
        Occurrence.ends_at > min(row["starts_at"] for row in rows),
    )
    taken: dict[tuple[str, int], list[Interval[datetime]]] = defaultdict(list)
    for leader_id, room_id, starts_at, ends_at in db.session.execute(standing):
        for one in _held_by(leader_id, room_id):
            taken[one].append(Interval(starts_at, ends_at))
    found = set()
    for number, row in enumerate(rows):
        when, held = Interval(row["starts_at"], row["ends_at"]), _held_by(row["leader_id"], row["room_id"])
        if any(when.overlaps(other) for one in held for other in taken[one]):
            found.add(number)
            continue
        for one in held:
            taken[one].append(when)
    return found


def _held_by(leader_id: int, room_id: int | None) -> list[tuple[str, int]]:
    leader = ("leader", leader_id)
    return [leader] if room_id is None else [leader, ("room", room_id)]
