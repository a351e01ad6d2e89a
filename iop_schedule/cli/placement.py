"""Placement offline: `flask --app wsgi placement solve` and `placement check`. No database is needed."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from iop_schedule import clock
from iop_schedule.adapters import optimizer
from iop_schedule.adapters.placement_files import (
    UnreadableFile,
    read_plan,
    read_problem,
    write_plan,
)
from iop_schedule.domain.placement import Plan, Problem, broken_rules, objective

#: Exit statuses: the plan breaks a rule; a file or an option cannot be used.
BROKEN, UNUSABLE = 1, 2
#: However long reading took, a plan gets so much time.
LEAST_SECONDS = 0.1


@click.group()
def placement() -> None:
    """Place people from files, for planning offline and for comparing plans."""


@placement.command()
@click.argument("problem", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the plan is written.")
@click.option(
    "--seconds", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="When to stop."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Breaks ties.")
def solve(problem: Path, out: Path, seconds: float, seed: int) -> None:
    """Write the best plan for the people in PROBLEM, with the best bound reached."""
    began = clock.monotonic()
    asked = _problem(problem)
    if not out.parent.is_dir():
        _stop(f"{out}: there is no folder {out.parent}.")
    # Reading a large file is part of the time that somebody has.
    left = max(LEAST_SECONDS, seconds - (clock.monotonic() - began))
    plan = optimizer.solve(asked, seconds=left, seed=seed)
    try:
        out.write_text(write_plan(plan), encoding="utf-8")
    except OSError as error:
        _stop(f"{out}: cannot be written ({error.strerror}).")
    click.echo(_summary(plan))


@placement.command()
@click.argument("problem", type=click.Path(path_type=Path))
@click.argument("plan", type=click.Path(path_type=Path))
def check(problem: Path, plan: Path) -> None:
    """Print every rule that PLAN breaks, and its objective. Exit status 1 if it breaks any."""
    asked = _problem(problem)
    given = _plan(plan, asked)
    broken = broken_rules(asked, given)
    for rule in broken:
        click.echo(f"{rule.rule.value}: {rule.message}")
    value = objective(asked, given)
    click.echo(f"objective: {_points(float(value))}")
    if given.objective is not None and abs(given.objective - value) > 1e-6:  # noqa: PLR2004 - rounding in files
        click.echo(f"note: the file says objective {_points(given.objective)}")
    if broken:
        sys.exit(BROKEN)


def _summary(plan: Plan) -> str:
    placed, waiting = len(plan.assignments), len(plan.unplaced)
    value, bound = plan.objective or 0.0, plan.bound or 0.0
    gap = 100 * (bound - value) / abs(value) if value else 0.0
    return (
        f"{plan.status.value}: {placed} placed, {waiting} not placed, objective {_points(value)}, "
        f"bound {_points(bound)} (gap {gap:.4f} %), {plan.seconds} s"
    )


def _points(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _problem(path: Path) -> Problem:
    try:
        return read_problem(_text(path))
    except UnreadableFile as error:
        _stop(error.message)


def _plan(path: Path, problem: Problem) -> Plan:
    try:
        return read_plan(_text(path), problem)
    except UnreadableFile as error:
        _stop(error.message)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        _stop(f"{path}: cannot be read ({error.strerror}).")
    except UnicodeDecodeError:
        _stop(f"{path}: this is not a text file in UTF-8.")


def _stop(sentence: str) -> NoReturn:
    click.echo(" ".join(sentence.split()), err=True)
    sys.exit(UNUSABLE)
