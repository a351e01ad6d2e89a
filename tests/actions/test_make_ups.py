"""Telling that one cannot come, booking what makes up for it, and taking both back."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.actions.make_ups import NoLongerOpen, book
from iop_schedule.actions.monitor import adopt
from iop_schedule.actions.notices import (
    check_in,
    take_back,
    take_back_absence,
    tell_absence,
    tell_delay,
)
from iop_schedule.actions.occurrences import Move, move_occurrence
from iop_schedule.domain.make_ups import AlreadyMadeUp, NothingToMakeUp, SeatJustTaken
from iop_schedule.domain.notices import (
    AlreadyAway,
    BadDelay,
    CheckInClosed,
    SessionOff,
    SessionOver,
    TooLateToUndo,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import (
    AuditEvent,
    Client,
    MakeUp,
    Occurrence,
    RosterEntry,
    SessionNotice,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_entry, actor_for
from iop_schedule.queries.calendar_bodies import my_calendar
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.make_ups import blocked_for, options_for, told_off
from iop_schedule.queries.notices import told_by_entry
from iop_schedule.queries.open_misses import open_misses
from iop_schedule.queries.reminders import client_days
from iop_schedule.vocabulary import (
    AbsenceReason,
    AttendanceStatus,
    AuditKind,
    CancelCause,
    NoticeKind,
    OccurrenceStatus,
    RosterSource,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

FRIDAY, THURSDAY, TUESDAY = date(2026, 3, 6), date(2026, 3, 5), date(2026, 3, 10)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


@pytest.fixture
def friday(cast: Cast) -> Occurrence:
    """Ana's group on Friday, and on Thursday morning one she could come to instead."""
    session = make.make_occurrence(cast.friday, FRIDAY)
    for client in (cast.ana, cast.ben):
        make.make_entry(session, client)
    db.session.commit()
    return session


@pytest.fixture
def other(cast: Cast) -> Occurrence:
    group = make.make_group(cast.program, name="Family and Recovery", seats=2)
    meeting = make.make_meeting(group, cast.dev, weekday=3, room=None)
    session = make.make_occurrence(meeting, THURSDAY)
    make.make_entry(session, make.make_client(cast.elm, given_name="Guest"))
    db.session.commit()
    return session


def entry_of(session: Occurrence, client: Client) -> RosterEntry:
    statement = select(RosterEntry).where(
        RosterEntry.occurrence_id == session.id, RosterEntry.client_id == client.id
    )
    return db.session.scalars(statement).one()


def away(cast: Cast, session: Occurrence, make_up: Occurrence | None = None, now: datetime = NOW) -> None:
    tell_absence(
        actor=acting(cast.ana_user), client_id=cast.ana.id, occurrence_id=session.id,
        reason=AbsenceReason.WORK, make_up_id=make_up.id if make_up else None, now=now,
    )  # fmt: skip


def chosen(cast: Cast, session: Occurrence, make_up: Occurrence, now: datetime = NOW) -> MakeUp:
    return book(
        actor=acting(cast.ana_user), client_id=cast.ana.id, missed_id=session.id, occurrence_id=make_up.id,
        now=now,
    )  # fmt: skip


def expected_at(session: Occurrence) -> list[int]:
    entries = select(RosterEntry.client_id).where(
        RosterEntry.occurrence_id == session.id, RosterEntry.released_at.is_(None)
    )
    return sorted(db.session.scalars(entries))


def kinds() -> list[str]:
    return [row.kind for row in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_telling_and_booking_are_one_step_and_leave_the_mark_open(
    cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    away(cast, friday, other)
    (row,) = db.session.scalars(select(MakeUp))
    assert (row.missed.occurrence_id, row.entry.occurrence_id) == (friday.id, other.id)
    assert (row.entry.source, cast.ana.id in expected_at(other)) == (RosterSource.MAKE_UP, True)
    told = told_by_entry([entry_of(friday, cast.ana).id])
    assert [(one.absent, one.absent_at) for one in told.values()] == [(AbsenceReason.WORK, NOW)]
    assert cast.ana.id in expected_at(friday)
    assert kinds() == ["absence:told", "make-up:booked"]


def test_doing_it_twice_changes_nothing(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    for _ in range(2):
        away(cast, friday, other)
    assert kinds() == ["absence:told", "make-up:booked"]


def test_one_missed_session_is_made_up_once(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    second = make.make_occurrence(other.series, TUESDAY)
    db.session.commit()
    away(cast, friday, other)
    with pytest.raises(AlreadyMadeUp):
        chosen(cast, friday, second)


def test_the_second_of_two_who_want_the_last_seat_is_told_and_nothing_of_theirs_is_saved(
    cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    away(cast, friday, other)
    with pytest.raises(SeatJustTaken):
        tell_absence(
            actor=acting(cast.dev), client_id=cast.ben.id, occurrence_id=friday.id,
            reason=AbsenceReason.UNWELL, make_up_id=other.id, now=NOW,
        )  # fmt: skip
    db.session.rollback()
    assert len(expected_at(other)) == other.series.group.seats
    assert [row.entry.client_id for row in db.session.scalars(select(SessionNotice))] == [cast.ana.id]


def test_what_stopped_fitting_meanwhile_is_said(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    make.make_constraint(cast.ana, cast.ana_user, weekday=3, local_start=time(8), local_end=time(10))
    db.session.commit()
    with pytest.raises(NoLongerOpen):
        away(cast, friday, other)


def test_coming_after_all_gives_the_seat_back(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    away(cast, friday, other)
    undo = {"actor": acting(cast.ana_user), "client_id": cast.ana.id, "occurrence_id": friday.id, "now": NOW}
    assert [take_back_absence(**undo), take_back_absence(**undo)] == [True, False]
    assert cast.ana.id not in expected_at(other)
    assert kinds() == ["absence:told", "make-up:booked", "absence:taken-back", "make-up:released"]
    away(cast, friday, other)
    assert cast.ana.id in expected_at(other)


def test_the_client_can_undo_until_an_hour_before_and_staff_until_the_end(
    cast: Cast, friday: Occurrence
) -> None:
    away(cast, friday)
    late = friday.starts_at - timedelta(minutes=59)
    undo = {"client_id": cast.ana.id, "occurrence_id": friday.id, "now": late}
    with pytest.raises(TooLateToUndo):
        take_back_absence(actor=acting(cast.ana_user), **undo)
    db.session.rollback()
    assert take_back_absence(actor=acting(cast.carol), **undo)


def test_who_cannot_come_to_the_make_up_either_may_choose_again(
    cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    away(cast, friday, other)
    away(cast, other)
    assert cast.ana.id not in expected_at(other)
    chosen(cast, friday, other)
    assert cast.ana.id in expected_at(other)
    told = told_by_entry([entry_of(other, cast.ana).id])
    assert [one.absent for one in told.values()] == [None]


def missed(cast: Cast, mark: AttendanceStatus | None = None, **given: object) -> Occurrence:
    """Return Ana's group on Wednesday of the week before, as it went."""
    session = make.make_occurrence(cast.wednesday, date(2026, 2, 25), **given)
    entry = make.make_entry(session, cast.ana)
    if mark:
        make.make_record(entry, mark)
    db.session.commit()
    return session


@pytest.mark.parametrize(
    ("mark", "given", "open_"),
    [
        (AttendanceStatus.NO_SHOW, {}, True),
        (AttendanceStatus.EXCUSED, {}, True),
        (AttendanceStatus.LATE_CANCEL, {}, True),
        (AttendanceStatus.ATTENDED, {}, False),
        (None, {}, False),
        (None, {"status": OccurrenceStatus.CANCELLED, "cancel_cause": CancelCause.BY_HAND}, True),
        (None, {"status": OccurrenceStatus.CANCELLED, "cancel_cause": CancelCause.CLOSURE}, False),
    ],
)
def test_what_is_owed_follows_from_what_happened(
    cast: Cast, mark: AttendanceStatus | None, given: dict[str, object], open_: bool
) -> None:
    session = missed(cast, mark, **given)
    meeting = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=2, local_start=time(15))
    make_up = make.make_occurrence(meeting, date(2026, 3, 4))
    db.session.commit()
    if open_:
        assert chosen(cast, session, make_up)
    else:
        with pytest.raises(NothingToMakeUp):
            chosen(cast, session, make_up)


def test_the_days_for_making_it_up_are_a_setting(cast: Cast) -> None:
    session = missed(cast, AttendanceStatus.NO_SHOW)
    meeting = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=3, local_start=time(9))
    make_up = make.make_occurrence(meeting, THURSDAY)
    db.session.commit()
    with pytest.raises(NoLongerOpen):  # eight days after; seven are allowed
        chosen(cast, session, make_up)
    db.session.rollback()
    cast.program.make_up_days = 8
    db.session.commit()
    assert chosen(cast, session, make_up)
    with pytest.raises(NothingToMakeUp):
        chosen(cast, session, make_up, now=NOW + timedelta(days=14))


def test_a_make_up_too_far_away_to_cancel_the_miss_says_so_before(cast: Cast) -> None:
    """The program takes make-ups within ten days, and its monitor cancels a miss within seven."""
    session = missed(cast, AttendanceStatus.NO_SHOW)
    meeting = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=3, local_start=time(9))
    make.make_occurrence(meeting, THURSDAY)
    cast.program.make_up_days = 10
    db.session.commit()
    (option,) = options_for(entry_of(session, cast.ana), now=NOW)
    assert (abs((THURSDAY - session.local_day).days), option.cancels_the_miss) == (8, False)
    adopt(
        actor=actor_for(cast.root), program_id=cast.program.id, numbers={"make_up_days": 8}, note="", now=NOW
    )
    (option,) = options_for(entry_of(session, cast.ana), now=NOW)
    assert option.cancels_the_miss


def test_a_missed_make_up_can_be_made_up_again_and_an_attended_one_counts_once(
    cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    away(cast, friday, other)
    entry = entry_of(other, cast.ana)
    record = make.make_record(entry, AttendanceStatus.NO_SHOW)
    second = make.make_occurrence(other.series, TUESDAY)
    db.session.commit()
    after = friday.ends_at + timedelta(hours=1)
    booked = chosen(cast, friday, second, now=after)
    assert (booked.entry.occurrence_id, len(list(db.session.scalars(select(MakeUp))))) == (second.id, 2)
    db.session.delete(record)
    make.make_record(booked.entry, AttendanceStatus.ATTENDED)
    db.session.commit()
    facts = care_records([cast.ana.id], first_day=date(2026, 3, 2), last_day=date(2026, 3, 13), now=after)
    linked = {f.occurrence_id: f.makes_up for f in facts[cast.ana.id].facts}
    assert (linked[second.id], linked[friday.id]) == (friday.id, None)


def test_options_say_what_they_come_to(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    entry = access_entry(acting(cast.ana_user), cast.ana.id, friday.id, Permission.OWN_SESSIONS, now=NOW)
    (option,) = options_for(entry, now=NOW)
    assert (option.session.title, option.session.starts.hour) == ("Family and Recovery", 9)
    assert (option.week_minutes, option.goal_minutes, option.is_whole) == (180, 540, True)
    other.series.group.seats = 1
    db.session.commit()
    assert options_for(entry, now=NOW) == ()
    assert [one.why for one in blocked_for(entry, now=NOW)] == ["Full on that date"]


def test_open_misses_are_listed_until_they_are_settled(
    cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    def listed() -> list[tuple[int, bool, int]]:
        care = care_records([cast.ana.id], first_day=date(2026, 2, 2), last_day=date(2026, 4, 3), now=NOW)
        client = db.session.get_one(Client, cast.ana.id)
        gone = told_off(client.id, date(2026, 2, 2), date(2026, 4, 3))
        return [
            (one.session.occurrence_id, one.told, one.options)
            for one in open_misses(client, care[cast.ana.id], away=gone, now=NOW)
        ]

    assert listed() == []
    away(cast, friday)
    assert listed() == [(friday.id, True, 1)]
    chosen(cast, friday, other)
    assert listed() == []


def test_calendar_and_reminders_follow_the_make_up(cast: Cast, friday: Occurrence, other: Occurrence) -> None:
    def days() -> tuple[list[date], int]:
        reminded = client_days(from_day=THURSDAY, until_day=FRIDAY)
        calendar = my_calendar(acting(cast.ana_user), key=b"key", now=NOW)
        # One for each channel; a day on which everything was called off holds no session.
        days_told = {day.day for day in reminded if day.client_id == cast.ana.id and day.sessions}
        return sorted(days_told), calendar.count(b"BEGIN:VEVENT")

    assert days() == ([FRIDAY], 1)
    away(cast, friday)
    assert days() == ([], 0)
    chosen(cast, friday, other)
    assert days() == ([THURSDAY], 1)


def test_who_cannot_come_is_expected_again_once_the_session_is_at_another_time(
    cast: Cast, friday: Occurrence
) -> None:
    def to(day: date, start: time, leader: User) -> None:
        move = Move(day, start, 180, leader.id, cast.room.id)
        move_occurrence(actor=acting(cast.root), occurrence_id=friday.id, move=move, now=NOW)

    def told_off_on(day: date) -> set[bool]:
        found = client_days(from_day=day, until_day=day, client_ids=[cast.ana.id])
        return {bool(one.told_off) for one in found}

    away(cast, friday)
    to(FRIDAY, time(9), cast.dev)
    assert told_off_on(FRIDAY) == {True}
    to(TUESDAY, time(13), cast.dev)
    assert told_off_on(TUESDAY) == {False}
    about_ana = select(AuditEvent.kind).where(AuditEvent.client_id == cast.ana.id)
    kinds = list(db.session.scalars(about_ana.order_by(AuditEvent.id)))
    assert kinds == [AuditKind.ABSENCE_TOLD, AuditKind.ABSENCE_TAKEN_BACK]


def test_running_late_is_told_changed_and_taken_back(cast: Cast, friday: Occurrence) -> None:
    soon = friday.starts_at - timedelta(minutes=20)
    who = {"actor": acting(cast.ana_user), "client_id": cast.ana.id, "occurrence_id": friday.id}
    for minutes in (10, 10, 30):
        tell_delay(**who, minutes=minutes, now=soon)
    assert told_by_entry([entry_of(friday, cast.ana).id]).popitem()[1].late_minutes == 30
    assert take_back(**who, kind=NoticeKind.LATE, now=soon)
    assert kinds() == ["delay:told", "delay:taken-back", "delay:told", "delay:taken-back"]


def test_checking_in_has_a_window_and_two_minutes_to_undo(cast: Cast, friday: Occurrence) -> None:
    who = {"actor": acting(cast.ana_user), "client_id": cast.ana.id, "occurrence_id": friday.id}
    with pytest.raises(CheckInClosed):
        check_in(**who, now=friday.starts_at - timedelta(minutes=16))
    at = friday.starts_at - timedelta(minutes=5)
    for _ in range(2):
        check_in(**who, now=at)
    assert told_by_entry([entry_of(friday, cast.ana).id]).popitem()[1].here_at == at
    undo = {**who, "kind": NoticeKind.HERE}
    assert not take_back(**undo, now=at + timedelta(minutes=3))
    assert take_back(**undo, now=at + timedelta(minutes=1))
    assert kinds() == ["check-in:made", "check-in:taken-back"]


def _absent(**who: Any) -> None:
    tell_absence(**who, reason=AbsenceReason.OTHER)


def _late(**who: Any) -> None:
    tell_delay(**who, minutes=10)


REFUSED = {
    "absent after the end": ("", _absent, 180, SessionOver),
    "absent from a canceled session": ("off", _absent, -600, SessionOff),
    "late the day before": ("", _late, -24 * 60, BadDelay),
    "late though away": ("away", _late, -20, AlreadyAway),
    "here though away": ("away", check_in, -5, AlreadyAway),
    "here after the window": ("", check_in, 31, CheckInClosed),
}


@pytest.mark.parametrize(("before", "tell", "minutes", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_told_changes_nothing(
    cast: Cast,
    friday: Occurrence,
    before: str,
    tell: Callable[..., None],
    minutes: int,
    error: type[Exception],
) -> None:
    if before == "away":
        away(cast, friday)
    if before == "off":
        friday.status, friday.cancel_cause = OccurrenceStatus.CANCELLED, CancelCause.BY_HAND
        db.session.commit()
    told = kinds()
    who = {"actor": acting(cast.ana_user), "client_id": cast.ana.id, "occurrence_id": friday.id}
    with pytest.raises(error):
        tell(**who, now=friday.starts_at + timedelta(minutes=minutes))
    db.session.rollback()
    assert kinds() == told


@pytest.mark.parametrize("who", ["ben_user", "zoe_user", "eve", "mallory", "trent"])
def test_only_ones_own_people(cast: Cast, friday: Occurrence, who: str) -> None:
    with pytest.raises((NotFound, NotAllowed)):
        tell_absence(
            actor=acting(getattr(cast, who)), client_id=cast.ana.id, occurrence_id=friday.id,
            reason=AbsenceReason.OTHER, now=NOW,
        )  # fmt: skip


def test_a_session_one_is_not_expected_at_is_not_found(cast: Cast, other: Occurrence) -> None:
    with pytest.raises(NotFound):
        away(cast, other)
