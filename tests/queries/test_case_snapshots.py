"""Stored cases: whatever changes, and however, what is shown is what would be derived."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text, update

from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.models import (
    AttendanceRecord,
    CaseChange,
    CaseSnapshot,
    ClientConstraint,
    Enrollment,
    EnrollmentPause,
    Group,
    MonitorVersion,
    Occurrence,
    OutreachAttempt,
    PrescribedDose,
    Program,
    RosterEntry,
    SelfReportRow,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.models.case_changes import trigger_names
from iop_schedule.queries.case_snapshots import case_of, cases_of, is_good, values_of
from iop_schedule.queries.cases import derive
from iop_schedule.vocabulary import AttendanceStatus, PauseReason, RosterSource
from tests import factories as make
from tests.cast import Cast

NOW = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
MONDAY, NEXT_MONDAY = date(2026, 3, 2), date(2026, 3, 9)


def refreshed(now: datetime = NOW) -> None:
    db.session.commit()
    while refresh(now=now):
        pass


@pytest.fixture
def lived(cast: Cast) -> Cast:
    """Ana attended, missed and was not recorded; she has a session to come that does not fit."""
    weeks = [MONDAY - timedelta(weeks=n) for n in range(4)]
    for day, status in zip(weeks, (None, "no_show", "no_show", "attended"), strict=True):
        entry = make.make_entry(make.make_occurrence(cast.monday, day), cast.ana)
        if status:
            make.make_record(entry, AttendanceStatus(status))
    make.make_entry(make.make_occurrence(cast.monday, NEXT_MONDAY), cast.ana)
    make.make_constraint(cast.ana, cast.ana_user, weekday=0, local_start=time(10), local_end=time(11))
    make.make_attempt(
        cast.ana, cast.dev, result="reached", next_step="nothing", next_day=None, at=NOW - timedelta(days=9)
    )
    make.make_self_report(cast.ana, cast.dev, day=MONDAY, use_score=2)
    refreshed()
    return cast


def _entry(cast: Cast, day: date = MONDAY) -> RosterEntry:
    found: RosterEntry = db.session.scalars(
        select(RosterEntry).join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(RosterEntry.client_id == cast.ana.id, Occurrence.local_day == day)
    ).one()  # fmt: skip
    return found


def _bulk(table: type, **values: object) -> None:
    """Change rows past the objects of the session, as imports and clean-ups do."""
    db.session.execute(update(table).values(**values).execution_options(synchronize_session=False))


def _pause(cast: Cast) -> None:
    (enrollment,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id))
    db.session.add(EnrollmentPause(enrollment_id=enrollment.id, from_day=MONDAY, reason=PauseReason.LEAVE))


def _version(cast: Cast) -> None:
    db.session.add(
        MonitorVersion(
            program_id=cast.program.id, number=1, numbers={"no_contact_days": 1}, origin="by_hand", note="",
            from_at=NOW - timedelta(minutes=1), made_by_id=cast.root.id,
        )
    )  # fmt: skip


def _make_up(cast: Cast) -> None:
    make.make_record(
        make.make_entry(make.make_occurrence(cast.wednesday, MONDAY + timedelta(days=2)), cast.ana,
                        source=RosterSource.MAKE_UP),
        AttendanceStatus.ATTENDED,
    )  # fmt: skip


CHANGES: dict[str, Callable[[Cast], object]] = {
    "a mark": lambda c: make.make_record(_entry(c), AttendanceStatus.NO_SHOW),
    "a correction": lambda _: _bulk(AttendanceRecord, status="excused", minutes=0),
    "a mark taken back": lambda _: db.session.execute(text("DELETE FROM attendance_record")),
    "another session": lambda c: make.make_entry(make.make_occurrence(c.friday, date(2026, 3, 6)), c.ana),
    "a place given up": lambda _: _bulk(RosterEntry, released_at=NOW - timedelta(days=20)),
    "a canceled session": lambda _: _bulk(Occurrence, status="cancelled"),
    "a longer break": lambda _: _bulk(Occurrence, break_minutes=30),
    "a discharge": lambda _: _bulk(Enrollment, status="finished", until_day=date(2026, 3, 1)),
    "a pause": _pause,
    "another dose": lambda _: _bulk(PrescribedDose, minutes=360),
    "closed days": lambda c: make.make_closure(c.elm, from_day=MONDAY, until_day=MONDAY),
    "a commitment that ends": lambda _: _bulk(ClientConstraint, until_day=date(2026, 3, 3)),
    "a contact": lambda c: make.make_attempt(c.ana, c.dev, result="reached", at=NOW - timedelta(hours=1)),
    "a contact taken back": lambda c: _bulk(OutreachAttempt, undone_at=NOW, undone_by_id=c.dev.id),
    "a self-report": lambda _: _bulk(SelfReportRow, use_score=0),
    "other settings": _version,
    "another minimum": lambda _: _bulk(Program, minimum_minutes=180),
    "silent weeks": lambda _: _bulk(Program, silent_until=date(2026, 4, 1)),
    "another name for the group": lambda _: _bulk(Group, name="Tuesday Circle"),
    "a place that ends": lambda _: _bulk(SeriesMember, until_day=date(2026, 3, 3)),
    "a series that ends": lambda _: _bulk(Series, until_day=date(2026, 3, 3)),
    "a make-up": _make_up,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_changes_is_shown_at_once(lived: Cast, change: Callable[[Cast], object]) -> None:
    ana = lived.ana.id
    before = cases_of([ana], now=NOW)[ana]
    change(lived)
    db.session.commit()
    shown = cases_of([ana], now=NOW)[ana]
    assert shown == derive([ana], now=NOW)[ana]
    assert shown != before
    refreshed()
    assert cases_of([ana], now=NOW)[ana] == shown


def test_another_kind_of_service_counts_from_other_minutes_at_once(lived: Cast) -> None:
    _bulk(AttendanceRecord, status="attended_in_part", minutes=100)
    _bulk(Occurrence, break_minutes=0)
    db.session.add(
        MonitorVersion(
            program_id=lived.program.id, number=1, numbers={"service_minimums": {"individual": 120}},
            origin="by_hand", note="", from_at=NOW - timedelta(minutes=1), made_by_id=lived.root.id,
        )
    )  # fmt: skip
    refreshed()
    as_group = cases_of([lived.ana.id], now=NOW)[lived.ana.id].level
    _bulk(Series, service_type="individual")
    db.session.commit()
    shown = cases_of([lived.ana.id], now=NOW)[lived.ana.id]
    assert shown == derive([lived.ana.id], now=NOW)[lived.ana.id]
    assert shown.level.share < as_group.share


def test_what_is_stored_is_what_was_derived_to_the_last_field(lived: Cast) -> None:
    ids = [lived.ana.id, lived.ben.id, lived.zoe.id]
    derived = derive(ids, now=NOW)
    stored = {row.client_id: case_of(row) for row in db.session.scalars(select(CaseSnapshot))}
    assert stored == derived
    assert stored[lived.ana.id].reasons
    assert stored[lived.ana.id].reviews
    assert stored[lived.ana.id].clashes
    assert case_of(CaseSnapshot(**values_of(derived[lived.ana.id], now=NOW))) == derived[lived.ana.id]


@pytest.mark.parametrize(
    ("later", "good"),
    [
        pytest.param(timedelta(hours=5, minutes=59), True, id="before midnight"),
        pytest.param(timedelta(hours=6), False, id="the day ends"),
    ],
)
def test_time_alone_makes_a_case_stale(lived: Cast, later: timedelta, good: bool) -> None:
    statement = select(CaseSnapshot.client_id).join(CaseSnapshot.client).where(is_good(NOW + later))
    assert (lived.ana.id in db.session.scalars(statement).all()) is good


def test_a_case_is_good_until_the_session_in_progress_is_over(lived: Cast) -> None:
    during = datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
    ends = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
    case = derive([lived.ana.id], now=during)[lived.ana.id]
    assert case.good_until == ends
    after = derive([lived.ana.id], now=ends)[lived.ana.id]
    assert after.not_recorded == case.not_recorded + 1


def test_a_change_that_comes_in_while_deriving_is_not_lost(
    lived: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iop_schedule.actions import case_snapshots

    real = case_snapshots.derive

    def derive_slowly(ids: list[int], *, now: datetime) -> object:
        found = real(ids, now=now)
        db.session.rollback()
        with db.engine.connect() as other:
            from iop_schedule.models.base import write_intent

            token = write_intent.set(True)
            other.execute(text("UPDATE prescribed_dose SET minutes = 60"))
            other.commit()
            write_intent.reset(token)
        return found

    _bulk(PrescribedDose, minutes=300)
    db.session.commit()
    monkeypatch.setattr(case_snapshots, "derive", derive_slowly)
    assert refresh(now=NOW)
    monkeypatch.setattr(case_snapshots, "derive", real)
    assert cases_of([lived.ana.id], now=NOW)[lived.ana.id].goal_minutes == 60
    refreshed()
    assert cases_of([lived.ana.id], now=NOW)[lived.ana.id].goal_minutes == 60


def test_refreshing_strikes_off_what_it_has_seen_and_then_has_nothing_to_do(lived: Cast) -> None:
    assert db.session.scalar(select(func.count(CaseChange.id))) == 0
    assert refresh(now=NOW) == 0


def test_every_trigger_there_should_be_is_there(app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        statement = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'case_change%'"
    else:
        statement = "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'case_change%'"
    assert set(db.session.scalars(text(statement))) == trigger_names()
    assert {column["name"] for column in inspect(db.session.connection()).get_columns("case_change")} == {
        "id",
        "client_id",
    }


def test_one_case_that_cannot_be_derived_holds_nobody_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from iop_schedule.actions import case_snapshots

    ben = cast.ben.id

    def derive_but_ben(ids: list[int], *, now: datetime) -> object:
        if ben in ids:
            raise ValueError(ben)
        return derive(ids, now=now)

    with monkeypatch.context() as broken:
        broken.setattr(case_snapshots, "derive", derive_but_ben)
        refreshed()
    assert set(db.session.scalars(select(CaseSnapshot.client_id))) == {cast.ana.id, cast.zoe.id}
    refreshed()
    assert set(db.session.scalars(select(CaseSnapshot.client_id))) == {cast.ana.id, cast.zoe.id, ben}
