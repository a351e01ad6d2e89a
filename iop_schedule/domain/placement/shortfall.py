"""What a whole week is short of, priced: minutes, days and service types."""

from collections.abc import Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.changes import (
    FEWER_DAY,
    MINUTES_PER_HOUR,
    MISSING_TYPE,
    SHORTER_HOUR,
    Atom,
    ChangeKind,
    hours_short,
)
from iop_schedule.domain.placement.day_search import Chain, Step, members
from iop_schedule.domain.placement.priced_day import PRICE_UNITS
from iop_schedule.domain.placement.week_bound import from_the_top
from iop_schedule.domain.placement.week_join import States
from iop_schedule.domain.placement.week_limits import Found, Limits

#: How far below the best that minutes alone allow the cheapest week is looked for, before it is anywhere.
_LOOKS = (PRICE_UNITS * 25, PRICE_UNITS * 90)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Prices what a whole week is short of."""

    limits: Limits
    required: tuple[str, ...]
    ruled_out: frozenset[Atom]
    #: Only weeks worth more are looked for.
    floor: int | None = None

    def best(self, days: Sequence[Sequence[Step]]) -> Found | None:
        """Return the cheapest week that has at least one meeting."""
        for states, bar in from_the_top(days, self.limits, _LOOKS, self._at_most, self.floor):
            best = self._best_of(states)
            if best is not None and (bar is None or best.value > bar):
                return best
        return None

    def _best_of(self, states: States) -> Found | None:
        best: tuple[int, Chain] | None = None
        for kind, by_minutes in states.items():
            for minutes, (value, chain) in by_minutes.items():
                price = None if chain is None else self._price(minutes, *kind)
                if chain is None or price is None:
                    continue
                total = value - self._over(minutes) - PRICE_UNITS * price
                if best is None or total > best[0]:
                    best = (total, chain)
        return None if best is None else Found(best[0], tuple(sorted(members(best[1]))))

    def _at_most(self, minutes: int) -> int | None:
        """Return what a week of so many minutes is worth beside its days when it lacks nothing else."""
        price = self._price(minutes, self.limits.least_days, self.limits.types)
        return None if price is None else -self._over(minutes) - PRICE_UNITS * price

    def _over(self, minutes: int) -> int:
        return self.limits.over_price * max(0, minutes - self.limits.least_minutes)

    def _price(self, minutes: int, days: int, types: int) -> int | None:
        short = max(0, self.limits.least_minutes - minutes)
        fewer = max(0, self.limits.least_days - days)
        missing = [t for n, t in enumerate(self.required) if not types >> n & 1]
        atoms: set[Atom] = {(ChangeKind.SERVICE_TYPE, t) for t in missing}
        atoms |= {(ChangeKind.DOSE, None)} if short else set()
        atoms |= {(ChangeKind.DAYS, None)} if fewer else set()
        # Hours less are a proposal only as long as something of the dose remains.
        nothing_left = short > 0 and hours_short(short) * MINUTES_PER_HOUR >= self.limits.least_minutes
        if nothing_left or atoms & self.ruled_out:
            return None
        return SHORTER_HOUR * hours_short(short) + FEWER_DAY * fewer + MISSING_TYPE * len(missing)
