"""How long a client waits for the make-ups that fit: the rule alone, from the tables, and as a page.

    python -m benchmarks make_ups
    python -m benchmarks.make_ups --database postgresql://…      an empty database of your own

The clinic is the invented one. The rule alone is asked about a crowded program: 600 dated sessions within
reach and 20 commitments of one person.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.demo import load_demo_clinic
from iop_schedule.domain.availability import Commitment, DatedSlot
from iop_schedule.domain.make_ups import Guest, Miss, OpenSession, options
from iop_schedule.domain.placement import Client, Dose, Group
from iop_schedule.models import Client as ClientRow
from iop_schedule.models import Occurrence, RosterEntry, db
from iop_schedule.queries.make_ups import options_for
from iop_schedule.vocabulary import ConstraintKind, LevelOfCare, Modality, RosterSource, ServiceType, Weekday

#: Monday, early in the morning in both of the clinic's zones.
NOW = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
PASSES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--database", help="address of an empty database; SQLite in a temporary folder without"
    )
    chosen = parser.parse_args().database
    the_rule_alone()
    clock.freeze(NOW)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(_settings(Path(folder), chosen or f"sqlite:///{folder}/iop.db"))
        with app.app_context():
            upgrade()
            accounts = load_demo_clinic(now=NOW)
            from_the_tables()
            as_a_page(app, password=accounts[0].password)
            db.session.remove()
            db.engine.dispose()


def the_rule_alone() -> None:
    monday = date(2026, 3, 9)
    sessions = [_session(n, monday + timedelta(days=n % 5 + 7 * (n % 2))) for n in range(600)]
    busy = tuple(
        Commitment(
            kind=ConstraintKind.WORK, weekday=Weekday(n % 5), local_start=wall(7 + n // 5), from_day=monday,
            local_end=wall(7 + n // 5, 45), until_day=None,
        )
        for n in range(20)
    )  # fmt: skip
    person = Client("me", languages=("en",), dose=Dose(540, max_minutes_per_day=360))
    guest = Guest(person, LevelOfCare.IOP_ADULT, commitments=busy)
    miss = Miss(monday, 180, ServiceType.GROUP, leader_id=1)
    found: list[int] = []
    _timed(
        "the rule alone, 600 sessions",
        lambda: found.append(len(options(miss, guest, sessions, days=7, now=NOW))),
    )
    print(f"  {found[0]} of 600 fit")


def _session(number: int, day: date) -> OpenSession:
    start = 8 + number % 9
    return OpenSession(
        id=number,
        starts_at=datetime.combine(day, wall(start), tzinfo=UTC),
        slot=DatedSlot(day, start * 60, start * 60 + 180, travel_minutes=15),
        minutes=180,
        group=Group(f"g{number % 40}", ServiceType.GROUP, Modality.IN_PERSON, "en", ()),
        level=LevelOfCare.IOP_ADULT,
        leader_id=number % 20,
        seats_left=number % 5,
    )


def from_the_tables() -> None:
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .where(
            RosterEntry.source == RosterSource.MEMBER,
            RosterEntry.released_at.is_(None),
            Occurrence.starts_at > NOW,
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
        .limit(PASSES)
    )
    ids = [entry.id for entry in db.session.scalars(statement)]
    numbers: list[int] = []
    asked = iter(ids)

    def ask() -> None:
        db.session.expunge_all()
        numbers.append(len(options_for(db.session.get_one(RosterEntry, next(asked)), now=NOW)))

    _timed("from the tables", ask, passes=len(ids))
    fitted = sum(number > 0 for number in numbers)
    print(f"  {fitted} of {len(numbers)} have a make-up, {statistics.mean(numbers):.1f} each")


def as_a_page(app: Flask, *, password: str) -> None:
    client = db.session.scalars(select(ClientRow).where(ClientRow.code == "C024")).one()
    statement = select(Occurrence.id).join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id).where(
        RosterEntry.client_id == client.id, Occurrence.starts_at > NOW, RosterEntry.released_at.is_(None)
    )  # fmt: skip
    here = f"/my/sessions/{db.session.scalars(statement.order_by(Occurrence.starts_at)).first()}"
    http = app.test_client()
    http.post(
        "/sign-in",
        data={"email": client.email, "password": password, "csrf_token": _token(http.get("/sign-in").text)},
    )
    why = {"why": "work", "csrf_token": _token(http.get(f"{here}/cant-come").text)}
    http.post(f"{here}/cant-come", data=why)
    if http.get(f"{here}/make-up").status_code != 200:
        message = "the page of make-ups is not shown"
        raise RuntimeError(message)
    _timed("as a page, sign-in and audit included", lambda: http.get(f"{here}/make-up"))
    _timed("my week as a page", lambda: http.get("/my/week"))


def _token(html: str) -> str:
    return html.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


def _settings(folder: Path, database_url: str) -> Settings:
    return Settings(
        instance=folder, database_url=database_url, secret_key="benchmark-secret-that-is-long-enough",
        password_salt="benchmark-salt-that-is-long-enough-01", secure_cookies=False,
        password_memory_kib=64, password_passes=1, testing=True, assets=folder / "assets",
    )  # fmt: skip


def _timed(what: str, work: Callable[[], object], *, passes: int = PASSES) -> None:
    taken = []
    for _ in range(passes):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    p50, p95 = statistics.median(taken), taken[int(0.95 * (len(taken) - 1))]
    print(f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {taken[-1]:.1f} ms ({passes} times)")


if __name__ == "__main__":
    main()
