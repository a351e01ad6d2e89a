"""What a program values in a week and what changes would cost: numbers with defaults and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from iop_schedule.domain.placement.prices import Prices
from iop_schedule.domain.placement.problem import Weights
from iop_schedule.errors import NotPossible

PRICE = "_price"


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a program's valuation: its name, what it is unless set, and its bounds."""

    name: str
    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Valuation:
    """A program's numbers, in points. Source: docs/sources.md#placement-weights"""

    weights: Weights = field(default_factory=Weights)
    prices: Prices = field(default_factory=Prices)
    #: Taken off a meeting that overlaps something a person would rather keep.
    soft_cost: int = 8
    #: Gained by a meeting on a day that suits best, and lost by one on a day that does not.
    wished_day: int = 3

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> "Valuation":
        """Return the valuation with these numbers and the defaults for the rest; other names say nothing.

        Raises:
            NotPossible: a number out of its bounds; the error names it.
        """
        given = {number.name: _within(number, numbers.get(number.name, number.default)) for number in NUMBERS}
        return cls(
            weights=Weights(**{one.name: given[one.name] for one in fields(Weights)}),
            prices=Prices(**{one.name: given[one.name + PRICE] for one in fields(Prices)}),
            soft_cost=given["soft_cost"],
            wished_day=given["wished_day"],
        )

    def numbers(self) -> dict[str, int]:
        """Return every number by its name."""
        return {
            **{one.name: getattr(self.weights, one.name) for one in fields(Weights)},
            "soft_cost": self.soft_cost,
            "wished_day": self.wished_day,
            **{one.name + PRICE: getattr(self.prices, one.name) for one in fields(Prices)},
        }

    def set_numbers(self) -> dict[str, int]:
        """Return the numbers that differ from their defaults.

        >>> Valuation(soft_cost=2).set_numbers()
        {'soft_cost': 2}
        """
        plain = Valuation().numbers()
        return {name: number for name, number in self.numbers().items() if number != plain[name]}


def _bounds(name: str) -> tuple[int, int]:
    if name == "minute" + PRICE:
        return 0, 60
    if name.endswith(PRICE):
        return 1, 1000
    return (0, 10) if name == "wished_day" else (0, 100)


#: All numbers, what a week is worth before what changes cost.
NUMBERS = tuple(Number(name, default, *_bounds(name)) for name, default in Valuation().numbers().items())


def _within(number: Number, value: int) -> int:
    if not number.least <= value <= number.most:
        message = f"Enter {number.least} to {number.most} points."
        raise NotPossible(message, field=number.name)
    return value
