"""From fractions to a plan: settle the surest people, let the others choose anew, again and again."""

from collections.abc import Callable

from iop_schedule.adapters.optimizer.cohort import Cohort, Column
from iop_schedule.adapters.optimizer.generation import Known, add_gainful, in_ticks, propose
from iop_schedule.adapters.optimizer.lp import Master, Relaxed

#: A share from here on is whole.
WHOLE = 1 - 1e-6
#: Shares from here on are settled together, as long as there are seats, so that a dive ends soon.
SURE = 0.7
#: Where nobody is as sure as that, the surest of this share of those still open are settled together.
AT_ONCE = 0.25
#: Rounds of new proposals after each settling: more take longer and bring no more (M, seeds 1 and 3).
ROUNDS = 1


def dived(cohort: Cohort, master: Master, relaxed: Relaxed, stop: Callable[[], bool]) -> list[float]:
    """Return shares that are whole, close to a fractional optimum; only those settled so far when stopped.

    The columns found on the way stay in `master`, whose bounds are as before afterwards.
    """
    settled: set[int] = set()
    known = Known(master.columns)
    try:
        while True:
            ahead = _surest(relaxed, settled, cohort, master)
            if not ahead:
                return relaxed.shares
            for column in ahead:
                master.settle(column)
            settled.update(ahead)
            relaxed = _proposals(cohort, master, settled, known, stop)
            if stop():
                return relaxed.shares
    finally:
        master.release(settled)


def _surest(relaxed: Relaxed, settled: set[int], cohort: Cohort, master: Master) -> list[int]:
    """Return the columns to settle next: all sure ones, or else the largest fractions; [] at the end.

    Together with those settled before they need no more seats than there are, and are one for each person.
    """
    open_ = [(share, n) for n, share in enumerate(relaxed.shares) if share > 1 - WHOLE and n not in settled]
    if not any(share < WHOLE for share, _ in open_):
        return []
    open_.sort(key=lambda e: (-e[0], e[1]))
    people = {master.columns[n].person for _, n in open_}
    most = max(sum(share >= SURE for share, _ in open_), 1 + int(AT_ONCE * len(people)))
    left = list(cohort.capacities)
    done = set()
    for n in settled:
        _take(left, master.columns[n])
        done.add((master.columns[n].person, master.columns[n].part))
    ahead: list[int] = []
    for _, n in open_[:most]:
        column = master.columns[n]
        key = (column.person, column.part)
        if key not in done and all(left[row] > 0 for row in column.rows):
            done.add(key)
            _take(left, column)
            ahead.append(n)
    return ahead


def _take(left: list[int], column: Column) -> None:
    for row in column.rows:
        left[row] -= 1


def _proposals(
    cohort: Cohort, master: Master, settled: set[int], known: Known, stop: Callable[[], bool]
) -> Relaxed:
    relaxed = master.solve()
    done = {(master.columns[n].person, master.columns[n].part) for n in settled}
    people = [
        n for n, parts in enumerate(cohort.people) if not all((n, k) in done for k in range(len(parts)))
    ]
    for _ in range(ROUNDS):
        proposed = propose(cohort, people, in_ticks(relaxed.prices), stop, known)
        if not add_gainful(proposed, cohort, master, relaxed, known):
            break
        relaxed = master.solve()
    return relaxed
