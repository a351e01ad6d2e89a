"""The repetition rules we are willing to expand, and how far there is to go.

Rules are read from text against a list of what is allowed; whatever is not on it is left out. A file
of two hundred bytes can otherwise keep a processor busy for hours.
"""

import re
from dataclasses import dataclass
from datetime import date

from iop_schedule.adapters.ical_upload.limits import UploadLimits

_DAYS_PER_PERIOD = {"DAILY": 1.0, "WEEKLY": 7.0, "MONTHLY": 30.4, "YEARLY": 365.2}
_WEEKDAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_SHAPES = {
    "FREQ": re.compile("|".join(_DAYS_PER_PERIOD)),
    "INTERVAL": re.compile(r"\d{1,3}"),
    "COUNT": re.compile(r"\d{1,5}"),
    "UNTIL": re.compile(r"\d{8}(?:T\d{6}Z?)?"),
    "WKST": re.compile(_WEEKDAY),
    "BYDAY": re.compile(rf"[+-]?(?:[1-9]|[1-4]\d|5[0-3])?{_WEEKDAY}"),
    "BYMONTHDAY": re.compile(r"[+-]?(?:[1-9]|[12]\d|3[01])"),
    "BYMONTH": re.compile(r"0?[1-9]|1[0-2]"),
}
_LISTS = frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH"})


@dataclass(frozen=True, slots=True)
class Rule:
    """An allowed rule: its parts without UNTIL as text, and what the arithmetic needs."""

    text: str
    frequency: str
    interval: int
    has_count: bool
    #: UNTIL as written, or an empty string.
    until_text: str
    #: The date of UNTIL, if any.
    until: date | None

    def steps(self, first: date, last: date) -> int:
        """Return about how many periods lie between `first` and the earlier of `last` and the end."""
        end = min(last, self.until) if self.until else last
        return max(0, int((end - first).days / (_DAYS_PER_PERIOD[self.frequency] * self.interval))) + 1

    def days_to_skip(self, first: date, target: date) -> int:
        """Return by how many days a start on `first` may move toward `target` without changing the rule.

        Whole multiples of the interval keep the same days; counted, monthly and yearly rules stay.

        >>> parse_rule("FREQ=WEEKLY;INTERVAL=2", UploadLimits()).days_to_skip(
        ...     date(2020, 1, 6), date(2020, 2, 9))
        28
        """
        if not self.can_be_moved:
            return 0
        stride = int(_DAYS_PER_PERIOD[self.frequency]) * self.interval
        return max(0, (target - first).days // stride * stride)

    @property
    def can_be_moved(self) -> bool:
        """Return True when `days_to_skip` can bring a distant start near."""
        return not self.has_count and self.frequency in {"DAILY", "WEEKLY"}


def parse_rule(text: str, limits: UploadLimits) -> Rule | None:
    """Return the rule that an RRULE value states, or None when it is not one we expand."""
    parts: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        key, _, value = part.partition("=")
        if key in parts or not _is_allowed(key, value, limits):
            return None
        parts[key] = value
    interval = int(parts.get("INTERVAL", "1"))
    if "FREQ" not in parts or not 1 <= interval <= limits.interval or ("COUNT" in parts and "UNTIL" in parts):
        return None
    try:
        until = date.fromisoformat(parts["UNTIL"][:8]) if "UNTIL" in parts else None
    except ValueError:
        return None
    cleaned = ";".join(f"{key}={value}" for key, value in parts.items() if key != "UNTIL")
    return Rule(cleaned, parts["FREQ"], interval, "COUNT" in parts, parts.get("UNTIL", ""), until)


def _is_allowed(key: str, value: str, limits: UploadLimits) -> bool:
    shape = _SHAPES.get(key)
    if shape is None:
        return False
    values = value.split(",") if key in _LISTS else [value]
    return len(values) <= limits.list_length and all(shape.fullmatch(item) for item in values)
