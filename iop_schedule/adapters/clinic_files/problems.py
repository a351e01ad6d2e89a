"""What is wrong in a file, and where: one sentence per bad cell, row or file."""

from dataclasses import asdict, dataclass, field
from typing import Any

#: More than this many are counted, not listed.
MOST_LISTED = 1000
_LONGEST_QUOTE = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct."""

    #: File name, such as `clients.csv`.
    file: str
    #: Line of the file on which the row begins, counted from 1; 0 when the whole file is meant.
    line: int
    #: Column name; empty when the whole row is meant.
    column: str
    #: What was written there, shortened.
    written: str
    #: What to do.
    advice: str

    def __str__(self) -> str:
        """Return the problem as one line for a terminal."""
        place = self.file + (f", line {self.line}" if self.line else "")
        place += f", {self.column}" if self.column else ""
        return f"{place}: {self.advice}" + (f" (written: “{self.written}”)" if self.written else "")


@dataclass(slots=True)
class Problems:
    """Collects problems; keeps the first thousand and the number of all."""

    listed: list[Problem] = field(default_factory=list)
    total: int = 0
    #: Things worth knowing that stop nothing.
    notes: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, column: str, written: str, advice: str) -> None:
        """Note one problem."""
        self.total += 1
        if len(self.listed) < MOST_LISTED:
            quoted = written if len(written) <= _LONGEST_QUOTE else written[: _LONGEST_QUOTE - 1] + "…"
            self.listed.append(Problem(file, line, column, quoted, advice))

    @property
    def more(self) -> int:
        """Return how many were counted but not listed."""
        return self.total - len(self.listed)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {"listed": [asdict(p) for p in self.listed], "more": self.more, "notes": self.notes}
