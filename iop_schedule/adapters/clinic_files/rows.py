"""Rows out of a file and into one: typed values by column name, every bad cell a problem."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iop_schedule.adapters.clinic_files.dialect import Lines, Unreadable, dialect_of, lines_of
from iop_schedule.adapters.clinic_files.problems import Problems
from iop_schedule.adapters.clinic_files.tables import Column, Table
from iop_schedule.adapters.clinic_files.values import BadCell
from iop_schedule.adapters.csv_export import original_text, write_csv

#: Rows between two reports of progress.
_STEP = 1000
#: Files that are held whole are this large at most; in memory they take ten times as much.
MOST_HELD = 16 * 1024 * 1024


@dataclass(slots=True)
class Row:
    """One row: its values by column name, and where it stands."""

    table: Table
    #: Line of the file on which the row begins; 0 for a row that was in the database.
    line: int
    values: dict[str, Any]
    #: Columns the file has; the others hold defaults and say nothing.
    given: frozenset[str] = frozenset()
    #: Something was wrong with it.
    bad: bool = False

    def __getitem__(self, column: str) -> Any:
        """Return the value in `column`; None for a bad cell."""
        return self.values.get(column)

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what makes this row the same as another one."""
        return tuple(_hashable(self.values.get(column)) for column in self.table.key)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def read_rows(
    path: Path, table: Table, problems: Problems, *, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Row]:
    """Yield the rows of the file at `path`; bad ones too, marked, after their problems were noted.

    Rows without any text are passed over. Reading stops at what makes the rest unreadable: an unknown
    encoding, a wrong header, a line or cell without end, more rows than the table may have.

    Args:
        path: the file.
        table: what it should hold.
        problems: where bad cells are noted, with the line of the file and what to write.
        progress: told now and then how many bytes have been read.
    """
    if not table.is_streamed and path.stat().st_size > MOST_HELD:
        message = f"This file has more than {MOST_HELD // 1024 // 1024} MB. Split it and import the parts."
        problems.add(table.file, 0, "", "", message)
        return
    try:
        dialect = dialect_of(path)
        if dialect.note:
            problems.notes.append(f"{table.file} {dialect.note}")
        with lines_of(path, dialect) as lines:
            yield from _rows(lines, dialect.delimiter, table, problems, progress)
            progress(lines.bytes_read)
    except Unreadable as error:
        problems.add(table.file, 0, "", "", str(error))


def _rows(
    lines: Lines, delimiter: str, table: Table, problems: Problems, progress: Callable[[int], None]
) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    columns: list[Column] | None = None
    line, count = 1, 0
    try:
        for cells in reader:
            started, line = line, reader.line_num + 1
            if columns is None:
                columns = _columns(cells, table, problems)
                if not columns:
                    return
            elif any(cell.strip() for cell in cells):
                count += 1
                if count > table.most_rows:
                    message = f"This file has more than {table.most_rows:,} rows. Split it."
                    problems.add(table.file, started, "", "", message)
                    return
                yield _row(cells, columns, started, table=table, problems=problems)
                if count % _STEP == 0:
                    progress(lines.bytes_read)
    except csv.Error as error:
        problems.add(table.file, line, "", "", _csv_words(error))


def _csv_words(error: csv.Error) -> str:
    said = str(error)
    if "unexpected end" in said or "field larger" in said:
        return "A quotation mark opened in this row is never closed. Close it, or double it inside a cell."
    if "expected after" in said:
        return "A quotation mark stands inside a cell. Write it twice, and quotation marks around the cell."
    return "This row cannot be read as CSV. Save the file again as CSV UTF-8."


def _columns(cells: list[str], table: Table, problems: Problems) -> list[Column]:
    """Return the table's columns in the file's order; none when the header is wrong."""
    known = {column.name: column for column in table.columns}
    names = [original_text(cell)[0].strip().casefold().replace(" ", "_") for cell in cells]
    while names and not names[-1]:
        names.pop()
    before = problems.total
    for name in sorted(set(names) - set(known)):
        advice = f"There is no such column. {table.file} may have: {', '.join(table.header)}."
        problems.add(table.file, 1, name, name, advice)
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(table.file, 1, name, name, "This column is there twice. Delete one.")
    for column in table.columns:
        if column.required and column.name not in names:
            problems.add(table.file, 1, column.name, "", "This column is missing. Add it to the first line.")
    return [] if problems.total > before else [known[name] for name in names]


def _row(cells: list[str], columns: list[Column], line: int, *, table: Table, problems: Problems) -> Row:
    given = frozenset(column.name for column in columns)
    row = Row(table, line, {c.name: c.default for c in table.columns if c.name not in given}, given)
    if any(cell.strip() for cell in cells[len(columns) :]):
        message = f"{len(cells)} cells for {len(columns)} columns. Quote cells that hold the separator."
        problems.add(table.file, line, "", cells[-1], message)
        row.bad = True
    for column, cell in zip(columns, cells + [""] * (len(columns) - len(cells)), strict=False):
        try:
            row.values[column.name] = _value(cell, column)
        except BadCell as error:
            problems.add(table.file, line, column.name, cell, str(error))
            row.bad = True
    return row


def _value(cell: str, column: Column) -> Any:
    text, marked = original_text(cell)
    text = text if marked else text.strip()
    if not text:
        if column.required:
            message = f"Fill this in: {column.kind.hint}."
            raise BadCell(message)
        return column.default
    return column.kind.read(text)


def cells_of(values: Mapping[str, Any], table: Table) -> list[str]:
    """Return the row's cells in the table's order, before they are made safe."""
    return [_cell(values[column.name], column) for column in table.columns]


def _cell(value: Any, column: Column) -> str:
    return "" if value is None or value == "" else column.kind.write(value)


def file_lines(rows: Iterable[Mapping[str, Any]], table: Table) -> Iterator[str]:
    """Yield the table's file line by line, as `read_rows` reads it."""
    return write_csv((cells_of(row, table) for row in rows), table.header)
