"""The hourly tick: the horizon moves on, and episodes of care end with their last day."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from iop_schedule import clock
from iop_schedule.actions.prescription import discharge
from iop_schedule.jobs.runner import run_tick
from iop_schedule.models import Enrollment, Occurrence, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import EnrollmentStatus
from tests.cast import Cast
from tests.conftest import NOW


def tick(app: Flask) -> None:
    from iop_schedule.jobs.schedule import TICKS
    from iop_schedule.jobs.worker import Worker

    (found,) = (one for one in TICKS if one.name == "extend-occurrences")
    db.session.commit()
    worker = Worker()
    run_tick(app, found, worker)
    assert found.name in worker.finished


def last_day() -> object:
    return db.session.scalar(select(func.max(Occurrence.local_day)))


def test_the_horizon_moves_on_with_the_weeks(app: Flask, cast: Cast) -> None:
    tick(app)
    first = last_day()
    clock.freeze(NOW + timedelta(weeks=1))
    tick(app)
    assert first is not None
    assert last_day() == first + timedelta(weeks=1)


def test_an_episode_ends_the_night_after_its_last_day(app: Flask, cast: Cast) -> None:
    open_ones = select(Enrollment).where(Enrollment.client_id == cast.ana.id)
    enrollment = db.session.scalars(open_ones).one()
    today = NOW.date()
    discharge(actor=actor_for(cast.dev), enrollment_id=enrollment.id, last_day=today, now=NOW)
    tick(app)
    assert db.session.scalars(open_ones).one().status == EnrollmentStatus.ACTIVE
    clock.freeze(NOW + timedelta(days=1))
    tick(app)
    db.session.expire_all()
    assert db.session.scalars(open_ones).one().status == EnrollmentStatus.FINISHED
