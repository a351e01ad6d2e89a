"""How long people stay: the Kaplan-Meier curve from the first session attended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

#: Source: docs/sources.md#program-measures
RETENTION_DAYS = 90

#: Normal deviate of a 95 % interval.
_DEVIATE = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Stay:
    """How many days someone was followed from admission, and whether they left then.

    Not left is everyone still in care, and everyone who finished or moved on as planned.
    """

    days: int
    left: bool


@dataclass(frozen=True, slots=True)
class RetentionPoint:
    """The Kaplan-Meier estimate just after one day on which someone left."""

    day: int
    at_risk: int
    left: int
    retained: float
    low95: float
    high95: float


def retention(stays: Sequence[Stay], *, days: int = RETENTION_DAYS) -> tuple[RetentionPoint, ...]:
    """Return the Kaplan-Meier curve of staying in care up to `days`, one point per day someone left.

    Intervals are 95 % on the log-log scale (Greenwood's variance), so they stay within 0 and 1. People
    whose follow-up ends on a day are at risk on that day.

    >>> [p.retained for p in retention([Stay(10, True), Stay(20, False), Stay(30, True), Stay(40, False)])]
    [0.75, 0.375]
    """
    points = []
    retained, variance = 1.0, 0.0
    for day in sorted({stay.days for stay in stays if stay.left and stay.days <= days}):
        at_risk = at_risk_on(day, stays)
        left = sum(stay.left and stay.days == day for stay in stays)
        retained *= 1 - left / at_risk
        variance += left / (at_risk * (at_risk - left)) if at_risk > left else 0.0
        points.append(RetentionPoint(day, at_risk, left, retained, *_interval(retained, variance)))
    return tuple(points)


def may_be_shown(curve: Sequence[RetentionPoint], *, smallest: int) -> tuple[RetentionPoint, ...]:
    """Return the curve up to the day on which fewer than `smallest` people are still followed."""
    return tuple(point for point in curve if point.at_risk - point.left >= smallest)


def retained_at(day: int, curve: Sequence[RetentionPoint]) -> float:
    """Return the estimated share still in care after `day`; 1.0 before anyone left."""
    reached = [point.retained for point in curve if point.day <= day]
    return reached[-1] if reached else 1.0


def at_risk_on(day: int, stays: Iterable[Stay]) -> int:
    """Return how many were still followed on `day`: the number printed under the curve."""
    return sum(stay.days >= day for stay in stays)


def _interval(retained: float, variance: float) -> tuple[float, float]:
    if not 0 < retained < 1:
        return retained, retained
    spread = exp(_DEVIATE * sqrt(variance) / -log(retained))
    return retained**spread, retained ** (1 / spread)
