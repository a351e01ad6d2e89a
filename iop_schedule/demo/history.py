"""How invented people attended: a few plain patterns, so that every list has something true to say."""

from dataclasses import dataclass
from datetime import date
from random import Random

from iop_schedule.vocabulary import AttendanceStatus

#: How often each pattern occurs among forty people, in this order.
PATTERNS = (
    ("steady", 18), ("usual", 10), ("patchy", 4), ("stopped", 2), ("fading", 2), ("one-weekday", 2),
    ("excused", 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened at one session: minutes late or early count off the session."""

    status: AttendanceStatus
    minutes_late: int = 0


def pattern_of(number: int) -> str:
    """Return the pattern of the client with this number; the mix repeats every forty people."""
    # 17 and 40 share no factor, so neighbors get different patterns and the mix comes out exact.
    place = number * 17 % sum(count for _, count in PATTERNS)
    for name, count in PATTERNS:
        if place < count:
            return name
        place -= count
    raise AssertionError


def outcome(pattern: str, day: date, *, today: date, rng: Random) -> Outcome:
    """Return what happened on `day` for someone with `pattern`."""
    weeks_ago = (today - day).days // 7
    chance = {"steady": 0.97, "usual": 0.88, "patchy": 0.62, "excused": 0.75}.get(pattern, 0.95)
    if pattern == "stopped" and weeks_ago < 2:  # noqa: PLR2004
        chance = 0.0
    elif pattern == "fading":
        chance = max(0.2, min(0.95, 0.25 + 0.15 * weeks_ago))
    elif pattern == "one-weekday" and weeks_ago < 4 and day.weekday() in {1, 3}:  # noqa: PLR2004
        chance = 0.15
    if rng.random() < chance:
        if rng.random() < 0.08:  # noqa: PLR2004 - about one in twelve comes late
            return Outcome(AttendanceStatus.ATTENDED_PART, minutes_late=rng.choice((10, 15, 20, 35, 60)))
        return Outcome(AttendanceStatus.ATTENDED)
    told_us = 0.8 if pattern == "excused" else 0.3
    return Outcome(AttendanceStatus.EXCUSED if rng.random() < told_us else AttendanceStatus.NO_SHOW)
