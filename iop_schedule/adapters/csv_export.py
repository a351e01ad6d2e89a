"""CSV that a spreadsheet shows and never runs, and that our own import reads back unchanged.

A cell beginning with `=`, `+`, `-`, `@` or a control character may be run as a formula when the file is
opened. Such cells get one apostrophe in front; `original_text` takes exactly that one away again. Cells
with spaces around them are marked the same way, because reading trims what is not marked.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

#: First thing in a file, so that spreadsheets do not take UTF-8 for an older encoding.
BYTE_ORDER_MARK = "\ufeff"

#: Apostrophes, blanks and invisible characters may stand before what a spreadsheet runs: it drops them.
_RUNS = re.compile(r"['\s\u00a0\u200b-\u200f\u2060\ufeff]*(?:[=+\-@|%＝＋－＠]|[\x00-\x1f\x7f])")


def _needs_mark(text: str) -> bool:
    return bool(_RUNS.match(text)) or text.strip("'") != text.strip("'").strip()


def safe_cell(text: str) -> str:
    """Return `text` as a cell that no spreadsheet runs; one apostrophe in front where it might.

    >>> safe_cell("=1+1"), safe_cell("Ana"), safe_cell("O'Hara"), safe_cell("'+1")
    ("'=1+1", 'Ana', "O'Hara", "''+1")
    """
    return f"'{text}" if _needs_mark(text) else text


def original_text(cell: str) -> tuple[str, bool]:
    """Return the text that `safe_cell` was given, and whether it had been marked.

    >>> original_text("'=1+1"), original_text("'twas")
    (('=1+1', True), ("'twas", False))
    """
    if cell.startswith("'") and _needs_mark(cell[1:]):
        return cell[1:], True
    return cell, False


class _Line:
    """A file for `csv.writer` that hands out what was written last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def write_csv(rows: Iterable[Sequence[str]], header: Sequence[str]) -> Iterator[str]:
    """Yield a CSV file line by line: byte order mark, header, rows; every cell safe and quoted.

    Lines end with CR LF. Encode as UTF-8.
    """
    line = _Line()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    yield BYTE_ORDER_MARK + line.text
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
        yield line.text
