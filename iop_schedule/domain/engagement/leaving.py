"""Who left, as attendance tells it: came, then missed, and did not come back.

Programs write a last day, but seldom whether it was planned. So a departure is read from the sessions: at
least two expected ones missed after the last one attended, and then either the end of the episode or four
weeks in care without coming. Make-ups are offers, kept or missed. Someone on a pause, or who finished
while still coming, has not left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from iop_schedule.domain.civil_time import days_between
from iop_schedule.domain.engagement.staying import Stay
from iop_schedule.domain.frequency import CareDates, SessionFact

#: Missed sessions after the last one attended that make it a departure. Source: docs/sources.md#departures
MISSES_TO_LEAVE = 2
#: After so long in care without coming anybody sees it.
PLAIN_AFTER = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Departure:
    """Someone stopped coming."""

    #: Day of the last session attended.
    last_day: date
    #: The day by which the program knew anyway: the end of the episode, or four weeks without coming.
    plain_on: date


def departure(facts: Sequence[SessionFact], *, dates: CareDates, today: date) -> Departure | None:
    """Return when this person left, as known on `today`; None when they have not, or never came.

    Source: docs/sources.md#departures
    """
    attended = [fact.local_day for fact in facts if fact.state.is_attended]
    if not attended:
        return None
    last = max(attended)
    missed = sum(fact.state.is_miss and not fact.make_up and last < fact.local_day <= today for fact in facts)
    if missed < MISSES_TO_LEAVE:
        return None
    ended, plain = _ended(dates, today), _plain_on(last, dates, today)
    if ended is not None:
        return Departure(last, plain or ended)
    return Departure(last, plain) if plain is not None and dates.in_care(today) else None


def _plain_on(last: date, dates: CareDates, today: date) -> date | None:
    """Return the day, up to today, on which they had been in care without coming for long enough."""
    in_care = (day for day in days_between(last + timedelta(days=1), today) if dates.in_care(day))
    return next(islice(in_care, PLAIN_AFTER.days - 1, None), None)


def stay(facts: Sequence[SessionFact], *, dates: CareDates, today: date) -> Stay | None:
    """Return how long this person stayed from their first session attended; None when they never came.

    Source: docs/sources.md#departures
    """
    attended = [fact.local_day for fact in facts if fact.state.is_attended]
    if not attended:
        return None
    first, left = min(attended), departure(facts, dates=dates, today=today)
    if left is not None:
        return Stay((left.last_day - first).days, left=True)
    return Stay(max(0, ((_ended(dates, today) or today) - first).days), left=False)


def _ended(dates: CareDates, today: date) -> date | None:
    until = dates.enrolled.until_day
    return until if until is not None and until <= today else None
