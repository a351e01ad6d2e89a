"""How many requests a second one worker answers for a calendar feed of 60 sessions, in its own process.

    python benchmarks/feeds.py                  # SQLite, a few seconds
    python benchmarks/feeds.py --database URL   # an empty database of a PostgreSQL server

The whole application answers, through its WSGI entry: guards, look-up by hash, version check, headers, log
line. Measured with one thread; the best of several runs, by the clock and by processor time.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select, update
from werkzeug.test import EnvironBuilder

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iop_schedule import clock
from iop_schedule.actions.calendars import FeedChoices, turn_on
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.models import (
    CalendarBody,
    Client,
    Enrollment,
    Group,
    Occurrence,
    Program,
    RoleRow,
    RosterEntry,
    Series,
    Site,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import EnrollmentStatus, LevelOfCare, Role, RosterSource, SeriesKind, ServiceType
from iop_schedule.web.feeds import Limits
from iop_schedule.web.rate_limits import RateLimit

NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)
SESSIONS = 60
SECRET = "a-key-for-measuring-only-0123456789abcdef"


def application(folder: Path, database: str) -> Flask:
    settings = Settings(instance=folder, database_url=database, secret_key=SECRET, password_salt=SECRET)
    app = create_app(settings)
    with app.app_context():
        upgrade()
    return app


def people(clients: int) -> str:
    """Store a clinic whose clients have 60 sessions each; return the path of one client's feed."""
    site = Site(code="s", name="Main", zone="America/New_York")
    program = Program(site=site, code="p", name="Program", level_of_care=LevelOfCare.IOP_ADULT)
    leader = _login(Role.COUNSELOR, "leader@example.org")
    group = Group(program=program, code="g", name="Group", service_type=ServiceType.GROUP, seats=200)
    series = Series(
        code="m", kind=SeriesKind.GROUP, site=site, program=program, group=group, leader=leader, weekday=0,
        service_type=ServiceType.GROUP, local_start=datetime(2026, 1, 1, 18).time(), duration_minutes=180,
        from_day=date(2026, 1, 5), created_at=NOW,
    )  # fmt: skip
    db.session.add_all([site, program, leader, group, series])
    db.session.flush()
    days = [date(2026, 9, 7) + timedelta(weeks=n // 5, days=n % 5) for n in range(SESSIONS)]
    held = [_occurrence(series, site, leader, day) for day in days]
    for number in range(clients):
        _client(number, site, program, held)
    db.session.commit()
    owner = db.session.scalars(select(User).where(User.email == "client0@example.org")).unique().one()
    made = turn_on(actor=actor_for(owner), choices=FeedChoices("Phone"), key=SECRET, now=NOW)
    return f"/c/{made.token}/schedule.ics"


def _login(role: Role, email: str) -> User:
    known = db.session.scalars(select(RoleRow).where(RoleRow.name == role)).one_or_none()
    return User(
        roles=[known or RoleRow(name=role)], email=email, fs_uniquifier=email, given_name="A",
        family_name="B", created_at=NOW,
    )  # fmt: skip


def _occurrence(series: Series, site: Site, leader: User, day: date) -> Occurrence:
    at = datetime(day.year, day.month, day.day, 22, tzinfo=UTC)
    return Occurrence(
        series_id=series.id, original_day=day, local_day=day, site_id=site.id, starts_at=at, break_minutes=0,
        ends_at=at + timedelta(hours=3), leader_id=leader.id, updated_at=NOW,
    )  # fmt: skip


def _client(number: int, site: Site, program: Program, held: list[Occurrence]) -> None:
    login = _login(Role.CLIENT, f"client{number}@example.org")
    db.session.add(login)
    db.session.flush()
    client = Client(
        code=f"c{number}", site_id=site.id, user_id=login.id, given_name="A", family_name="B",
        languages=["en"], created_at=NOW,
    )  # fmt: skip
    enrollment = Enrollment(
        code=f"e{number}", client=client, program=program, status=EnrollmentStatus.ACTIVE,
        from_day=date(2026, 9, 1),
    )  # fmt: skip
    db.session.add_all([client, enrollment])
    db.session.add_all(RosterEntry(occurrence=one, client=client, source=RosterSource.MEMBER) for one in held)


def ask(app: Flask, path: str, **headers: str) -> Callable[[], tuple[int, bytes, dict[str, str]]]:
    """Return a caller of the application as a server calls it."""
    environ = EnvironBuilder(path=path, headers=headers, base_url="https://localhost/").get_environ()
    wsgi: Any = app.wsgi_app

    def once() -> tuple[int, bytes, dict[str, str]]:
        said: list[Any] = []
        answer = wsgi(dict(environ), lambda status, found, *_: said.append((status, found)))
        text = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return int(said[0][0][:3]), text, dict(said[0][1])

    return once


def rate(action: Callable[[], object], seconds: float, runs: int = 3) -> tuple[float, float]:
    """Return requests a second and milliseconds of processor time for one, of the best run."""
    best, cost = 0.0, float("inf")
    for _ in range(runs):
        began, processor, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - began < seconds / runs:
            action()
            count += 1
        best = max(best, count / (time.perf_counter() - began))
        cost = min(cost, (time.process_time() - processor) / count * 1000)
    return best, cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="address of an empty PostgreSQL database")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        database = options.database or f"sqlite:///{name}/feeds.db"
        app = application(Path(name), database)
        with app.app_context():
            path = people(options.clients)
            db.session.remove()
        measure(app, path, options.seconds)


def measure(app: Flask, path: str, seconds: float) -> None:
    clock.freeze(NOW)
    never = RateLimit(10**9, timedelta(hours=1))
    app.extensions["calendar-limits"] = Limits(never, never)
    status, body, headers = ask(app, path)()
    print(f"{status}, {body.count(b'BEGIN:VEVENT')} sessions, {len(body)} bytes")
    whole, unchanged = ask(app, path), ask(app, path, **{"If-None-Match": headers["ETag"]})
    unknown = ask(app, "/c/nothing/schedule.ics")
    statuses = whole()[0], unchanged()[0], unknown()[0]
    print(f"statuses {statuses}")
    print(f"{'answer':<24}{'requests/s':>12}{'ms of processor':>18}")
    for words, action in (
        ("200, unchanged body", whole),
        ("304, unchanged", unchanged),
        ("200, marked stale, again", _made_again(app, whole)),
        ("404, unknown link", unknown),
    ):
        print("{:<24}{:>12.0f}{:>18.2f}".format(words, *rate(action, seconds)))


def _made_again(app: Flask, whole: Callable[[], object]) -> Callable[[], object]:
    """Return a caller before whose every request the stored body is out of date."""

    def once() -> None:
        with app.app_context():
            db.session.execute(update(CalendarBody).values(version="old"))
            db.session.commit()
        whole()

    return once


if __name__ == "__main__":
    main()
