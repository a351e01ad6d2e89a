"""The neutral words a reminder is made of, and the check that no others get in."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders.facts import ClientDay
from iop_schedule.errors import DomainError


class NotNeutral(DomainError):
    """This message would say more than a day and a time. Take out the words that name the care."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a client reads."""

    subject: str
    text: str


SUBJECT = "Appointment reminder"

#: Word beginnings that would tell what the appointment is for.
_TELLING = re.compile(
    r"\b(?:abstin|addict|alcohol|behavio|clinic|cocaine|counsel|dependen|detox|diagnos|dos(?:e|age)|drug|"
    r"group|heroin|inpatient|intensive|iop|medicat|meds|mental|methadone|misuse|narcotic|opiate|opioid|"
    r"outpatient|overdos|patient|program|psych|recover|rehab|relaps|session|sober|sobri|substance|sud|"
    r"suboxone|telehealth|therap|treatment|12.?step)",
    re.IGNORECASE,
)

#: Every word our own texts are made of. A name made only of these tells nothing: a counselor called May.
_PLAIN = frozenset(
    "hello reminder you have an appointment appointments on at the first am pm to stop these reminders"  # noqa: SIM905
    " let office know mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec".split()
)

#: Letters with marks, spaces, hyphens, apostrophes, full stops: what a name to be called by is made of.
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-]){0,39}")


def telling_words(text: str, private_names: Iterable[str] = ()) -> list[str]:
    """Return the words in `text` that must not leave the building, in order of the alphabet.

    >>> telling_words("Your Recovery group meets", ["Elm Street"])
    ['group', 'recover']
    >>> telling_words("Hello Carol", ["Carol Whitfield", "Carol"])
    ['carol']
    """
    found = {hit.group().lower() for hit in _TELLING.finditer(text)}
    words = re.findall(r"\w+", text.lower())
    for name in private_names:
        parts = re.findall(r"\w+", name.lower())
        if not _PLAIN.issuperset(parts) and _contains(words, parts):
            found.add(" ".join(parts))
    return sorted(found)


def _contains(words: Sequence[str], parts: Sequence[str]) -> bool:
    return any(list(words[at : at + len(parts)]) == list(parts) for at in range(len(words)))


def neutral_message(day: ClientDay) -> Message:
    """Return the reminder for `day`: a day, a time, and at most what the client likes to be called.

    The name is left out where it is also the name of a staff member or group, or not plainly a name.

    Raises:
        NotNeutral: even without the name the text would tell more; it must not be sent.
    """
    for called in (day.called.strip(), ""):
        if called and not _NAME.fullmatch(called):
            continue
        message = Message(SUBJECT, _text(day, called))
        if not telling_words(f"{message.subject}\n{message.text}", day.private_names):
            return message
    raise NotNeutral


def _text(day: ClientDay, called: str) -> str:
    first = civil_time.local(day.first.starts_at, day.tz)
    when, at = _day_label(first.date()), _clock_time(first.time())
    count = len(day.sessions)
    what = (
        f"you have an appointment on {when} at {at}."
        if count == 1
        else f"you have {count} appointments on {when}, the first at {at}."
    )
    greeting = f"Hello {called},\n\n" if called else ""
    return f"{greeting}Reminder: {what}\n\nTo stop these reminders, let the office know.\n"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOON = 12


def _day_label(day: date) -> str:
    return f"{_DAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}"


def _clock_time(wall: time) -> str:
    return f"{wall.hour % _NOON or _NOON}:{wall.minute:02} {'am' if wall.hour < _NOON else 'pm'}"
