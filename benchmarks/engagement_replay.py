"""How fast a history is replayed, and how time and memory grow with rows.

    python -m benchmarks.engagement_replay            # 10,000 to 1,000,000 rows
    python -m benchmarks.engagement_replay FILE       # one file, in this process

Rows a second are rows over the processor time of `replay`, reading and writing both files included: the
machine may be shared, the replay uses one core. Wall-clock seconds are beside it.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from iop_schedule.adapters.event_files import replay
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.frequency import CareDates, DaySpan, SessionFact
from iop_schedule.domain.risk.monitor import MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.tiers import assess
from iop_schedule.domain.risk.watch import Row, follow

SIZES = (10_000, 100_000, 1_000_000)
WEEKS = 52


def lines(rows: int, *, seed: int = 7) -> Iterator[str]:
    """Yield a header and invented rows: clients one after the other, a year of three sessions a week each."""
    dice = random.Random(seed)
    yield "client_id,at,scheduled_minutes,status,attended_minutes\n"
    first = datetime(2025, 1, 6, 18)
    client, written = 0, 0
    while written < rows:
        client += 1
        usual = dice.betavariate(4.4, 1.1)
        for day in (7 * week + weekday for week in range(WEEKS) for weekday in (0, 2, 4)):
            if written == rows:
                return
            at = first + timedelta(days=day)
            yield f"C{client:06d},{at:%Y-%m-%dT%H:%M},180,{_status(dice, usual)}\n"
            written += 1


def _status(dice: random.Random, usual: float) -> str:
    silent = dice.random()
    if silent < 0.07:
        return dice.choice(("excused,", "not_recorded,", "cancelled_by_program,"))
    if dice.random() >= usual:
        return "no_show,0"
    return f"attended_in_part,{dice.randrange(10, 180)}" if dice.random() < 0.1 else "attended,180"


def measure(file: Path) -> tuple[int, float, float, float]:
    """Return rows, processor seconds, wall-clock seconds and peak memory in megabytes for one file."""
    with tempfile.TemporaryDirectory() as folder:
        begun, used = time.perf_counter(), time.process_time()
        replayed = replay(
            file,
            levels=Path(folder) / "levels.csv",
            alerts=Path(folder) / "alerts.csv",
            policy=MonitorPolicy(),
        )
        used, seconds = time.process_time() - used, time.perf_counter() - begun
    return replayed.rows, used, seconds, getrusage(RUSAGE_SELF).ru_maxrss / 1024


def client_year() -> tuple[float, float, float]:
    """Return milliseconds for a client-year: through the monitor, a full assessment, one resumed."""
    dice = random.Random(3)
    first = date(2025, 3, 3)
    facts = [_fact(dice, first + timedelta(days=n)) for n in range(365) if n % 7 in (0, 2, 4)]
    settings = MonitorSettings(MonitorPolicy())
    now = datetime(2026, 3, 2, tzinfo=UTC)
    rows = [Row(f.starts_at, float(f.attended_minutes > 0), paused=False) for f in facts]
    dates = CareDates(DaySpan(first))
    given = {"policy": settings, "now": now, "today": now.date(), "tz": UTC, "dates": dates}
    trail = assess(facts, **given).trail
    return (
        _milliseconds(lambda: follow(rows, settings=settings)),
        _milliseconds(lambda: assess(facts, **given)),
        _milliseconds(lambda: assess(facts, **given, earlier=trail)),
    )


def _fact(dice: random.Random, day: date) -> SessionFact:
    came = dice.random() < 0.8
    state = SessionState.ATTENDED if came else SessionState.NO_SHOW
    starts_at = datetime.combine(day, clock_time(23), tzinfo=UTC)
    return SessionFact(day.toordinal(), starts_at, day, 180, state, 180 if came else 0)


def _milliseconds(work: object, *, repeats: int = 300) -> float:
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(repeats):
            work()  # type: ignore[operator]
        best = min(best, (time.perf_counter() - begun) / repeats)
    return 1000 * best


def table() -> str:
    """Return the growth table, each size measured in a process of its own so that memory is its own."""
    out = ["| rows | processor s | wall s | rows a second | peak memory, MB |", "|---:|---:|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            file = Path(folder) / f"{size}.csv"
            with file.open("w", encoding="utf-8") as target:
                target.writelines(lines(size))
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.engagement_replay", str(file)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            rows, used, wall, memory = map(float, told.stdout.split())
            out.append(f"| {rows:,.0f} | {used:.2f} | {wall:.2f} | {rows / used:,.0f} | {memory:.0f} |")
    monitor, full, resumed = client_year()
    year = (
        f"One client-year (157 sessions): {monitor:.2f} ms through the monitor, {full:.2f} ms for a whole "
        f"assessment with reasons, {resumed:.2f} ms when nothing changed."
    )
    return "\n".join([*out, "", year])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*measure(Path(sys.argv[1])))
    else:
        print(table())
