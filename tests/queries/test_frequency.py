"""The values engagement numbers are counted from, as they come out of the tables."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.models import Client, Enrollment, EnrollmentPause, Occurrence, Program, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.frequency import CareRecord, care_records, client_frequency
from iop_schedule.vocabulary import (
    AttendanceStatus,
    EnrollmentStatus,
    OccurrenceStatus,
    PauseReason,
    RosterSource,
)
from tests import factories as make
from tests.cast import Cast
from tests.pages import counted_statements

#: Friday evening of a week with three morning groups.
NOW = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
MONDAY, WEDNESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 6)
WEEK = ProgramWeek(MONDAY)


def care_of(client: Client, now: datetime = NOW) -> CareRecord:
    db.session.commit()
    found = care_records([client.id], first_day=date(2026, 1, 1), last_day=date(2026, 3, 31), now=now)
    return found[client.id]


def held(cast: Cast, day: date, status: AttendanceStatus | None = None, **more: object) -> Occurrence:
    series = {0: cast.monday, 2: cast.wednesday, 4: cast.friday}[day.weekday()]
    session = make.make_occurrence(series, day)
    entry = make.make_entry(session, cast.ana)
    if status:
        make.make_record(entry, status, **more)
    return session


def test_a_week_is_the_sum_of_its_marks_and_nothing_is_assumed(cast: Cast) -> None:
    held(cast, MONDAY, AttendanceStatus.ATTENDED)
    held(cast, WEDNESDAY, AttendanceStatus.ATTENDED_PART, minutes=150)
    held(cast, FRIDAY)
    (week,) = care_of(cast.ana).weeks(WEEK, 1)
    assert (week.delivered_minutes, week.prescribed_minutes, week.not_recorded) == (330, 540, 1)
    assert (week.sessions_attended, week.sessions_held, week.goal_met) == (2, 2, False)


@pytest.mark.parametrize(
    ("status", "minutes", "state"),
    [
        (AttendanceStatus.ATTENDED, 180, SessionState.ATTENDED),
        (AttendanceStatus.ATTENDED_PART, 60, SessionState.ATTENDED_PART),
        (AttendanceStatus.EXCUSED, 0, SessionState.EXCUSED),
        (AttendanceStatus.NO_SHOW, 0, SessionState.NO_SHOW),
        (AttendanceStatus.LATE_CANCEL, 0, SessionState.LATE_CANCEL),
        (AttendanceStatus.PROGRAM_CANCELLED, 0, SessionState.PROGRAM_CANCELLED),
        (AttendanceStatus.ENTERED_IN_ERROR, 0, SessionState.NOT_RECORDED),
        (None, 0, SessionState.NOT_RECORDED),
    ],
)  # fmt: skip
def test_every_mark_becomes_its_state(
    cast: Cast, status: AttendanceStatus | None, minutes: int, state: SessionState
) -> None:
    held(cast, MONDAY, status, minutes=minutes)
    (fact,) = care_of(cast.ana).facts
    assert (fact.state, fact.attended_minutes, fact.scheduled_minutes) == (state, minutes, 180)


def test_breaks_are_not_treatment(cast: Cast) -> None:
    cast.monday.duration_minutes, cast.monday.break_minutes = 195, 15
    held(cast, MONDAY, AttendanceStatus.ATTENDED)
    (fact,) = care_of(cast.ana).facts
    assert (fact.scheduled_minutes, fact.attended_minutes) == (180, 180)


def test_a_session_is_to_come_until_it_is_over(cast: Cast) -> None:
    session = held(cast, FRIDAY)
    before, after = session.ends_at - timedelta(seconds=1), session.ends_at
    assert [fact.state for fact in care_of(cast.ana, now=before).facts] == [SessionState.UPCOMING]
    assert [fact.state for fact in care_of(cast.ana, now=after).facts] == [SessionState.NOT_RECORDED]


def test_a_place_given_up_counts_only_where_something_was_marked(cast: Cast) -> None:
    for day, status in ((MONDAY, AttendanceStatus.ATTENDED), (WEDNESDAY, None)):
        held(cast, day, status).roster[0].released_at = NOW
    assert [fact.local_day for fact in care_of(cast.ana).facts] == [MONDAY]


def test_a_visitor_taken_off_again_is_not_waited_for(cast: Cast) -> None:
    held(cast, MONDAY, AttendanceStatus.ENTERED_IN_ERROR).roster[0].released_at = NOW
    care = care_of(cast.ana)
    assert (care.facts, care.weeks(WEEK, 1)[0].completeness) == ((), None)


def _pause(cast: Cast, session: Occurrence) -> None:
    (enrollment,) = _enrollments(cast.ana)
    db.session.add(
        EnrollmentPause(
            enrollment_id=enrollment.id, from_day=MONDAY, until_day=MONDAY, reason=PauseReason.HOSPITAL
        )
    )


def _close(cast: Cast, session: Occurrence) -> None:
    make.make_closure(cast.elm, from_day=MONDAY, until_day=MONDAY)


def _close_program(cast: Cast, session: Occurrence) -> None:
    make.make_closure(cast.elm, program_id=cast.program.id, from_day=MONDAY, until_day=MONDAY)


def _close_elsewhere(cast: Cast, session: Occurrence) -> None:
    make.make_closure(cast.far, from_day=MONDAY, until_day=MONDAY)


def _close_other_program(cast: Cast, session: Occurrence) -> None:
    other: Program = make.make_program(cast.elm)
    make.make_closure(cast.elm, program_id=other.id, from_day=MONDAY, until_day=MONDAY)


def _cancel(cast: Cast, session: Occurrence) -> None:
    session.status = OccurrenceStatus.CANCELLED


def _discharge(cast: Cast, session: Occurrence) -> None:
    (enrollment,) = _enrollments(cast.ana)
    enrollment.status, enrollment.until_day = EnrollmentStatus.FINISHED, date(2026, 3, 1)


def _wait(cast: Cast, session: Occurrence) -> None:
    (enrollment,) = _enrollments(cast.ana)
    enrollment.status = EnrollmentStatus.WAITLISTED


def _enrollments(client: Client) -> list[Enrollment]:
    return db.session.query(Enrollment).filter_by(client_id=client.id).all()


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (_pause, SessionState.PAUSED),
        (_close, SessionState.CLOSED),
        (_close_program, SessionState.CLOSED),
        (_close_elsewhere, SessionState.NOT_RECORDED),
        (_close_other_program, SessionState.NOT_RECORDED),
        (_cancel, SessionState.PROGRAM_CANCELLED),
        (_discharge, SessionState.OUTSIDE),
        (_wait, SessionState.OUTSIDE),
    ],
    ids=["on a break", "closed", "program closed", "closed elsewhere", "other program closed",
         "canceled", "discharged before", "still waiting"],
)  # fmt: skip
def test_dates_decide_whether_a_session_counts(cast: Cast, change, state: SessionState) -> None:  # type: ignore[no-untyped-def]
    change(cast, held(cast, MONDAY))
    assert [fact.state for fact in care_of(cast.ana).facts] == [state]


def test_a_session_between_two_stays_is_outside_both(cast: Cast) -> None:
    (first,) = _enrollments(cast.ana)
    first.status, first.until_day = EnrollmentStatus.FINISHED, date(2026, 2, 27)
    second = make.make_enrollment(cast.ana, cast.program, from_day=WEDNESDAY)
    make.make_dose(second, minutes=360, minimum_days=2)
    held(cast, MONDAY, AttendanceStatus.ATTENDED)
    held(cast, WEDNESDAY, AttendanceStatus.ATTENDED)
    care = care_of(cast.ana)
    assert [fact.state for fact in care.facts] == [SessionState.OUTSIDE, SessionState.ATTENDED]
    assert (care.enrollment_id, care.weeks(WEEK, 1)[0].delivered_minutes) == (second.id, 180)


def test_an_enrollment_to_come_does_not_hide_the_one_that_holds(cast: Cast) -> None:
    (first,) = _enrollments(cast.ana)
    first.until_day = WEDNESDAY
    second = make.make_enrollment(cast.ana, make.make_program(cast.elm), from_day=date(2026, 3, 5))
    for day in (MONDAY, WEDNESDAY, FRIDAY):
        held(cast, day, AttendanceStatus.ATTENDED)
    before = care_of(cast.ana, now=datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    after = care_of(cast.ana)
    assert (before.enrollment_id, after.enrollment_id) == (first.id, second.id)
    assert [fact.state for fact in after.facts] == [SessionState.ATTENDED] * 3
    assert [after.weeks(WEEK, 1)[0].delivered_minutes, after.dates.enrolled.from_day] == [540, first.from_day]


def test_a_make_up_is_delivered_but_was_not_on_offer(cast: Cast) -> None:
    session = make.make_occurrence(cast.monday, MONDAY)
    entry = make.make_entry(session, cast.ana, source=RosterSource.MAKE_UP)
    make.make_record(entry, AttendanceStatus.ATTENDED)
    (week,) = care_of(cast.ana).weeks(WEEK, 1)
    assert (week.delivered_minutes, week.eligible_minutes, week.make_ups_attended) == (180, 0, 1)


def test_without_a_dose_there_is_no_goal(cast: Cast) -> None:
    person = make.make_client(cast.elm)
    make.make_enrollment(person, cast.program)
    (week,) = care_of(person).weeks(WEEK, 1)
    assert (week.prescribed_minutes, week.goal_met) == (0, None)


def test_someone_never_enrolled_has_no_care_to_count(cast: Cast) -> None:
    care = care_of(make.make_client(cast.elm))
    assert (care.enrollment_id, care.facts, care.doses) == (None, (), ())


def test_three_hours_are_three_hours_in_the_weeks_in_which_clocks_change(cast: Cast) -> None:
    for day in (date(2026, 3, 6), date(2026, 3, 9)):
        held(cast, day, AttendanceStatus.ATTENDED)
    facts = care_of(cast.ana, now=datetime(2026, 3, 20, tzinfo=UTC)).facts
    assert [(fact.starts_at.hour, fact.attended_minutes) for fact in facts] == [(14, 180), (13, 180)]


@pytest.mark.parametrize("people", [1, 3])
def test_any_number_of_people_costs_the_same_statements(cast: Cast, people: int) -> None:
    ids = []
    for number in range(people):
        person = make.make_client(cast.elm)
        make.make_dose(make.make_enrollment(person, cast.program))
        meeting = make.make_meeting(cast.group, cast.carol, local_start=time(6 + 3 * number))
        make.make_entry(make.make_occurrence(meeting, MONDAY), person)
        ids.append(person.id)
    db.session.commit()
    db.session.expire_all()
    with counted_statements() as statements:
        care_records(ids, first_day=MONDAY, last_day=FRIDAY, now=NOW)
    assert len(statements) == 7, "\n".join(statements)


def test_a_recorded_step_down_suspends_the_level_of_care_for_two_weeks(cast: Cast) -> None:
    (enrollment,) = _enrollments(cast.ana)
    stepping = make.make_dose(
        enrollment, from_day=date(2026, 2, 16), minutes=360, minimum_days=2, step_down=True
    )
    for week in (2, 1, 0):
        for day in (MONDAY, WEDNESDAY):
            held(cast, day - timedelta(weeks=week), AttendanceStatus.ATTENDED)
    later = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
    weeks = care_of(cast.ana, now=later).weeks(WEEK.shifted(-2), 3)
    assert [week.level_of_care_delivered for week in weeks] == [None, None, False]
    stepping.step_down = False
    weeks = care_of(cast.ana, now=later).weeks(WEEK.shifted(-2), 3)
    assert [week.level_of_care_delivered for week in weeks] == [False, False, False]


def test_the_past_can_be_seen_with_the_marks_that_stood_then(cast: Cast) -> None:
    entry = make.make_entry(make.make_occurrence(cast.monday, MONDAY), cast.ana)
    record = make.make_record(entry, AttendanceStatus.NO_SHOW)
    make.make_revision(record)
    record.status, record.minutes, record.version, record.marked_at = "attended", 180, 2, NOW
    make.make_revision(record)
    db.session.commit()

    def known(at: datetime | None) -> SessionState:
        found = care_records([cast.ana.id], first_day=MONDAY, last_day=FRIDAY, now=NOW, known_at=at)
        return found[cast.ana.id].facts[0].state

    tuesday = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert known(tuesday - timedelta(days=1)) is SessionState.NOT_RECORDED
    assert known(tuesday) is SessionState.NO_SHOW
    assert (known(NOW), known(None)) == (SessionState.ATTENDED, SessionState.ATTENDED)


def test_as_of_a_past_day_nothing_later_is_known(cast: Cast) -> None:
    held(cast, MONDAY, AttendanceStatus.ATTENDED)
    held(cast, FRIDAY)
    db.session.commit()
    shown = client_frequency(actor_for(cast.dev), cast.ana.id, weeks=4, now=NOW, as_of=MONDAY)
    (week, *_) = shown.weeks
    counted = week.frequency
    assert (shown.as_of, counted.delivered_minutes, counted.upcoming_minutes) == (MONDAY, 180, 180)
    assert sum(session.attended_minutes for session in week.sessions) == counted.delivered_minutes
    assert week.billable_days == (MONDAY,)
    assert shown.last_two is not None
    assert shown.last_two.billable_days == 1
    assert (shown.last_two.weeks, shown.last_two.delivered_minutes) == (2, 180)
