"""What a client's week already holds, and therefore when they can come.

Everything here is the site's wall clock: a commitment from 1:00 pm to 9:00 pm stays there when clocks
change. Minutes count from midnight; intervals include their start and exclude their end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from iop_schedule.domain.civil_time import days_between, minutes_of_day, monday_of, parity
from iop_schedule.domain.intervals import Interval, subtract, union
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity

DAY_MINUTES = 24 * 60
LONGEST_TRIP = 240
LONGEST_LABEL = 120
#: Days outside these years are typing mistakes.
YEARS = range(2000, 2101)
#: The part of a day that treatment may fall into, in minutes from midnight.
OPENING = Interval(7 * 60, 21 * 60)

KIND_WORDS = {
    ConstraintKind.WORK: "Work",
    ConstraintKind.CAREGIVING: "Family care",
    ConstraintKind.SCHOOL: "School",
    ConstraintKind.HEALTH: "Health appointment",
    ConstraintKind.LEGAL: "Legal appointment",
    ConstraintKind.TRANSPORT: "Transport",
    ConstraintKind.OTHER: "Something else",
}


class BadCommitment(NotPossible):
    """This time cannot be saved. Check the day and the times and try again."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """One weekly or dated stretch during which a client cannot come, or would rather not.

    Either `weekday` or `day` is set. `from_day`, `until_day`, `exceptions` and the week's parity are
    about the day on which it begins: a Sunday night shift that ends on Monday morning belongs to Sunday.

    Raises:
        BadCommitment: the parts contradict each other; the sentence names what to change.
    """

    kind: ConstraintKind
    local_start: time
    local_end: time
    from_day: date
    #: Last day it begins on, included; open while None.
    until_day: date | None = None
    weekday: Weekday | None = None
    day: date | None = None
    label: str = ""
    ends_next_day: bool = False
    week: WeekParity = WeekParity.EVERY
    #: Any day of a week A.
    anchor_day: date | None = None
    exceptions: frozenset[date] = field(default_factory=frozenset)
    #: True: cannot move. False: would rather not.
    hard: bool = True
    #: False: nobody is to suggest that it might change; only for one that cannot move.
    negotiable: bool = True
    #: Minutes needed to get to it, and to get away from it.
    travel_before: int = 0
    travel_after: int = 0
    #: The row it was read from, if any.
    id: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot happen."""
        _check_days(self)
        _check_times(self)
        if not self.hard and not self.negotiable:
            message = "What can move is open to change. Choose one of the two."
            raise BadCommitment(message, field="negotiable")
        if len(self.label) > LONGEST_LABEL:
            message = f"Keep the description under {LONGEST_LABEL} characters."
            raise BadCommitment(message, field="label")
        for name in ("travel_before", "travel_after"):
            if not 0 <= getattr(self, name) <= LONGEST_TRIP:
                message = f"Enter the travel time as 0 to {LONGEST_TRIP} minutes."
                raise BadCommitment(message, field=name)

    @property
    def is_weekly(self) -> bool:
        """Return True for one that repeats, False for a single date."""
        return self.weekday is not None

    @property
    def start_minute(self) -> int:
        """Return minutes from midnight of the day it begins on."""
        return minutes_of_day(self.local_start)

    @property
    def end_minute(self) -> int:
        """Return minutes from midnight of the day it begins on; above 1440 when it ends the next day."""
        return minutes_of_day(self.local_end) + (DAY_MINUTES if self.ends_next_day else 0)

    def begins_on(self, day: date) -> bool:
        """Return True when one of these begins on `day`."""
        if self.day is not None:
            return day == self.day
        return (
            day.weekday() == self.weekday
            and self.from_day <= day
            and (self.until_day is None or day <= self.until_day)
            and day not in self.exceptions
            and self.in_week_of(day)
        )

    def in_week_of(self, day: date) -> bool:
        """Return True when the week of `day` is one of its weeks, were it to repeat for ever."""
        if self.week is WeekParity.EVERY or self.anchor_day is None:
            return True
        return parity(day, self.anchor_day) is self.week


def _check_days(commitment: Commitment) -> None:
    if (commitment.weekday is None) == (commitment.day is None):
        message = "Choose either a day of the week or one date."
        raise BadCommitment(message, field="weekday")
    for name in ("day", "from_day", "until_day", "anchor_day"):
        given: date | None = getattr(commitment, name)
        if given is not None and given.year not in YEARS:
            message = f"Enter a date between {YEARS[0]} and {YEARS[-1]}."
            raise BadCommitment(message, field=name)
    if commitment.until_day is not None and commitment.until_day < commitment.from_day:
        message = "The last day must not be before the first day."
        raise BadCommitment(message, field="until_day")
    if commitment.week is not WeekParity.EVERY and commitment.anchor_day is None:
        message = "For every other week, enter a date on which it happens."
        raise BadCommitment(message, field="anchor_day")


def _check_times(commitment: Commitment) -> None:
    if commitment.local_start.tzinfo or commitment.local_end.tzinfo:
        message = "a commitment is wall clock: its times carry no zone"
        raise ValueError(message)
    length = commitment.end_minute - commitment.start_minute
    if length <= 0:
        message = "The end must be after the start. For a night shift, say that it ends the next day."
        raise BadCommitment(message, field="local_end")
    if length > DAY_MINUTES:
        message = "This would last longer than a day. Check the end, or whether it ends the next day."
        raise BadCommitment(message, field="local_end")


@dataclass(frozen=True, slots=True)
class Busy:
    """One stretch of one day, and the commitment it belongs to."""

    interval: Interval[int]
    commitment: Commitment


def busy_on(commitments: Iterable[Commitment], day: date, *, travel: bool = True) -> list[Busy]:
    """Return what `day` already holds, in order of time; overnight ones spill in from the day before.

    Args:
        commitments: of one client, hard and soft.
        day: on the site's calendar.
        travel: whether the commitments' own travel times count.

    Returns:
        Stretches within the day, in minutes from midnight; they may overlap each other.
    """
    found = [
        Busy(piece, commitment)
        for commitment in commitments
        for piece in _pieces(commitment, day, travel=travel)
    ]
    return sorted(found, key=lambda busy: (busy.interval.start, busy.interval.end, busy.commitment.id or 0))


def _pieces(commitment: Commitment, day: date, *, travel: bool) -> list[Interval[int]]:
    """Return the parts of `day` taken by what begins the day before, that day, or (for travel) after."""
    before, after = (commitment.travel_before, commitment.travel_after) if travel else (0, 0)
    first, last = commitment.start_minute - before, commitment.end_minute + after
    pieces = []
    for offset in (-2, -1, 0, 1):
        if not commitment.begins_on(day + timedelta(days=offset)):
            continue
        start = max(0, first + offset * DAY_MINUTES)
        end = min(DAY_MINUTES, last + offset * DAY_MINUTES)
        if start < end:
            pieces.append(Interval(start, end))
    return pieces


def weekly_view(
    commitments: Iterable[Commitment], *, anchor: date, last_day: date | None = None
) -> dict[WeekParity, dict[Weekday, list[Busy]]]:
    """Return the typical weeks A and B, Monday to Sunday; week A is the week of `anchor`.

    Counts every weekly commitment in force on any day from the Monday of `anchor` to `last_day` (two
    weeks when not given). Single dates and exceptions are left out: they are not typical.
    """
    monday = monday_of(anchor)
    last = last_day or monday + timedelta(days=13)
    typical = [_without_limits(c, monday) for c in commitments if c.is_weekly and _in_force(c, monday, last)]
    return {
        word: {weekday: busy_on(typical, monday + timedelta(days=offset + weekday)) for weekday in Weekday}
        for word, offset in ((WeekParity.A, 0), (WeekParity.B, 7))
    }


def _in_force(commitment: Commitment, first: date, last: date) -> bool:
    return commitment.from_day <= last and (commitment.until_day is None or commitment.until_day >= first)


def _without_limits(commitment: Commitment, monday: date) -> Commitment:
    """Return the same commitment as if it had always been so and never paused."""
    return Commitment(
        kind=commitment.kind,
        label=commitment.label,
        weekday=commitment.weekday,
        local_start=commitment.local_start,
        local_end=commitment.local_end,
        ends_next_day=commitment.ends_next_day,
        week=commitment.week,
        anchor_day=commitment.anchor_day,
        from_day=monday - timedelta(days=14),
        hard=commitment.hard,
        negotiable=commitment.negotiable,
        travel_before=commitment.travel_before,
        travel_after=commitment.travel_after,
        id=commitment.id,
    )


def free_windows(
    commitments: Iterable[Commitment],
    day: date,
    *,
    opening: Interval[int] = OPENING,
    travel_minutes: int = 0,
) -> list[Interval[int]]:
    """Return the stretches of `day` in which a session could lie, given the hard commitments.

    A session from start to end of such a stretch leaves room for the trip: the client's own trip to the
    site and the commitment's own travel time are not added up, the longer one counts.

    Args:
        commitments: of one client; soft ones do not take time away.
        day: on the site's calendar.
        opening: when the site holds sessions.
        travel_minutes: the client's trip to the site, one way; 0 for telehealth.
    """
    hard = [c for c in commitments if c.hard]
    taken = [busy.interval for busy in busy_on(hard, day)]
    bare = [busy.interval for shift in (-1, 0, 1) for busy in _shifted(hard, day, shift)]
    around = [Interval(i.start - travel_minutes, i.end + travel_minutes) for i in bare]
    return subtract([opening], union(taken + around))


def _shifted(commitments: Sequence[Commitment], day: date, days: int) -> list[Busy]:
    """Return a neighboring day's stretches, counted from midnight of `day`."""
    minutes = days * DAY_MINUTES
    return [
        Busy(Interval(b.interval.start + minutes, b.interval.end + minutes), b.commitment)
        for b in busy_on(commitments, day + timedelta(days=days), travel=False)
    ]


@dataclass(frozen=True, slots=True)
class DatedSlot:
    """One session as the availability rules see it: a day, minutes from midnight, a trip."""

    day: date
    start_minute: int
    end_minute: int
    #: The client's trip to the site, one way; 0 for telehealth.
    travel_minutes: int = 0
    #: Whatever the caller knows it by.
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """A session and a commitment that want the same time."""

    slot: DatedSlot
    commitment: Commitment
    #: Minutes of the session itself that are taken; 0 when only the trip does not fit.
    minutes: int


def clashes(commitments: Iterable[Commitment], slots: Iterable[DatedSlot]) -> list[Clash]:
    """Return every pair of a session and a commitment that want the same time, in order of day.

    Half-open: a session that begins when a shift ends is fine, unless one of the two needs a trip in
    between. Of the client's trip and the commitment's own travel time the longer one counts.
    Soft commitments are included; `clash.commitment.hard` tells.

    Source: docs/sources.md#commitments
    """
    listed = list(commitments)
    found = []
    for slot in sorted(slots, key=lambda s: (s.day, s.start_minute, s.key or 0)):
        for commitment in listed:
            minutes = _wanted_by_both(commitment, slot)
            if minutes is not None:
                found.append(Clash(slot, commitment, minutes))
    return found


def _wanted_by_both(commitment: Commitment, slot: DatedSlot) -> int | None:
    """Return the minutes of the session taken by the commitment; None when they do not clash."""
    minutes, touched = 0, False
    first, last = commitment.start_minute, commitment.end_minute
    for offset in (-2, -1, 0, 1):
        start, end = slot.start_minute - offset * DAY_MINUTES, slot.end_minute - offset * DAY_MINUTES
        own_trip = first < end + slot.travel_minutes and start - slot.travel_minutes < last
        its_trip = first - commitment.travel_before < end and start < last + commitment.travel_after
        # The calendar is asked last: most pairs are already apart on the clock.
        if (own_trip or its_trip) and commitment.begins_on(slot.day + timedelta(days=offset)):
            touched = True
            minutes += max(0, min(last, end) - max(first, start))
    return minutes if touched else None


def in_words(commitment: Commitment, *, reason: bool = True) -> str:
    """Return the commitment as a person would say it.

    >>> in_words(Commitment(kind=ConstraintKind.WORK, weekday=Weekday.MO, local_start=time(13),
    ...     local_end=time(21), week=WeekParity.A, anchor_day=date(2026, 3, 2), from_day=date(2026, 3, 2)))
    'Work, Mondays 1:00 pm to 9:00 pm, every other week from Mar 2'

    Args:
        commitment: what to say.
        reason: False for people who may see that the client is busy, but not why.
    """
    parts = [_what(commitment) if reason else "Busy", f"{_when(commitment)} {_times(commitment)}"]
    if commitment.week is not WeekParity.EVERY:
        parts.append(f"every other week from {_short(_first_week(commitment))}")
    if commitment.until_day is not None and commitment.is_weekly:
        parts.append(f"until {_short(commitment.until_day)}")
    if not commitment.hard:
        parts.append("would rather not")
    return ", ".join(parts)


def _what(commitment: Commitment) -> str:
    word = KIND_WORDS[commitment.kind]
    return f"{word} ({commitment.label})" if commitment.label else word


def _when(commitment: Commitment) -> str:
    if commitment.day is not None:
        return f"{commitment.day:%a}, {_short(commitment.day)},"
    monday = date(2026, 1, 5)
    return f"{monday + timedelta(days=int(commitment.weekday or 0)):%A}s"


def _times(commitment: Commitment) -> str:
    end = "midnight" if commitment.end_minute == DAY_MINUTES else _clock(commitment.local_end)
    overnight = " the next day" if commitment.end_minute > DAY_MINUTES else ""
    return f"{_clock(commitment.local_start)} to {end}{overnight}"


def _first_week(commitment: Commitment) -> date:
    """Return the first day the commitment begins on, were there no exceptions."""
    for day in days_between(commitment.from_day, commitment.from_day + timedelta(days=13)):
        if day.weekday() == commitment.weekday and commitment.in_week_of(day):
            return day
    return commitment.from_day


def _clock(wall: time) -> str:
    return f"{wall.hour % 12 or 12}:{wall.minute:02} {'am' if wall.hour < 12 else 'pm'}"  # noqa: PLR2004


def _short(day: date) -> str:
    return f"{day:%b} {day.day}"
