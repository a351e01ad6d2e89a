"""What a whole week is short of, priced: minutes, days and service types."""

from collections.abc import Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.changes import (
    MINUTES_PER_HOUR,
    Atom,
    ChangeKind,
    hours_short,
)
from iop_schedule.domain.placement.day_search import Chain, members
from iop_schedule.domain.placement.priced_day import PRICE_UNITS
from iop_schedule.domain.placement.prices import Prices
from iop_schedule.domain.placement.week_bound import Ladders
from iop_schedule.domain.placement.week_join import Day, States
from iop_schedule.domain.placement.week_limits import Found, Limits

#: How far below the best that minutes alone allow the cheapest week is looked for, before it is anywhere.
_LOOKS = (PRICE_UNITS * 25, PRICE_UNITS * 90, PRICE_UNITS * 170)


@dataclass(frozen=True, slots=True)
class _Hours:
    """Says what the minutes of a week are worth, too many and too few; None when there may not be so few."""

    limits: Limits
    price: int
    may_be_short: bool

    def __call__(self, minutes: int) -> int | None:
        short = self.limits.least_minutes - minutes
        if short <= 0:
            return self.limits.over_price * short
        hours = hours_short(short)
        # Hours less are a proposal only as long as something of the dose remains.
        if not self.may_be_short or hours * MINUTES_PER_HOUR >= self.limits.least_minutes:
            return None
        return -PRICE_UNITS * self.price * hours


class Shortfall:
    """Finds the cheapest week when minutes, days and service types may be missing, each at its price.

    Args:
        limits: the limits of a legal week; lenient.
        required: the service types of which the week needs one meeting each.
        ruled_out: what may not be missing.
        prices: what each costs.
    """

    def __init__(
        self, limits: Limits, required: Sequence[str], ruled_out: frozenset[Atom], prices: Prices
    ) -> None:
        self._limits, self._required, self._prices = limits, tuple(required), prices
        self._fewer_allowed = (ChangeKind.DAYS, None) not in ruled_out
        #: The service types that must not be missing, as bits.
        self._must = sum(
            1 << n for n, t in enumerate(self._required) if (ChangeKind.SERVICE_TYPE, t) in ruled_out
        )
        self._hours = _Hours(limits, prices.hour, may_be_short=(ChangeKind.DOSE, None) not in ruled_out)
        self._ladders = Ladders(limits, self._hours)

    def best(self, days: Sequence[Day], floor: int | None = None) -> Found | None:
        """Return the cheapest week that has at least one meeting and is worth more than `floor`."""
        for states, bar in self._ladders.from_the_top(days, self._limits, _LOOKS, floor):
            best = self._best_of(states)
            if best is not None and (bar is None or best.value > bar):
                return best
        return None

    def _best_of(self, states: States) -> Found | None:
        best: tuple[int, Chain] | None = None
        for (days, types), by_minutes in states.items():
            missing = self._missing(days, types)
            if missing is None:
                continue
            for minutes, (value, chain) in by_minutes.items():
                end = self._hours(minutes)
                if (
                    chain is not None
                    and end is not None
                    and (best is None or value + end > best[0] + missing)
                ):
                    best = (value + end - missing, chain)
        return None if best is None else Found(best[0], tuple(sorted(members(best[1]))))

    def _missing(self, days: int, types: int) -> int | None:
        """Return what missing days and service types cost; None when they may not be missing."""
        fewer = max(0, self._limits.least_days - days)
        missing = self._limits.types & ~types
        if (fewer and not self._fewer_allowed) or missing & self._must:
            return None
        return PRICE_UNITS * (self._prices.day * fewer + self._prices.service_type * missing.bit_count())
