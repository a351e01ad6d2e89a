"""Days in addresses: what a link or a date field sends, or nothing at all."""

from datetime import date

#: Days outside these years are typing mistakes, and the calendar ends where dates do.
YEARS = range(2000, 2101)


def parse_day(text: str) -> date | None:
    """Return the day in `text`, written like 2026-03-04; None when it is no day of this century.

    >>> parse_day("2028-02-29"), parse_day("2026-02-29"), parse_day("9999-12-31")
    (datetime.date(2028, 2, 29), None, None)
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None
