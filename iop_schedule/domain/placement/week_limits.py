"""What makes a week legal, and a week that was found."""

from dataclasses import dataclass

DAYS_IN_WEEK = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a legal week, and the prices that belong to the week rather than to a meeting."""

    least_minutes: int
    most_minutes: int
    least_days: int
    most_minutes_per_day: int
    #: All required service types, one bit each.
    types: int
    #: Per day attended, and per minute beyond `least_minutes`.
    day_price: int
    over_price: int
    #: Follow minutes, days and types without insisting on the least of them.
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A week and its value; `chosen` are places in the list of candidates, in order."""

    value: int
    chosen: tuple[int, ...]
