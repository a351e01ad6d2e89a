"""The first look at an uploaded file: is it a calendar, is it small enough, which lines matter.

Plain string work on bounded input. Only times, rules and busy marks come out; titles, places, people
and notes are dropped here, before any library sees them.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from iop_schedule.adapters.ical_upload.limits import UploadLimits
from iop_schedule.adapters.ical_upload.results import Problem, SkipReason

#: The properties of an entry that say when it is and whether it takes time.
KEPT = frozenset(
    {
        "UID",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "EXRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "SEQUENCE",
        "STATUS",
        "TRANSP",
        "X-MICROSOFT-CDO-BUSYSTATUS",
    }
)
#: Properties that may hold many dates; they are counted by date.
DATE_LISTS = frozenset({"RDATE", "EXDATE"})
_LINE_END = re.compile(r"\r\n|\r|\n")
_PARAMETER = re.compile(r';\s*(TZID|VALUE|RANGE)\s*=\s*(?:"([^"]*)"|([^;"]*))', re.IGNORECASE)


class Refused(Exception):
    """The file cannot be read at all."""

    def __init__(self, problem: Problem) -> None:
        """Keep which problem it is."""
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Line:
    """One property: its name in capitals, the three parameters that matter, its value."""

    name: str
    value: str
    parameters: dict[str, str]


@dataclass(slots=True)
class Entry:
    """The lines of one VEVENT that matter, and why it cannot be used, if so."""

    lines: list[Line] = field(default_factory=list)
    skip: SkipReason | None = None

    def first(self, name: str) -> str:
        """Return the value of the first property called `name`, or an empty string."""
        return next((line.value for line in self.lines if line.name == name), "")

    def has(self, *names: str) -> bool:
        """Return True when a property has one of these names."""
        return any(line.name in names for line in self.lines)


@dataclass(slots=True)
class Scan:
    """The entries of a file in its order, the zone it names for itself, and remarks."""

    entries: list[Entry] = field(default_factory=list)
    zone: str = ""
    problems: list[Problem] = field(default_factory=list)


def refuse_at_a_glance(data: bytes, limits: UploadLimits) -> None:
    """Raise Refused for what the first bytes already tell; cheap enough for the web process."""
    if len(data) > limits.file_bytes:
        raise Refused(Problem.TOO_LARGE)
    if b"\0" in data or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused(Problem.NOT_TEXT)
    start = data[:4096].removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.upper().startswith(b"BEGIN:VCALENDAR"):
        raise Refused(Problem.NOT_A_CALENDAR)


def scan(data: bytes, limits: UploadLimits) -> Scan:
    """Return the lines that matter of every entry in `data`.

    Accepts any line ends, blank lines, and letters that are not UTF-8. Entries count wherever they
    stand directly in a calendar.

    Raises:
        Refused: not a calendar, or beyond the limits.
    """
    refuse_at_a_glance(data, limits)
    result = Scan()
    text = _decoded(data, result)
    reader = _Reader(result, limits)
    for number, line in enumerate(_unfolded(text, limits.line_length), start=1):
        if number > limits.lines:
            raise Refused(Problem.TOO_MANY_ENTRIES)
        reader.read(line)
    reader.finish()
    return result


def _decoded(data: bytes, result: Scan) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        result.problems.append(Problem.GUESSED_LETTERS)
        return data.decode("cp1252", errors="replace")


def _unfolded(text: str, longest: int) -> Iterator[str]:
    """Yield logical lines; of an overlong one only the beginning, one character beyond the limit."""
    parts: list[str] = []
    length = 0
    for physical in _LINE_END.split(text):
        if not physical.strip():
            continue
        if physical[0] in " \t" and parts:
            piece = physical[1:]
        else:
            if parts:
                yield "".join(parts)
            parts, length, piece = [], 0, physical
        parts.append(piece[: max(0, longest + 1 - length)])
        length += len(piece)
    if parts:
        yield "".join(parts)


class _Reader:
    """Follows BEGIN and END, and collects the lines that stand directly in an entry."""

    def __init__(self, result: Scan, limits: UploadLimits) -> None:
        self.result = result
        self.limits = limits
        self.open: list[str] = []
        self.entry: Entry | None = None
        self.dates = self.others = 0

    def read(self, line: str) -> None:
        """Take the next logical line."""
        name = re.split("[;:]", line, maxsplit=1)[0].strip().upper()
        if name == "BEGIN":
            self._begin(_component(line))
        elif name == "END":
            self._end(_component(line))
        elif self.entry is not None and self.open[-1] == "VEVENT":
            self._property(name, line)
        elif name == "X-WR-TIMEZONE" and self.open[-1:] == ["VCALENDAR"]:
            self.result.zone = line.partition(":")[2].strip()

    def finish(self) -> None:
        """Note an entry that the file does not end."""
        if self.entry is not None:
            self.entry.skip = SkipReason.UNFINISHED
            self._close_entry()
        if self.open:
            self.result.problems.append(Problem.ENDS_EARLY)

    def _begin(self, component: str) -> None:
        if self.entry is not None and component == "VEVENT":
            self.entry.skip = SkipReason.UNFINISHED
            self._close_entry()
        if component == "VEVENT" and self.open[-1:] == ["VCALENDAR"]:
            if len(self.result.entries) >= self.limits.entries:
                raise Refused(Problem.TOO_MANY_ENTRIES)
            self.entry, self.dates, self.others = Entry(), 0, 0
        self.open.append(component)
        if len(self.open) > self.limits.nesting:
            raise Refused(Problem.BUILT_ODDLY)

    def _end(self, component: str) -> None:
        if component not in self.open:
            return
        while self.open.pop() != component:
            pass
        if self.entry is not None and "VEVENT" not in self.open:
            if component != "VEVENT":
                self.entry.skip = SkipReason.UNFINISHED
            self._close_entry()

    def _close_entry(self) -> None:
        if self.entry is not None:
            self.result.entries.append(self.entry)
        self.entry = None
        while "VEVENT" in self.open:
            self.open.pop()

    def _property(self, name: str, line: str) -> None:
        entry = self.entry
        if entry is None or entry.skip is not None or name not in KEPT:
            return
        parsed = _line(name, line)
        if name in DATE_LISTS:
            self.dates += parsed.value.count(",") + 1
        else:
            self.others += 1
        entry.lines.append(parsed)
        if (
            len(line) > self.limits.line_length
            or self.dates > self.limits.dates_per_entry
            or self.others > self.limits.properties_per_entry
        ):
            entry.skip = SkipReason.TOO_BIG


def _component(line: str) -> str:
    return line.partition(":")[2].strip().upper()


def _line(name: str, line: str) -> Line:
    if name == "UID":
        return Line(name, line.partition(":")[2], {})
    # Values of the other kept properties hold no colon, but zone names without quotes do:
    # DTSTART;TZID=(GMT-05:00) Eastern Time:20261026T090000
    head, _, value = line.rpartition(":")
    found = _PARAMETER.finditer(head)
    parameters = {match[1].upper(): (match[2] or match[3] or "").strip() for match in found}
    return Line(name, value.strip().upper(), parameters)
