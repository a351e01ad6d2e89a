"""Two people at once: one wins, the other is told why. Real threads on both databases."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions.memberships import add_member
from iop_schedule.actions.notices import tell_absence
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.actions.placement import place
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.actions.series import Meeting, create_individual
from iop_schedule.domain.series import SeatsTaken, TimeTaken
from iop_schedule.models import (
    MakeUp,
    Occurrence,
    RosterEntry,
    Series,
    SeriesMember,
    SessionNotice,
    User,
    db,
)
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import (
    AbsenceReason,
    AssignmentRole,
    AttendanceStatus,
    OccurrenceStatus,
    Role,
    RosterSource,
    Weekday,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

THREADS = 8
#: Past the locks of the actions, straight at the database; `make races` runs each of these 20 times.
CROWD = 50
RUNS = range(int(os.environ.get("RACE_RUNS", "1")))
TODAY, FRIDAY = date(2026, 3, 4), date(2026, 3, 6)
FRIDAY = date(2026, 3, 6)


def all_at_once(app: Flask, work: Callable[[int], object], *, threads: int = THREADS) -> list[str]:
    """Run `work` in several threads that start together; return what each came to."""
    barrier, outcomes = Barrier(threads), []

    def run(number: int) -> None:
        with app.app_context():
            write_intent.set(True)
            barrier.wait(timeout=300)
            try:
                work(number)
                outcomes.append("done")
            except Exception as refused:  # noqa: BLE001 - whatever it is, it is compared below
                db.session.rollback()
                outcomes.append(type(refused).__name__)
            finally:
                db.session.remove()

    running = [Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(timeout=300)
    return outcomes


#: What a database says that was made to wait for too long: nothing was stored, and people are asked to try again.
BUSY = frozenset({"OperationalError", "TimeoutError"})
ONE_WINNER = {"done": 1, "refused": THREADS - 1}


def settled(outcomes: list[str], told: str) -> Counter[str]:
    """Return how many were done and how many were refused: told why, or on a slow machine that it is busy."""
    return Counter("refused" if one in {told, *BUSY} else one for one in outcomes)


@pytest.mark.parametrize("attempt", range(2))
def test_the_last_seat_goes_to_one(app: Flask, cast: Cast, attempt: int) -> None:
    cast.group.seats = 3
    people = [make.make_client(cast.elm).id for _ in range(THREADS)]
    db.session.commit()
    series_id, root_id = cast.monday.id, cast.root.id
    db.session.remove()

    def take(number: int) -> None:
        actor = actor_for(db.session.get_one(User, root_id))
        add_member(actor=actor, series_id=series_id, client_id=people[number], from_day=TODAY, now=NOW)

    assert settled(all_at_once(app, take), SeatsTaken.__name__) == ONE_WINNER
    assert len(db.session.scalars(select(SeriesMember).where(SeriesMember.series_id == series_id)).all()) == 3


def test_the_last_seat_is_held_for_one_or_given_to_one(app: Flask, cast: Cast) -> None:
    cast.group.seats = 3
    people = [make.make_client(cast.elm).id for _ in range(THREADS)]
    db.session.commit()
    series_id, root_id = cast.monday.id, cast.root.id
    db.session.remove()

    def want(number: int) -> None:
        actor = actor_for(db.session.get_one(User, root_id))
        if number % 2:
            hold_seats(actor=actor, client_id=people[number], series_ids=[series_id], from_day=TODAY, now=NOW)
        else:
            add_member(actor=actor, series_id=series_id, client_id=people[number], from_day=TODAY, now=NOW)

    assert settled(all_at_once(app, want), SeatsTaken.__name__) == ONE_WINNER


@pytest.mark.parametrize("attempt", range(2))
def test_of_two_weeks_decided_at_once_the_client_has_one(app: Flask, cast: Cast, attempt: int) -> None:
    client = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(client, cast.program))
    db.session.commit()
    client_id, root_id, weeks = client.id, cast.root.id, (cast.monday.id, cast.wednesday.id)
    db.session.remove()

    def decide(number: int) -> None:
        actor = actor_for(db.session.get_one(User, root_id))
        place(actor=actor, client_id=client_id, series_ids=[weeks[number]], from_day=FRIDAY, now=NOW)

    assert all_at_once(app, decide, threads=2) == ["done"] * 2
    assert len(db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == client_id)).all()) == 1


@pytest.mark.parametrize("attempt", range(2))
def test_one_counselors_hour_goes_to_one_client(app: Flask, cast: Cast, attempt: int) -> None:
    people = [make.make_client(cast.elm).id for _ in range(THREADS)]
    db.session.commit()
    program_id, dev_id, root_id = cast.program.id, cast.carol.id, cast.root.id
    db.session.remove()

    def book(number: int) -> None:
        actor = actor_for(db.session.get_one(User, root_id))
        meeting = Meeting(Weekday.TU, time(10), 50, dev_id)
        create_individual(
            actor=actor,
            client_id=people[number],
            program_id=program_id,
            meeting=meeting,
            from_day=TODAY,
            now=NOW,
        )

    assert settled(all_at_once(app, book), TimeTaken.__name__) == ONE_WINNER
    booked = db.session.scalars(select(Series).where(Series.leader_id == dev_id, Series.weekday == 1)).all()
    assert len(booked) == 1


def test_several_nightly_runs_at_once_write_everything_once(app: Flask, cast: Cast) -> None:
    db.session.remove()
    assert Counter(all_at_once(app, lambda _: extend_horizon(now=NOW))) == {"done": THREADS}
    days = db.session.execute(select(Occurrence.series_id, Occurrence.original_day)).all()
    entries = db.session.execute(select(RosterEntry.occurrence_id, RosterEntry.client_id)).all()
    assert (len(set(days)), len(set(entries))) == (len(days), len(entries)) == (61, 98)


def test_the_last_seat_of_a_make_up_goes_to_one_and_the_others_have_told_nothing(
    app: Flask, cast: Cast
) -> None:
    meeting = make.make_meeting(make.make_group(cast.program, seats=1), cast.dev, weekday=3, room=None)
    make_up, missed = (
        make.make_occurrence(meeting, date(2026, 3, 5)),
        make.make_occurrence(cast.friday, FRIDAY),
    )
    people = [make.make_client(cast.elm) for _ in range(THREADS)]
    for client in people:
        make.make_enrollment(client, cast.program)
        make.make_entry(missed, client)
    db.session.commit()
    ids, chosen, missed_id, dev_id = [c.id for c in people], make_up.id, missed.id, cast.dev.id
    for client in people:
        make.make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER)
    db.session.commit()
    db.session.remove()

    def away(number: int) -> None:
        actor = actor_for(db.session.get_one(User, dev_id))
        tell_absence(
            actor=actor, client_id=ids[number], occurrence_id=missed_id, reason=AbsenceReason.WORK,
            make_up_id=chosen, now=NOW,
        )  # fmt: skip

    assert settled(all_at_once(app, away), "SeatJustTaken") == ONE_WINNER
    assert len(list(db.session.scalars(select(SessionNotice)))) == 1
    assert len(list(db.session.scalars(select(MakeUp)))) == 1


def crowd(app: Flask, write: Callable[[int], None]) -> list[str]:
    """Let 50 people write at once without asking anyone; return what each came to."""

    def work(number: int) -> None:
        write(number)
        db.session.commit()

    return all_at_once(app, work, threads=CROWD)


ONE_OF_THE_CROWD = {"done": 1, "refused": CROWD - 1}


def one_seat_left(cast: Cast) -> tuple[list[int], int]:
    """Return fifty people and a weekly session with one seat left in each week."""
    cast.group.seats = 3
    people = [make.make_client(cast.elm).id for _ in range(CROWD)]
    db.session.commit()
    series_id = cast.monday.id
    db.session.remove()
    return people, series_id


@pytest.mark.parametrize("run", RUNS)
def test_the_database_gives_the_last_place_to_one_of_fifty(app: Flask, cast: Cast, run: int) -> None:
    people, series_id = one_seat_left(cast)
    outcomes = crowd(
        app,
        lambda number: db.session.add(
            SeriesMember(series_id=series_id, client_id=people[number], from_day=TODAY)
        ),
    )
    assert settled(outcomes, "IntegrityError") == ONE_OF_THE_CROWD


def test_the_database_gives_the_last_place_to_one_in_each_of_two_weeks(app: Flask, cast: Cast) -> None:
    people, series_id = one_seat_left(cast)
    outcomes = crowd(
        app,
        lambda number: db.session.add(
            SeriesMember(series_id=series_id, client_id=people[number], from_day=TODAY, week="AB"[number % 2])
        ),
    )
    assert settled(outcomes, "IntegrityError") == {"done": 2, "refused": CROWD - 2}
    weeks = select(SeriesMember.week).where(SeriesMember.client_id.in_(people))
    assert sorted(db.session.scalars(weeks)) == ["A", "B"]


@pytest.mark.parametrize("run", RUNS)
def test_the_database_gives_the_last_chair_of_a_day_to_one_of_fifty(app: Flask, cast: Cast, run: int) -> None:
    cast.group.seats = 3
    session = make.make_occurrence(cast.wednesday, TODAY)
    make.make_entry(session, cast.ana)
    away = make.make_record(make.make_entry(session, cast.ben), AttendanceStatus.EXCUSED)
    make.make_entry(session, make.make_client(cast.elm))
    people = [make.make_client(cast.elm).id for _ in range(CROWD)]
    db.session.commit()
    session_id = session.id
    assert away.status == AttendanceStatus.EXCUSED  # whoever is away leaves a chair
    db.session.remove()
    outcomes = crowd(
        app,
        lambda number: db.session.add(
            RosterEntry(
                occurrence_id=session_id,
                client_id=people[number],
                source=(RosterSource.WALK_IN, RosterSource.MAKE_UP)[number % 2],
            )
        ),
    )
    assert settled(outcomes, "IntegrityError") == ONE_OF_THE_CROWD


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("what", ["counselor", "room"])
def test_the_database_books_an_hour_once_among_fifty(app: Flask, cast: Cast, what: str, run: int) -> None:
    leaders = [make.make_user(Role.COUNSELOR, cast.elm) for _ in range(CROWD)]
    series = [
        make.make_individual(cast.ana, cast.program, cast.carol if what == "counselor" else leader).id
        for leader in leaders
    ]
    db.session.commit()
    site_id, carol_id, room_id = cast.elm.id, cast.carol.id, cast.room.id
    leader_ids = [leader.id for leader in leaders]
    db.session.remove()

    def book(number: int) -> None:
        # Every half hour overlaps the one before and after by some minutes.
        starts_at = NOW + timedelta(days=1, minutes=number % 7)
        db.session.add(
            Occurrence(
                series_id=series[number], original_day=FRIDAY, site_id=site_id, local_day=FRIDAY,
                starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50), break_minutes=0,
                leader_id=carol_id if what == "counselor" else leader_ids[number],
                room_id=room_id if what == "room" else None, updated_at=NOW,
            )
        )  # fmt: skip

    assert settled(crowd(app, book), "IntegrityError") == ONE_OF_THE_CROWD


@pytest.mark.parametrize("run", RUNS)
def test_the_database_books_a_client_once_among_fifty(app: Flask, cast: Cast, run: int) -> None:
    sessions = []
    for _ in range(CROWD):
        leader = make.make_user(Role.COUNSELOR, cast.elm)
        group = make.make_group(cast.program)
        sessions.append(make.make_occurrence(make.make_meeting(group, leader, weekday=4), FRIDAY).id)
    db.session.commit()
    ana_id = cast.ana.id
    db.session.remove()
    outcomes = crowd(
        app,
        lambda number: db.session.add(
            RosterEntry(occurrence_id=sessions[number], client_id=ana_id, source=RosterSource.MAKE_UP)
        ),
    )
    assert settled(outcomes, "IntegrityError") == ONE_OF_THE_CROWD


def test_back_to_back_is_no_double_booking_and_a_cancelled_hour_is_free(app: Flask, cast: Cast) -> None:
    first = make.make_occurrence(cast.wednesday, TODAY)
    make.make_occurrence(
        cast.one_to_one, TODAY, starts_at=first.ends_at, ends_at=first.ends_at + timedelta(hours=1)
    )
    first.status = OccurrenceStatus.CANCELLED
    db.session.flush()
    again = make.make_individual(cast.ben, cast.program, cast.carol)
    make.make_occurrence(again, TODAY, starts_at=first.starts_at, ends_at=first.ends_at)
    db.session.commit()
    first.status = OccurrenceStatus.PLANNED
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_the_night_goes_on_past_a_clash_and_says_so(app: Flask, cast: Cast) -> None:
    """Someone moved one session onto the hour of another that is written out only later."""
    other = make.make_individual(cast.ben, cast.program, cast.carol, weekday=1)
    tuesday, day = date(2026, 3, 10), date(2026, 3, 11)
    starts_at = datetime(2026, 3, 11, 13, 30, tzinfo=UTC)
    make.make_occurrence(
        other,
        tuesday,
        local_day=day,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        edited=True,
    )
    db.session.commit()
    extend_horizon(now=NOW)
    db.session.expire_all()
    flagged = db.session.scalars(select(Occurrence).where(Occurrence.double_booked)).all()
    assert [(one.series_id, one.local_day) for one in flagged] == [(cast.wednesday.id, day)]
    assert len(db.session.scalars(select(Occurrence).filter_by(series_id=cast.wednesday.id)).all()) == 13
