"""From fractions to a plan: settle the surest people, let the others choose anew, again and again."""

from collections.abc import Callable

from iop_schedule.adapters.optimizer.cohort import Cohort
from iop_schedule.adapters.optimizer.generation import Known, add_gainful, in_ticks, propose
from iop_schedule.adapters.optimizer.lp import Master, Relaxed

#: A share from here on is whole.
WHOLE = 1 - 1e-6
#: Shares from here on are settled together, so that a dive ends soon.
SURE = 0.8
#: Rounds of new proposals after each settling: more take longer and bring no more (M, seeds 1 and 3).
ROUNDS = 1


def dived(cohort: Cohort, master: Master, relaxed: Relaxed, stop: Callable[[], bool]) -> list[float] | None:
    """Return shares that are whole, close to a fractional optimum; None when stopped midway.

    The columns found on the way stay in `master`, whose bounds are as before afterwards.
    """
    settled: set[int] = set()
    known = Known(master.columns)
    try:
        while True:
            ahead = _surest(relaxed, settled)
            if not ahead:
                return relaxed.shares
            for column in ahead:
                master.settle(column)
            settled.update(ahead)
            relaxed = _proposals(cohort, master, settled, known, stop)
            if stop():
                return None
    finally:
        master.release(settled)


def _surest(relaxed: Relaxed, settled: set[int]) -> list[int]:
    """Return the columns to settle next: all sure ones, or else the largest fraction; [] at the end."""
    open_ = [(share, n) for n, share in enumerate(relaxed.shares) if share > 1 - WHOLE and n not in settled]
    if not any(share < WHOLE for share, _ in open_):
        return []
    sure = [n for share, n in open_ if share >= SURE]
    # Sure columns never crowd each other out: of those above four fifths a row holds no more than seats.
    return sure or [max(open_, key=lambda e: (e[0], -e[1]))[1]]


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
