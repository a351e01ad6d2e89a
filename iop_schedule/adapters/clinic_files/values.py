"""Cells: each kind reads what people write in a spreadsheet and writes one canonical form back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

from iop_schedule.adapters.telephone import international
from iop_schedule.domain import civil_time
from iop_schedule.vocabulary import Weekday

EARLIEST, LATEST = date(1950, 1, 1), date(2199, 12, 31)
#: Separates several values in one cell.
LIST_MARK = ";"
_MOST_IN_A_LIST = 500

_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_US_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?(?::00)?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_WEEKDAYS = {day.name: day for day in Weekday} | {
    name[:length].upper(): day
    for name, day in zip(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), Weekday, strict=True
    )
    for length in (3, len(name))
}
_YES = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}


class BadCell(ValueError):
    """A cell cannot be read; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of cell is read and written, and how people are told."""

    #: Text without marks and outer spaces, never empty -> value. Raises BadCell.
    read: Callable[[str], Any]
    #: Value -> text; None is never asked for.
    write: Callable[[Any], str]
    #: For the documentation: what to write.
    hint: str


def text(longest: int, *, lines: bool = False) -> Kind:
    """Return the kind for words of up to `longest` characters; line breaks only if `lines`."""
    refused = _CONTROL_BUT_LINES if lines else _CONTROL

    def read(cell: str) -> str:
        if len(cell) > longest:
            message = f"Shorten this to {longest} characters; it has {len(cell):,}."
            raise BadCell(message)
        if refused.search(cell):
            what = "control characters" if lines else "line breaks and control characters"
            message = f"Take out the {what}."
            raise BadCell(message)
        return cell

    return Kind(read, str, f"text, up to {longest} characters")


def _read_code(cell: str) -> str:
    if len(cell) > 64 or LIST_MARK in cell or _CONTROL.search(cell):  # noqa: PLR2004 - the column's width
        message = "Write a code of up to 64 characters without line breaks and semicolons."
        raise BadCell(message)
    return cell


def whole(least: int, most: int) -> Kind:
    """Return the kind for a whole number from `least` to `most`."""
    hint = f"a whole number from {least} to {most}"

    def read(cell: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", cell) or not least <= int(cell) <= most:
            message = f"Write {hint}."
            raise BadCell(message)
        return int(cell)

    return Kind(read, str, hint)


def words(vocabulary: type[StrEnum]) -> Kind:
    """Return the kind for one of the words of `vocabulary`, in either case, spaces for underscores."""
    known = {word.value.casefold(): word.value for word in vocabulary}
    hint = ", ".join(known.values())

    def read(cell: str) -> str:
        found = known.get(cell.casefold().replace(" ", "_").replace("-", "_"))
        if found is None:
            message = f"Write one of: {hint}."
            raise BadCell(message)
        return found

    return Kind(read, str, hint)


def _read_day(cell: str) -> date:
    iso, us = _ISO_DAY.fullmatch(cell), _US_DAY.fullmatch(cell)
    if iso:
        year, month, number = (int(part) for part in iso.groups())
    elif us:
        month, number, year = (int(part) for part in us.groups())
    else:
        message = "Write a date such as 2026-03-04 or 3/4/2026 (month first)."
        raise BadCell(message)
    try:
        found = date(year, month, number)
    except ValueError:
        message = (
            "This date is not in the calendar. Check day, month and leap year (month first in 3/4/2026)."
        )
        raise BadCell(message) from None
    if not EARLIEST <= found <= LATEST:
        message = f"Check the year: dates from {EARLIEST.year} to {LATEST.year} are possible."
        raise BadCell(message)
    return found


def _read_time(cell: str) -> time:
    found = _TIME.fullmatch(cell)
    message = "Write a time such as 18:00 or 6:00 pm."
    if not found or (found[2] is None and found[3] is None):
        raise BadCell(message)
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a twelve-hour clock
            raise BadCell(message)
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004 - a clock
        raise BadCell(message)
    return time(hour, minute)


def _read_weekday(cell: str) -> int:
    found = _WEEKDAYS.get(cell.upper())
    if found is None:
        message = "Write a weekday: MO, TU, WE, TH, FR, SA, SU, or its English name."
        raise BadCell(message)
    return int(found)


def _read_yes_no(cell: str) -> bool:
    found = _YES.get(cell.casefold())
    if found is None:
        message = "Write yes or no."
        raise BadCell(message)
    return found


def _read_zone(cell: str) -> str:
    try:
        return civil_time.zone(cell).key
    except civil_time.UnknownZone:
        message = "This is not a time zone we know. Use a name such as America/New_York."
        raise BadCell(message) from None


def _read_email(cell: str) -> str:
    if len(cell) > 254 or not _EMAIL.fullmatch(cell) or _CONTROL.search(cell):  # noqa: PLR2004 - RFC 5321
        message = "Write an e-mail address such as name@example.org."
        raise BadCell(message)
    return cell


def _read_mobile(cell: str) -> str:
    number = international(cell)
    if number is None:
        message = "Write a telephone number with its area code, such as 202-555-0142."
        raise BadCell(message)
    return number


def _read_language(cell: str) -> str:
    if len(cell) > 12 or not _LANGUAGE.fullmatch(cell):  # noqa: PLR2004 - the column's width
        message = "Write a language code such as en or es."
        raise BadCell(message)
    return cell


def listed(item: Kind, *, ordered: bool = False) -> Kind:
    """Return the kind for several values in one cell, separated by semicolons; sorted unless `ordered`."""

    def read(cell: str) -> list[Any]:
        parts = [part.strip() for part in cell.split(LIST_MARK) if part.strip()]
        if len(parts) > _MOST_IN_A_LIST:
            message = f"Write at most {_MOST_IN_A_LIST} values here."
            raise BadCell(message)
        found = [item.read(part) for part in parts]
        if len(set(found)) < len(found):
            message = "Write each value once."
            raise BadCell(message)
        return found if ordered else sorted(found)

    def write(values: Any) -> str:
        return LIST_MARK.join(item.write(value) for value in values)

    return Kind(read, write, f"{item.hint}; several with ;")


CODE = Kind(_read_code, str, "a code, up to 64 characters")
DAY = Kind(_read_day, date.isoformat, "a date: 2026-03-04 or 3/4/2026 (month first)")
TIME = Kind(_read_time, lambda value: f"{value:%H:%M}", "a time: 18:00 or 6:00 pm")
WEEKDAY = Kind(_read_weekday, lambda value: Weekday(value).name, "MO, TU, WE, TH, FR, SA, SU or the name")
YES_NO = Kind(_read_yes_no, lambda value: "yes" if value else "no", "yes or no")
ZONE = Kind(_read_zone, str, "an IANA time zone such as America/New_York")
EMAIL = Kind(_read_email, str, "an e-mail address")
MOBILE = Kind(_read_mobile, str, "a telephone number with its area code")
LANGUAGE = Kind(_read_language, str, "a language code such as en")
