"""Files of past sessions through the monitor: same numbers as in memory, all or nothing, any order."""

import csv
import os
import random
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iop_schedule.adapters import event_files, event_rows, level_batch
from iop_schedule.adapters.event_rows import BadRow
from iop_schedule.adapters.ordered_parts import natural
from iop_schedule.domain.risk import level
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy

POLICY = MonitorPolicy()
HEADER = "client_id,at,scheduled_minutes,status,attended_minutes"
TRIAL = Path(__file__).parent.parent / "data" / "ctn0094" / "attendance_24_clients.csv"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "events.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def replayed(
    events: Path, policy: MonitorPolicy = POLICY
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    levels, alerts = events.parent / "levels.csv", events.parent / "alerts.csv"
    event_files.replay(events, levels=levels, alerts=alerts, policy=policy)
    with levels.open(encoding="utf-8", newline="") as one, alerts.open(encoding="utf-8", newline="") as two:
        return list(csv.DictReader(one)), list(csv.DictReader(two))


def test_a_small_file_by_hand(tmp_path: Path) -> None:
    events = written(
        tmp_path,
        "7,2026-03-02,180,attended,",
        "7,2026-03-09,180,no_show,0",
        "7,2026-03-11,180,excused,",
        "7,2026-03-16,180,attended_in_part,45",
    )
    levels, alerts = replayed(events, MonitorPolicy(prior_mean=0.5, prior_strength=2.0, weekly_discount=0.5))
    assert [(r["client_id"], r["at"]) for r in levels] == [
        ("7", "2026-03-02"),
        ("7", "2026-03-09"),
        ("7", "2026-03-11"),
        ("7", "2026-03-16"),
    ]
    assert [float(r["effective_n"]) for r in levels] == [1.0, 1.5, 1.5, 1.75]
    # a = 1; 0.5; 0.5; 0.25 + 0.25. b = 0; 1; 1; 0.5 + 0.75. Prior one and one.
    assert [float(r["attended_share"]) for r in levels] == [2 / 3, 1.5 / 3.5, 1.5 / 3.5, 1.5 / 3.75]
    assert [int(r["consecutive_misses"]) for r in levels] == [0, 1, 1, 0]
    # Beta(2, 1) after the first row: the cumulative share of x is x squared.
    first = [float(levels[0][name]) for name in ("low80", "high80", "below_two_thirds")]
    assert first == pytest.approx([0.1**0.5, 0.9**0.5, 4 / 9], rel=1e-14)
    assert {k: v for k, v in levels[1].items() if k != "at"} == {
        k: v for k, v in levels[2].items() if k != "at"
    }
    assert alerts == []


def in_memory(events: Path) -> list[tuple[object, ...]]:
    """The same numbers, client by client, straight from the monitor and the scalar formulas."""
    rows: list[tuple[object, ...]] = []
    monitors = MonitorSettings(POLICY)
    for history in event_files.histories(events):
        monitor = Monitor(monitors)
        for at, share, paused in history:
            if share is None:
                monitor.skip(at, paused=paused)
            else:
                monitor.observe(at, share)
            read = level.reading(attended=monitor.attended, missed=monitor.missed, policy=POLICY)
            exact = (read.share, read.effective_n, monitor.drop, monitor.stop, monitor.consecutive_misses)
            rows.append((*exact, read.low80, read.high80, read.below_low_share))
    return rows


EXACT = ("attended_share", "effective_n", "drop", "stop", "consecutive_misses")
BY_BETA = ("low80", "high80", "below_two_thirds")


def assert_equals_memory(levels: list[dict[str, str]], events: Path) -> None:
    memory = in_memory(events)
    assert [tuple(float(row[name]) for name in EXACT) for row in levels] == [row[:5] for row in memory]
    for row, (*_, low, high, below) in zip(levels, memory, strict=True):
        assert [float(row[name]) for name in BY_BETA] == pytest.approx([low, high, below], rel=1e-13)


def test_a_replay_equals_the_monitor_in_memory_on_trial_data(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_bytes(TRIAL.read_bytes())
    levels, alerts = replayed(events)
    assert len(levels) == len(TRIAL.read_text().splitlines()) - 1
    assert_equals_memory(levels, events)
    assert {row["reason"] for row in alerts} <= {"drop", "stop"}
    assert all(max(float(row["drop"]), float(row["stop"])) >= POLICY.threshold for row in alerts)


STATUSES = [
    ("attended", ""),
    ("attended_in_part", "20"),
    ("attended_in_part", "90"),
    ("no_show", "0"),
    ("late_cancellation", ""),
    ("excused", ""),
    ("cancelled_by_program", ""),
    ("paused", ""),
    ("not_recorded", ""),
]


@st.composite
def event_lines(draw: st.DrawFn) -> list[str]:
    start = datetime(2026, 1, 5, 18)
    lines = []
    for client in range(draw(st.integers(1, 4))):
        for _ in range(draw(st.integers(1, 15))):
            at = start + timedelta(hours=draw(st.integers(0, 24 * 90)))
            status, minutes = draw(st.sampled_from(STATUSES))
            lines.append(f"{client},{at:%Y-%m-%dT%H:%M},180,{status},{minutes}")
    return lines


@given(lines=event_lines(), order=st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_may_come_in_any_order(tmp_path: Path, lines: list[str], order: random.Random) -> None:
    lines = sorted(set(lines))
    at_once: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.split(",")[0], line.split(",")[1])
        at_once[key] = at_once.get(key, 0) + 1
    lines = [line for line in lines if at_once[line.split(",")[0], line.split(",")[1]] == 1]
    together = replayed(written(tmp_path, *lines))
    order.shuffle(lines)
    events = written(tmp_path, *lines)
    assert replayed(events) == together
    assert_equals_memory(together[0], events)
    clients = sorted({line.split(",")[0] for line in lines})
    order.shuffle(clients)
    grouped = [line for client in clients for line in lines if line.split(",")[0] == client]
    assert replayed(written(tmp_path, *grouped)) == together


def test_scattered_clients_are_written_in_natural_order(tmp_path: Path) -> None:
    rows = [f"{client},2026-03-0{day},60,attended," for day in (2, 3) for client in ("c10", "c2", "b1")]
    levels, _ = replayed(written(tmp_path, *rows))
    assert [row["client_id"] for row in levels] == ["b1", "b1", "c2", "c2", "c10", "c10"]


@pytest.mark.parametrize("order", [("ä10", "ä9", "2"), ("2", "ä10", "ä9"), ("2", "ä9", "ä10")])
def test_the_order_of_clients_in_the_file_changes_nothing(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Each client's rows stand together: sorted as text, backwards or as numbers, they are streamed."""
    shares = ["attended,"] * 8 + ["no_show,"] * 4
    rows = [
        f"{client},2026-03-{day + 2:02},60,{shares[day]}" for client in order for day in reversed(range(12))
    ]
    levels, alerts = replayed(written(tmp_path, *rows))
    days = [f"2026-03-{day + 2:02}" for day in range(12)]
    assert [(row["client_id"], row["at"]) for row in levels] == [
        (client, day) for client in ("2", "ä9", "ä10") for day in days
    ]
    assert [(row["client_id"], row["at"]) for row in alerts] == [
        (client, "2026-03-11") for client in ("2", "ä9", "ä10")
    ]


def test_numbers_in_names_count_as_numbers_however_long() -> None:
    long = "9" * 5000
    assert sorted([f"c{long}", "c10", "c2", "b1", ""], key=natural) == ["", "b1", "c2", "c10", f"c{long}"]


def test_exact_duplicates_are_used_once_and_two_rows_of_one_moment_both(tmp_path: Path) -> None:
    events = written(
        tmp_path,
        "a,2026-03-02T09:00,60,no_show,0,morning",
        "a,2026-03-02T09:00,60,no_show,0,morning",
        "a,2026-03-02T09:00,60,attended,60,group",
        "a,2026-03-02T09:00,60,no_show,0,morning",
        "a,2026-03-02T09:00,60,no_show,0,other",
        header=f"{HEADER},note",
    )
    levels, _ = replayed(events)
    assert [int(row["consecutive_misses"]) for row in levels] == [1, 0, 1]
    counted = event_files.replay(events, levels=None, alerts=None, policy=POLICY)
    assert (counted.rows, counted.duplicates, counted.clients, counted.client_weeks) == (3, 2, 1, 1)


def test_columns_are_found_by_name_and_others_ignored(tmp_path: Path) -> None:
    header = "site,attended_minutes,status,at,client_id,scheduled_minutes"
    levels, _ = replayed(written(tmp_path, "x,30,attended_in_part,2026-03-02,a,180", header=header))
    assert float(levels[0]["effective_n"]) == 1.0
    assert float(levels[0]["attended_share"]) == (4.4 + 30 / 180) / 6.5


def test_a_client_id_with_a_comma_stays_one_field(tmp_path: Path) -> None:
    levels, _ = replayed(written(tmp_path, '"a, ""b""",2026-03-02 18:00,180,attended,'))
    assert [(row["client_id"], row["at"]) for row in levels] == [('a, "b"', "2026-03-02 18:00")]


def test_a_pause_stops_the_clock(tmp_path: Path) -> None:
    paused = ["a,2026-03-02,60,attended,", "a,2026-03-09,60,paused,", "a,2026-03-16,60,no_show,"]
    straight = ["b,2026-03-02,60,attended,", "b,2026-03-09,60,no_show,"]
    levels, _ = replayed(written(tmp_path, *paused, *straight))
    assert levels[2]["effective_n"] == levels[4]["effective_n"] == "1.7"


GOOD = "a,2026-03-02,180,attended,180"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param("a,2026-03-04,180,present,180", "status “present” is not one of", id="status"),
        pytest.param("a,04/03/2026,180,attended,180", "at “04/03/2026” is not a date", id="date"),
        pytest.param('a,"2026-03-04,18:00",180,attended,180', "not written like", id="separator"),
        pytest.param('a,"2026-03-04T18:00:00,5",180,attended,180', "not written like", id="decimal comma"),
        pytest.param("a,2026-03-04T18:00-05:00,180,attended,180", "has a zone", id="zone"),
        pytest.param(
            "a,2026-03-04,180,attended,181", "181 is more than scheduled_minutes 180", id="too many"
        ),
        pytest.param("a,2026-03-04,180,no_show,181", "181 is more than scheduled_minutes 180", id="no-show"),
        pytest.param("a,2026-03-04,-1,no_show,0", "minutes must not be negative", id="negative schedule"),
        pytest.param("a,2026-03-04,180,no_show,-5", "minutes must not be negative", id="negative attended"),
        pytest.param("a,2026-03-04,180.5,no_show,0", "not a whole number of minutes", id="fraction"),
        pytest.param("a,2026-03-04,1_80,no_show,0", "not a whole number of minutes", id="underscore"),
        pytest.param("a,2026-03-04,,no_show,0", "not a whole number of minutes", id="no schedule"),
        pytest.param("a,2026-03-04,180,attended_in_part,", "needs attended_minutes", id="part without"),
        pytest.param("a,2026-03-04,180", "3 columns where the header has 5", id="short row"),
        pytest.param(" ,2026-03-04,180,no_show,0", "client_id is empty", id="nobody"),
    ],
)
def test_a_bad_row_ends_with_its_line_and_leaves_everything_as_it_was(
    tmp_path: Path, row: str, problem: str
) -> None:
    events = written(tmp_path, GOOD, "", "b,2026-03-02,60,no_show,", row, "c,2026-03-02,60,no_show,")
    levels, alerts = tmp_path / "levels.csv", tmp_path / "alerts.csv"
    levels.write_text("as it was")
    with pytest.raises(BadRow, match=problem) as refused:
        event_files.replay(events, levels=levels, alerts=alerts, policy=POLICY)
    assert refused.value.line == 5
    assert "Nothing was written" in refused.value.message
    assert levels.read_text() == "as it was"
    assert {path.name for path in tmp_path.iterdir()} == {"events.csv", "levels.csv"}


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        pytest.param(b"", 0, "the header lacks client_id, at", id="empty file"),
        pytest.param(b"client_id,at,status\n", 1, "lacks scheduled_minutes, attended_minutes", id="columns"),
        pytest.param(f"{HEADER}\na,2026-03-02,60,\xe9,\n".encode("latin-1"), 2, "not UTF-8", id="encoding"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, line: int, problem: str) -> None:
    events = tmp_path / "events.csv"
    events.write_bytes(content)
    with pytest.raises(BadRow, match=problem):
        list(event_rows.events_in(events))


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{GOOD}\r\n".encode())
    assert len(list(event_rows.events_in(events))) == 1


def test_output_files_are_for_their_owner_only(tmp_path: Path) -> None:
    levels = tmp_path / "levels.csv"
    event_files.replay(written(tmp_path, GOOD), levels=levels, alerts=None, policy=POLICY)
    assert levels.stat().st_mode & 0o777 == 0o600


def test_a_target_that_is_no_file_receives_a_copy(tmp_path: Path) -> None:
    nowhere = Path("/dev/null")
    event_files.replay(written(tmp_path, GOOD), levels=nowhere, alerts=None, policy=POLICY)
    assert nowhere.is_char_device()
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


def test_rows_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe, levels = tmp_path / "pipe", tmp_path / "levels.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(f"{HEADER}\n{GOOD}\n",))
    writer.start()
    counted = event_files.replay(pipe, levels=levels, alerts=None, policy=POLICY)
    writer.join()
    assert (counted.rows, len(levels.read_text().splitlines())) == (1, 2)


def test_large_files_are_written_in_batches_without_losing_rows(tmp_path: Path) -> None:
    start = datetime(2020, 1, 6)
    rows = [
        f"{client},{start + timedelta(weeks=week):%Y-%m-%d},60,{'no_show' if week % 5 == client % 5 else 'attended'},"
        for client in range(100)
        for week in range(50)
    ]
    events = written(tmp_path, *rows)
    levels, _ = replayed(events)
    assert [(row["client_id"], row["at"]) for row in levels] == [tuple(r.split(",")[:2]) for r in rows]


@given(
    counts=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=30),
    mean=st.floats(0.05, 0.95),
    strength=st.floats(0.5, 40),
)
@settings(derandomize=True, max_examples=50)
def test_many_rows_at_once_give_the_numbers_of_one_by_one(
    counts: list[tuple[float, float]], mean: float, strength: float
) -> None:
    policy = MonitorPolicy(prior_mean=mean, prior_strength=strength)
    attended, missed = [a for a, _ in counts], [b for _, b in counts]
    at_once = level_batch.level_columns(attended, missed, policy=policy)
    slowly = level_batch.one_by_one(attended, missed, policy=policy)
    for fast, slow in zip(at_once, slowly, strict=True):
        assert fast == pytest.approx(slow, rel=1e-10, abs=1e-13)
