"""What frequency is computed from: one client's sessions, prescribed doses and dates of care."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from iop_schedule.domain.attendance import SessionState

#: Days from its start for which a recorded step-down, however many steps it has, suspends the check.
#: Source: docs/sources.md#step-down
STEP_DOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class SessionFact:
    """One dated session of one client, as known at some instant.

    Minutes exclude breaks. `local_day` is the day on the site's calendar. A make-up is a session the
    client was not expected at before: its minutes are delivered, but nothing more was on offer.
    """

    occurrence_id: int
    starts_at: datetime
    local_day: date
    scheduled_minutes: int
    state: SessionState
    attended_minutes: int = 0
    make_up: bool = False
    #: The session it makes up for, where that was said; at most one, and no other make-up's.
    makes_up: int | None = None
    #: When it is over; needed only to know when its state changes by itself.
    ends_at: datetime | None = None
    #: What kind of service it is: a payer may count each from minutes of its own on.
    service_type: str = ""

    def __post_init__(self) -> None:
        """Refuse minutes that contradict each other."""
        if not 0 <= self.attended_minutes <= self.scheduled_minutes:
            message = f"{self.attended_minutes} attended of {self.scheduled_minutes} scheduled minutes"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class DoseInForce:
    """What is prescribed a week from `from_day` until the next dose begins: minutes and distinct days."""

    from_day: date
    minutes: int
    days: int


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days from `from_day` to `until_day`, both included; open while `until_day` is None."""

    from_day: date
    until_day: date | None = None

    def contains(self, day: date) -> bool:
        """Return True when `day` is one of these days."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


def _any_contains(spans: tuple[DaySpan, ...], day: date) -> bool:
    # Most people have none, and this is asked for each of their sessions.
    return bool(spans) and any(span.contains(day) for span in spans)


@dataclass(frozen=True, slots=True)
class CareDates:
    """When a client is in care: enrolled, on a pause, stepping down, and when the program is closed."""

    #: The stay it is about; a transfer to another program goes on with it.
    enrolled: DaySpan
    pauses: tuple[DaySpan, ...] = ()
    closures: tuple[DaySpan, ...] = ()
    step_downs: tuple[DaySpan, ...] = ()
    #: Stays before and after it, each after a gap.
    other_stays: tuple[DaySpan, ...] = ()

    @property
    def first_day(self) -> date:
        """Return the first day of the first stay."""
        return min(stay.from_day for stay in (self.enrolled, *self.other_stays))

    def is_enrolled(self, day: date) -> bool:
        """Return True when the client is in a program, on a pause or not."""
        return self.enrolled.contains(day) or _any_contains(self.other_stays, day)

    def in_care(self, day: date) -> bool:
        """Return True when the client is enrolled and not on a pause."""
        return self.is_enrolled(day) and not _any_contains(self.pauses, day)

    def nth_day_in_care(self, number: int) -> date:
        """Return the `number`th day in care since admission; no day after the begin of an open pause is one.

        >>> stay = CareDates(DaySpan(date(2026, 3, 2)), (DaySpan(date(2026, 3, 7), date(2026, 3, 29)),))
        >>> stay.nth_day_in_care(5), stay.nth_day_in_care(6)
        (datetime.date(2026, 3, 6), datetime.date(2026, 3, 30))
        """
        first = self.enrolled.from_day
        last = first + timedelta(days=number - 1)
        for pause in sorted(self.pauses, key=lambda pause: pause.from_day):
            if pause.from_day > last:
                break
            if pause.until_day is None:
                return date.max
            # Of pauses that overlap, and of one from before admission, each day counts once.
            last += timedelta(days=max(0, (pause.until_day - max(pause.from_day, first)).days + 1))
            first = max(first, pause.until_day + timedelta(days=1))
        return last

    def is_open(self, day: date) -> bool:
        """Return True when the client is in care and the program is not closed."""
        return self.in_care(day) and not self.is_closed(day)

    def is_paused(self, day: date) -> bool:
        """Return True when the day lies in a pause."""
        return _any_contains(self.pauses, day)

    def is_closed(self, day: date) -> bool:
        """Return True when the program is closed."""
        return _any_contains(self.closures, day)

    def steps_down(self, day: date) -> bool:
        """Return True during the first 14 days of a recorded step-down; later days are judged again.

        Steps one after the other are one step-down, counted from the first.
        """
        if not self.step_downs:
            return False
        began = last = None
        for span in sorted(self.step_downs, key=lambda span: span.from_day):
            if last is None or span.from_day > last + timedelta(days=1):
                began = span.from_day
            if began is not None and span.contains(day):
                return (day - began).days < STEP_DOWN_DAYS
            last = span.until_day
        return False
