"""A file of past sessions, row by row: columns found by name, every field checked, line numbers kept."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from iop_schedule.domain.risk.replay import BadEvent, Says, what_it_says
from iop_schedule.errors import DomainError

COLUMNS = ("client_id", "at", "scheduled_minutes", "status", "attended_minutes")

#: Combinations of status and minutes whose meaning is kept; ordinary files have a few dozen.
_KEPT_MEANINGS = 20_000
_MOST_DIGITS = 6
_DATE_LENGTH = len("2026-03-02")
_SEPARATORS = ("", "T", " ")

#: When, share attended or None, on a pause, `at` as the file has it, and every field as read.
Event = tuple[datetime, float | None, bool, str, list[str]]


class BadRow(DomainError):
    """A row of the file cannot be used."""

    def __init__(self, line: int, problem: str) -> None:
        """Say where and what."""
        self.line = line
        super().__init__(f"line {line}: {problem}. Nothing was written.", line=line)


def events_in(path: Path) -> Iterator[tuple[str, Event]]:
    """Yield the client and the event of each row of `path`, in file order. Empty lines are passed over.

    Raises:
        BadRow: a column is missing or a row cannot be used; it carries the line number.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        try:
            header = next(reader, [])
            read = _row_reader(header)
            for fields in reader:
                if fields:
                    yield read(fields)
        except (BadEvent, csv.Error) as problem:
            raise BadRow(reader.line_num, str(problem)) from None
        except UnicodeDecodeError:
            raise BadRow(reader.line_num + 1, "not UTF-8 text") from None


def _row_reader(header: list[str]) -> Callable[[list[str]], tuple[str, Event]]:
    """Return the function that turns the fields of one row into an event."""
    names = [name.strip() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        message = f"the header lacks {', '.join(missing)}"
        raise BadEvent(message)
    client, when, scheduled, status, attended = (names.index(name) for name in COLUMNS)
    needed = 1 + max(client, when, scheduled, status, attended)
    known: dict[tuple[str, str, str], Says] = {}

    def read(fields: list[str]) -> tuple[str, Event]:
        if len(fields) < needed:
            message = f"{len(fields)} columns where the header has {len(names)}"
            raise BadEvent(message)
        key = (fields[status], fields[scheduled], fields[attended])
        says = known.get(key)
        if says is None:
            if len(known) >= _KEPT_MEANINGS:
                known.clear()
            says = known[key] = _says(*key)
        written = fields[when]
        client_id = fields[client]
        if not client_id.strip():
            message = "client_id is empty"
            raise BadEvent(message)
        return client_id, (_moment(written), says.share, says.paused, written, fields)

    return read


def _says(status: str, scheduled: str, attended: str) -> Says:
    return what_it_says(
        status=status.strip(),
        scheduled_minutes=_minutes("scheduled_minutes", scheduled),
        attended_minutes=_minutes("attended_minutes", attended) if attended.strip() else None,
    )


def _minutes(column: str, text: str) -> int:
    """Return whole minutes; a sign is read so that the refusal can say what is wrong."""
    digits = text.strip()
    unsigned = digits.removeprefix("-")
    if not (unsigned.isascii() and unsigned.isdigit() and len(unsigned) <= _MOST_DIGITS):
        message = f"{column} “{text}” is not a whole number of minutes"
        raise BadEvent(message, field=column)
    return int(digits)


def _moment(written: str) -> datetime:
    """Return an ISO date or local date-time; a date is its midnight."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        message = f"at “{written}” is not a date or local date-time such as 2026-03-02T18:00"
        raise BadEvent(message, field="at") from None
    if "," in written or written[_DATE_LENGTH : _DATE_LENGTH + 1] not in _SEPARATORS:
        message = f"at “{written}” is not written like 2026-03-02T18:00"
        raise BadEvent(message, field="at")
    if at.tzinfo is not None:
        message = f"at “{written}” has a zone; write the local time without it"
        raise BadEvent(message, field="at")
    return at
