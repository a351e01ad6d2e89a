"""The other questions: one person, explanations, one-to-ones, repair, which groups to open, intake."""

import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.placement_instances import Name, group_like, instance, newcomers
from iop_schedule.adapters.optimizer import (
    Counselor,
    Hours,
    NewGroup,
    improvement,
    individual_sessions,
    open_groups,
    repair,
    seat_prices,
    solve,
)
from iop_schedule.adapters.optimizer.cohort import Cohort
from iop_schedule.domain.placement import (
    Choice,
    Plan,
    Problem,
    best_weeks,
    broken_rules,
    explain,
    objective,
    openings,
)
from iop_schedule.vocabulary import Weekday

WEEKDAYS = tuple(Weekday(n) for n in range(5))


def one_person(name: Name, people: int) -> list[dict[str, object]]:
    """Print how long the best week and three others take for one person after the other."""
    problem = instance(name)
    times = []
    for client in problem.clients[:people]:
        began = time.process_time()
        best_weeks(problem, client.id, count=4)
        times.append(1000 * (time.process_time() - began))
    return [_spread(f"{name}: best week and 3 others", times)]


def explanations(name: Name, people: int) -> list[dict[str, object]]:
    """Print how long it takes to say why nothing fits and what would help."""
    problem = instance(name)
    times = []
    for client in problem.clients[:people]:
        began = time.process_time()
        if explain(problem, client.id) is not None:
            times.append(1000 * (time.process_time() - began))
    return [_spread(f"{name}: why nothing fits, and three changes", times)]


def _spread(what: str, times: Sequence[float]) -> dict[str, object]:
    if len(times) < 2:
        print(f"{what}: {len(times)} measured")
        return {"what": what, "measured": len(times)}
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(times)}
    words = ", ".join(f"{name} {value:.1f} ms" for name, value in found.items())
    print(f"{what}: {words} (processor time, {len(times)} measured)")
    return {"what": what, "measured": len(times), **found}


def individual(name: Name, seconds: float) -> list[dict[str, object]]:
    """Print how many one-to-ones around groups are found, and whether that is proved best."""
    problem = instance(name)
    held = dict(improvement.first_come(Cohort(problem)).choices())
    people = Problem(problem.groups, tuple(c for c in problem.clients if c.id in held), problem.weights)
    rng = random.Random("counselors")
    counselors = [_counselor(n, rng) for n in range(-(-len(held) // 18))]
    may_see = {c.id: [k.id for k in rng.sample(counselors, min(4, len(counselors)))] for c in people.clients}
    began = time.perf_counter()
    done = individual_sessions(people, held, counselors, seconds=seconds, may_see=may_see)
    taken = time.perf_counter() - began
    gap = 100 * (done.bound - done.objective) / max(1, done.objective)
    print(
        f"{name}: {len(done.sessions)} of {len(held)} clients, {len(counselors)} counselors, "
        f"{done.status.value}, gap {gap:.4f} %, {taken:.1f} s"
    )
    return [
        {
            "instance": str(name),
            "clients": len(held),
            "placed": len(done.sessions),
            "gap": gap,
            "seconds": taken,
        }
    ]


def _counselor(number: int, rng: random.Random) -> Counselor:
    early = rng.choice((480, 540, 600))
    hours = tuple(h for d in WEEKDAYS for h in (Hours(d, early, 750), Hours(d, 795, early + 570)))
    languages = ("en", "es") if number % 4 == 0 else ("en",)
    site = rng.choices(("main", "east", None), (0.5, 0.2, 0.3))[0]
    return Counselor(f"k{number}", hours, languages, 24, site, most_in_a_row=4)


def repaired(names: Sequence[Name], seconds: float) -> list[dict[str, object]]:
    """Print what a plan keeps when the counselor with most meetings is out, in two versions."""
    print(
        f"{'instance':<14}{'version':<12}{'affected':>9}{'lost':>6}{'one by one':>11}"
        f"{'moved':>7}{'seconds':>9}  status"
    )
    rows: list[dict[str, object]] = []
    for name in names:
        problem = instance(name)
        before = dict(solve(problem, seconds=6 * seconds).assignments)
        meetings = {}
        for g in problem.groups:
            meetings[g.counselor] = meetings.get(g.counselor, 0) + len(g.meetings)
        out = max(meetings, key=lambda k: (meetings[k], k or ""))
        left = replace(problem, groups=tuple(g for g in problem.groups if g.counselor != out))
        for version, moves in (("may move", True), ("stays", False)):
            began = time.perf_counter()
            done = repair(left, before, seconds=seconds, move_unaffected=moves)
            taken = time.perf_counter() - began
            if broken_rules(left, done.plan):
                sys.exit("the repaired plan breaks a rule")
            naive = _one_by_one(left, before, done.affected)
            print(
                f"{name!s:<14}{version:<12}{len(done.affected):>9}{len(done.lost):>6}{naive:>11}"
                f"{len(done.moved):>7}{taken:>9.1f}  {done.plan.status.value}",
                flush=True,
            )
            rows.append(
                {"instance": str(name), "version": version, "affected": len(done.affected),
                 "lost": len(done.lost), "one_by_one": naive, "moved": len(done.moved), "seconds": taken}
            )  # fmt: skip
    return rows


def _one_by_one(problem: Problem, before, affected) -> int:
    """Return how many lose their place when those affected are placed again one after the other."""
    held = {c: w for c, w in before.items() if c not in affected}
    lost = 0
    for client in affected:
        plans = best_weeks(problem, client, openings(problem, client, held), count=1)
        lost += not plans
        for plan in plans:
            held[client] = plan.choice
    return lost


def opened(waiting: int, candidates: int, seconds: float, loads: Sequence[str]) -> list[dict[str, object]]:
    """Print which of many possible groups serve most people who wait: a preview, then the exact answer.

    Those who wait are who got no place first come, and newcomers: of a program with nine seats for ten
    wanted, in which seats are left that many could use if they had the rest; and of a crowded one.
    """
    possible = [NewGroup(g, sum(m.minutes for m in g.meetings)) for g in group_like(candidates, "opening")]
    rows: list[dict[str, object]] = []
    print(f"{'load':<9}{'budget h':>9}{'preview':>9}{'seconds':>9}{'placed':>8}{'gap %':>8}{'seconds':>9}")
    for load in loads:
        problem = instance(Name("M", load, 1))
        held = dict(improvement.first_come(Cohort(problem)).choices())
        staying = [c for c in problem.clients if c.id in held]
        without = [c for c in problem.clients if c.id not in held][:waiting]
        without += newcomers(waiting - len(without), "opening")
        asked = replace(problem, clients=(*staying, *without))
        for hours in (9, 18, 27):
            began = time.perf_counter()
            previews: list[tuple[int, float]] = []
            done = open_groups(
                asked, possible, 60 * hours, held=held, seconds=seconds,
                preview=lambda o, b=began, p=previews: p.append((len(o.placed), time.perf_counter() - b)),
            )  # fmt: skip
            taken = time.perf_counter() - began
            gap = _gap_of_waiting(asked, done.plan, held)
            print(
                f"{load:<9}{hours:>9}{previews[0][0]:>9}{previews[0][1]:>9.1f}{len(done.placed):>8}{gap:>8.2f}"
                f"{taken:>9.1f}",
                flush=True,
            )
            rows.append(
                {"load": load, "budget_hours": hours, "waiting": waiting, "candidates": candidates,
                 "preview_placed": previews[0][0], "preview_seconds": previews[0][1],
                 "placed": len(done.placed), "gap_percent": gap, "seconds": taken}
            )  # fmt: skip
    return rows


def _gap_of_waiting(problem: Problem, plan: Plan, held: Mapping[str, Choice]) -> float:
    """Return how far the bound is away, in percent of what is reached for those who wait."""
    reached = float((plan.objective or 0) - objective(problem, Plan(held)))
    return 100 * ((plan.bound or 0) - (plan.objective or 0)) / max(1.0, reached)


def intake(names: Sequence[Name], seconds: float) -> list[dict[str, object]]:
    """Print how many people intake places one by one, plainly and at prices learnt from another sample."""
    print(f"{'instance':<14}{'plain':>7}{'at prices':>10}{'all at once':>12}{'recovered':>10}")
    rows: list[dict[str, object]] = []
    for name in names:
        problem = instance(name)
        sample = instance(Name(name.size, name.load, name.seed + 100)).clients
        prices = seat_prices(Problem(problem.groups, sample, problem.weights), seconds=seconds)
        best = len(solve(problem, seconds=seconds).assignments)
        plain, steered = _arrivals(problem, {}), _arrivals(problem, prices)
        share = (steered - plain) / max(1, best - plain)
        print(f"{name!s:<14}{plain:>7}{steered:>10}{best:>12}{share:>10.0%}", flush=True)
        rows.append({"instance": str(name), "plain": plain, "at_prices": steered, "best": best})
    return rows


def _arrivals(problem: Problem, prices) -> int:
    held: dict[str, object] = {}
    for client in problem.clients:
        free = openings(problem, client.id, held)
        for plan in best_weeks(problem, client.id, free, count=1, prices=prices):
            held[client.id] = plan.choice
    if broken_rules(problem, Plan(held)):
        sys.exit("intake breaks a rule")
    return len(held)
