"""Why someone should be contacted: one structured reason per rule, each with its dates and counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from iop_schedule.domain.frequency import SessionFact


class Tier(StrEnum):
    """What to do about a client, named by the action; from the least to the most urgent."""

    NOT_SCORED = "not_scored"
    NO_ACTION = "no_action"
    CHECK_IN = "check_in"
    REACH_OUT = "reach_out"
    REACH_OUT_TODAY = "reach_out_today"

    @property
    def rank(self) -> int:
        """Return 0 for the least urgent tier and more for each one above it; for sorting a caseload."""
        return list(Tier).index(self)

    @property
    def label(self) -> str:
        """Return the words staff read."""
        return _LABELS[self]


_LABELS = {
    Tier.NOT_SCORED: "Not scored",
    Tier.NO_ACTION: "No action needed",
    Tier.CHECK_IN: "Check in",
    Tier.REACH_OUT: "Reach out",
    Tier.REACH_OUT_TODAY: "Reach out today",
}


class ReasonKind(StrEnum):
    """The rule behind a reason, in the order reasons of one tier are printed."""

    CHANGE = "change"
    LEVEL = "level"
    NO_CONTACT = "no_contact"
    EARLY = "early"
    DOSE = "dose"
    MISFIT = "misfit"


class ReviewKind(StrEnum):
    """A line for a clinician to look at; it never makes a tier."""

    EXCUSED = "excused"
    SELF_REPORT = "self_report"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that holds: its tier, a sentence with dates and counts, and the sessions behind it."""

    kind: ReasonKind
    tier: Tier
    sentence: str
    #: Occurrences the sentence speaks of, in order of time.
    occurrence_ids: tuple[int, ...] = ()
    #: First day the evidence covers, on the site's calendar.
    since: date | None = None
    #: What would help, where the rule knows: “find a time”.
    next_step: str = ""
    #: When the reason goes away, where the rule says so: “Clears after 2 attended sessions.”
    clears: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """One line in the review lane."""

    kind: ReviewKind
    sentence: str
    occurrence_ids: tuple[int, ...] = ()


#: How many dates a sentence lists before it says how many more there were.
_MOST_DATES = 8


def days_in_words(days: Iterable[date]) -> str:
    """Return dates as people write them, the month once per run, oldest first.

    >>> days_in_words([date(2026, 2, 26), date(2026, 3, 3), date(2026, 3, 5)])
    'Feb 26, Mar 3, 5'
    """
    ordered = sorted(days)
    shown = ordered[-_MOST_DATES:]
    months = [
        f"{_MONTHS[month - 1]} " + ", ".join(str(day.day) for day in run)
        for (_, month), run in groupby(shown, key=lambda d: (d.year, d.month))
    ]
    earlier = len(ordered) - len(shown)
    return ", ".join(months) + (f" and {earlier} earlier" if earlier else "")


def day_in_words(day: date) -> str:
    """Return one date as people write it: “Mar 3”."""
    return f"{_MONTHS[day.month - 1]} {day.day}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: “1 session”, “2 sessions”."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def hours_in_words(minutes: int) -> str:
    """Return minutes as hours with at most one decimal: “6”, “7.5”.

    >>> hours_in_words(450)
    '7.5'
    """
    return f"{minutes / 60:.1f}".removesuffix(".0")


def ids_of(facts: Sequence[SessionFact]) -> tuple[int, ...]:
    """Return the occurrences behind `facts`."""
    return tuple(fact.occurrence_id for fact in facts)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
