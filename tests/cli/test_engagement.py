"""The two engagement commands, as typed, without an application or a database."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from iop_schedule.cli.engagement import engagement

TRIAL = Path(__file__).parent.parent / "data" / "ctn0094" / "attendance_24_clients.csv"
HEADER = "client_id,at,scheduled_minutes,status,attended_minutes\n"


def test_a_replay_writes_both_files_and_says_what_it_found(tmp_path: Path) -> None:
    levels, alerts = tmp_path / "levels.csv", tmp_path / "alerts.csv"
    done = CliRunner().invoke(
        engagement, ["replay", str(TRIAL), "--levels", str(levels), "--alerts", str(alerts)]
    )
    assert done.exit_code == 0
    rows = len(TRIAL.read_text().splitlines()) - 1
    assert done.output.startswith(f"{rows} rows of 24 clients, 0 duplicates left out, ")
    assert len(levels.read_text().splitlines()) == rows + 1
    assert alerts.read_text().splitlines()[0] == "client_id,at,reason,drop,stop"


def test_options_change_the_numbers(tmp_path: Path) -> None:
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for file, h in zip(files, ("3.8", "2"), strict=True):
        given = ["--alerts", str(file), "--h", h, "--mu", ".7", "--strength", "4", "--discount", ".6"]
        assert CliRunner().invoke(engagement, ["replay", str(TRIAL), *given]).exit_code == 0
    assert len(files[0].read_text()) < len(files[1].read_text())


def test_a_bad_row_ends_with_status_two_and_its_line(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text(HEADER + "a,2026-03-02,60,attended,\na,2026-03-04,60,maybe,\n")
    for command in (["replay", str(events), "--levels", str(tmp_path / "l.csv")], ["calibrate", str(events)]):
        done = CliRunner().invoke(engagement, command)
        assert done.exit_code == 2
        assert "line 3: status “maybe” is not one of" in done.output
    assert not (tmp_path / "l.csv").exists()


@pytest.mark.parametrize(
    "given",
    [["--levels", "same.csv", "--alerts", "same.csv"], ["--levels", "events.csv"]],
    ids=["one file for both", "over the input"],
)
def test_files_must_differ(tmp_path: Path, given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("events.csv").write_text(HEADER)
    done = CliRunner().invoke(engagement, ["replay", "events.csv", *given])
    assert done.exit_code == 2
    assert "must be different files" in done.output


@pytest.mark.parametrize("option", ["--h", "--mu", "--strength", "--discount"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "many", ""])
def test_a_setting_that_means_nothing_ends_with_status_two(tmp_path: Path, option: str, value: str) -> None:
    levels = tmp_path / "levels.csv"
    done = CliRunner().invoke(engagement, ["replay", str(TRIAL), "--levels", str(levels), option, value])
    assert done.exit_code == 2
    assert option in done.output
    assert not levels.exists()


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-5"])
def test_a_budget_that_means_nothing_ends_with_status_two(value: str) -> None:
    assert CliRunner().invoke(engagement, ["calibrate", str(TRIAL), "--budget", value]).exit_code == 2


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(engagement, ["replay", str(TRIAL), "--levels", str(tmp_path / "no" / "l.csv")])
    assert done.exit_code == 1
    assert "No such file" in done.output


def test_calibration_prints_what_to_use(tmp_path: Path) -> None:
    done = CliRunner().invoke(engagement, ["calibrate", str(TRIAL), "--budget", "5.0"])
    assert done.exit_code == 0
    words = [line.split()[:2] for line in done.output.splitlines()]
    assert [name for name, _ in words] == ["mu", "strength", "h"]
    assert 0 < float(words[0][1]) < 1
    assert float(words[2][1]) > 0
