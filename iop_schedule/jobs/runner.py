"""Runs the table of ticks in this process, and notices when it has stopped running.

APScheduler is only the clock here: jobs live in memory, triggers are intervals in UTC, and whatever must
survive a crash is in the database.
"""

import logging
from datetime import UTC
from pathlib import Path
from secrets import token_hex
from threading import Thread

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from iop_schedule import clock, logs
from iop_schedule.actions import upkeep
from iop_schedule.adapters.locks import FileLock
from iop_schedule.jobs.schedule import TICKS, Tick
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)

#: A scheduler whose heartbeat has been silent for this long is replaced.
SILENCE = 15.0
WATCH_EVERY = 2.0


class AlreadyRunning(Exception):
    """Another process already runs the scheduler for this database."""


class Runner:
    """The scheduler of one process, with its watchdog."""

    def __init__(self, app: Flask, ticks: tuple[Tick, ...] = TICKS) -> None:
        self._app, self._ticks = app, ticks
        self._scheduler: BackgroundScheduler | None = None
        self._watchdog: Thread | None = None
        self._lock = _lock_for(app)
        self.worker = Worker()

    def start(self) -> None:
        """Begin ticking, every tick once at once.

        Raises:
            AlreadyRunning: SQLite is served by one scheduler, and another process has it.
        """
        if self._lock is not None and not self._lock.take():
            raise AlreadyRunning
        self._begin()
        self._watchdog = Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()

    def stop(self) -> None:
        """Let what is running come to an end, then stop; safe to call twice."""
        self.worker.stopping.set()
        if self._watchdog is not None:
            self._watchdog.join()
            self._watchdog = None
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=True)
            self._scheduler = None
        if self._lock is not None:
            self._lock.release()

    def _begin(self) -> None:
        # Silence is counted from here, so that a fresh start is not taken for a dead one.
        self.worker.ended["heartbeat"] = clock.monotonic()
        self._scheduler = build_scheduler(self._app, self._ticks, self.worker)
        self._scheduler.start()

    def _watch(self) -> None:
        while not self.worker.stopping.wait(WATCH_EVERY):
            silent = clock.monotonic() - self.worker.ended["heartbeat"]
            if silent > SILENCE:
                log.error("the scheduler has been silent for %d s and is started again", silent)
                self._replace()

    def _replace(self) -> None:
        dead = self._scheduler
        self._begin()
        if dead is not None:
            try:
                dead.shutdown(wait=False)
            except Exception:  # whatever state it is in, the new one runs
                log.exception("the old scheduler did not stop cleanly")


def build_scheduler(app: Flask, ticks: tuple[Tick, ...], worker: Worker) -> BackgroundScheduler:
    """Return a scheduler, not started, with every tick of the table."""
    # Skipped runs of a tick that is still busy are normal and not worth a warning each.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    for tick in ticks:
        scheduler.add_job(
            run_tick,
            IntervalTrigger(seconds=int(tick.every.total_seconds()), timezone=UTC),
            args=(app, tick, worker),
            id=tick.name,
            next_run_time=clock.machine_now(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    return scheduler


def run_tick(app: Flask, tick: Tick, worker: Worker) -> None:
    """Run one tick to its end; whatever goes wrong is logged and must not stop the next one."""
    logs.reference.set(token_hex(4))
    try:
        with app.app_context():
            _run(tick, worker)
            worker.finished[tick.name] = (clock.now(), tick.every)
    except Exception:
        log.exception("a tick failed", extra={"tick": tick.name})
    finally:
        worker.ended[tick.name] = clock.monotonic()


def _run(tick: Tick, worker: Worker) -> None:
    if not tick.alone:
        tick.run(worker)
        return
    with upkeep.alone(tick.name) as mine:
        if mine:
            tick.run(worker)


def _lock_for(app: Flask) -> FileLock | None:
    url: str = app.extensions["settings"].database_url
    if not url.startswith("sqlite:///"):
        return None
    return FileLock(Path(url.removeprefix("sqlite:///") + "-scheduler.lock"))
