"""Times and commitments as people read them, and as files write them."""

from iop_schedule.domain.civil_time import DAY_NAMES
from iop_schedule.domain.placement.problem import Commitment, Offer
from iop_schedule.vocabulary import Weekday, WeekParity


def day_name(weekday: Weekday) -> str:
    """Return the day's name, such as Tuesday."""
    return DAY_NAMES[weekday]


def clock(minutes: int) -> str:
    """Return minutes after midnight as on a 24-hour clock; the end of the day is 24:00.

    >>> clock(545), clock(1440)
    ('09:05', '24:00')
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def hours(minutes: int) -> str:
    """Return a stretch of time in hours, or in hours and minutes when it is not whole.

    >>> hours(540), hours(90), hours(45)
    ('9 h', '1 h 30 min', '45 min')
    """
    whole, rest = divmod(minutes, 60)
    if not rest:
        return f"{whole} h"
    return f"{whole} h {rest} min" if whole else f"{rest} min"


def commitment_code(commitment: Commitment) -> str:
    """Return a commitment as files name it, such as `work MO 07:00-15:30`."""
    week = "" if commitment.week is WeekParity.EVERY else f" week {commitment.week.value}"
    when = f"{clock(commitment.start)}-{clock(commitment.end)}"
    return f"{commitment.kind} {commitment.weekday.name} {when}{week}"


def commitment_words(commitment: Commitment) -> str:
    """Return a commitment as its owner would say it, such as `shift on Monday, 07:00 to 15:30`."""
    name = commitment.label or commitment.kind
    week = "" if commitment.week is WeekParity.EVERY else f" in {commitment.week.value} weeks"
    when = f"{clock(commitment.start)} to {clock(commitment.end)}"
    return f"{name} on {day_name(commitment.weekday)}{week}, {when}"


def meeting_words(offer: Offer) -> str:
    """Return when a meeting is, such as `Tuesday 09:00 to 12:00`."""
    meeting = offer.meeting
    return f"{day_name(meeting.weekday)} {clock(meeting.start)} to {clock(meeting.end)}"
