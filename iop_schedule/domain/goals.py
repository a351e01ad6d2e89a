"""What a client wants time for, and whether their week leaves it free."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iop_schedule.domain.intervals import Interval
from iop_schedule.errors import Conflict, NotPossible

LONGEST_WORDS = 120
#: More than so many are no goals any more.
MOST = 5


class BadGoal(NotPossible):
    """Say in a few words what you want time for."""


class EnoughGoals(Conflict):
    """You have five goals. Take one off the list first."""


def goal_words(words: str) -> str:
    """Return what a goal is called, blanks collapsed.

    Raises:
        BadGoal: nothing is left of it, or it is too long.
    """
    said = " ".join(words.split())
    if not said:
        raise BadGoal(field="words")
    if len(said) > LONGEST_WORDS:
        message = f"Keep this under {LONGEST_WORDS} characters."
        raise BadGoal(message, field="words")
    return said


@dataclass(frozen=True, slots=True)
class DayParts:
    """One day, in minutes from midnight: the client's own times by name, and their sessions."""

    own: tuple[tuple[str, Interval[int]], ...]
    sessions: tuple[Interval[int], ...]


@dataclass(frozen=True, slots=True)
class KeptTime:
    """The time of a goal on one day of the week."""

    #: Which of the given days, counted from 0.
    day: int
    time: Interval[int]
    #: No session falls into it.
    is_free: bool


def kept_times(title: str, days: Sequence[DayParts]) -> tuple[KeptTime, ...]:
    """Return the times of a week that carry the name `title`, and which of them stay free.

    Capitals do not matter: a goal names the time as the client did.
    """
    return tuple(_kept(title, days))


def _kept(title: str, days: Sequence[DayParts]) -> Iterable[KeptTime]:
    for number, day in enumerate(days):
        for name, time in day.own:
            if title and name.casefold() == title.casefold():
                yield KeptTime(number, time, not any(time.overlaps(one) for one in day.sessions))
