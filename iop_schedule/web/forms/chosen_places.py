"""Places as forms carry them: the number of a weekly session, with A or B when only those weeks are meant."""

from collections.abc import Iterable, Mapping

from iop_schedule.vocabulary import WeekParity
from iop_schedule.web.forms.numbers import ids_of


def place_text(series_id: int, week: WeekParity) -> str:
    """Return one place as a form carries it.

    >>> place_text(12, WeekParity.EVERY), place_text(12, WeekParity.B)
    ('12', '12B')
    """
    return f"{series_id}" if week is WeekParity.EVERY else f"{series_id}{week}"


def places_of(texts: Iterable[str]) -> Mapping[int, WeekParity]:
    """Return the places a form names, by series with their weeks; undoes `place_text`.

    Raises:
        NotFound: one of them is none.
    """
    found: dict[int, WeekParity] = {}
    for text in texts:
        week = WeekParity(text[-1]) if text[-1:] in {WeekParity.A, WeekParity.B} else WeekParity.EVERY
        (series_id,) = ids_of([text if week is WeekParity.EVERY else text[:-1]])
        found[series_id] = week
    return found
