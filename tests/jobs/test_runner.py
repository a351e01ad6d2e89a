"""The scheduler: its table, failing and dying ticks, one at a time, and stopping."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions import upkeep
from iop_schedule.adapters.locks import FileLock
from iop_schedule.jobs import runner as running
from iop_schedule.jobs.runner import AlreadyRunning, Runner, build_scheduler, run_tick
from iop_schedule.jobs.schedule import TICKS, Tick
from iop_schedule.jobs.upkeep import heartbeat, purge
from iop_schedule.jobs.worker import CircuitBreaker, Worker
from iop_schedule.models import Heartbeat, SignInSession, Standstill, db
from tests.cast import Cast
from tests.conftest import NOW

SECOND = timedelta(seconds=1)


def wait_for(happened: Callable[[], object], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_every_tick_is_a_period_in_utc_that_neither_piles_up_nor_gets_lost(app: Flask) -> None:
    scheduler = build_scheduler(app, TICKS, Worker())
    scheduler.start(paused=True)
    jobs = {job.id: job for job in scheduler.get_jobs()}
    scheduler.shutdown()
    assert list(jobs) == sorted({tick.name for tick in TICKS}, key=list(jobs).index)
    assert len(jobs) == len(TICKS)
    for tick in TICKS:
        job = jobs[tick.name]
        assert isinstance(job.trigger, IntervalTrigger)
        assert (job.trigger.interval, job.trigger.timezone) == (tick.every, UTC)
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)


def test_the_ticks_are_those_of_the_operations_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [tick.name for tick in TICKS if f"| `{tick.name}` |" not in guide] == []


def test_every_real_tick_runs_on_an_empty_database(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()
    for tick in TICKS:
        run_tick(app, tick, worker)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert sorted(worker.finished) == sorted(tick.name for tick in TICKS)


def test_a_tick_that_fails_is_logged_by_name_and_does_not_count_as_finished(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(worker: Worker) -> None:
        raise ZeroDivisionError

    worker = Worker()
    run_tick(app, Tick("broken", SECOND, fail), worker)
    (record,) = caplog.records
    assert (record.getMessage(), record.tick, record.levelname) == ("a tick failed", "broken", "ERROR")
    assert (list(worker.ended), worker.finished) == (["broken"], {})


def test_the_heartbeat_writes_when_each_tick_last_finished(app: Flask) -> None:
    worker = Worker()
    worker.finished["plan"] = (NOW - SECOND, timedelta(minutes=1))
    heartbeat(worker)
    heartbeat(worker)
    rows = db.session.scalars(select(Heartbeat).order_by(Heartbeat.tick)).all()
    assert [(row.tick, row.at, row.every_seconds) for row in rows] == [
        ("heartbeat", NOW, 5),
        ("plan", NOW - SECOND, 60),
    ]


@pytest.mark.parametrize(
    ("minutes", "found"), [(0, 0), (10, 0), (11, 1), (60 * 24 * 30, 1), (-60, 0)], ids=str
)
def test_a_long_silence_is_written_down_when_it_is_over(app: Flask, minutes: int, found: int) -> None:
    heartbeat(Worker())
    later = NOW + timedelta(minutes=minutes)
    clock.freeze(later)
    purge(Worker())
    for _ in range(2):
        heartbeat(Worker())
    rows = db.session.scalars(select(Standstill)).all()
    assert [(row.began_at, row.ended_at) for row in rows] == [(NOW, later)] * found


def test_old_sign_ins_and_ticks_that_are_no_more_are_forgotten(app: Flask, cast: Cast) -> None:
    def signed_in(days_ago: int, ended: bool) -> SignInSession:
        seen = NOW - timedelta(days=days_ago)
        return SignInSession(
            user_id=cast.carol.id, token_hash=f"{days_ago}{ended}", created_at=seen, last_seen_at=seen,
            ended_at=seen if ended else None,
        )  # fmt: skip

    db.session.add_all([signed_in(29, ended=True), signed_in(31, ended=True), signed_in(31, ended=False)])
    db.session.add_all(
        Heartbeat(tick=f"t{days}", at=NOW - timedelta(days=days), every_seconds=5) for days in (6, 8)
    )
    db.session.commit()
    purge(Worker())
    assert list(db.session.scalars(select(SignInSession.token_hash))) == ["29True"]
    assert list(db.session.scalars(select(Heartbeat.tick))) == ["t6"]


def test_what_runs_alone_runs_at_one_place_at_a_time(app: Flask) -> None:
    postgresql = db.engine.dialect.name == "postgresql"  # on SQLite there is one scheduler to begin with
    with upkeep.alone("plan") as first, upkeep.alone("plan") as second, upkeep.alone("purge") as other:
        assert (first, second, other) == (True, not postgresql, True)
    with upkeep.alone("plan") as again:
        assert again is True


def test_one_scheduler_for_each_sqlite_file(app: Flask) -> None:
    first, second = Runner(app, ()), Runner(app, ())
    first.start()
    if db.engine.dialect.name == "sqlite":
        with pytest.raises(AlreadyRunning):
            second.start()
    first.stop()
    first.stop()
    second.start()
    second.stop()


def test_a_lock_is_free_again_when_it_is_released(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert (one.take(), other.take()) == (True, False)
    one.release()
    one.release()
    assert other.take() is True
    other.release()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_scheduler_that_died_is_noticed_and_started_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    monkeypatch.setattr(running, "WATCH_EVERY", 0.01)

    def silences() -> list[str]:
        return [record.levelname for record in caplog.records if "silent" in record.getMessage()]

    beats: list[int] = []
    runner = Runner(app, (Tick("heartbeat", SECOND, lambda worker: beats.append(1)),))
    runner.start()
    wait_for(lambda: beats)
    assert runner._scheduler is not None
    runner._scheduler.shutdown(wait=True)  # as if its thread had died
    before = len(beats)
    now[0] += running.SILENCE
    assert silences() == []
    now[0] += 1
    wait_for(lambda: len(beats) > before)
    runner.stop()
    assert silences() == ["ERROR"]


def test_the_watchdog_notices_within_fifteen_seconds_by_default() -> None:
    assert running.SILENCE + running.WATCH_EVERY <= 17


def test_a_failing_heartbeat_is_alive_all_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may be away: starting the scheduler again would not bring it back."""
    worker = Worker()
    worker.ended["heartbeat"] = 0.0
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)

    def fail(worker: Worker) -> None:
        raise ZeroDivisionError

    run_tick(app, Tick("heartbeat", SECOND, fail), worker)
    assert worker.ended["heartbeat"] == 100.0


def test_stopping_waits_for_what_is_running(app: Flask) -> None:
    begun, done = Event(), Event()

    def slow(worker: Worker) -> None:
        begun.set()
        worker.stopping.wait(300)
        time.sleep(0.2)
        done.set()

    runner = Runner(app, (Tick("slow", SECOND, slow),))
    runner.start()
    assert begun.wait(300)
    runner.stop()
    assert done.is_set()


def test_one_slow_tick_does_not_hold_up_the_others(app: Flask) -> None:
    release, others = Event(), []
    runner = Runner(
        app,
        (
            Tick("slow", SECOND, lambda worker: release.wait(300)),
            Tick("heartbeat", SECOND, lambda worker: others.append(1)),
        ),
    )
    runner.start()
    try:
        wait_for(lambda: len(others) >= 2)
    finally:
        release.set()
        runner.stop()


def test_the_circuit_stays_open_longer_with_each_failure_up_to_five_minutes() -> None:
    circuit = CircuitBreaker()
    assert circuit.lets_through()
    waits = [circuit.failed() for _ in range(8)]
    assert not circuit.lets_through()
    full = [15, 30, 60, 120, 240, 300, 300, 300]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, full, strict=True))
    circuit.worked()
    assert circuit.lets_through()


def test_ticks_leave_nothing_open_behind(app: Flask) -> None:
    seen = []
    thread = Thread(target=lambda: seen.append(run_tick(app, TICKS[0], Worker())))
    thread.start()
    thread.join()
    assert seen == [None]
    assert db.engine.pool.checkedout() == 0
