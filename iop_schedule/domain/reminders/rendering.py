"""Filling in a wording: days and times as people of each language read them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders.texts import PLACEHOLDERS, Wording
from iop_schedule.domain.reminders.wording import NotNeutral, telling_words
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Channel, DeliveryPurpose

_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_NOON = 12
#: Letters with marks, spaces, hyphens, apostrophes, full stops: what a name to be called by is made of.
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’-]){0,39}")
_BRACES = re.compile(r"\{([^{}]*)\}")
LONGEST_BODY, LONGEST_SUBJECT = 1000, 78


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody reads."""

    subject: str
    text: str


def day_values(starts: Sequence[datetime], tz: ZoneInfo, language: str) -> dict[str, str]:
    """Return what `what`, `day` and `time` stand for, about one day.

    >>> tz = ZoneInfo("America/New_York")
    >>> nine = civil_time.instant(datetime(2026, 3, 5).date(), datetime(2026, 3, 5, 9).time(), tz)
    >>> day_values([nine], tz, "en")["what"], day_values([nine, nine], tz, "es")["what"]
    ('an appointment on Thu, Mar 5 at 9:00 am', '2 citas el jue 5 mar, la primera a las 9:00 am')
    """
    first = civil_time.local(starts[0], tz)
    day, at, count = _day(first, language), _clock(first), len(starts)
    if language == "es":
        what = (
            f"una cita el {day} a las {at}"
            if count == 1
            else f"{count} citas el {day}, la primera a las {at}"
        )
    else:
        one, more = f"an appointment on {day} at {at}", f"{count} appointments on {day}, the first at {at}"
        what = one if count == 1 else more
    return {"what": what, "day": day, "time": at}


def week_values(starts: Sequence[datetime], tz: ZoneInfo, language: str, channel: Channel) -> dict[str, str]:
    """Return what `days` and `count` stand for: one line a session, in a text message as short as can be."""
    there = [civil_time.local(start, tz) for start in starts]
    if channel is Channel.SMS:
        days = ", ".join(f"{_DAYS[language][at.weekday()]} {_clock(at)}" for at in there)
    else:
        join = "a las" if language == "es" else "at"
        days = "\n".join(f"{_day(at, language)} {join} {_clock(at)}" for at in there)
    return {"days": days, "count": str(len(starts))}


def _day(at: datetime, language: str) -> str:
    weekday, month = _DAYS[language][at.weekday()], _MONTHS[language][at.month - 1]
    return f"{weekday} {at.day} {month}" if language == "es" else f"{weekday}, {month} {at.day}"


def _clock(at: datetime) -> str:
    return f"{at.hour % _NOON or _NOON}:{at.minute:02} {'am' if at.hour < _NOON else 'pm'}"


def fill(wording: Wording, values: Mapping[str, str]) -> Message:
    """Return the message; a line that calls somebody by a name is left out while there is none to use."""
    lines = wording.body.split("\n")
    if not values.get("name"):
        lines = _without_greeting(lines)
    return Message(_put(wording.subject, values), _put("\n".join(lines), values))


def _without_greeting(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    after_greeting = False
    for line in lines:
        if "{name}" in line:
            after_greeting = True
        elif line or not after_greeting:
            kept.append(line)
            after_greeting = False
    return kept


def _put(text: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda hit: values.get(hit.group(1), ""), text)


def neutral_message(
    wording: Wording,
    values: Mapping[str, str],
    *,
    called: str = "",
    private_names: frozenset[str] = frozenset(),
) -> Message:
    """Return the message: days, times, and at most what the client likes to be called.

    The name is left out where it is also the name of a staff member or group, or not plainly a name.

    Raises:
        NotNeutral: even without the name the text would tell more; it must not be sent.
    """
    for name in (called.strip(), ""):
        if name and not _NAME.fullmatch(name):
            continue
        # The random part of a link may look like anything; the rest of it is checked when we start.
        shown = fill(wording, {**values, "name": name, "link": ""})
        if not telling_words(f"{shown.subject}\n{shown.text}", private_names):
            return fill(wording, {**values, "name": name})
    raise NotNeutral


def check_wording(
    wording: Wording,
    purpose: DeliveryPurpose,
    channel: Channel,
    *,
    private_names: frozenset[str] = frozenset(),
) -> None:
    """Raise when a wording may not be used, with the sentence for whoever wrote it.

    Raises:
        NotPossible: empty, too long, an unknown placeholder, braces that do not pair, a text without STOP.
        NotNeutral: a word that would tell what the appointment is for.
    """
    if not wording.body.strip():
        raise NotPossible("Write the message.", field="body")  # noqa: EM101
    if channel is not Channel.SMS and not wording.subject.strip():
        raise NotPossible("Write the subject.", field="subject")  # noqa: EM101
    for field, text, most in (
        ("subject", wording.subject, LONGEST_SUBJECT),
        ("body", wording.body, LONGEST_BODY),
    ):
        _check_part(field, text, most, purpose)
        telling = telling_words(_BRACES.sub(" ", text), private_names)
        if telling:
            message = (
                f"Take out “{telling[0]}”: a message may hold days and times and nothing that names the care."
            )
            raise NotNeutral(message, field=field)
    if channel is Channel.SMS and not re.search(r"\bSTOP\b", wording.body):
        message = "A text must say how to end them: keep the word STOP."
        raise NotPossible(message, field="body")


def _check_part(field: str, text: str, most: int, purpose: DeliveryPurpose) -> None:
    if len(text) > most:
        message = f"Keep this under {most} letters."
        raise NotPossible(message, field=field)
    if field == "subject" and not text.isprintable():
        message = "Keep the subject on one line."
        raise NotPossible(message, field=field)
    allowed = PLACEHOLDERS[purpose]
    known = ", ".join(f"{{{name}}}" for name in allowed)
    for name in _BRACES.findall(text):
        if name not in allowed:
            message = f"“{{{name}}}” is not known here. You can use {known}."
            raise NotPossible(message, field=field)
    if {"{", "}"} & set(_BRACES.sub("", text)):
        message = f"A brace stands alone. Braces come in pairs around one of {known}."
        raise NotPossible(message, field=field)
