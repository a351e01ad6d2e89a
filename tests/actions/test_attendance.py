"""Saving attendance sheets: who may, what merges, what is kept."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.attendance import MarkToSave, SheetRefused, save_sheet
from iop_schedule.domain.attendance import Mark, NotYetOpen, SessionCancelled
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    AuditEvent,
    Occurrence,
    RosterEntry,
    SessionNotice,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast

#: Wednesday's group is from 14:00 to 17:00 UTC; the clock stands at 15:00.
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 4)

PRESENT = Mark(AttendanceStatus.ATTENDED)
NOT_HERE = Mark(AttendanceStatus.NO_SHOW)


@dataclass(frozen=True)
class Sheet:
    session: Occurrence
    ana: RosterEntry
    ben: RosterEntry


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    session = make.make_occurrence(cast.wednesday, TODAY)
    made = Sheet(session, make.make_entry(session, cast.ana), make.make_entry(session, cast.ben))
    db.session.commit()
    return made


def save(cast: Cast, sheet: Sheet, *marks: MarkToSave, by=None, now=NOW, key=None):  # type: ignore[no-untyped-def]
    return save_sheet(
        actor=actor_for(by or cast.carol),
        occurrence_id=sheet.session.id,
        marks=marks,
        now=now,
        change_key=key,
    )


def stored() -> dict[int, tuple[str, int, int]]:
    rows = db.session.scalars(select(AttendanceRecord)).all()
    return {row.roster_entry_id: (row.status, row.minutes, row.version) for row in rows}


def kinds() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)))


def test_one_save_marks_several_people(cast: Cast, sheet: Sheet) -> None:
    late = Mark(AttendanceStatus.ATTENDED_PART, arrived_at=NOW)
    result = save(cast, sheet, MarkToSave(sheet.ana.id, 0, late), MarkToSave(sheet.ben.id, 0, NOT_HERE))
    assert (result.changed, result.conflicts) == (2, ())
    assert stored() == {sheet.ana.id: ("attended_in_part", 120, 1), sheet.ben.id: ("no_show", 0, 1)}
    assert kinds() == [AuditKind.ATTENDANCE_RECORDED] * 2


def test_saving_the_same_sheet_again_changes_nothing(cast: Cast, sheet: Sheet) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT))
    assert save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT)).changed == 0
    assert stored() == {sheet.ana.id: ("attended", 180, 1)}


def test_a_correction_keeps_the_earlier_mark(cast: Cast, sheet: Sheet) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, NOT_HERE))
    save(cast, sheet, MarkToSave(sheet.ana.id, 1, PRESENT), now=NOW + timedelta(hours=1))
    revisions = db.session.scalars(select(AttendanceRevision).order_by(AttendanceRevision.version)).all()
    assert [(r.version, r.status, r.minutes) for r in revisions] == [(1, "no_show", 0), (2, "attended", 180)]
    assert kinds() == [AuditKind.ATTENDANCE_RECORDED, AuditKind.ATTENDANCE_CORRECTED]


def test_taking_a_mark_back_leaves_it_to_mark_and_keeps_the_row(cast: Cast, sheet: Sheet) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT))
    save(cast, sheet, MarkToSave(sheet.ana.id, 1, None))
    assert stored() == {sheet.ana.id: ("entered_in_error", 0, 2)}
    save(cast, sheet, MarkToSave(sheet.ana.id, 2, NOT_HERE))
    assert stored() == {sheet.ana.id: ("no_show", 0, 3)}


def test_leaving_someone_to_mark_writes_nothing(cast: Cast, sheet: Sheet) -> None:
    assert save(cast, sheet, MarkToSave(sheet.ana.id, 0, None)).changed == 0
    assert stored() == {}


def test_marks_of_different_people_merge(cast: Cast, sheet: Sheet) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT))
    result = save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), MarkToSave(sheet.ben.id, 0, NOT_HERE))
    assert (result.changed, result.conflicts) == (1, ())


def test_where_both_changed_one_person_the_first_stands_and_the_second_is_told(
    cast: Cast, sheet: Sheet
) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT))
    result = save(cast, sheet, MarkToSave(sheet.ana.id, 0, NOT_HERE), MarkToSave(sheet.ben.id, 0, PRESENT))
    assert (result.changed, result.conflicts) == (1, (sheet.ana.id,))
    assert stored()[sheet.ana.id] == ("attended", 180, 1)


def test_the_same_change_sent_twice_is_stored_once(cast: Cast, sheet: Sheet) -> None:
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), key="abc")
    save(cast, sheet, MarkToSave(sheet.ana.id, 1, NOT_HERE))
    replay = save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), key="abc")
    assert (replay.changed, replay.conflicts) == (0, ())
    assert stored() == {sheet.ana.id: ("no_show", 0, 2)}


def told_absent(cast: Cast, entry: RosterEntry, at: datetime, **more: object) -> SessionNotice:
    told = {"kind": "absent", "reason": "work", "told_at": at, "told_by_id": cast.ana_user.id}
    notice = SessionNotice(roster_entry_id=entry.id, **told, **more)
    cast.program.cancel_notice_hours = 24
    db.session.add(notice)
    db.session.commit()
    return notice


START = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "reason", "status"),
    [
        pytest.param(24, "", "excused", id="in time, to the minute"),
        pytest.param(2, "", "late_cancellation", id="inside the notice period"),
        pytest.param(2, "Feeling ill", "excused", id="excused for a reason"),
    ],
)
def test_an_excuse_inside_the_notice_period_is_a_late_cancellation(
    cast: Cast, sheet: Sheet, hours: int, reason: str, status: str
) -> None:
    told_absent(cast, sheet.ana, START - timedelta(hours=hours))
    mark = MarkToSave(sheet.ana.id, 0, Mark(AttendanceStatus.EXCUSED), reason)
    for _ in range(2):
        save(cast, sheet, mark, key="one-and-the-same")
    assert stored() == {sheet.ana.id: (status, 0, 1)}


def test_only_what_stands_makes_an_excuse_late(cast: Cast, sheet: Sheet) -> None:
    told_absent(cast, sheet.ana, START, withdrawn_at=START, withdrawn_by_id=cast.ana_user.id)
    save(cast, sheet, MarkToSave(sheet.ana.id, 0, Mark(AttendanceStatus.EXCUSED)))
    save(cast, sheet, MarkToSave(sheet.ben.id, 0, Mark(AttendanceStatus.EXCUSED)))
    assert {status for status, *_ in stored().values()} == {"excused"}


def test_an_impossible_time_saves_nothing_of_the_sheet(cast: Cast, sheet: Sheet) -> None:
    after_the_end = Mark(AttendanceStatus.ATTENDED_PART, arrived_at=NOW + timedelta(hours=3))
    with pytest.raises(SheetRefused) as refused:
        save(cast, sheet, MarkToSave(sheet.ben.id, 0, PRESENT), MarkToSave(sheet.ana.id, 0, after_the_end))
    assert list(refused.value.errors) == [sheet.ana.id]
    db.session.rollback()
    assert stored() == {}


def test_a_session_opens_half_an_hour_before_its_start(cast: Cast, sheet: Sheet) -> None:
    opens = sheet.session.starts_at - timedelta(minutes=30)
    with pytest.raises(NotYetOpen):
        save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), now=opens - timedelta(seconds=1))
    db.session.rollback()
    assert save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), now=opens).changed == 1


def test_a_cancelled_session_has_nothing_to_mark(cast: Cast, sheet: Sheet) -> None:
    sheet.session.status = OccurrenceStatus.CANCELLED
    db.session.commit()
    with pytest.raises(SessionCancelled):
        save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT))


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("eve", NotFound),
        ("dev", NotAllowed),
        ("ana_user", NotAllowed),
        ("mallory", NotAllowed),
        ("trent", NotFound),
    ],
)
def test_nobody_else_marks_carols_sheet(cast: Cast, sheet: Sheet, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        save(cast, sheet, MarkToSave(sheet.ana.id, 0, PRESENT), by=getattr(cast, who))
    db.session.rollback()
    assert stored() == {}


def test_an_entry_of_another_session_is_not_found(cast: Cast, sheet: Sheet) -> None:
    other = make.make_occurrence(cast.monday, date(2026, 3, 2))
    foreign = make.make_entry(other, cast.ana)
    db.session.commit()
    with pytest.raises(NotFound):
        save(cast, sheet, MarkToSave(foreign.id, 0, PRESENT))
