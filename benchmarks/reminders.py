"""Many reminders due in one minute: how late they go out, how many a second, and what dying workers lose.

    python -m benchmarks.reminders                                       # SQLite, short
    python -m benchmarks.reminders --database postgresql --workers 4 --due 10000 --kills 40
    python -m benchmarks.reminders --database sqlite --workers 1 --due 2000

Workers are processes; each drains the outbox as `flask run-jobs` does. The provider is a process too: a
server of the shape the adapter for texts talks to, which writes down when it took what before it answers.
Lateness is that moment less the time a message was due. Then workers are killed, one after the other; beside
the outbox stands the plain loop that marks a message as sent and sends it.
"""

import argparse
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, insert, select, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iop_schedule import clock
from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import LEASE, Letterhead
from iop_schedule.adapters.messages import Outgoing, SmsMessages
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.jobs.reminders import drain
from iop_schedule.jobs.worker import Worker
from iop_schedule.models import (
    Client,
    ContactConsent,
    ContactPoint,
    Enrollment,
    ReminderDelivery,
    RosterEntry,
    db,
)
from iop_schedule.models.base import read_transaction, write_intent, write_transaction
from iop_schedule.queries.reminders import next_due
from iop_schedule.vocabulary import (
    Channel,
    ConsentPurpose,
    DeliveryState,
    EnrollmentStatus,
    Evidence,
    ProviderCapability,
    Role,
    RosterSource,
)
from tests import factories as make
from tests.flows.recording_providers import door_to
from tests.postgresql import start_postgresql

SECRET = "a-key-for-measuring-only-0123456789abcdef"
#: 17:00 in New York on the evening before.
THURSDAY_NINE = datetime(2026, 3, 5, 14, tzinfo=UTC)
DUE = datetime(2026, 3, 4, 22, tzinfo=UTC)
A_GROUP = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--due", type=int, default=300, help="messages due within the minute")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--over", type=float, default=60, help="seconds they become due in, evenly")
    parser.add_argument("--at-once", action="store_true", help="all due at the start: what a second can do")
    parser.add_argument(
        "--kills", type=int, default=6, help="workers killed in the comparison; 0 leaves it out"
    )
    parser.add_argument(
        "--capability",
        choices=list(ProviderCapability),
        default=ProviderCapability.LOOKUP,
        help="what the provider can do about a message in doubt; a mail server can do nothing",
    )
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    over = 0.0 if options.at_once else options.over
    print(f"{options.database}, {options.workers} workers, {options.due} due within {over:.0f} s")
    with _clinic(options.database, options.due, over) as (app, folder), _provider(folder) as port:
        _punctuality(app, folder, port, options.workers, ProviderCapability(options.capability))
    for work in (_work, _mark_then_send) if options.kills else ():
        people = 4 * options.kills + 20
        with _clinic(options.database, people, 0) as (app, folder), _provider(folder) as port:
            _losses(app, folder, port, work, options.kills)


# --- the clinic -------------------------------------------------------------------------------------------


@contextmanager
def _clinic(kind: str, due: int, over: float) -> Iterator[tuple[Flask, Path]]:
    """Yield an application with `due` planned texts, the due times spread over some seconds."""
    with tempfile.TemporaryDirectory(prefix="iop-reminders-") as name, _database(kind, name) as url:
        app = _app(Path(name), url)
        with app.app_context():
            write_intent.set(True)
            upgrade()
            clock.freeze(DUE - timedelta(hours=1))
            _people(due)
            reminders.plan_reminders(now=clock.now(), channels=[Channel.SMS])
            ids = db.session.scalars(select(ReminderDelivery.id).order_by(ReminderDelivery.id)).all()
            rows = [
                {"i": i, "at": _stored(DUE + timedelta(seconds=over * n / len(ids)), kind)}
                for n, i in enumerate(ids)
            ]
            statement = text("UPDATE reminder_delivery SET due_at = :at, next_try_at = :at WHERE id = :i")
            db.session.execute(statement, rows)
            db.session.commit()
            clock.freeze(None)
            db.session.remove()
            db.engine.dispose()
        yield app, Path(name)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _stored(at: datetime, kind: str) -> datetime | str:
    return at if kind == "postgresql" else at.strftime("%Y-%m-%d %H:%M:%S.%f")


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/iop.db"
        return
    with start_postgresql({"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}) as server:
        yield server.create("reminders")


def _app(folder: Path, url: str) -> Flask:
    return create_app(
        Settings(instance=folder, database_url=url, secret_key=SECRET, password_salt=SECRET, sms_per_second=0)
    )


def _people(count: int) -> None:
    """Store people in groups of twelve, each with a session on Thursday at nine and a number to text to."""
    site = make.make_site()
    program = make.make_program(site)
    first = (db.session.scalar(select(func.max(Client.id))) or 0) + 1
    numbers = range(first, first + count)
    made = DUE - timedelta(days=30)
    people = [
        {
            "id": n, "site_id": site.id, "code": f"c{n}", "given_name": "Pat", "family_name": "Example",
            "languages": ["en"], "created_at": made,
        }
        for n in numbers
    ]  # fmt: skip
    db.session.execute(insert(Client), people)
    held = []
    for start in range(0, count, A_GROUP):
        leader = make.make_user(Role.COUNSELOR, site)
        meeting = make.make_meeting(make.make_group(program), leader, weekday=3)
        session = make.make_occurrence(meeting, THURSDAY_NINE.date())
        held += [session.id] * min(A_GROUP, count - start)
    for model, more in (
        (Enrollment, lambda n: {"program_id": program.id, "code": f"e{n}", "status": EnrollmentStatus.ACTIVE,
                                "from_day": made.date()}),
        (RosterEntry, lambda n: {"occurrence_id": held[n - first], "source": RosterSource.MEMBER}),
        (ContactPoint, lambda n: {"channel": Channel.SMS, "address": f"+1202{n:07}", "added_at": made,
                                  "confirmed_at": made, "confirmed_by": Evidence.CODE, "code_tries": 0}),
        (ContactConsent, lambda _: {"channel": Channel.SMS, "purpose": ConsentPurpose.REMINDERS,
                                    "given_at": made, "evidence": Evidence.ONLINE}),
    ):  # fmt: skip
        db.session.execute(insert(model), [{"client_id": n, **more(n)} for n in numbers])
    db.session.commit()


# --- processes --------------------------------------------------------------------------------------------


def _fork(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own; return its id."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


class _Provider(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Say nothing: workers are killed while they talk to us."""


class _Texts(BaseHTTPRequestHandler):
    """Writes down when it took a text for whom, then answers; can be asked what it has taken."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    book: ClassVar[Path]
    texts: ClassVar[list[tuple[str, str]]] = []
    lock: ClassVar[Lock] = Lock()

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        (to,), (body,) = form["To"], form["Body"]
        with self.lock, self.book.open("a") as book:
            self.texts.append((to, body))
            number = len(self.texts)
            book.write(f"{time.time()} {to}\n")
        self._answer(201, {"sid": f"SM{number}"})

    def do_GET(self) -> None:
        (whose,) = parse_qs(urlsplit(self.path).query)["To"]
        found = [{"sid": f"SM{n}", "body": body} for n, (to, body) in enumerate(self.texts, 1) if to == whose]
        self._answer(200, {"messages": found[::-1]})

    def _answer(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _provider(folder: Path) -> Iterator[int]:
    """Run the provider in a process of its own and yield its port."""
    _Texts.book = folder / "taken"
    _Texts.book.touch()
    server = _Provider(("127.0.0.1", 0), _Texts)
    pid = _fork(server.serve_forever)
    port = server.server_address[1]
    server.server_close()
    yield port
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _taken(folder: Path) -> list[tuple[float, str]]:
    lines = (line.split() for line in (folder / "taken").read_text().splitlines())
    return [(float(at), to) for at, to in lines]


def _runs_from(start: datetime) -> None:
    """Let this process's clock show `start` now, and run on."""
    began = time.time()
    clock._read = lambda: start + timedelta(seconds=time.time() - began)


def _is_anything_planned() -> bool:
    with read_transaction() as session:
        planned = select(ReminderDelivery.id).where(ReminderDelivery.state == DeliveryState.PLANNED)
        return session.scalar(select(planned.exists())) is True


def _work(
    app: Flask, port: int, start: datetime, capability: ProviderCapability = ProviderCapability.LOOKUP
) -> None:
    """Drain as the tick does until nothing is planned any more."""
    _runs_from(start)
    door = SmsMessages(f"http://127.0.0.1:{port}", "AC1", "s", "+12025550100", capability)
    app.extensions["messages"] = {Channel.SMS: door}
    worker = Worker()
    with app.app_context():
        while _is_anything_planned():
            drain(worker)
            time.sleep(0.05)


def _mark_then_send(app: Flask, port: int, start: datetime) -> None:
    """What stands in many a program: mark the oldest as sent, commit, send it."""
    _runs_from(start)
    door = door_to(Channel.SMS, port)
    with app.app_context():
        while True:
            with write_transaction() as session:
                row = session.scalars(
                    next_due(now=clock.now()).limit(1).with_for_update(skip_locked=True)
                ).first()
                if row is None:
                    return
                row.state, row.tried_at = DeliveryState.SENT, clock.now()
                to = session.scalars(
                    select(ContactPoint.address).where(ContactPoint.client_id == row.client_id)
                ).one()
                outgoing = Outgoing(row.id, to, "", "Reminder: you have an appointment.")
            door.send(outgoing)


# --- what is measured -------------------------------------------------------------------------------------


def _punctuality(app: Flask, folder: Path, port: int, workers: int, capability: ProviderCapability) -> None:
    """Let workers hand everything over as it becomes due; print lateness and rate."""
    began = time.time()
    processor = 0.0
    for pid in [_fork(lambda: _work(app, port, DUE, capability)) for _ in range(workers)]:
        used = os.wait4(pid, 0)[2]
        processor += used.ru_utime + used.ru_stime
    with app.app_context():
        due = _due_by_address()
        db.session.remove()
    taken = _taken(folder)
    late = sorted(at - began - (due[to] - DUE).total_seconds() for at, to in taken)
    seconds = max(at for at, _ in taken) - began
    p50, p99 = late[len(late) // 2], late[min(len(late) - 1, int(len(late) * 0.99))]
    print(f"{len(taken)} of {len(due)} handed over in {seconds:.1f} s: {len(taken) / seconds:.0f} a second")
    print(f"processor time of the workers: {1000 * processor / len(taken):.1f} ms a message")
    print(f"late by p50 {p50:.2f} s, p99 {p99:.2f} s, at most {late[-1]:.2f} s")


def _due_by_address() -> dict[str, datetime]:
    rows = db.session.execute(
        select(ContactPoint.address, ReminderDelivery.due_at).join(
            ReminderDelivery, ReminderDelivery.client_id == ContactPoint.client_id
        )
    )
    return {row.address: row.due_at for row in rows}


def _losses(
    app: Flask, folder: Path, port: int, work: Callable[[Flask, int, datetime], None], kills: int
) -> None:
    """Kill one worker after the other somewhere in its work, let a last one finish; print what is missing."""
    chance, now, killed = random.Random(6), DUE + timedelta(minutes=1), 0
    for _ in range(kills):
        pid = _fork(lambda: work(app, port, now))  # noqa: B023 - the process copies it at once
        wanted = len(_taken(folder)) + chance.randrange(1, 4)
        while len(_taken(folder)) < wanted and os.waitpid(pid, os.WNOHANG) == (0, 0):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            killed += 1
        now += LEASE
        _settle(app, port, now)
    os.waitpid(_fork(lambda: work(app, port, now)), 0)
    with app.app_context():
        shown = db.session.scalar(select(func.count()).where(ReminderDelivery.state == DeliveryState.UNKNOWN))
        addresses = set(_due_by_address())
        db.session.remove()
    arrived = Counter(to for _, to in _taken(folder))
    lost, doubled = len(addresses - arrived.keys()), sum(1 for times in arrived.values() if times > 1)
    name = "the outbox" if work is _work else "mark, then send"
    print(f"{name:<16}{killed} workers killed: {lost} lost, {doubled} doubled, {shown} shown as unknown")


def _settle(app: Flask, port: int, now: datetime) -> None:
    door = door_to(Channel.SMS, port)
    with app.app_context():
        reminders.settle_overdue(now=now, doors={Channel.SMS: door}, head=Letterhead(key=SECRET))
        db.session.remove()
        db.engine.dispose()
    door.close()


if __name__ == "__main__":
    main()
