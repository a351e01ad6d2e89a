"""The counselor's board and roster."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from iop_schedule.errors import NotFound
from iop_schedule.models import db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.attendance import roster_for
from iop_schedule.queries.today import today_board
from iop_schedule.vocabulary import AttendanceStatus, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MONDAY, TODAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 6)


def _sections(cast: Cast, now: datetime = NOW, day: date = TODAY) -> dict[str, list[date]]:
    board = today_board(actor_for(cast.carol), day=day, now=now)
    return {
        name: [line.starts.date() for line in getattr(board, name)]
        for name in ("now", "next", "to_finish", "done")
    }


def test_the_board_puts_each_session_where_it_needs_doing(cast: Cast) -> None:
    for series, day in ((cast.monday, MONDAY), (cast.wednesday, TODAY)):
        make.make_entry(make.make_occurrence(series, day), cast.ana)
    db.session.commit()
    early, over = NOW - timedelta(hours=3), NOW + timedelta(hours=6)
    assert _sections(cast, early) == {"now": [], "next": [TODAY], "to_finish": [MONDAY], "done": []}
    assert _sections(cast) == {"now": [TODAY], "next": [], "to_finish": [MONDAY], "done": []}
    assert _sections(cast, over) == {"now": [], "next": [], "to_finish": [MONDAY, TODAY], "done": []}


def test_what_is_signed_or_cancelled_is_done(cast: Cast) -> None:
    marked = make.make_occurrence(cast.wednesday, TODAY)
    make.make_record(make.make_entry(marked, cast.ana), AttendanceStatus.ATTENDED)
    make.make_sign_off(marked, cast.carol)
    cancelled = make.make_occurrence(cast.one_to_one, TODAY, status=OccurrenceStatus.CANCELLED)
    make.make_entry(cancelled, cast.ana)
    db.session.commit()
    assert _sections(cast, NOW + timedelta(hours=9))["done"] == [TODAY, TODAY]


def test_marked_but_not_signed_is_to_finish(cast: Cast) -> None:
    held = make.make_occurrence(cast.monday, MONDAY)
    make.make_record(make.make_entry(held, cast.ana), AttendanceStatus.ATTENDED)
    db.session.commit()
    assert _sections(cast)["to_finish"] == [MONDAY]


def test_a_mark_taken_back_counts_as_to_mark(cast: Cast) -> None:
    held = make.make_occurrence(cast.monday, MONDAY)
    make.make_record(make.make_entry(held, cast.ana), AttendanceStatus.ENTERED_IN_ERROR)
    db.session.commit()
    assert _sections(cast)["to_finish"] == [MONDAY]


def test_an_empty_day_names_the_next_one(cast: Cast) -> None:
    make.make_occurrence(cast.friday, FRIDAY)
    db.session.commit()
    assert today_board(actor_for(cast.carol), day=date(2026, 3, 5), now=NOW).next_day == FRIDAY


def test_nobody_sees_another_leaders_sessions(cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.wednesday, TODAY), cast.ana)
    db.session.commit()
    assert today_board(actor_for(cast.eve), day=TODAY, now=NOW).is_empty


def test_the_roster_lists_people_by_preferred_name_with_what_helps(cast: Cast) -> None:
    monday = make.make_occurrence(cast.monday, MONDAY)
    make.make_record(make.make_entry(monday, cast.ana), AttendanceStatus.NO_SHOW)
    make.make_record(make.make_entry(monday, cast.ben), AttendanceStatus.ATTENDED)
    today = make.make_occurrence(cast.wednesday, TODAY)
    make.make_entry(today, cast.ben)
    make.make_entry(today, cast.ana)
    make.make_entry(today, cast.zoe, released_at=NOW)
    db.session.commit()
    sheet = roster_for(actor_for(cast.carol), today.id, now=NOW)
    assert [(s.name, s.line, s.done_minutes, s.goal_minutes, s.status) for s in sheet.seats] == [
        ("Ana Q.", "Missed Mon, no word yet", 0, 540, None),
        ("Ben O.", "", 180, 540, None),
    ]
    assert (sheet.session.expected, sheet.session.to_mark) == (2, 2)


def test_a_roster_of_another_site_is_not_found(cast: Cast) -> None:
    today = make.make_occurrence(cast.wednesday, TODAY)
    db.session.commit()
    with pytest.raises(NotFound):
        roster_for(actor_for(cast.eve), today.id, now=NOW)


@pytest.mark.parametrize("people", [1, 3])
def test_a_roster_costs_the_same_statements_for_any_number_of_people(cast: Cast, people: int) -> None:
    today = make.make_occurrence(cast.wednesday, TODAY)
    for number in range(people):
        client = make.make_client(cast.elm, given_name=f"Person{number}")
        make.make_dose(make.make_enrollment(client, cast.program))
        make.make_entry(today, client)
    db.session.commit()
    viewer, wanted = actor_for(cast.carol), today.id
    db.session.expire_all()
    statements: list[str] = []

    def count(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        roster_for(viewer, wanted, now=NOW)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert len(statements) == 18, "\n".join(statements)


def test_two_people_of_one_name_are_told_apart_on_the_roster(cast: Cast) -> None:
    session = make.make_occurrence(cast.wednesday, TODAY)
    other = make.make_client(cast.elm, given_name="Ana", family_name="Quill", code="C-77")
    make.make_enrollment(other, cast.program)
    for client in (cast.ana, cast.ben, other):
        make.make_entry(session, client)
    db.session.commit()
    shown = {seat.name for seat in roster_for(actor_for(cast.carol), session.id, now=NOW).seats}
    assert shown == {f"Ana Q. ({cast.ana.code})", "Ana Q. (C-77)", "Ben O."}
