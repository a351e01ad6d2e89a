"""What became of an uploaded calendar: when the person is busy, and what was left out and why.

Nothing here can hold a title, a place or a name: only times, counts and words of our own.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from iop_schedule.domain.intervals import Interval
from iop_schedule.vocabulary import Weekday, WeekParity


class Problem(StrEnum):
    """Something about the file as a whole; the sentence tells the person what to do."""

    TOO_LARGE = "too_large"
    NOT_A_CALENDAR = "not_a_calendar"
    NOT_TEXT = "not_text"
    TOO_MANY_ENTRIES = "too_many_entries"
    BUILT_ODDLY = "built_oddly"
    TOO_SLOW = "too_slow"
    UNREADABLE = "unreadable"
    NOT_NOW = "not_now"
    NO_ENTRIES = "no_entries"
    GUESSED_LETTERS = "guessed_letters"
    GUESSED_ZONE = "guessed_zone"
    ENDS_EARLY = "ends_early"
    TOO_MANY_DATES = "too_many_dates"

    @property
    def sentence(self) -> str:
        """Return what people read."""
        return _PROBLEM_SENTENCES[self]

    @property
    def is_fatal(self) -> bool:
        """Return True when nothing could be read; the others are remarks about what was."""
        return self not in _REMARKS


class SkipReason(StrEnum):
    """Why an entry does not count as busy time."""

    ALL_DAY = "all_day"
    FREE = "free"
    CANCELLED = "cancelled"
    RULE = "rule"
    LONG_AGO = "long_ago"
    TOO_LONG = "too_long"
    NO_LENGTH = "no_length"
    BAD_TIMES = "bad_times"
    TOO_BIG = "too_big"
    TOO_SLOW = "too_slow"
    UNFINISHED = "unfinished"

    @property
    def words(self) -> str:
        """Return what people read after the count, such as “marked as free time”."""
        return _SKIP_WORDS[self]


_PROBLEM_SENTENCES = {
    Problem.TOO_LARGE: "This file is larger than 1 MB. Export only the coming months and try again.",
    Problem.NOT_A_CALENDAR: "This is not a calendar file. Choose a file that ends in .ics.",
    Problem.NOT_TEXT: "This file is not saved as plain text. Export it again from your calendar.",
    Problem.TOO_MANY_ENTRIES: "This file has too many entries. Export only the coming months and try again.",
    Problem.BUILT_ODDLY: "This file is built in a way we cannot read. Add your busy times by hand.",
    Problem.TOO_SLOW: "Reading this file took too long. Export only the coming months and try again.",
    Problem.UNREADABLE: "This file could not be read. Add your busy times by hand.",
    Problem.NOT_NOW: "Other files are being read right now. Try again in a minute.",
    Problem.NO_ENTRIES: "There are no entries in this file.",
    Problem.GUESSED_LETTERS: "Some letters in this file may be wrong. The times are not affected.",
    Problem.GUESSED_ZONE: "Some times name no time zone we know. We read them as local time; please check.",
    Problem.ENDS_EARLY: "This file ends in the middle of an entry. Something may be missing.",
    Problem.TOO_MANY_DATES: "This file has too many dates. We stopped reading; please check what is missing.",
}
_REMARKS = frozenset(
    {
        Problem.NO_ENTRIES,
        Problem.GUESSED_LETTERS,
        Problem.GUESSED_ZONE,
        Problem.ENDS_EARLY,
        Problem.TOO_MANY_DATES,
    }
)
_SKIP_WORDS = {
    SkipReason.ALL_DAY: "all day, without a clock time",
    SkipReason.FREE: "marked as free time",
    SkipReason.CANCELLED: "cancelled",
    SkipReason.RULE: "repeated in a way we do not read",
    SkipReason.LONG_AGO: "begun too many years ago",
    SkipReason.TOO_LONG: "longer than 14 days",
    SkipReason.NO_LENGTH: "without a length",
    SkipReason.BAD_TIMES: "times that cannot be read",
    SkipReason.TOO_BIG: "too much in one entry",
    SkipReason.TOO_SLOW: "took too long to read",
    SkipReason.UNFINISHED: "cut off at the end of the file",
}


@dataclass(frozen=True, slots=True)
class UploadWindow:
    """The dates that matter, first and last included, and the site's IANA zone."""

    zone: str
    first_day: date
    last_day: date
    #: Whether entries without a clock time count as busy; people choose, the default is no.
    all_day_is_busy: bool = False

    def __post_init__(self) -> None:
        """Refuse a window that ends before it begins."""
        if self.last_day < self.first_day:
            message = f"the window must not end before it begins: {self.first_day} to {self.last_day}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class BusyPattern:
    """The same hours on the same weekdays, every week or every other week, less some dates."""

    weekdays: tuple[Weekday, ...]
    local_start: time
    local_end: time
    #: The end is on the next day; equal times then mean 24 hours.
    ends_next_day: bool
    week: WeekParity
    #: Monday of a week A; the same for all patterns of one file.
    anchor_day: date
    from_day: date
    #: Last day, included.
    until_day: date
    #: Days between the two on which the pattern does not hold, in order.
    except_days: tuple[date, ...]
    #: How many dates the pattern stands for.
    dates: int
    #: The same in words, such as “Mon to Fri 7:00 am to 3:30 pm, 62 dates”.
    sentence: str


@dataclass(frozen=True, slots=True)
class BusyDate:
    """Hours of one date that follow no pattern."""

    day: date
    local_start: time
    local_end: time
    ends_next_day: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many entries were left out for one reason."""

    reason: SkipReason
    entries: int

    @property
    def sentence(self) -> str:
        """Return such as “3 entries skipped: marked as free time.”"""
        counted = "1 entry" if self.entries == 1 else f"{self.entries} entries"
        return f"{counted} skipped: {self.reason.words}."


@dataclass(frozen=True, slots=True)
class UploadSummary:
    """All that is kept of an uploaded calendar; times only."""

    #: Busy time as UTC instants, merged, in order, within the window.
    intervals: tuple[Interval[datetime], ...] = ()
    #: The same time as people would say it, in order of weekday and hour, then the single dates.
    patterns: tuple[BusyPattern, ...] = ()
    single_dates: tuple[BusyDate, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    problems: tuple[Problem, ...] = ()
    #: Entries in the file, skipped ones included.
    entries: int = 0

    @property
    def is_usable(self) -> bool:
        """Return True when the file could be read, even if nothing in it counts as busy."""
        return not any(problem.is_fatal for problem in self.problems)
