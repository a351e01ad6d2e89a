"""Public holidays of a country and state, offered to administrators as closures to choose from."""

from datetime import date
from typing import NamedTuple

import holidays

from iop_schedule.errors import NotPossible

_YEARS = range(1970, 2101)


class PublicHoliday(NamedTuple):
    """One day off, with the name people know it by."""

    day: date
    name: str


class UnknownRegion(NotPossible):
    """We know no public holidays for that country or state. Add the closures by hand."""


def public_holidays(country: str, subdivision: str | None, year: int) -> list[PublicHoliday]:
    """Return the public holidays in order of date, days off in lieu included.

    Holidays on weekends are in the list too. Two on one day are one entry with both names. Programs
    decide themselves which ones they close on; nothing here closes anything.

    Args:
        country: two letters, such as US.
        subdivision: state or territory, such as CA; None for those of the whole country only.
        year: calendar year, 1970 to 2100.

    Raises:
        UnknownRegion: the country or the subdivision is not known.
        NotPossible: the year is out of range.
    """
    if year not in _YEARS:
        message = f"Choose a year from {_YEARS[0]} to {_YEARS[-1]}."
        raise NotPossible(message, field="year")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except NotImplementedError:
        raise UnknownRegion(field="subdivision" if subdivision else "country") from None
    return [PublicHoliday(day, name) for day, name in sorted(found.items()) if day.year == year]
