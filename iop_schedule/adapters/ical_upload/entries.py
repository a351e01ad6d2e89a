"""One entry of an uploaded calendar, written anew from the parts we understand.

What the library gets to read is ours: known zone names, rules from the allowed list, well-formed
dates. Nothing of the original text reaches it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from iop_schedule.adapters.ical_upload.limits import UploadLimits
from iop_schedule.adapters.ical_upload.prescan import Entry, Line
from iop_schedule.adapters.ical_upload.results import SkipReason
from iop_schedule.adapters.ical_upload.rules import Rule, parse_rule
from iop_schedule.adapters.ical_upload.zone_names import iana_name

_TIME = r"\d{8}(?:T\d{6}Z?)?"
_DURATION = r"[+-]?P(?=.)(?:\d{1,4}W)?(?:\d{1,5}D)?(?:T(?:\d{1,6}H)?(?:\d{1,6}M)?(?:\d{1,6}S)?)?"
_SHAPES = {
    "DTSTART": re.compile(_TIME),
    "DTEND": re.compile(_TIME),
    "RECURRENCE-ID": re.compile(_TIME),
    "EXDATE": re.compile(_TIME),
    "RDATE": re.compile(rf"{_TIME}(?:/(?:{_TIME}|{_DURATION}))?"),
    "DURATION": re.compile(_DURATION),
    "SEQUENCE": re.compile(r"\d{1,9}"),
}
_YEARS = range(1970, 2101)
_FREE = {("TRANSP", "TRANSPARENT"), ("X-MICROSOFT-CDO-BUSYSTATUS", "FREE")}


class Skip(Exception):
    """This entry cannot be used."""

    def __init__(self, reason: SkipReason) -> None:
        """Keep why."""
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class ZoneReader:
    """Turns zone names of a file into IANA names; remembers whether one had to be guessed."""

    #: The zone of times that name none we know.
    default: str
    has_guessed: bool = False

    def name(self, written: str | None) -> str:
        """Return the IANA name for `written`; the default when there is none or it is unknown."""
        if not written:
            return self.default
        known = iana_name(written)
        self.has_guessed |= known is None
        return known or self.default


@dataclass(frozen=True, slots=True)
class CleanEntry:
    """An entry in our own lines, and what decides how it is expanded."""

    lines: tuple[str, ...]
    first_day: date
    rule: Rule | None
    #: True for a single changed date of a series.
    is_override: bool
    #: True when it has more than its own date.
    repeats: bool
    sequence: int
    #: Why its time does not count as busy, if so.
    not_busy: SkipReason | None


def clean_entry(entry: Entry, zones: ZoneReader, limits: UploadLimits) -> CleanEntry:
    """Return `entry` in our own lines.

    Raises:
        Skip: it has no readable start, a rule we do not expand, or too much in it.
    """
    if entry.skip is not None:
        raise Skip(entry.skip)
    rule = _rule(entry, limits)
    lines = [line for line in entry.lines if line.name in _SHAPES and line.name != "SEQUENCE"]
    start = _only_start(lines)
    written = [text for line in lines for text in _rewritten(line, zones)]
    if rule is not None:
        written.append("RRULE:" + _rule_text(rule, start, zones))
    sequence = entry.first("SEQUENCE")
    return CleanEntry(
        lines=tuple(written),
        first_day=date.fromisoformat(start.value[:8]),
        rule=rule,
        is_override=entry.has("RECURRENCE-ID"),
        repeats=rule is not None or entry.has("RDATE"),
        sequence=int(sequence) if _SHAPES["SEQUENCE"].fullmatch(sequence) else 0,
        not_busy=_not_busy(entry),
    )


def _rule(entry: Entry, limits: UploadLimits) -> Rule | None:
    texts = [line.value for line in entry.lines if line.name == "RRULE"]
    # A change “from here on” would need the series to be cut in two.
    changes_the_rest = any("RANGE" in line.parameters for line in entry.lines)
    if len(texts) > 1 or entry.has("EXRULE") or changes_the_rest:
        raise Skip(SkipReason.RULE)
    rule = parse_rule(texts[0], limits) if texts else None
    if texts and rule is None:
        raise Skip(SkipReason.RULE)
    return rule


def _only_start(lines: list[Line]) -> Line:
    for line in lines:
        if not all(_SHAPES[line.name].fullmatch(item) for item in line.value.split(",")):
            raise Skip(SkipReason.BAD_TIMES)
    starts = [line for line in lines if line.name == "DTSTART"]
    if len(starts) != 1 or "," in starts[0].value or int(starts[0].value[:4]) not in _YEARS:
        raise Skip(SkipReason.BAD_TIMES)
    try:
        date.fromisoformat(starts[0].value[:8])
    except ValueError:
        raise Skip(SkipReason.BAD_TIMES) from None
    return starts[0]


def _rewritten(line: Line, zones: ZoneReader) -> list[str]:
    """Return `line` as one line per kind of value in it."""
    items = sorted(line.value.split(","), key=_kind)
    return [
        f"{line.name}{_parameters(kind, line, zones)}:{','.join(group)}"
        for kind, group in groupby(items, key=_kind)
    ]


def _kind(item: str) -> str:
    """Return which form a value has: duration, period, date, utc or local."""
    if item.lstrip("+-").startswith("P"):
        return "duration"
    if "/" in item:
        return "period"
    if "T" not in item:
        return "date"
    return "utc" if item.endswith("Z") else "local"


def _parameters(kind: str, line: Line, zones: ZoneReader) -> str:
    if kind in {"duration", "utc"}:
        return ""
    if kind == "date":
        return ";VALUE=DATE"
    zone = f";TZID={zones.name(line.parameters.get('TZID'))}"
    return f";VALUE=PERIOD{zone}" if kind == "period" else zone


def _rule_text(rule: Rule, start: Line, zones: ZoneReader) -> str:
    """Return the rule with an end that means what people meant: that day, in the zone of the start."""
    if rule.until is None:
        return rule.text
    if "T" not in start.value:
        return f"{rule.text};UNTIL={rule.until:%Y%m%d}"
    if rule.until_text.endswith("Z"):
        return f"{rule.text};UNTIL={rule.until_text}"
    last = time.fromisoformat(rule.until_text[9:15] or "235959")
    tz_name = "UTC" if start.value.endswith("Z") else zones.name(start.parameters.get("TZID"))
    until = datetime.combine(rule.until, last, tzinfo=ZoneInfo(tz_name)).astimezone(UTC)
    return f"{rule.text};UNTIL={until:%Y%m%dT%H%M%SZ}"


def _not_busy(entry: Entry) -> SkipReason | None:
    if any(line.name == "STATUS" and line.value == "CANCELLED" for line in entry.lines):
        return SkipReason.CANCELLED
    if any((line.name, line.value) in _FREE for line in entry.lines):
        return SkipReason.FREE
    return None


def is_far_from(entry: CleanEntry, first_day: date, last_day: date, limits: UploadLimits) -> bool:
    """Return True when an entry without repetition cannot touch the days, both included."""
    margin = timedelta(days=limits.entry_days + 1)
    return not first_day - margin <= entry.first_day <= last_day + timedelta(days=1)
