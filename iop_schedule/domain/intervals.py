"""Half-open intervals `[start, end)`: overlap, union, subtract, on anything that can be ordered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

#: Minutes of a day or week as integers, or instants.
T = TypeVar("T", int, datetime)


@dataclass(frozen=True, slots=True, order=True)
class Interval(Generic[T]):
    """A stretch that includes its start and excludes its end, so back-to-back ones do not overlap.

    >>> Interval(9, 12).overlaps(Interval(12, 13))
    False
    """

    start: T
    end: T

    def __post_init__(self) -> None:
        """Refuse an interval that does not end after it starts."""
        if not self.start < self.end:
            message = f"an interval must end after it starts: {self.start} to {self.end}"
            raise ValueError(message)

    def overlaps(self, other: "Interval[T]") -> bool:
        """Return True when the two share more than a boundary."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "Interval[T]") -> bool:
        """Return True when `other` lies inside this one."""
        return self.start <= other.start and other.end <= self.end


def union(intervals: Iterable[Interval[T]]) -> list[Interval[T]]:
    """Return the same time as the fewest disjoint intervals, in order.

    >>> union([Interval(9, 12), Interval(12, 13), Interval(15, 16)])
    [Interval(start=9, end=13), Interval(start=15, end=16)]
    """
    merged: list[Interval[T]] = []
    for interval in sorted(intervals, key=lambda i: (i.start, i.end)):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def subtract(whole: Iterable[Interval[T]], taken: Iterable[Interval[T]]) -> list[Interval[T]]:
    """Return what is left of `whole` without `taken`, disjoint and in order.

    >>> subtract([Interval(9, 17)], [Interval(12, 13)])
    [Interval(start=9, end=12), Interval(start=13, end=17)]
    """
    left: list[Interval[T]] = []
    cuts = union(taken)
    for interval in union(whole):
        start = interval.start
        for cut in cuts:
            if cut.end <= start:
                continue
            if cut.start >= interval.end:
                break
            if start < cut.start:
                left.append(Interval(start, cut.start))
            start = max(start, cut.end)
        if start < interval.end:
            left.append(Interval(start, interval.end))
    return left
