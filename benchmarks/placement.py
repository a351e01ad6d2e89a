"""How well and how fast people are placed, beside simpler ways, on invented weeks with frozen seeds.

    python benchmarks/placement.py --quick          about a minute
    python benchmarks/placement.py                  all sizes, loads and seeds: hours
    python benchmarks/placement.py --sizes M --seeds 1 --seconds 60

Beside each other in one run: first come first served with the best week for each person, by
priority, local search and one compact mixed-integer program with the same time, and the planner.
Every plan is checked by the rules; the bound that counts is the best one any method proved.
Figures are of synthetic weeks; "first come first served" is this product's own code, not a person.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.placement_instances import LOADS, SEEDS, SIZES, Name, fingerprint, instance, weeks
from iop_schedule.adapters.optimizer import compact, improvement, solve
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Seating
from iop_schedule.domain.placement import Plan, Problem, best_weeks, broken_rules, explain, objective

#: Seconds for the planner, by size.
SECONDS = {"S": 10, "M": 60, "L": 90, "XL": 150}
#: Beyond this the compact program does not get anywhere in the time there is.
MOST_VARIABLES = 60_000


@dataclass
class Row:
    """What one method reached on one instance."""

    method: str
    placed: int
    priority: int
    objective: float
    seconds: float
    bound: float | None = None
    status: str = ""


def main() -> None:
    options = _options()
    print(_machine())
    rows = [r for name in _names(options) for r in compared(name, options.seconds, quick=options.quick)]
    one_person(Name("M" if options.quick else "XL", "normal", 1), 60 if options.quick else 1000)
    growth((50, 100, 200) if options.quick else (100, 200, 400, 800, 1200, 2000), 6 if options.quick else 120)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small instances only, about a minute")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=list(LOADS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--seconds", type=float, help="for each run of the planner")
    parser.add_argument("--json", help="also write the figures here")
    return parser.parse_args()


def _names(options: argparse.Namespace) -> list[Name]:
    if options.quick:
        return [Name("S", "normal", 1), Name("S", "starved", 1)]
    return [Name(s, load, n) for s in options.sizes for load in options.loads for n in options.seeds]


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("highspy", "ortools"))
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {versions}, {os.cpu_count()} cores, load {load:.1f}"


def compared(name: Name, seconds: float | None, *, quick: bool) -> list[dict[str, object]]:
    """Print and return what every method reaches on one instance."""
    problem = instance(name)
    allowed = seconds or (6 if quick else SECONDS[name.size])
    meetings = sum(len(g.meetings) for g in problem.groups)
    supply = sum(m.seats * m.minutes for g in problem.groups for m in g.meetings)
    demand = sum(c.dose.minutes for c in problem.clients)
    print(
        f"\n{name}  {fingerprint(problem)}  {len(problem.clients)} people, {meetings} meetings, "
        f"supply/demand {supply / demand:.2f}"
    )
    cohort = Cohort(problem)
    planned = _planner(problem, allowed)
    rows = [
        _timed("first come", cohort, lambda: improvement.first_come(cohort)),
        _timed("by priority", cohort, lambda: _by_priority(cohort)),
        _timed("local search", cohort, lambda: _searched(cohort, planned.seconds)),
    ]
    if compact.variables(cohort) <= MOST_VARIABLES:
        rows.append(_compact(cohort, planned.seconds))
    rows.append(planned)
    bound = min(r.bound for r in rows if r.bound is not None)
    first = rows[0]
    heads = ("placed", "priority", "objective", "gap %", "seconds", "placed x")
    print(f"{'method':<14}" + "".join(f"{head:>11}" for head in heads))
    for row in rows:
        gap = 100 * (bound - row.objective) / row.objective
        print(
            f"{row.method:<14}{row.placed:>11}{row.priority:>11}{row.objective:>11.0f}{gap:>11.4f}"
            f"{row.seconds:>11.2f}{row.placed / first.placed:>11.3f}  {row.status}"
        )
    return [{"instance": str(name), **asdict(row)} for row in rows]


def _timed(method: str, cohort: Cohort, make) -> Row:
    began = time.perf_counter()
    seating = make()
    return _row(method, cohort.problem, dict(seating.choices()), time.perf_counter() - began)


def _row(method: str, problem: Problem, assignments, seconds: float) -> Row:
    plan = Plan(assignments)
    broken = broken_rules(problem, plan)
    if broken:
        sys.exit(f"{method} breaks a rule: {broken[0].message}")
    priority = sum(c.priority for c in problem.clients if c.id in assignments)
    return Row(method, len(assignments), priority, float(objective(problem, plan)), seconds)


def _by_priority(cohort: Cohort) -> Seating:
    seating = Seating(cohort)
    seating.place_rest(improvement.by_priority(cohort))
    return seating


def _searched(cohort: Cohort, seconds: float) -> Seating:
    until = time.perf_counter() + seconds
    return improvement.searched(cohort, _by_priority(cohort), 1, lambda: time.perf_counter() > until)


def _compact(cohort: Cohort, seconds: float) -> Row:
    began = time.perf_counter()
    start = [c for own in _by_priority(cohort).placed.values() for c in own]
    chosen = compact.choose(cohort, start, seconds=max(1.0, seconds), seed=0, cancelled=lambda: False)
    columns = chosen.columns if chosen else start
    assignments = dict(improvement.seated(cohort, columns).choices())
    row = _row("compact MIP", cohort.problem, assignments, time.perf_counter() - began)
    row.bound = chosen.bound / TICKS if chosen else None
    return row


def _planner(problem: Problem, seconds: float) -> Row:
    began = time.perf_counter()
    plan = solve(problem, seconds=seconds)
    row = _row("planner", problem, dict(plan.assignments), time.perf_counter() - began)
    row.bound, row.status = plan.bound, plan.status.value
    return row


def one_person(name: Name, people: int) -> None:
    """Print how long one person's answer takes."""
    problem = instance(name)
    best, without = [], []
    for client in problem.clients[:people]:
        began = time.process_time()
        plans = best_weeks(problem, client.id, count=4)
        best.append(1000 * (time.process_time() - began))
        if not plans:
            began = time.process_time()
            explain(problem, client.id)
            without.append(1000 * (time.process_time() - began))
    print(f"\none person, {name}: best week and 3 others {_spread(best)}")
    print(f"one person, {name}: why nothing fits and what would help {_spread(without)}")


def _spread(times: list[float]) -> str:
    if len(times) < 2:
        return f"({len(times)} measured)"
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    middle, most, nearly_all = cuts[49], cuts[94], cuts[98]
    return (
        f"p50 {middle:.1f} ms, p95 {most:.1f} ms, p99 {nearly_all:.1f} ms "
        f"(processor time, {len(times)} measured)"
    )


def growth(sizes: tuple[int, ...], seconds: float) -> None:
    """Print how the planner's time and gap grow with the number of people."""
    print(f"\n{'people':>7}{'placed':>8}{'seconds':>9}{'gap %':>9}")
    for people in sizes:
        problem = weeks(people, max(8, people * 15 // 100), f"growth/{people}")
        began = time.perf_counter()
        plan = solve(problem, seconds=seconds)
        gap = 100 * (plan.bound - plan.objective) / plan.objective
        print(f"{people:>7}{len(plan.assignments):>8}{time.perf_counter() - began:>9.1f}{gap:>9.4f}")


if __name__ == "__main__":
    main()
