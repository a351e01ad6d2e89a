"""How a file is written: its characters, its separator, its lines; all found by looking at it."""

import codecs
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

DELIMITERS = ",;\t"
#: Longest line read, in characters; far above any honest row, far below what hurts.
LONGEST_LINE = 256 * 1024
_CHUNK = 1024 * 1024
#: First bytes of files that are not text, and what to say.
_NOT_TEXT = (
    (
        b"PK\x03\x04",
        "This is a workbook or an archive. In the spreadsheet choose Save as, CSV UTF-8.",
    ),
    (b"\xff\xfe", "This file is in UTF-16. In the spreadsheet choose Save as, CSV UTF-8."),
    (b"\xfe\xff", "This file is in UTF-16. In the spreadsheet choose Save as, CSV UTF-8."),
    (b"%PDF", "This is a PDF, not CSV. In the spreadsheet choose Save as, CSV UTF-8."),
)
_BINARY = "This file holds zero bytes, as UTF-16 and binary files do. Save it as CSV UTF-8."


class Unreadable(Exception):
    """The whole file cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What was found out about a file."""

    #: `utf-8-sig` (with or without the mark) or `cp1252`.
    encoding: str
    delimiter: str

    @property
    def note(self) -> str:
        """Return what people should know, or nothing."""
        if self.encoding == "cp1252":
            return "was read as Windows-1252, because it is not UTF-8. Check names with accents."
        return ""


def dialect_of(path: Path) -> Dialect:
    """Return how the file at `path` is written; reads it once, a piece at a time.

    Raises:
        Unreadable: empty, binary, UTF-16, or in no encoding we know.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as stream:
        header = stream.readline(LONGEST_LINE)
    outside = "".join(header.split('"')[::2])
    counts = Counter({mark: outside.count(mark) for mark in DELIMITERS})
    delimiter, found = counts.most_common(1)[0]
    return Dialect(encoding, delimiter if found else ",")


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(_CHUNK)
        if not start.strip():
            message = "This file is empty. The first line names the columns."
            raise Unreadable(message)
        for magic, message in _NOT_TEXT:
            if start.startswith(magic):
                raise Unreadable(message)
        stream.seek(0)
        return "utf-8-sig" if _decodes(stream, "utf-8") else _windows(stream)


def _windows(stream: io.BufferedReader) -> str:
    stream.seek(0)
    if not _decodes(stream, "cp1252"):
        message = "This file is neither UTF-8 nor Windows-1252. In the spreadsheet choose Save as, CSV UTF-8."
        raise Unreadable(message)
    return "cp1252"


def _decodes(stream: io.BufferedReader, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := stream.read(_CHUNK):
            if b"\0" in chunk:
                raise Unreadable(_BINARY)
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class Lines:
    """The lines of a file as `csv` wants them, each of bounded length; counts bytes for progress."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        """Yield each line with its ending.

        Raises:
            Unreadable: a line is longer than `LONGEST_LINE`.
        """
        while line := self._stream.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
                message = f"One line has more than {LONGEST_LINE:,} characters. Is this really a CSV file?"
                raise Unreadable(message)
            yield line

    @property
    def bytes_read(self) -> int:
        """Return about how many bytes have been taken from the file."""
        return self._stream.buffer.tell()


@contextmanager
def lines_of(path: Path, dialect: Dialect) -> Iterator[Lines]:
    """Open the file at `path` for the block; line ends inside quoted cells stay as they are."""
    with path.open(encoding=dialect.encoding, newline="") as stream:
        yield Lines(stream)
