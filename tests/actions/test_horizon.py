"""Weekly series written out as dated sessions with their rosters: once, in bulk, never in the past."""

from collections import Counter
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import event, func, select

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import (
    AttendanceRecord,
    AuditEvent,
    Closure,
    Occurrence,
    RosterEntry,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.vocabulary import AttendanceStatus, CancelCause, OccurrenceStatus, RosterSource
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)


def days_of(series: Series, status: OccurrenceStatus = OccurrenceStatus.PLANNED) -> list[date]:
    statement = select(Occurrence.local_day).where(
        Occurrence.series_id == series.id, Occurrence.status == status
    )
    return list(db.session.scalars(statement.order_by(Occurrence.local_day)))


def expected(series: Series, day: date) -> list[str]:
    statement = (
        select(RosterEntry)
        .join(Occurrence)
        .where(
            Occurrence.series_id == series.id, Occurrence.local_day == day, RosterEntry.released_at.is_(None)
        )
    )
    return sorted(entry.client.given_name for entry in db.session.scalars(statement))


def counts() -> list[int]:
    tables = (Occurrence, RosterEntry, AuditEvent)
    return [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def occurrence(series: Series, day: date) -> Occurrence:
    statement = select(Occurrence).where(Occurrence.series_id == series.id, Occurrence.original_day == day)
    return db.session.scalars(statement).one()


def test_series_are_written_out_from_today_to_the_horizon(cast: Cast) -> None:
    extend_horizon(now=NOW)
    mondays = [date(2026, 3, 9) + timedelta(weeks=n) for n in range(12)]
    wednesdays = [TODAY + timedelta(weeks=n) for n in range(13)]
    assert (days_of(cast.monday), days_of(cast.wednesday)) == (mondays, wednesdays)


def test_the_horizon_is_the_programs_own(cast: Cast) -> None:
    cast.program.horizon_weeks = 2
    db.session.commit()
    extend_horizon(now=NOW)
    assert days_of(cast.monday) == [date(2026, 3, 9), date(2026, 3, 16)]


def test_a_second_run_changes_nothing(cast: Cast) -> None:
    extend_horizon(now=NOW)
    before = counts()
    stamps = sorted(db.session.scalars(select(Occurrence.updated_at)))
    again = extend_horizon(now=NOW + timedelta(hours=1))
    assert (again.anything, counts()) == (False, before)
    assert sorted(db.session.scalars(select(Occurrence.updated_at))) == stamps


def test_only_one_site_when_asked(cast: Cast) -> None:
    extend_horizon(now=NOW, site_id=cast.far.id)
    assert (days_of(cast.monday), len(days_of(cast.far_monday))) == ([], 12)


def test_members_and_the_client_of_an_individual_series_are_expected(cast: Cast) -> None:
    extend_horizon(now=NOW)
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben"]
    assert expected(cast.one_to_one, date(2026, 3, 5)) == ["Ana"]
    sources = Counter(db.session.scalars(select(RosterEntry.source)))
    assert set(sources) == {RosterSource.MEMBER, RosterSource.INDIVIDUAL}


def test_a_membership_counts_on_its_first_and_last_day(cast: Cast) -> None:
    cleo = make.make_client(cast.elm, given_name="Cleo")
    make.make_member(cast.monday, cleo, from_day=date(2026, 3, 16), until_day=date(2026, 3, 23))
    db.session.commit()
    extend_horizon(now=NOW)
    days = [day for day in days_of(cast.monday) if "Cleo" in expected(cast.monday, day)]
    assert days == [date(2026, 3, 16), date(2026, 3, 23)]


def test_two_memberships_of_one_client_give_one_place(cast: Cast) -> None:
    make.make_member(cast.monday, cast.ana, from_day=date(2026, 3, 1))
    db.session.commit()
    extend_horizon(now=NOW)
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben"]


def end_membership(series: Series, client_id: int, last: date) -> None:
    statement = select(SeriesMember).where(
        SeriesMember.series_id == series.id, SeriesMember.client_id == client_id
    )
    db.session.scalars(statement).one().until_day = last
    db.session.commit()


def test_an_ended_membership_is_released_from_later_sessions_and_comes_back(cast: Cast) -> None:
    extend_horizon(now=NOW)
    end_membership(cast.monday, cast.ana.id, date(2026, 3, 9))
    extend_horizon(now=NOW)
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben"]
    assert expected(cast.monday, date(2026, 3, 16)) == ["Ben"]
    end_membership(cast.monday, cast.ana.id, date(2026, 3, 16))
    extend_horizon(now=NOW)
    assert expected(cast.monday, date(2026, 3, 16)) == ["Ana", "Ben"]


def test_a_make_up_is_never_released(cast: Cast) -> None:
    extend_horizon(now=NOW)
    zed = make.make_client(cast.elm, given_name="Zed")
    guest = occurrence(cast.monday, date(2026, 3, 9))
    db.session.add(RosterEntry(occurrence_id=guest.id, client_id=zed.id, source=RosterSource.MAKE_UP))
    db.session.commit()
    extend_horizon(now=NOW)
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben", "Zed"]


def mark(occurrence_row: Occurrence, client_id: int, by: int) -> None:
    entry = db.session.scalars(
        select(RosterEntry).where(
            RosterEntry.occurrence_id == occurrence_row.id, RosterEntry.client_id == client_id
        )
    ).one()
    db.session.add(
        AttendanceRecord(
            roster_entry_id=entry.id, status=AttendanceStatus.ATTENDED, minutes=180, version=1,
            marked_at=NOW, marked_by_id=by,
        )
    )  # fmt: skip
    db.session.commit()


def test_nobody_with_attendance_is_released_and_no_attended_session_is_cancelled(cast: Cast) -> None:
    extend_horizon(now=NOW)
    mark(occurrence(cast.monday, date(2026, 3, 9)), cast.ana.id, cast.carol.id)
    end_membership(cast.monday, cast.ana.id, date(2026, 3, 5))
    make.make_closure(cast.elm, from_day=date(2026, 3, 9), until_day=date(2026, 3, 9))
    db.session.commit()
    extend_horizon(now=NOW)
    assert occurrence(cast.monday, date(2026, 3, 9)).status == OccurrenceStatus.PLANNED
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben"]


def test_the_past_stays_whatever_changes(cast: Cast) -> None:
    extend_horizon(now=NOW - timedelta(days=7))
    before = [
        (row.id, row.starts_at, row.status, row.leader_id)
        for row in db.session.scalars(
            select(Occurrence).where(Occurrence.starts_at <= NOW).order_by(Occurrence.id)
        )
    ]
    past_entries = (
        select(RosterEntry.id, RosterEntry.released_at)
        .join(Occurrence)
        .where(Occurrence.starts_at <= NOW)
        .order_by(RosterEntry.id)
    )
    entries = db.session.execute(past_entries).all()
    assert len(before) == 6
    cast.monday.until_day = cast.wednesday.until_day = date(2026, 2, 1)
    cast.friday.local_start = time(15)
    cast.elm.zone = "America/Denver"
    end_membership(cast.friday, cast.ana.id, date(2026, 2, 1))
    make.make_closure(cast.elm, from_day=date(2026, 2, 1), until_day=date(2026, 3, 4))
    db.session.commit()
    extend_horizon(now=NOW)
    after = [
        (row.id, row.starts_at, row.status, row.leader_id)
        for row in db.session.scalars(
            select(Occurrence).where(Occurrence.starts_at <= NOW).order_by(Occurrence.id)
        )
    ]
    assert after == before
    assert db.session.execute(past_entries).all() == entries


def test_a_closure_cancels_with_its_name_and_its_removal_restores(cast: Cast) -> None:
    extend_horizon(now=NOW)
    same = occurrence(cast.monday, date(2026, 3, 9)).id
    snow = make.make_closure(cast.elm, name="Snow", from_day=date(2026, 3, 9), until_day=date(2026, 3, 13))
    db.session.commit()
    extend_horizon(now=NOW)
    row = db.session.get_one(Occurrence, same)
    assert (row.status, row.status_reason, row.cancel_cause, row.revision) == (
        OccurrenceStatus.CANCELLED, "Snow", CancelCause.CLOSURE, 1,
    )  # fmt: skip
    db.session.delete(db.session.get_one(Closure, snow.id))
    db.session.commit()
    extend_horizon(now=NOW)
    row = db.session.get_one(Occurrence, same)
    assert (row.status, row.status_reason, row.cancel_cause, row.revision) == (
        OccurrenceStatus.PLANNED, "", None, 2,
    )  # fmt: skip
    assert expected(cast.monday, date(2026, 3, 9)) == ["Ana", "Ben"]


def test_of_closures_that_meet_the_one_that_begins_first_is_the_reason(cast: Cast) -> None:
    """In whatever order they were entered and are read."""
    extend_horizon(now=NOW)
    for name, first in (
        ("Snow", date(2026, 3, 10)),
        ("Flood", date(2026, 3, 9)),
        ("Fire", date(2026, 3, 11)),
    ):
        make.make_closure(cast.elm, name=name, from_day=first, until_day=date(2026, 3, 13))
    db.session.commit()
    extend_horizon(now=NOW)
    assert occurrence(cast.wednesday, date(2026, 3, 11)).status_reason == "Flood"


def test_a_closure_of_one_program_leaves_the_others(cast: Cast) -> None:
    other = make.make_program(cast.elm)
    meeting = make.make_meeting(make.make_group(other), cast.root, weekday=0, local_start=time(15))
    make.make_closure(cast.elm, program_id=other.id, from_day=date(2026, 3, 9), until_day=date(2026, 3, 9))
    db.session.commit()
    extend_horizon(now=NOW)
    assert days_of(meeting)[0] == date(2026, 3, 16)
    assert days_of(cast.monday)[0] == date(2026, 3, 9)


def test_a_later_site_zone_keeps_the_wall_clock(cast: Cast) -> None:
    extend_horizon(now=NOW)
    cast.elm.zone = "America/Denver"
    db.session.commit()
    extend_horizon(now=NOW)
    row = occurrence(cast.monday, date(2026, 3, 9))
    assert row.starts_at == datetime(2026, 3, 9, 15, tzinfo=NOW.tzinfo)


def test_today_is_the_sites_own_day(cast: Cast) -> None:
    late = datetime(
        2026, 3, 10, 4, 30, tzinfo=NOW.tzinfo
    )  # Tuesday at Elm Street, Monday evening at Far Hills
    extend_horizon(now=late)
    assert (days_of(cast.monday)[0], days_of(cast.far_monday)[0]) == (date(2026, 3, 16), date(2026, 3, 9))


def test_earlier_sessions_of_today_are_written_out_with_their_roster(cast: Cast) -> None:
    extend_horizon(now=NOW + timedelta(hours=8))
    assert expected(cast.wednesday, TODAY) == ["Ana", "Ben"]


@pytest.mark.parametrize("clients", [30])
def test_the_number_of_statements_does_not_grow_with_clients_or_series(cast: Cast, clients: int) -> None:
    def statements() -> int:
        seen = []
        listener = lambda *_: seen.append(1)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        extend_horizon(now=NOW, site_id=cast.elm.id)
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    first = statements()
    for number in range(clients):
        client = make.make_client(cast.elm)
        meeting = make.make_meeting(cast.group, cast.carol, weekday=number % 5, local_start=time(6))
        make.make_member(meeting, client)
    db.session.commit()
    assert statements() <= first + 6
