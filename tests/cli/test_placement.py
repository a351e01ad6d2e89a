"""The two placement commands: exit statuses and what they print, without an application or a database."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from iop_schedule.adapters.placement_files import read_plan, read_problem, write_problem
from iop_schedule.cli.placement import placement
from iop_schedule.domain.placement import Client, Commitment, Dose, Group, Meeting, Problem, broken_rules
from iop_schedule.vocabulary import Modality, Weekday

DAYS = (Weekday.MO, Weekday.TU, Weekday.WE)


def clinic(seats=2, people=3):
    meetings = tuple(Meeting(f"g1-{d.name}", d, 540, 720, seats) for d in DAYS)
    group = Group("g1", "process", Modality.IN_PERSON, "en", meetings, site="main")
    clients = [Client(f"c{n}", ("en",), Dose(540, min_days=3)) for n in range(people)]
    busy = Client(
        "busy", ("en",), Dose(540, min_days=3), commitments=(Commitment("work", Weekday.MO, 480, 600),)
    )
    return Problem((group,), (*clients, busy))


@pytest.fixture
def at(tmp_path):
    (tmp_path / "problem.json").write_text(write_problem(clinic()), encoding="utf-8")
    return tmp_path


def run(*args):
    done = CliRunner().invoke(placement, [str(a) for a in args])
    return done.exit_code, done.output


def test_solve_writes_a_plan_that_check_accepts(at):
    status, said = run("solve", at / "problem.json", "--out", at / "plan.json", "--seconds", 600)
    assert (status, said.split(",")[0]) == (0, "optimal: 2 placed")
    problem = read_problem((at / "problem.json").read_text())
    plan = read_plan((at / "plan.json").read_text(), problem)
    assert broken_rules(problem, plan) == []
    assert [u.client for u in plan.unplaced] == ["c2", "busy"]
    assert run("check", at / "problem.json", at / "plan.json") == (0, "objective: 2084\n")


def test_solve_says_why_somebody_has_no_plan(at):
    run("solve", at / "problem.json", "--out", at / "plan.json", "--seconds", 600)
    full, busy = json.loads((at / "plan.json").read_text())["unplaced"]
    assert full["because"][0] == {"rule": "seats", "blocks": ["g1-MO", "g1-TU", "g1-WE"]}
    assert [b.get("rule", b.get("commitment")) for b in busy["because"]] == ["seats", "dose"]
    assert full["would_fit_if"][0] == {
        "change": "one seat more in g1-MO; one seat more in g1-TU; one seat more in g1-WE",
        "cost": 180,
        "plan": ["g1-MO", "g1-TU", "g1-WE"],
    }


def test_check_prints_every_broken_rule_and_the_objective(at):
    plan = {"format": "placement-plan/1", "assignments": {"busy": ["g1-MO", "g1-TU"]}}
    (at / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    status, said = run("check", at / "problem.json", at / "plan.json")
    assert status == 1
    assert said.splitlines() == [
        "commitment: g1-MO and the way there overlap work on Monday, 08:00 to 10:00, for busy.",
        "dose_short: busy reaches 6 h of the prescribed 9 h.",
        "days_short: busy attends on 2 days; at least 3 are needed.",
        "objective: 1028",
    ]


def test_check_notes_an_objective_that_is_not_the_plans(at):
    plan = {"format": "placement-plan/1", "objective": 7, "assignments": {}}
    (at / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    said = "objective: 0\nnote: the file says objective 7\n"
    assert run("check", at / "problem.json", at / "plan.json") == (0, said)


def broken_problem(at: Path) -> Path:
    data = json.loads((at / "problem.json").read_text())
    data["clients"][3]["commitments"][0]["end"] = "07:00"
    (at / "broken.json").write_text(json.dumps(data), encoding="utf-8")
    return at / "broken.json"


def test_a_place_that_cannot_be_read_is_named_in_one_line_with_status_2(at):
    status, said = run("check", broken_problem(at), at / "plan.json")
    assert (status, said.count("\n")) == (2, 1)
    assert said.startswith("clients[3].commitments[0].end: it ends before it starts.")


UNUSABLE = {
    "no such problem": ("solve", "none.json", "--out", "plan.json"),
    "no such folder": ("solve", "problem.json", "--out", "none/plan.json"),
    "a folder as plan": ("check", "problem.json", "."),
    "no such plan": ("check", "problem.json", "none.json"),
    "bytes that are no text": ("check", "problem.json", "bytes.json"),
    "no time at all": ("solve", "problem.json", "--out", "plan.json", "--seconds", "0"),
    "no way out": ("solve", "problem.json"),
}


@pytest.mark.parametrize("args", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_gives_status_2(at, args, monkeypatch):
    monkeypatch.chdir(at)
    (at / "bytes.json").write_bytes(b"\xff\xfe\x00")
    assert run(*args)[0] == 2
