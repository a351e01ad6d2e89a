"""The rows of every file of a clinic, in the order an export writes them."""

from collections.abc import Iterator
from datetime import datetime

from iop_schedule.queries import exporting
from iop_schedule.queries.exporting import Scope, Values
from iop_schedule.queries.exporting_care import READERS


def rows_of(table: str, scope: Scope, *, now: datetime) -> Iterator[Values]:
    """Yield the rows of the file called `table`; see `exporting.rows_of`."""
    if table in READERS:
        yield from READERS[table](scope)
        return
    yield from exporting.rows_of(table, scope, now=now)
