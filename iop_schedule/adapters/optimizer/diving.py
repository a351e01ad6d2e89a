"""From fractions to a plan: seat the surest people, ask the others anew in what is left, again and again."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from iop_schedule.adapters.optimizer.cohort import Cohort, Column, Seating
from iop_schedule.adapters.optimizer.generation import Known, add_gainful, in_ticks, propose
from iop_schedule.adapters.optimizer.improvement import by_priority
from iop_schedule.adapters.optimizer.lp import Master

#: Shares from here on are sure: people with them are seated together, as long as there are seats.
SURE = 0.7
#: What is no share.
NONE = 1e-6
#: Most rounds of new proposals after each seating, and the gain in points that is worth another one. Without
#: them what the first people take is missing in the end: 0.15 % of the plan of 600 people (L, seed 1).
ROUNDS, WORTHWHILE = 10, 0.5
#: A price in ticks that nobody pays: of rows without room.
SHUT = 10**15


@dataclass(frozen=True, slots=True)
class Shared:
    """Columns with the shares that a master problem gives them."""

    columns: Sequence[Column]
    shares: Sequence[float]


def dived(
    cohort: Cohort,
    start: Shared,
    stop: Callable[[], bool],
    *,
    seed: int,
    at_once: float,
) -> tuple[Seating, list[Column]]:
    """Return a plan close to a fractional one, and every column that was found on the way.

    Args:
        cohort: everyone.
        start: the fractional plan.
        stop: asked often; True seats the rest person by person.
        seed: of the solver.
        at_once: where few are sure, the surest of this share of those still open are seated together.
    """
    seating = Seating(cohort)
    known = list(start.columns)
    shared = start
    while not stop() and _seat_surest(seating, shared, at_once):
        rest = [n for n in range(len(cohort.people)) if n not in seating.placed]
        shared = _asked_anew(seating, rest, known, stop, seed)
        known += shared.columns
    seating.place_rest(by_priority(cohort), stop)
    return seating, list(dict.fromkeys(known))


def _seat_surest(seating: Seating, shared: Shared, at_once: float) -> int:
    """Seat those whose weeks have the largest shares; return how many."""
    own: dict[tuple[int, int], tuple[float, Column]] = {}
    for column, share in zip(shared.columns, shared.shares, strict=False):
        key = (column.person, column.part)
        if share > NONE and (key not in own or share > own[key][0]):
            own[key] = (share, column)
    open_ = []
    for person in sorted({person for person, _ in own}):
        parts = [own.get((person, n)) for n in range(len(seating.cohort.people[person]))]
        best = [part for part in parts if part is not None]
        if person not in seating.placed and len(best) == len(parts):
            open_.append((min(share for share, _ in best), person, [column for _, column in best]))
    open_.sort(key=lambda e: (-e[0], e[1]))
    most = max(sum(share >= SURE for share, _, _ in open_), 1 + int(at_once * len(open_)))
    seated = 0
    for _, person, columns in open_[:most]:
        if seating.has_room(columns):
            seating.seat(person, columns)
            seated += 1
    return seated


def _asked_anew(
    seating: Seating, rest: Sequence[int], known: Iterable[Column], stop: Callable[[], bool], seed: int
) -> Shared:
    """Return the best fractional plan for the rest in what is left, with the weeks they propose for it."""
    left = copy(seating.cohort)
    left.capacities = seating.room
    master = Master(left, seed)
    waiting = set(rest)
    for column in known:
        if column.person in waiting and seating.has_room([column]):
            master.add(column)
    asked = Known(master.columns)
    relaxed = master.solve()
    for _ in range(ROUNDS):
        # A row that nobody left can use costs nothing in the master problem, and would attract everyone.
        prices = [p if room else SHUT for p, room in zip(in_ticks(relaxed.prices), seating.room, strict=True)]
        before = relaxed.value
        if not add_gainful(propose(left, rest, prices, stop, asked), left, master, relaxed, asked):
            break
        relaxed = master.solve()
        if stop() or relaxed.value - before < WORTHWHILE:
            break
    return Shared(master.columns, relaxed.shares)
