"""Two people at once: one wins, the other is told why. Real threads on both databases."""

from collections import Counter
from collections.abc import Callable
from datetime import date, time
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule.actions.memberships import add_member
from iop_schedule.actions.notices import tell_absence
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.actions.series import Meeting, create_individual
from iop_schedule.domain.series import SeatsTaken, TimeTaken
from iop_schedule.models import MakeUp, Occurrence, RosterEntry, Series, SeriesMember, SessionNotice, User, db
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AbsenceReason, AssignmentRole, Weekday
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

THREADS = 8
TODAY = date(2026, 3, 4)
FRIDAY = date(2026, 3, 6)


def all_at_once(app: Flask, work: Callable[[int], object]) -> list[str]:
    """Run `work` in several threads that start together; return what each came to."""
    barrier, outcomes = Barrier(THREADS), []

    def run(number: int) -> None:
        with app.app_context():
            write_intent.set(True)
            barrier.wait(timeout=20)
            try:
                work(number)
                outcomes.append("done")
            except Exception as refused:  # noqa: BLE001 - whatever it is, it is compared below
                db.session.rollback()
                outcomes.append(type(refused).__name__)
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


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

    assert Counter(all_at_once(app, take)) == {"done": 1, SeatsTaken.__name__: THREADS - 1}
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

    assert Counter(all_at_once(app, want)) == {"done": 1, SeatsTaken.__name__: THREADS - 1}


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

    assert Counter(all_at_once(app, book)) == {"done": 1, TimeTaken.__name__: THREADS - 1}
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

    assert Counter(all_at_once(app, away)) == {"done": 1, "SeatJustTaken": THREADS - 1}
    assert len(list(db.session.scalars(select(SessionNotice)))) == 1
    assert len(list(db.session.scalars(select(MakeUp)))) == 1
