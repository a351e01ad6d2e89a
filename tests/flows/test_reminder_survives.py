"""The promise about reminders, against processes and databases that are killed: none lost, none doubled silently.

A short form runs with the other tests; `make chaos` repeats it until 500 workers and 20 servers are gone.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from select import select as ready

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import LEASE
from iop_schedule.app import create_app
from iop_schedule.models import ReminderAttempt, ReminderDelivery, db
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import Channel
from tests import factories as make
from tests.cast import Cast, make_cast
from tests.conftest import NOW, make_settings
from tests.flows.recording_providers import WINDOW_SECONDS, Oracle, door_to, recording_provider
from tests.outbox import DUE, THURSDAY, drain, expect_on_thursday, settle
from tests.postgresql import PostgreSQL, start_postgresql

PEOPLE = 60
KILLS = 6
STOPS = 2
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
#: What a clinic's own server does; a test's usual one forgets on purpose.
DURABLE = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "on"}


class Workers:
    """Starts one worker at a time, and can kill it."""

    def __init__(self, url: str, instance: Path, channel: Channel, oracle: Oracle) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.killable_worker", url, str(instance), channel, str(oracle.port)],
            # Without buffers, what has been said can be looked for without taking it.
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._oracle = oracle

    def start(self, now: datetime) -> int:
        """Start a worker at `now`; return its process id."""
        assert self._program.stdin is not None
        self._program.stdin.write(f"{now.isoformat()}\n".encode())
        return int(self._line())

    def kill(self, worker: int) -> None:
        """End a worker at once, wherever it is; one that had nothing left to do may be gone."""
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Wait until the worker has ended."""
        assert self._line() == b"ended\n"

    def wait_for_messages(self, more: int) -> None:
        """Wait until the provider has taken so many more, or the worker has nothing left to do."""
        assert self._program.stdout is not None
        until, given_up = len(self._oracle.taken) + more, time.monotonic() + 600
        while len(self._oracle.taken) < until and not ready([self._program.stdout], [], [], 0)[0]:
            assert time.monotonic() < given_up, "the worker does not get on"
            time.sleep(0.002)

    def end(self) -> None:
        self._program.communicate(timeout=600)
        assert self._program.returncode == 0

    def _line(self) -> bytes:
        assert self._program.stdout is not None
        return self._program.stdout.readline()


@pytest.fixture(params=[Channel.EMAIL, Channel.SMS])
def channel(request: pytest.FixtureRequest) -> Channel:
    return request.param


@pytest.fixture
def oracle(channel: Channel) -> Iterator[Oracle]:
    with recording_provider(channel) as made:
        yield made


def many_on_thursday(cast: Cast, channel: Channel) -> None:
    """Plan a reminder for each of many people, all due at once."""
    held = expect_on_thursday(cast)
    for number in range(PEOPLE):
        client = make.make_client(cast.elm)
        address = f"c{number}@example.net" if channel is Channel.EMAIL else f"+1202555{number:04}"
        make.make_reachable(client, channel, address=address)
        make.make_enrollment(client, cast.program)
        make.make_entry(held, client)
    db.session.commit()
    reminders.plan_reminders(now=NOW, channels=[channel])


def after_a_stop(now: datetime, channel: Channel, oracle: Oracle) -> datetime:
    """Let the leases run out and settle what is left hanging; return the moment after."""
    now += LEASE
    door = door_to(channel, oracle.port)
    settle(now, door, channel)
    door.close()
    return now + timedelta(minutes=1)


def assert_the_promise_is_kept(channel: Channel, oracle: Oracle, *, stops: int) -> None:
    """Hold what the provider has against what the outbox says."""
    db.session.rollback()
    due = list(
        db.session.scalars(
            select(ReminderDelivery).where(
                ReminderDelivery.due_at == DUE, ReminderDelivery.channel == channel
            )
        )
    )
    attempts = db.session.scalars(select(ReminderAttempt)).all()
    address = {attempt.delivery_id: attempt.address for attempt in attempts}
    arrived = Counter(to for to, _ in oracle.taken)
    shown = {doubt.delivery_id for doubt in outbox.doubtful(since=THURSDAY)}
    in_doubt = {attempt.delivery_id for attempt in attempts if attempt.outcome == "unknown"}
    lost = [row.id for row in due if not arrived[address.get(row.id, "")] and row.id not in shown]
    doubled = [row.id for row in due if arrived[address.get(row.id, "")] > 1]
    assert (len(due) >= PEOPLE, lost) == (True, [])
    if channel is Channel.SMS:  # a provider that can be asked leaves no doubt
        assert (doubled, shown, {row.state for row in due}) == ([], set(), {"sent"})
        return
    assert set(doubled) <= shown
    assert in_doubt == shown
    assert {row.state for row in due} <= {"sent", "unknown"}
    assert len(in_doubt) <= stops  # at most one message in doubt for each stop


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_workers_killed_in_the_middle_lose_nothing_and_double_nothing_silently(
    app: Flask, cast: Cast, channel: Channel, oracle: Oracle, seed: int, tmp_path: Path
) -> None:
    many_on_thursday(cast, channel)
    chance, now = Random(20_261_123 + seed), DUE
    workers = Workers(app.extensions["settings"].database_url, tmp_path, channel, oracle)
    for _ in range(KILLS):
        worker = workers.start(now)
        workers.wait_for_messages(1 + chance.randrange(3))
        time.sleep(chance.uniform(0, 2 * WINDOW_SECONDS))
        workers.kill(worker)
        now = after_a_stop(now, channel, oracle)
    workers.end()
    finish(now, channel, oracle)
    assert_the_promise_is_kept(channel, oracle, stops=KILLS)


@pytest.fixture
def durable() -> Iterator[PostgreSQL]:
    """A server of this test's own that keeps what it has committed."""
    with start_postgresql(DURABLE) as server:
        yield server


@pytest.mark.parametrize("seed", range(-(-ROUNDS // 4)))
def test_a_database_stopped_at_once_loses_nothing_and_doubles_nothing_silently(
    durable: PostgreSQL, channel: Channel, oracle: Oracle, seed: int, tmp_path: Path
) -> None:
    url = durable.create("chaos")
    app = create_app(make_settings(tmp_path, url))
    clock.freeze(NOW)
    try:
        with app.app_context():
            upgrade()
            cast = make_cast(now=NOW)
            db.session.commit()
            many_on_thursday(cast, channel)
            chance, now = Random(20_261_127 + seed), DUE
            workers = Workers(url, tmp_path, channel, oracle)
            for _ in range(STOPS):
                workers.start(now)
                workers.wait_for_messages(1 + chance.randrange(5))
                time.sleep(chance.uniform(0, 2 * WINDOW_SECONDS))
                durable.crash()
                workers.wait()
                durable.start()
                db.session.remove()
                db.engine.dispose()
                now = after_a_stop(now, channel, oracle)
            workers.end()
            finish(now, channel, oracle)
            assert_the_promise_is_kept(channel, oracle, stops=STOPS)
            db.session.remove()
            db.engine.dispose()
    finally:
        clock.freeze(None)


def finish(now: datetime, channel: Channel, oracle: Oracle) -> None:
    """Let one undisturbed worker do what is left."""
    for _ in range(3):
        door = door_to(channel, oracle.port)
        drain(door, now, limit=PEOPLE * 2, channel=channel)
        door.close()
        now = after_a_stop(now, channel, oracle)
