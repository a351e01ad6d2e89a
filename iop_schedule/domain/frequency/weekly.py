"""The numbers of one program week, and of several in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from iop_schedule.domain.civil_time import ProgramWeek


@dataclass(frozen=True, slots=True)
class WeeklyFrequency:
    """What one program week, or several in a row, offered and delivered to one client.

    Make-ups are in `delivered_minutes` and `days_attended` but not in `sessions_attended`, which is
    out of `sessions_held`. Sessions not recorded are in no other number.
    """

    first_week: ProgramWeek
    weeks: int = 1
    #: Attended minutes, make-ups included.
    delivered_minutes: int = 0
    #: Minutes of the sessions that were held and recorded, excused ones included.
    eligible_minutes: int = 0
    prescribed_minutes: int = 0
    prescribed_days: int = 0
    sessions_attended: int = 0
    sessions_held: int = 0
    make_ups_attended: int = 0
    days_attended: int = 0
    billable_days: int = 0
    excused: int = 0
    not_recorded: int = 0
    recorded: int = 0
    #: Minutes of sessions still to come and of sessions waiting for their record.
    upcoming_minutes: int = 0
    not_recorded_minutes: int = 0
    #: Weeks in which the minimum of the level of care was judged and met; see `LevelOfCareMet`.
    delivered_met: int = 0
    delivered_judged: int = 0
    offered_met: int = 0
    offered_judged: int = 0

    @property
    def last_week(self) -> ProgramWeek:
        """Return the last week included."""
        return self.first_week.shifted(self.weeks - 1)

    @property
    def ratio(self) -> float | None:
        """Return delivered over eligible minutes; None when nothing was held, which is not zero.

        Above 1.0 when make-ups brought more than the week had offered.
        """
        return self.delivered_minutes / self.eligible_minutes if self.eligible_minutes else None

    @property
    def of_prescribed(self) -> float | None:
        """Return delivered over prescribed minutes; None when nothing was prescribed."""
        return self.delivered_minutes / self.prescribed_minutes if self.prescribed_minutes else None

    @property
    def completeness(self) -> float | None:
        """Return the share of sessions held whose attendance is recorded; None when none was held."""
        held = self.recorded + self.not_recorded
        return self.recorded / held if held else None

    @property
    def level_of_care_delivered(self) -> bool | None:
        """Return whether what was delivered met the minimum in every week judged; None if none was."""
        return self.delivered_met == self.delivered_judged if self.delivered_judged else None

    @property
    def level_of_care_offered(self) -> bool | None:
        """Return whether what was scheduled met the minimum: if not, the shortfall is the program's."""
        return self.offered_met == self.offered_judged if self.offered_judged else None

    @property
    def goal_met(self) -> bool | None:
        """Return whether the prescribed minutes were reached; None when none were prescribed."""
        return self.delivered_minutes >= self.prescribed_minutes if self.prescribed_minutes else None

    def __add__(self, later: "WeeklyFrequency") -> "WeeklyFrequency":
        """Return both spans as one; `later` must begin in the week after this one ends."""
        if later.first_week != self.last_week.shifted(1):
            message = f"{later.first_week} does not follow {self.last_week}"
            raise ValueError(message)
        sums = {name: getattr(self, name) + getattr(later, name) for name in _SUMMED}
        return WeeklyFrequency(self.first_week, **sums)


_SUMMED = tuple(name for name in WeeklyFrequency.__dataclass_fields__ if name != "first_week")


def total(weeks: Sequence[WeeklyFrequency]) -> WeeklyFrequency:
    """Return several weeks in a row as one value. At least one week is needed."""
    return reduce(WeeklyFrequency.__add__, weeks)


def trailing(weeks: Sequence[WeeklyFrequency], *, until: ProgramWeek, count: int) -> WeeklyFrequency | None:
    """Return the `count` weeks up to and including `until` as one value; None when none is there."""
    wanted = [w for w in weeks if until.shifted(1 - count) <= w.first_week <= until]
    return total(wanted) if wanted else None


def weeks_between(first: date, last: date) -> int:
    """Return how many program weeks touch the days from `first` to `last`."""
    monday = ProgramWeek.containing(first).monday
    return (ProgramWeek.containing(last).monday - monday) // timedelta(weeks=1) + 1
