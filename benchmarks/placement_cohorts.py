"""Everyone at once: the planner beside simpler ways with the same time, and how it grows.

Every plan is judged by the rules, and by the tests' validator, which shares no code with any solver.
"""

import multiprocessing
import statistics
import sys
import time
from dataclasses import asdict, dataclass

from benchmarks.placement_instances import Name, fingerprint, instance, supply, weeks
from iop_schedule.adapters.optimizer import Progress, compact, improvement, solve
from iop_schedule.adapters.optimizer.child import peak_megabytes
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Seating
from iop_schedule.domain.placement import Plan, Problem, broken_rules, objective
from tests.domain import placement_oracles as validator

#: Seconds for the planner, by size and load: those of the goals.
SECONDS = {
    ("S", "normal"): 5, ("M", "normal"): 5, ("L", "normal"): 20, ("XL", "normal"): 75,
    ("S", "crowded"): 60, ("M", "crowded"): 60, ("L", "crowded"): 60, ("XL", "crowded"): 120,
}  # fmt: skip
#: Beyond this the compact program does not get anywhere in the time there is.
MOST_VARIABLES = 60_000
#: A gap, in percent, that counts as a proof.
PROVED = 0.01
HEADS = ("placed", "priority", "objective", "bound", "gap %", "seconds", "proof s", "peak MB", "x first")


@dataclass
class Row:
    """What one method reached on one instance."""

    method: str
    placed: int
    priority: int
    objective: float
    seconds: float
    bound: float | None = None
    #: When the plan was first within a hundredth of a percent of the bound.
    proof_seconds: float | None = None
    #: Of the whole process, solver included.
    peak_mb: int | None = None
    status: str = ""


def compared(name: Name, seconds: float | None, *, quick: bool) -> list[dict[str, object]]:
    """Print and return what every method reaches on one instance."""
    problem = instance(name)
    allowed = seconds or (6 if quick else SECONDS[name.size, name.load])
    demand = sum(c.dose.minutes for c in problem.clients)
    meetings = sum(len(g.meetings) for g in problem.groups)
    print(
        f"\n{name}  {fingerprint(problem)}  {len(problem.clients)} people, {meetings} meetings, "
        f"supply/demand {supply(problem.groups) / demand:.2f}, {allowed:g} s"
    )
    cohort = Cohort(problem)
    planned = apart(problem, allowed)
    rows = [
        _timed("first come", cohort, lambda: improvement.first_come(cohort)),
        _timed("by priority", cohort, lambda: _by_priority(cohort)),
        _timed("local search", cohort, lambda: _searched(cohort, planned.seconds)),
    ]
    if compact.variables(cohort) <= MOST_VARIABLES:
        rows.append(_compact(cohort, planned.seconds))
    rows.append(planned)
    _print(rows)
    return [{"instance": str(name), "size": name.size, "load": name.load, **asdict(row)} for row in rows]


def _print(rows: list[Row]) -> None:
    bound = min(r.bound for r in rows if r.bound is not None)
    first = rows[0]
    print(f"{'method':<14}" + "".join(f"{head:>11}" for head in HEADS))
    for row in rows:
        gap = 100 * (bound - row.objective) / row.objective
        own = "–" if row.bound is None else f"{row.bound:.0f}"
        proof = "–" if row.proof_seconds is None else f"{row.proof_seconds:.1f}"
        print(
            f"{row.method:<14}{row.placed:>11}{row.priority:>11}{row.objective:>11.0f}{own:>11}{gap:>11.4f}"
            f"{row.seconds:>11.2f}{proof:>11}{row.peak_mb or '–':>11}{row.placed / first.placed:>11.3f}"
            f"  {row.status}",
            flush=True,
        )


def summed_up(rows: list[dict[str, object]]) -> None:
    """Print, by size and load, the planner's median and worst over seeds, and people beside first come."""
    print(
        f"\n{'size':<5}{'load':<9}{'seeds':>6}{'gap %':>10}{'worst':>10}"
        f"{'proof s':>9}{'worst':>8}{'x first':>9}"
    )
    groups: dict[tuple[str, str], dict[str, list[dict[str, object]]]] = {}
    for row in rows:
        key = (str(row["size"]), str(row["load"]))
        groups.setdefault(key, {}).setdefault(str(row["method"]), []).append(row)
    for (size, load), methods in groups.items():
        planned, first = methods["planner"], methods["first come"]
        gaps = [100 * (r["bound"] - r["objective"]) / r["objective"] for r in planned]  # type: ignore[operator]
        proofs = [float("inf") if (s := r["proof_seconds"]) is None else float(str(s)) for r in planned]
        more = statistics.mean(p["placed"] / f["placed"] for p, f in zip(planned, first, strict=True))  # type: ignore[operator]
        print(
            f"{size:<5}{load:<9}{len(planned):>6}{statistics.median(gaps):>10.4f}{max(gaps):>10.4f}"
            f"{statistics.median(proofs):>9.1f}{max(proofs):>8.1f}{more:>9.3f}"
        )


def _timed(method: str, cohort: Cohort, make) -> Row:
    began = time.perf_counter()
    seating = make()
    return _row(method, cohort.problem, dict(seating.choices()), time.perf_counter() - began)


def _row(method: str, problem: Problem, assignments, seconds: float) -> Row:
    plan = Plan(assignments)
    broken = broken_rules(problem, plan)
    if broken or validator.broken(problem, plan):
        sys.exit(f"{method} breaks a rule: {broken[0].message if broken else 'as the validator says'}")
    if validator.objective(problem, plan) != objective(problem, plan):
        sys.exit(f"{method}: the validator finds another objective")
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


def apart(problem: Problem, seconds: float) -> Row:
    """Return what the planner reaches in a process of its own, whose peak memory is the planner's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        row, broken = pool.apply(_planner, (problem, seconds))
    if broken:
        sys.exit(f"the planner breaks a rule: {broken}")
    return row


def _planner(problem: Problem, seconds: float) -> tuple[Row, str]:
    began = time.perf_counter()
    proofs: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.objective and 100 * (progress.bound - progress.objective) <= PROVED * progress.objective:
            proofs.append(progress.seconds)

    plan = solve(problem, seconds=seconds, progress=watch)
    row = _row("planner", problem, dict(plan.assignments), time.perf_counter() - began)
    row.bound, row.status = plan.bound, plan.status.value
    row.proof_seconds = proofs[0] if proofs else row.seconds if row.status == "optimal" else None
    row.peak_mb = peak_megabytes()
    broken = broken_rules(problem, plan)
    return row, broken[0].message if broken else ""


def growth(sizes: tuple[int, ...], seconds: float) -> list[dict[str, object]]:
    """Print how the planner's time, gap and memory grow with the number of people."""
    print(f"{'people':>7}{'meetings':>9}{'placed':>8}{'seconds':>9}{'proof s':>9}{'gap %':>9}{'peak MB':>9}")
    rows = []
    for people in sizes:
        problem = weeks(people, 0.9, f"growth/{people}")
        row = apart(problem, seconds)
        gap = 100 * ((row.bound or 0) - row.objective) / row.objective
        meetings = sum(len(g.meetings) for g in problem.groups)
        proof = "–" if row.proof_seconds is None else f"{row.proof_seconds:.1f}"
        print(
            f"{people:>7}{meetings:>9}{row.placed:>8}{row.seconds:>9.1f}{proof:>9}{gap:>9.4f}{row.peak_mb:>9}",
            flush=True,
        )
        rows.append({"people": people, "meetings": meetings, **asdict(row)})
    return rows
