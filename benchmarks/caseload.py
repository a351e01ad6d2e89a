"""How long the caseload page takes, and how many statements, as the caseload and its history grow.

    python -m benchmarks.caseload                          # 60 and 1,000 clients, SQLite and PostgreSQL
    python -m benchmarks.caseload --clients 10000          # the largest; minutes to write and derive
    python -m benchmarks.caseload --database sqlite --clients 60

Every client has a year of three sessions a week, marked and signed but for the last two days, and twelve
weeks to come, and all belong to one case manager. Times are the server's own for a whole request, signed
in: *stored* is the usual case, *one group changed* is after twelve people were marked, *nothing stored* is
the worst: a hundred cases are derived while someone waits, as if the refresher had never run. Processor
time is printed beside the wall clock, because the machine may be shared. The refresh from nothing is what
the first tick after midnight does.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import insert, select, update

from iop_schedule import clock
from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.app import create_app
from iop_schedule.domain import civil_time
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    CaseChange,
    Client,
    Enrollment,
    Occurrence,
    PrescribedDose,
    RosterEntry,
    SeriesMember,
    SignOff,
    db,
)
from iop_schedule.models.base import write_intent
from iop_schedule.models.case_changes import drop_triggers, make_triggers
from iop_schedule.vocabulary import SignOffKind
from tests import factories as make
from tests.conftest import Http, make_settings
from tests.pages import counted_statements
from tests.postgresql import start_postgresql

NOW = datetime(2026, 3, 4, 20, tzinfo=UTC)
TODAY = date(2026, 3, 4)
WEEKS_BACK, WEEKS_AHEAD, SEATS = 52, 12, 12
#: Counselors sign within two days.
UNSIGNED = timedelta(days=2)
CHUNK = 5_000


def write_clinic(clients: int) -> None:
    """Write groups of twelve, three mornings a week, with a year behind them."""
    site = make.make_site(code="elm", name="Elm")
    program = make.make_program(site, code="day", name="Day")
    manager = make.make_user("case_manager", site, email="dev@example.org")
    first = civil_time.monday_of(TODAY) - timedelta(weeks=WEEKS_BACK)
    people = [
        {"code": f"c{n}", "site_id": site.id, "given_name": f"Name{n}", "family_name": "Example",
         "preferred_name": "", "languages": ["en"], "gender": "unspecified", "modality": "in_person",
         "travel_minutes": 10, "email": "", "phone": "555-010-0188", "created_at": NOW}
        for n in range(clients)
    ]  # fmt: skip
    _put(Client, people)
    ids = list(db.session.scalars(select(Client.id).order_by(Client.id)))
    _put(
        Assignment,
        [{"client_id": i, "user_id": manager.id, "role": "case_manager", "from_day": first} for i in ids],
    )
    _put(
        Enrollment,
        [
            {"code": f"e{i}", "client_id": i, "program_id": program.id, "status": "active", "from_day": first}
            for i in ids
        ],
    )
    enrollments = list(db.session.scalars(select(Enrollment.id)))
    _put(PrescribedDose, [
        {"enrollment_id": e, "from_day": first, "minutes": 540, "over_minutes": 90, "minimum_days": 3,
         "most_minutes_a_day": 360, "required_services": [], "ordered_by": ""} for e in enrollments
    ])  # fmt: skip
    dice = random.Random(5)
    usual = {i: dice.betavariate(4.4, 1.1) for i in ids}
    for number, start in enumerate(range(0, clients, SEATS)):
        counselor = make.make_user("counselor", site)  # nobody leads two groups at once
        _write_group(number, ids[start : start + SEATS], program, counselor, first, usual, dice)
    db.session.commit()


def _write_group(number, members, program, counselor, first, usual, dice):  # type: ignore[no-untyped-def]
    group = make.make_group(program, code=f"g{number}", name=f"Group {number}")
    for weekday in (0, 2, 4):
        series = make.make_meeting(
            group, counselor, code=f"g{number}-{weekday}", weekday=weekday, from_day=first
        )
        _put(SeriesMember, [{"series_id": series.id, "client_id": i, "from_day": first} for i in members])
        days = [first + timedelta(weeks=w, days=weekday) for w in range(WEEKS_BACK + WEEKS_AHEAD)]
        starts = [
            civil_time.instant(day, series.local_start, civil_time.zone("America/New_York")) for day in days
        ]
        _put(Occurrence, [
            {"series_id": series.id, "original_day": day, "site_id": series.site_id, "local_day": day,
             "starts_at": at, "ends_at": at + timedelta(minutes=180), "break_minutes": 0,
             "leader_id": counselor.id, "updated_at": NOW}
            for day, at in zip(days, starts, strict=True)
        ])  # fmt: skip
        held = list(
            db.session.execute(
                select(Occurrence.id, Occurrence.ends_at).where(Occurrence.series_id == series.id)
            )
        )
        _put(
            RosterEntry,
            [{"occurrence_id": o, "client_id": i, "source": "member"} for o, _ in held for i in members],
        )
        entries = db.session.execute(
            select(RosterEntry.id, RosterEntry.client_id, Occurrence.ends_at)
            .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
            .where(Occurrence.series_id == series.id, Occurrence.ends_at < NOW)
        )
        _put(AttendanceRecord, [_mark(e, usual[i], ends, counselor.id, dice) for e, i, ends in entries])
        _put(SignOff, [
            {"occurrence_id": o, "version": 1, "kind": SignOffKind.SIGNED, "at": ends, "by_id": counselor.id,
             "reason": "", "counts": {}, "minutes": 0}
            for o, ends in held if ends < NOW - UNSIGNED
        ])  # fmt: skip


def _mark(entry_id: int, chance: float, at: datetime, by: int, dice: random.Random) -> dict[str, object]:
    came = dice.random() < chance
    status = "attended" if came else dice.choice(("no_show", "no_show", "excused"))
    return {"roster_entry_id": entry_id, "status": status, "minutes": 180 if came else 0, "version": 1,
            "marked_at": at, "marked_by_id": by, "reason": ""}  # fmt: skip


def _put(table: type, rows: list[dict[str, object]]) -> None:
    for start in range(0, len(rows), CHUNK):
        db.session.execute(insert(table), rows[start : start + CHUNK])


@contextmanager
def application(database: str, clients: int) -> Iterator[Http]:
    """A signed-in case manager's browser on a database with that many clients."""
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            yield from _signed_in(f"sqlite:///{folder}/iop.db", Path(folder), clients)
        else:
            with start_postgresql() as server:
                yield from _signed_in(server.create("caseload"), Path(folder), clients)


def _signed_in(url: str, folder: Path, clients: int) -> Iterator[Http]:
    app = create_app(make_settings(folder, url))
    app.test_client_class = Http
    clock.freeze(NOW)
    with app.app_context():
        token = write_intent.set(True)
        upgrade()
        with db.engine.begin() as connection:
            drop_triggers(connection)  # a row of `case_change` for each of millions, which nothing here reads
        write_clinic(clients)
        with db.engine.begin() as connection:
            make_triggers(connection)
        if "postgresql" in url:
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        browser = app.test_client()
        assert isinstance(browser, Http)
        yield browser.sign_in("dev@example.org")
        write_intent.reset(token)
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the median wall-clock and processor milliseconds of `work`."""
    walls, used = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        used.append(time.process_time() - cpu)
    return 1000 * sorted(walls)[repeats // 2], 1000 * sorted(used)[repeats // 2]


def measure(database: str, clients: int) -> Iterator[str]:
    """Yield one line of the table per situation."""
    with application(database, clients) as browser:

        def page() -> None:
            answer = browser.get("/caseload")
            assert answer.status_code == 200, answer.text[:300]

        def line(what: str, work: Callable[[], object], repeats: int) -> str:
            wall, cpu = timed(work, repeats)
            with counted_statements() as statements:
                page()
            return f"| {database} | {clients:,} | {what} | {wall:,.0f} | {cpu:,.0f} | {len(statements)} |"

        page()
        yield line("nothing stored", page, 1)
        begun, used = time.perf_counter(), time.process_time()
        while refresh(now=NOW):
            pass
        begun, used = time.perf_counter() - begun, time.process_time() - used
        yield f"| {database} | {clients:,} | refresh of all | {1000 * begun:,.0f} | {1000 * used:,.0f} | |"
        yield line("stored", page, 7)
        _mark_a_group()
        yield line("one group changed", page, 5)


def _mark_a_group() -> None:
    members = list(db.session.scalars(select(Client.id).order_by(Client.id).limit(SEATS)))
    entries = select(RosterEntry.id).where(RosterEntry.client_id.in_(members)).scalar_subquery()
    db.session.execute(
        update(AttendanceRecord).where(AttendanceRecord.roster_entry_id.in_(entries)).values(version=2)
    )
    db.session.commit()
    assert db.session.scalars(select(CaseChange.id).limit(1)).first()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, action="append", help="how many; may be repeated")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    asked = parser.parse_args()
    print("| database | clients | situation | wall ms | processor ms | statements |")
    print("|---|---:|---|---:|---:|---:|")
    for database in asked.database or ("sqlite", "postgresql"):
        for clients in asked.clients or (60, 1_000):
            for told in measure(database, clients):
                print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
