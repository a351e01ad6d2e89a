"""Whole numbers in addresses and hidden fields: ids of rows, versions, positions in a list."""

from collections.abc import Iterable

from iop_schedule.errors import NotFound

#: The largest number a column of either database holds.
LARGEST = 2**31 - 1


def whole_number(text: str | None, *, most: int = LARGEST) -> int | None:
    """Return the number written in plain digits, from 0 to `most`; None for anything else.

    >>> whole_number("12"), whole_number("-1"), whole_number("٣"), whole_number("9" * 20), whole_number(None)
    (12, None, None, None, None)
    """
    if not text or not text.isascii() or not text.isdecimal() or len(text) > len(str(LARGEST)):
        return None
    number = int(text)
    return number if number <= most else None


def ids_of(texts: Iterable[str]) -> list[int]:
    """Return the ids an address or a form names.

    >>> ids_of(["3", "12"]), ids_of([])
    ([3, 12], [])

    Raises:
        NotFound: one of them is no id.
    """
    numbers = [whole_number(text) for text in texts]
    ids = [number for number in numbers if number is not None]
    if len(ids) < len(numbers):
        raise NotFound
    return ids
