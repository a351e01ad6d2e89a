"""How values read on a page: times, hours, counts, initials, icons. No queries and no decisions.

Times arrive here already on the site's wall clock, as aware datetimes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import count as numbers
from typing import Any

from flask import Flask, has_request_context, request
from lucide.jinja import lucide
from markupsafe import Markup

from iop_schedule.adapters.assets import URL_PREFIX, Manifest
from iop_schedule.domain.civil_time import DAY_NAMES, wall_time

THEME_COOKIE = "theme"
#: Holds LETTERS_OFF where somebody wants no single-letter keys, as WCAG 2.1.4 asks; else there is none.
LETTERS_COOKIE, LETTERS_OFF = "letters", "off"
THEMES = frozenset({"light", "dark"})
#: Minutes after midnight at which a day ends.
MIDNIGHT = 24 * 60
SHORT_DAY_NAMES = tuple(name[:3] for name in DAY_NAMES)


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of an error summary."""

    #: The id of the control to jump to; empty when the message belongs to the whole form.
    target: str
    message: str


def init_presenting(app: Flask, *, product_name: str, manifest: Manifest | None = None) -> None:
    """Give templates their filters and globals.

    Without a `manifest`, addresses of stylesheets and scripts carry no content hash.
    """
    # Lines that hold only a tag leave no blank line behind.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    filters = (clock_time, day_label, long_day, time_range, hours, duration, count, initials, machine_time)
    for function in filters:
        app.jinja_env.filters[function.__name__] = function
        app.jinja_env.globals[function.__name__] = function
    app.jinja_env.globals["icon"] = icon
    app.jinja_env.globals["problems"] = problems
    app.jinja_env.globals["unique_id"] = _unique_id()
    app.jinja_env.globals["product_name"] = product_name
    app.jinja_env.globals["asset_url"] = manifest.url if manifest else _plain_url
    app.context_processor(_appearance)


def clock_time(at: datetime | time) -> str:
    """Return the time of day people say.

    >>> clock_time(time(9)), clock_time(time(0, 5)), clock_time(time(12, 30))
    ('9:00 am', '12:05 am', '12:30 pm')
    """
    return f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"  # noqa: PLR2004


def span(start: int, end: int) -> str:
    """Return two times of a day, in minutes after midnight, as one phrase.

    >>> span(540, 720), span(1260, 1440)
    ('9:00 am to 12:00 pm', '9:00 pm to midnight')
    """
    last = "midnight" if end >= MIDNIGHT else clock_time(wall_time(end))
    return f"{clock_time(wall_time(start))} to {last}"


def day_label(day: date) -> str:
    """Return a short day.

    >>> day_label(date(2026, 11, 23))
    'Mon, Nov 23'
    """
    return f"{day:%a}, {day:%b} {day.day}"


def long_day(day: date) -> str:
    """Return a day in full.

    >>> long_day(date(2026, 11, 23))
    'Monday, November 23'
    """
    return f"{day:%A}, {day:%B} {day.day}"


def printed_at(at: datetime) -> str:
    """Return what the foot of a printed sheet says.

    >>> printed_at(datetime(2026, 11, 23, 9, 5))
    'Mon, Nov 23, 9:05 am'
    """
    return f"{day_label(at)}, {clock_time(at)}"


def time_range(start: datetime | time, end: datetime | time) -> str:
    """Return two times as one phrase.

    >>> time_range(time(9), time(12))
    '9:00 am to 12:00 pm'
    """
    return f"{clock_time(start)} to {clock_time(end)}"


def hours(minutes: int) -> str:
    """Return minutes as hours, with as few decimals as say it.

    >>> [hours(minutes) for minutes in (180, 90, 0, 100, 45)]
    ['3', '1.5', '0', '1.67', '0.75']
    """
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")


def duration(minutes: int) -> str:
    """Return minutes as hours and minutes.

    >>> [duration(minutes) for minutes in (90, 60, 50, 0)]
    ['1 h 30 min', '1 h', '50 min', '0 min']
    """
    whole, rest = divmod(minutes, 60)
    parts = [f"{whole} h"] if whole else []
    if rest or not whole:
        parts.append(f"{rest} min")
    return " ".join(parts)


def in_hours(minutes: int) -> str:
    """Return minutes as people say them of a week: quarters of hours as a number, others with minutes.

    >>> in_hours(540), in_hours(60), in_hours(345), in_hours(346)
    ('9 hours', '1 hour', '5.75 hours', '5 h 46 min')
    """
    if minutes % 15:
        return duration(minutes)
    return f"{hours(minutes)} {'hour' if minutes == 60 else 'hours'}"  # noqa: PLR2004 - minutes of an hour


def of_hours(done_minutes: int, goal_minutes: int) -> str:
    """Return how much of a goal is done, both in the same words.

    >>> of_hours(180, 540), of_hours(346, 540), of_hours(360, 432)
    ('3 of 9 hours', '5 h 46 min of 9 h', '6 h of 7 h 12 min')
    """
    if done_minutes % 15 or goal_minutes % 15:
        return f"{duration(done_minutes)} of {duration(goal_minutes)}"
    return f"{hours(done_minutes)} of {hours(goal_minutes)} hours"


def count(n: int, one: str, many: str) -> str:
    """Return a number with its noun.

    >>> count(1, "person", "people"), count(2, "person", "people"), count(0, "person", "people")
    ('1 person', '2 people', '0 people')
    """
    return f"{n} {one if n == 1 else many}"


def initials(name: str) -> str:
    """Return up to two capital letters: of the first and the last word.

    >>> initials("Rosa D."), initials("Dana van Dyke"), initials("Jo"), initials("")
    ('RD', 'DD', 'J', '')
    """
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def machine_time(at: datetime | date | time) -> str:
    """Return what a `<time datetime>` attribute takes.

    >>> machine_time(date(2026, 11, 23)), machine_time(time(9))
    ('2026-11-23', '09:00')
    """
    if isinstance(at, datetime):
        return at.isoformat(timespec="minutes")
    return at.isoformat() if isinstance(at, date) else at.isoformat(timespec="minutes")


def listed(parts: Iterable[str]) -> str:
    """Return parts as a sentence lists them.

    >>> listed(["Monday", "Tuesday", "Friday"])
    'Monday, Tuesday and Friday'
    """
    known = list(parts)
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


@lru_cache(maxsize=512)
def icon(name: str, size: int = 18, **attributes: str) -> Markup:
    """Return an icon as inline SVG; it is hidden from screen readers, so words must stand beside it."""
    given = {"aria_hidden": "true", "class": "i", "focusable": "false"} | attributes
    return Markup(lucide(name, size=size, **given).replace("\n", ""))  # noqa: S704 - lucide escapes what it writes


def problems(form: Any) -> list[Problem]:
    """Return what is wrong with a form, in the order of its fields, form-wide messages first."""
    whole = [Problem("", str(message)) for message in getattr(form, "form_errors", ())]
    return whole + [problem for field in form for problem in _field_problems(field)]


def _field_problems(field: Any) -> Iterator[Problem]:
    for part in _parts(field):
        yield from _field_problems(part)
    # The errors of a form within a form are a mapping by field, of a list of fields a list of lists.
    for message in () if isinstance(field.errors, dict) else field.errors:
        if not isinstance(message, list | tuple):
            yield Problem(_first_control(field), str(message))


def _parts(field: Any) -> Iterable[Any]:
    """Return the fields inside a list of fields or a form within a form."""
    if hasattr(field, "entries"):
        return list(field.entries)
    return list(field.form) if hasattr(field, "form") else []


def _first_control(field: Any) -> str:
    """Return the id to focus: of a group, its first button; of a field nobody sees, none."""
    if getattr(field.widget, "input_type", "") == "hidden":
        return ""
    grouped = hasattr(field, "iter_choices") and hasattr(field.widget, "html_tag")
    return f"{field.id}-0" if grouped else str(field.id)


def _unique_id() -> Any:
    sequence = numbers(1)
    return lambda prefix="x": f"{prefix}-{next(sequence)}"


def _plain_url(name: str) -> str:
    return URL_PREFIX + name


def _appearance() -> dict[str, object]:
    cookies = request.cookies if has_request_context() else {}
    chosen = cookies.get(THEME_COOKIE, "")
    return {
        "theme": chosen if chosen in THEMES else "",
        "letters_off": cookies.get(LETTERS_COOKIE) == LETTERS_OFF,
    }
