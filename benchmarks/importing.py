"""How long an import takes, and how much memory: ten thousand rows of attendance, and a 100 MB file.

    python benchmarks/importing.py                       # 10,000 rows, SQLite and PostgreSQL
    python benchmarks/importing.py --megabytes 100       # a large file instead; minutes
    python benchmarks/importing.py --database sqlite

Each case runs in a process of its own; its peak memory is the process's own largest size, and what the
application takes before any row is read is printed beside it.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask_migrate import upgrade  # noqa: E402

from iop_schedule.actions import importing  # noqa: E402
from iop_schedule.app import create_app  # noqa: E402
from iop_schedule.models import db  # noqa: E402
from tests.conftest import make_settings  # noqa: E402
from tests.postgresql import start_postgresql  # noqa: E402

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
DAYS = ("MO", "WE", "FR")
SEATS = 12


def write_files(folder: Path, *, clients: int, weeks: int, note: str) -> int:
    """Write a clinic of groups of twelve, three sessions a week, with its history; return the rows of it."""
    folder.mkdir()
    groups = -(-clients // SEATS)
    first = date(2026, 2, 23) - timedelta(weeks=weeks - 1)
    files = {
        "sites": ["code,name,time_zone", "elm,Elm,America/New_York"],
        "programs": ["code,site,name,level_of_care", "day,elm,Day,iop_adult"],
        "staff": ["code,email,given_name,role,sites", "root,root@x.example,Root,administrator,elm"]
        + [f"k{g},k{g}@x.example,K,counselor,elm" for g in range(groups)],
        "clients": ["code,site,given_name"] + [f"c{n},elm,C" for n in range(clients)],
        "enrollments": ["code,client,program,status,from"]
        + [f"e{n},c{n},day,active,{first}" for n in range(clients)],
        "commitments": ["client,kind,weekday,start,end,from"]
        + [f"c{n},work,{day},14:00,18:00,{first}" for n in range(clients) for day in DAYS],
        "groups": ["code,program,name,service_type,seats"]
        + [f"g{g},day,G,group,{SEATS}" for g in range(groups)],
        "meetings": ["code,group,weekday,start,minutes,break_minutes,staff,from"]
        + [f"g{g}-{day},g{g},{day},9:00,195,15,k{g},{first}" for g in range(groups) for day in DAYS],
        "memberships": ["client,meeting,from"]
        + [f"c{n},g{n // SEATS}-{day},{first}" for n in range(clients) for day in DAYS],
    }
    for name, lines in files.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    with (folder / "attendance.csv").open("w") as out:
        out.write("client,session,date,status,minutes,arrived,left,reason\n")
        for week in range(weeks):
            for offset, day in zip((0, 2, 4), DAYS, strict=True):
                on = first + timedelta(weeks=week, days=offset)
                for n in range(clients):
                    mark = "attended,,,," if (n + week) % 5 else f"attended_in_part,,9:20,,{note}"
                    out.write(f"c{n},g{n // SEATS}-{day},{on},{mark}\n")
    return clients * weeks * len(DAYS)


def peak() -> float:
    """Return the largest size of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_case(folder: Path, url: str) -> None:
    """Import `folder` into an empty database at `url` and print what it took."""
    with create_app(make_settings(folder.parent, url)).app_context():
        upgrade()
        db.session.remove()
        before = peak()
        started = time.perf_counter()
        checked = importing.check(folder=folder, actor=None, now=NOW)
        middle = time.perf_counter()
        done = importing.apply(folder=folder, actor=None, now=NOW)
        ended = time.perf_counter()
        assert checked.is_clean, [str(p) for p in checked.problems.listed[:5]]
        assert done.applied, [str(p) for p in done.problems.listed[:5]]
        print(
            f"check {middle - started:6.1f} s   import {ended - middle:6.1f} s   "
            f"peak {peak():5.0f} MB, before the first row {before:5.0f} MB"
        )


def run(database: str, folder: Path) -> None:
    if database == "sqlite":
        _child(folder, f"sqlite:///{folder.parent / 'iop.db'}")
        return
    with start_postgresql() as server:
        _child(folder, server.create("iop_bench"))


def _child(folder: Path, url: str) -> None:
    subprocess.run([sys.executable, __file__, "--case", str(folder), "--url", url], check=True, cwd=ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=0)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        one_case(given.case, given.url)
        return
    for database in given.database or ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="import") as temporary:
            home = Path(temporary)
            # 60 bytes a row on average.
            weeks = 28 if not given.megabytes else given.megabytes * 1024 * 1024 // (60 * 3 * 600)
            clients = 120 if not given.megabytes else 600
            note = "bus was late" if not given.megabytes else "x" * 130
            rows = write_files(home / "files", clients=clients, weeks=weeks, note=note)
            size = (home / "files" / "attendance.csv").stat().st_size / 1024 / 1024
            print(f"{database:<11} {rows:>9,} rows, {size:6.1f} MB: ", end="", flush=True)
            run(database, home / "files")


if __name__ == "__main__":
    main()
