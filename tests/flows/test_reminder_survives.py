"""The promise about reminders, against processes that are killed: none lost, none doubled silently."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from random import Random

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server  # noqa: N811
from aiosmtpd.smtp import Envelope, Session
from flask import Flask
from sqlalchemy import select

from iop_schedule.actions.reminders import LEASE
from iop_schedule.adapters.messages import NullMessages, SmtpMessages
from iop_schedule.models import ReminderAttempt, ReminderDelivery, db
from iop_schedule.queries import reminders as outbox
from tests import factories as make
from tests.adapters.test_messages import free_port
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import DUE, THURSDAY, drain, expect_on_thursday, plan, settle

PEOPLE = 60
KILLS = 10


class Oracle:
    """A mail server that writes down what it has accepted before it answers."""

    def __init__(self) -> None:
        self.accepted: list[str] = []

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        self.accepted.append(message_id.strip("<>").partition("@")[0])
        time.sleep(0.01)  # so that kills hit this window
        return "250 OK"


@pytest.fixture
def oracle() -> Iterator[tuple[Oracle, int]]:
    handler, port = Oracle(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def workers(app: Flask, oracle: tuple[Oracle, int], tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """The program that starts a worker for each line it is given."""
    url = app.extensions["settings"].database_url
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.killable_worker", url, str(tmp_path), str(oracle[1])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    yield program
    program.communicate(timeout=30)
    assert program.returncode == 0


def test_workers_killed_in_the_middle_lose_nothing_and_double_nothing_silently(
    app: Flask, cast: Cast, oracle: tuple[Oracle, int], workers: "subprocess.Popen[str]"
) -> None:
    held = expect_on_thursday(cast)
    for number in range(PEOPLE - 2):  # Ana and Ben are there already; Zoe is due later
        client = make.make_client(cast.elm, email=f"c{number}@example.net")
        make.make_reachable(client)
        make.make_enrollment(client, cast.program)
        make.make_entry(held, client)
    db.session.commit()
    plan(NOW)
    (handler, port), chance, now = oracle, Random(20_261_123), DUE
    assert workers.stdin is not None
    assert workers.stdout is not None

    for _ in range(KILLS):
        before = len(handler.accepted)
        workers.stdin.write(f"{now.isoformat()}\n")
        workers.stdin.flush()
        worker = int(workers.stdout.readline())
        while len(handler.accepted) < before + 1 + chance.randrange(3):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(worker, signal.SIGKILL)
        assert workers.stdout.readline() == "ended\n"
        now += LEASE
        settle(now, NullMessages())
        now += timedelta(minutes=1)
    for _ in range(3):
        with_mail = SmtpMessages("127.0.0.1", port, "appointments@example.org", starttls=False)
        drain(with_mail, now, limit=PEOPLE * 2)
        with_mail.close()
        now += LEASE
        settle(now, NullMessages())

    db.session.rollback()
    due = list(db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.due_at == DUE)))
    arrived = Counter(handler.accepted)
    shown = {doubt.delivery_id for doubt in outbox.doubtful(since=THURSDAY)}
    unknown_tries = db.session.scalars(
        select(ReminderAttempt).where(ReminderAttempt.outcome == "unknown")
    ).all()
    lost = [row.id for row in due if not arrived[row.id] and row.id not in shown]
    doubled_silently = [key for key, times in arrived.items() if times > 1 and key not in shown]
    assert (len(due), lost, doubled_silently) == (PEOPLE, [], [])
    assert {row.state for row in due} <= {"sent", "unknown"}
    assert 1 <= len(unknown_tries) <= KILLS  # at most one ambiguous message for each kill
    assert {attempt.delivery_id for attempt in unknown_tries} == shown
