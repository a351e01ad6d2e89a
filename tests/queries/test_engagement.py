"""The facts behind a program's report, read from the database."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.placement import begin_waiting
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement.measures import waits
from iop_schedule.domain.engagement.program_facts import ProgramFacts
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.models import AttendanceRecord, AttendanceRevision, Enrollment, ReminderReply, SignOff, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.engagement.clients import caseload_lines, client_report
from iop_schedule.queries.engagement.program import Span, program_facts
from iop_schedule.vocabulary import (
    Answer,
    AttendanceStatus,
    Channel,
    EnrollmentStatus,
    OccurrenceStatus,
    RosterSource,
    SignOffKind,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.world import mark, occurrence

FEBRUARY = Span(ProgramWeek(date(2026, 2, 2)), 4)


def facts(cast: Cast, span: Span = FEBRUARY) -> ProgramFacts:
    db.session.commit()
    return program_facts(actor_for(cast.dev), cast.program.id, span, policy=MonitorPolicy(), now=NOW)


@pytest.fixture
def held(cast: Cast) -> Cast:
    """Monday, February 2: Ana and Ben expected, both marked; the far site held one too."""
    first = occurrence(cast.monday, date(2026, 2, 2), cast.ana, cast.ben)
    mark(first, cast.ana, cast.carol)
    mark(first, cast.ben, cast.carol)
    mark(occurrence(cast.far_monday, date(2026, 2, 2), cast.zoe), cast.zoe, cast.eve)
    return cast


def test_sessions_of_other_programs_and_other_weeks_are_left_out(held: Cast) -> None:
    mark(occurrence(held.monday, date(2026, 1, 26), held.ana), held.ana, held.carol)
    found = facts(held)
    assert {(one.person, one.day) for one in found.seen} == {
        (held.ana.id, date(2026, 2, 2)), (held.ben.id, date(2026, 2, 2)),
    }  # fmt: skip
    assert {care.person for care in found.care} == {held.ana.id, held.ben.id}


def test_late_and_unsigned_marks_are_told_from_the_others(held: Cast) -> None:
    late = occurrence(held.wednesday, date(2026, 2, 4), held.ana)
    mark(late, held.ana, held.carol)
    db.session.flush()
    revision = db.session.query(AttendanceRevision).order_by(AttendanceRevision.id.desc()).first()
    assert revision is not None
    db.session.execute(
        AttendanceRevision.__table__.insert().values(
            roster_entry_id=revision.roster_entry_id, version=2, status="attended", minutes=180, reason="",
            amendment="", marked_at=late.ends_at + timedelta(days=9), marked_by_id=held.carol.id,
        )
    )  # fmt: skip
    db.session.add(
        SignOff(
            occurrence_id=late.id, version=1, kind=SignOffKind.SIGNED, at=late.ends_at, by_id=held.carol.id,
            counts={}, minutes=180,
        )
    )  # fmt: skip
    found = {(one.person, one.day): one for one in facts(held).seen}
    # A later amendment does not make the first mark late.
    assert found[held.ana.id, date(2026, 2, 4)].in_time is True
    assert found[held.ana.id, date(2026, 2, 4)].signed is True
    assert found[held.ana.id, date(2026, 2, 2)].signed is False


def test_seats_count_group_sessions_that_were_recorded_and_empty_ones(held: Cast) -> None:
    occurrence(held.wednesday, date(2026, 2, 4), held.ana)  # nobody recorded it
    occurrence(held.friday, date(2026, 2, 6))  # nobody was expected
    found = [(one.starts, one.use.minutes, one.use.seats, one.use.present) for one in facts(held).held]
    assert sorted(found) == [(time(9), 180, 12, 0), (time(9), 180, 12, 2)]


def test_neither_a_make_up_nor_its_miss_was_expected(held: Cast) -> None:
    missed = occurrence(held.wednesday, date(2026, 2, 4), held.ana)
    make.make_record(missed.roster[0], AttendanceStatus.NO_SHOW)
    made_up = occurrence(held.friday, date(2026, 2, 6), held.ana)
    made_up.roster[0].source = RosterSource.MAKE_UP
    mark(made_up, held.ana, held.carol)
    assert {one.day for one in facts(held).seen} == {date(2026, 2, 2)}


def test_a_seat_whose_mark_was_taken_back_is_not_known(held: Cast) -> None:
    record = db.session.query(AttendanceRecord).order_by(AttendanceRecord.id).first()
    assert record is not None
    record.status, record.minutes = AttendanceStatus.ENTERED_IN_ERROR, 0
    (use,) = (one.use for one in facts(held).held)
    assert (use.present, use.unknown, use.known_seats) == (1, 1, 11)


def test_a_first_session_the_program_gave_up_was_none(held: Cast) -> None:
    new = make.make_client(held.elm)
    make.make_enrollment(new, held.program, from_day=date(2026, 2, 16))
    occurrence(held.monday, date(2026, 2, 16), new).status = OccurrenceStatus.CANCELLED
    mark(occurrence(held.wednesday, date(2026, 2, 18), new), new, held.carol)
    (episode,) = facts(held).cohort.episodes
    assert episode.first_session is SessionState.ATTENDED


def test_a_wait_is_counted_from_the_first_contact(held: Cast) -> None:
    """Asked on February 2, given a place on February 16."""
    new = make.make_client(held.elm)
    make.make_enrollment(new, held.program, status=EnrollmentStatus.WAITLISTED, from_day=date(2026, 2, 2))
    begin_waiting(actor_for(held.dev), new.id, date(2026, 2, 16), NOW)
    mark(occurrence(held.monday, date(2026, 2, 16), new), new, held.carol)
    found = facts(held).cohort
    assert waits(found.episodes).median_days == 14


def test_someone_who_came_back_has_two_episodes(held: Cast) -> None:
    again = make.make_client(held.elm)
    first = {
        "from_day": date(2026, 1, 12),
        "until_day": date(2026, 1, 30),
        "status": EnrollmentStatus.FINISHED,
    }
    make.make_enrollment(again, held.program, **first)
    make.make_enrollment(again, held.program, from_day=date(2026, 2, 16))
    for series, day in ((held.monday, date(2026, 1, 19)), (held.monday, date(2026, 2, 16))):
        mark(occurrence(series, day, again), again, held.carol)
    found = facts(held)
    assert [len(episode.service_days) for episode in found.cohort.episodes] == [1]
    assert [(stay.days, stay.left) for stay in found.cohort.stays] == [(16, False)]
    # Ana and Ben were admitted in the weeks before, and so was this person the first time.
    assert len(found.earlier.episodes) == 3


def test_a_client_s_weeks_before_a_transfer_are_in_their_reports(held: Cast) -> None:
    """In the ninth week to another program, with half the hours."""
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == held.ben.id)).one()
    enrollment.until_day = date(2026, 3, 3)
    following = make.make_enrollment(held.ben, make.make_program(held.elm), from_day=date(2026, 3, 4))
    make.make_dose(following, minutes=270)
    db.session.commit()
    nine_weeks = Span(ProgramWeek(date(2026, 1, 5)), 9)
    rows = dict(client_report(actor_for(held.dev), held.ben.id, nine_weeks, now=NOW).sections[0].rows)
    assert (rows["Hours attended, make-ups included"], rows["Sessions attended"]) == ("3", "1 of 1")
    (line,) = [
        one
        for one in caseload_lines(actor_for(held.dev), nine_weeks, now=NOW)
        if one.client_id == held.ben.id
    ]
    assert (line.frequency.delivered_minutes, line.goal_weeks) == (180, 9)
    assert line.frequency.prescribed_minutes == 8 * 540 + (2 * 540 + 3 * 270) // 5


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ((), "No reminder planned"),
        ((Answer.COMING,), "Confirmed"),
        ((Answer.COMING, Answer.CANNOT), "No reminder planned"),
    ],
    ids=["none", "coming", "changed their mind"],
)
def test_the_last_answer_about_a_day_counts(held: Cast, answers: tuple[Answer, ...], word: str) -> None:
    for answer in answers:
        db.session.add(
            ReminderReply(
                client_id=held.ana.id, day=date(2026, 2, 2), answer=answer, channel=Channel.EMAIL,
                at=datetime(2026, 2, 1, tzinfo=UTC),
            )
        )  # fmt: skip
        db.session.flush()
    found = {one.person: one.reminder for one in facts(held).seen}
    assert found == {held.ana.id: word, held.ben.id: "No reminder planned"}
