"""The prescribed dose, and which one is in force on a day.

A dose holds from its first day until the next dose of the same enrollment begins. Pauses (hospital,
leave) leave the dose in place; the days in them do not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import PauseReason, ServiceType

TREATMENT_DAYS = 5


class BadDose(NotPossible):
    """This dose cannot be prescribed. Check the highlighted numbers."""


class BadPause(NotPossible):
    """This pause cannot be saved. Check its days."""


#: Field, smallest, largest, and the sentence when it is outside.
_LIMITS = (
    ("minutes", 0, 3000, "Enter 0 to 50 hours a week."),
    ("over_minutes", 0, 600, "Enter how far a week may go over as 0 to 10 hours."),
    ("minimum_days", 0, TREATMENT_DAYS, "Enter 0 to 5 days; treatment happens Monday to Friday."),
    ("most_minutes_a_day", 30, 720, "Enter the most for one day as half an hour to 12 hours."),
)


@dataclass(frozen=True, slots=True)
class Dose:
    """Treatment minutes and distinct weekdays a program week, from a day on.

    Raises:
        BadDose: a number is out of range, or the week cannot hold the minutes.

    Source: docs/sources.md#weekly-dose
    """

    from_day: date
    minutes: int
    #: How far a weekly plan may go beyond that.
    over_minutes: int = 90
    minimum_days: int = 3
    most_minutes_a_day: int = 360
    #: Service types of which at least one session a week is needed.
    required_services: frozenset[ServiceType] = field(default_factory=frozenset)
    #: Who ordered it, as the plan of care names them.
    ordered_by: str = ""
    #: A recorded step-down. Source: docs/sources.md#step-down
    step_down: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that no week can hold."""
        for name, smallest, largest, sentence in _LIMITS:
            if not smallest <= getattr(self, name) <= largest:
                raise BadDose(sentence, field=name)
        if self.minutes > TREATMENT_DAYS * self.most_minutes_a_day:
            message = "Five days cannot hold this many hours. Raise the most for one day, or lower the week."
            raise BadDose(message, field="most_minutes_a_day")


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count, both ends included; open while `until_day` is None."""

    from_day: date
    reason: PauseReason
    until_day: date | None = None

    def __post_init__(self) -> None:
        """Refuse a pause that ends before it begins."""
        if self.until_day is not None and self.until_day < self.from_day:
            message = "The last day of the pause must not be before its first day."
            raise BadPause(message, field="until_day")

    def covers(self, day: date) -> bool:
        """Return True when `day` does not count."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)

    def overlaps(self, other: "Pause") -> bool:
        """Return True when the two share a day."""
        return self.covers(other.from_day) or other.covers(self.from_day)


def dose_on(doses: Iterable[Dose], day: date) -> Dose | None:
    """Return the dose in force on `day`: the latest that has begun; None before the first.

    >>> step_down = [Dose(date(2026, 1, 5), 540), Dose(date(2026, 3, 2), 360)]
    >>> [dose_on(step_down, d).minutes for d in (date(2026, 3, 1), date(2026, 3, 2))]
    [540, 360]
    """
    begun = [dose for dose in doses if dose.from_day <= day]
    return max(begun, key=lambda dose: dose.from_day, default=None)


def is_paused(pauses: Iterable[Pause], day: date) -> bool:
    """Return True when `day` lies in a pause."""
    return any(pause.covers(day) for pause in pauses)


def below_level(dose: Dose, *, minimum_minutes: int, minimum_days: int) -> list[str]:
    """Return why a dose is below its program's level of care, as sentences; empty when it is not.

    Being below is legitimate while stepping down for a week or two; the sentences are for people to
    read, nothing is refused.

    Source: docs/sources.md#weekly-dose
    """
    reasons = []
    if dose.minutes < minimum_minutes:
        reasons.append(
            f"{dose.minutes / 60:g} hours a week is below the {minimum_minutes / 60:g} hours of this program."
        )
    if dose.minimum_days < minimum_days:
        reasons.append(f"{_days(dose.minimum_days)} a week is below the {minimum_days} days of this program.")
    return reasons


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
