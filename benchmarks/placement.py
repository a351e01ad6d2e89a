"""How well and how fast people are placed, on invented weeks with frozen seeds. Parts can be run alone.

    python -m benchmarks.placement --quick                       every part, small: some minutes
    python -m benchmarks.placement                               every part, all sizes, loads, seeds: hours
    python -m benchmarks.placement cohorts --sizes M --seeds 1   one part of it
    python -m benchmarks.placement person explain individual repair opening intake growth

Parts: `cohorts` (beside each other in one run: first come first served with the best week for each
person, by priority, local search and one compact mixed-integer program with the same time, and the
planner), `growth` (100 to 2,000 people), `person` and `explain` (processor milliseconds), `individual`
(one-to-ones), `repair` (a counselor is out), `opening` (which groups to open), `intake` (scarcity
prices). Every plan is checked by the rules. Figures are of synthetic weeks; "first come first served" is
this product's own code, not a person.
"""

import argparse
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from benchmarks import placement_cohorts as cohorts
from benchmarks import placement_questions as questions
from benchmarks.placement_instances import LOADS, SEEDS, SIZES, Name

#: People of the growth curve; in its short form.
GROWTH, SHORT_GROWTH = (100, 200, 400, 800, 1200, 2000), (50, 100, 200)


def main() -> None:
    options = _options()
    print(_machine())
    rows: dict[str, list[dict[str, object]]] = {}
    for part in options.parts or PARTS:
        print(f"\n### {part}", flush=True)
        rows[part] = PARTS[part](options)
        if options.json:
            Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _cohorts(options: argparse.Namespace) -> list[dict[str, object]]:
    rows = [
        row
        for name in _names(options)
        for row in cohorts.compared(name, options.seconds, quick=options.quick)
    ]
    cohorts.summed_up(rows)
    return rows


def _growth(options: argparse.Namespace) -> list[dict[str, object]]:
    sizes = SHORT_GROWTH if options.quick else GROWTH
    return cohorts.growth(sizes, options.seconds or (8 if options.quick else 300))


def _large(options: argparse.Namespace) -> Name:
    return Name("M" if options.quick else "XL", "normal", options.seeds[0])


def _middle(options: argparse.Namespace) -> list[Name]:
    size = "S" if options.quick else "L"
    return [Name(size, "normal", seed) for seed in options.seeds[: 1 if options.quick else None]]


PARTS = {
    "cohorts": _cohorts,
    "growth": _growth,
    "person": lambda o: questions.one_person(_large(o), 60 if o.quick else 1000),
    "explain": lambda o: questions.explanations(_large(o), 60 if o.quick else 1000),
    "individual": lambda o: questions.individual(_large(o), o.seconds or (10 if o.quick else 15)),
    "repair": lambda o: questions.repaired(_middle(o), o.seconds or (5 if o.quick else 10)),
    "opening": lambda o: questions.opened(
        *((40, 20) if o.quick else (120, 100)), o.seconds or (10 if o.quick else 60), o.loads
    ),
    "intake": lambda o: questions.intake(_middle(o), o.seconds or (10 if o.quick else 60)),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--quick", action="store_true", help="small instances only, some minutes")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--loads", nargs="+", default=list(LOADS), choices=list(LOADS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--seconds", type=float, help="for each run of a solver")
    parser.add_argument("--json", help="also write the figures here")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return options


def _names(options: argparse.Namespace) -> list[Name]:
    if options.quick:
        return [Name("S", load, 1) for load in LOADS]
    return [Name(s, load, n) for s in options.sizes for load in options.loads for n in options.seeds]


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("highspy", "ortools"))
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {versions}, {os.cpu_count()} cores, load {load:.1f}"


if __name__ == "__main__":
    main()
