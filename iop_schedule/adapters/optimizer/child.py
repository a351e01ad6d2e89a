"""The process in which solvers run: a request comes in, progress and one answer go out, a line each.

Its reader's death is its own: a heartbeat that nobody hears ends it.
"""

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from iop_schedule.adapters.optimizer.caseload import plan_caseload
from iop_schedule.adapters.optimizer.individual import Counselor, Hours, individual_sessions
from iop_schedule.adapters.optimizer.opened import opened_groups
from iop_schedule.adapters.optimizer.opening import open_groups
from iop_schedule.adapters.optimizer.opening_question import NewGroup
from iop_schedule.adapters.optimizer.prices import seat_prices
from iop_schedule.adapters.optimizer.repair import repair
from iop_schedule.adapters.optimizer.solve import Progress
from iop_schedule.adapters.placement_files import read_choice, read_problem, write_plan, write_problem
from iop_schedule.clock import monotonic
from iop_schedule.domain.placement import (
    Choice,
    Plan,
    PlanStatus,
    Problem,
    undisturbed,
    without_meetings,
)
from iop_schedule.vocabulary import Cadence, PlacementAim, Weekday

#: Pages of people come first; and whatever a solver does, it does not take the machine's memory.
NICENESS, MOST_BYTES = 10, 6 * 1024**3
HEARTBEAT_SECONDS = 1.0
#: Share of a run's time, beyond the plan itself, for learning what seats are worth.
PRICING = 0.08


class Line:
    """The way to the process that asked.

    Args:
        quiet: nobody asked; nothing is said.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._lock, self._quiet = Lock(), quiet
        self._last: dict[str, Any] = {"step": "start", "seconds": 0.0}

    def progress(self, progress: Progress) -> None:
        """Tell how far the work is."""
        self._last = {
            "step": progress.step,
            "seconds": round(progress.seconds, 1),
            "objective": progress.objective,
            "bound": progress.bound,
        }
        self._say({"progress": self._last})

    def answer(self, answer: dict[str, Any]) -> None:
        """Tell the result."""
        self._say({"answer": answer})

    def beat(self) -> None:
        """Say that there is life, once a second; without a listener, end."""
        while True:
            self._say({"progress": self._last})
            Event().wait(HEARTBEAT_SECONDS)

    def _say(self, said: dict[str, Any]) -> None:
        if self._quiet:
            return
        try:
            with self._lock:
                sys.stdout.write(json.dumps(said) + "\n")
                sys.stdout.flush()
        except (BrokenPipeError, OSError):
            os._exit(1)  # from a thread, the only way out


def main() -> None:
    """Answer the request on standard input."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    enough = Event()
    signal.signal(signal.SIGTERM, lambda *_: enough.set())
    request = json.loads(sys.stdin.readline())
    line = Line()
    Thread(target=line.beat, daemon=True).start()
    answer = TASKS[request["task"]](request, line, enough.is_set)
    line.answer(answer | {"machine": _machine()})


def _machine() -> dict[str, Any]:
    versions = {}
    for name in ("highspy", "ortools"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"python": sys.version.split()[0], **versions, "peak_mb": peak_megabytes()}


def peak_megabytes() -> int | None:
    """Return the most memory this process has had, or None where the system does not say.

    Not what `getrusage` says: on Linux that counts the process this one was started from.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else None


def _before(request: dict[str, Any]) -> dict[str, Choice]:
    """Return what people attend today."""
    return {client: read_choice(held, f"before.{client}") for client, held in request["before"].items()}


def _caseload(request: dict[str, Any], line: Line, cancelled: Callable[[], bool]) -> dict[str, Any]:
    problem = read_problem(request["problem"])
    found = plan_caseload(
        problem,
        _before(request),
        PlacementAim(request["aim"]),
        seconds=request["seconds"],
        seed=request["seed"],
        cancelled=cancelled,
        progress=line.progress,
    )
    return {
        "problem": write_problem(found.problem),
        "plan": write_plan(found.plan),
        "kept": list(found.kept),
        "fill_percent": found.fill_percent,
        "prices": _prices(problem, request, cancelled),
    }


def _prices(problem: Problem, request: dict[str, Any], cancelled: Callable[[], bool]) -> dict[str, float]:
    """Return what seats are worth to people like these; nothing without the library that learns it."""
    try:
        found = seat_prices(
            problem, seconds=PRICING * request["seconds"], seed=request["seed"], cancelled=cancelled
        )
    except ImportError:
        return {}
    return {meeting: round(price, 2) for meeting, price in found.items() if price > 0}


def _repair(request: dict[str, Any], line: Line, cancelled: Callable[[], bool]) -> dict[str, Any]:
    earlier, closed = read_problem(request["problem"]), request["closed"]
    problem = without_meetings(earlier, closed)
    found = repair(
        problem,
        _before(request),
        earlier=earlier if closed else None,
        seconds=request["seconds"],
        seed=request["seed"],
        move_unaffected=PlacementAim(request["aim"]) is not PlacementAim.STAY,
        cancelled=cancelled,
        progress=line.progress,
    )
    told = {"affected": len(found.affected), "lost": len(found.lost), "moved": len(found.moved)}
    return {
        "problem": write_problem(problem),
        "plan": write_plan(found.plan),
        "kept": list(found.lost),
        "fill_percent": 100,
        "affected": list(found.affected),
        "points": found.points,
        "bound": found.bound,
        "repair": told,
    }


def _openings(request: dict[str, Any], line: Line, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """Answer which groups to open for each budget of a counselor's minutes, each in its share of the time."""
    problem = read_problem(request["problem"])
    possible = [
        NewGroup(group, request["costs"][group.id]) for group in read_problem(request["possible"]).groups
    ]
    before = _before(request)
    held = {c: before[c] for c in sorted(undisturbed(problem, before))}
    budgets, sets, opening = request["budgets"], [], None
    for number, budget in enumerate(budgets, start=1):
        opening = open_groups(
            problem,
            possible,
            budget,
            held=held,
            seconds=request["seconds"] / len(budgets),
            seed=request["seed"],
            not_together=[frozenset(one) for one in request["not_together"]],
            cancelled=cancelled,
        )
        opened = [new.group for new in possible if new.group.id in opening.groups]
        sets.append(
            {
                "budget_minutes": budget,
                "groups": opened_groups(opened, opening.plan, request["rooms"]),
                "placed": len(opening.placed),
                "proved": opening.plan.status is PlanStatus.OPTIMAL,
            }
        )
        done = request["seconds"] * number / len(budgets)
        line.progress(Progress("openings", done, 0.0, 0.0))
    both = replace(problem, groups=(*problem.groups, *(new.group for new in possible)))
    plan = opening.plan if opening else Plan({})
    return {"problem": write_problem(both), "plan": write_plan(plan), "openings": sets}


def _one_to_ones(request: dict[str, Any], line: Line, cancelled: Callable[[], bool]) -> dict[str, Any]:
    del line  # the solver tells nothing on its way; the heartbeat says that it lives
    began = monotonic()
    done = individual_sessions(
        read_problem(request["problem"]),
        _before(request),
        [_counselor(given) for given in request["counselors"]],
        seconds=request["seconds"],
        minutes=request["minutes"],
        may_see=request["may_see"] or None,
        cadence=Cadence(request["cadence"]),
        seed=request["seed"],
        cancelled=cancelled,
    )
    return {
        "sessions": {
            client: {
                "leader_id": int(s.counselor),
                "weekday": int(s.weekday),
                "start_minute": s.start,
                "minutes": s.end - s.start,
                "week": str(s.week),
                "modality": str(s.modality),
            }
            for client, s in done.sessions.items()
        },
        "result": {
            "status": done.status,
            "objective": float(done.objective),
            "bound": done.bound,
            "seconds": round(monotonic() - began, 2),
        },
    }


def _counselor(given: dict[str, Any]) -> Counselor:
    hours = tuple(Hours(Weekday(day), start, end) for day, start, end in given["hours"])
    return Counselor(
        given["id"],
        hours,
        tuple(given["languages"]),
        given["most_clients"],
        given["site"],
        given["most_in_a_row"],
    )


#: What can be asked, by name.
TASKS: dict[str, Callable[[dict[str, Any], Line, Callable[[], bool]], dict[str, Any]]] = {
    "caseload": _caseload,
    "one_to_ones": _one_to_ones,
    "repair": _repair,
    "openings": _openings,
}
