"""The attendance sheet: one status, and for some a time or a reason, for each person on the roster."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from iop_schedule.actions.attendance import MarkToSave
from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import Mark
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import AttendanceStatus
from iop_schedule.web.forms.numbers import whole_number

#: The words of the sheet's radio buttons.
STATUS_OF = {
    "present": AttendanceStatus.ATTENDED,
    "late": AttendanceStatus.ATTENDED_PART,
    "excused": AttendanceStatus.EXCUSED,
    "absent": AttendanceStatus.NO_SHOW,
}
#: A late cancellation is an excuse that came late: the same button, and words beside it.
CHOICE_OF = {status: choice for choice, status in STATUS_OF.items()} | {
    AttendanceStatus.LATE_CANCEL: "excused"
}
#: Why someone is away, for one tap; the sheet never asks for it at once.
REASONS = (
    "Feeling ill",
    "Work",
    "Child or family care",
    "Ride",
    "Another appointment",
    "No word yet",
    "Something else",
)
KEY = re.compile(r"[0-9A-Za-z-]{8,40}")
LARGEST_VERSION = 10**9
#: How far the clock of a device may run ahead before its word about the time is left aside.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TypedSeat:
    """What was chosen and typed for one person, as it was sent."""

    choice: str
    arrived: str = ""
    left: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShownSeat:
    """What the sheet shows for one person as it is stored."""

    typed: TypedSeat
    version: int
    #: Somebody has marked this person, if only in a way the sheet has no button for.
    marked: bool
    #: They told us that they cannot come.
    away: bool = False


@dataclass(frozen=True, slots=True)
class SheetInput:
    """A sheet as it was sent: marks that make sense, what does not, and everything as typed."""

    marks: tuple[MarkToSave, ...]
    errors: Mapping[int, str]
    typed: Mapping[int, TypedSeat]
    #: The version each person's mark had when the sheet was shown.
    versions: Mapping[int, int]
    #: People someone else had marked meanwhile, for whom it has still to be said whose mark is right.
    undecided: tuple[int, ...]
    #: The same for the same sheet with the same marks, so that sending it again changes nothing.
    change_key: str | None


def read_sheet(
    form: Mapping[str, str],
    *,
    shown: Mapping[int, ShownSeat],
    day: date,
    tz: ZoneInfo,
    rest_present: bool,
) -> SheetInput:
    """Return the sheet in `form`, for the people in `shown` and times on `day` in `tz`.

    People the form does not mention and people still to mark are left out: whoever saves a sheet says
    nothing about them. With `rest_present`, whoever is still to mark is marked present, but for those who
    told us that they cannot come. Marks sent back as they were shown are left out too: what the sheet
    cannot say, such as that an excuse came late, stays that way. Where two people had marked one
    person, `resolve-<id>` says whose mark it is.
    """
    marks: list[MarkToSave] = []
    errors: dict[int, str] = {}
    typed: dict[int, TypedSeat] = {}
    versions: dict[int, int] = {}
    undecided: list[int] = []
    for entry_id, seat in shown.items():
        version = whole_number(form.get(f"version-{entry_id}"))
        if version is None:
            continue
        versions[entry_id] = version
        resolved = form.get(f"resolve-{entry_id}")
        if f"mine-status-{entry_id}" in form and resolved not in {"mine", "theirs"}:
            undecided.append(entry_id)
            typed[entry_id] = _typed(form, entry_id, seat, prefix="mine-")
            continue
        chosen = _typed(form, entry_id, seat, prefix="mine-" if resolved == "mine" else "")
        typed[entry_id] = chosen
        if seat.marked and (version, chosen) == (seat.version, seat.typed):
            continue
        if chosen.choice not in STATUS_OF:
            if seat.marked or seat.away or not rest_present:
                continue
            chosen = typed[entry_id] = TypedSeat("present", chosen.arrived, chosen.left, chosen.reason)
        try:
            mark = read_mark(chosen, day=day, tz=tz)
        except NotPossible as problem:
            errors[entry_id] = problem.message
            continue
        marks.append(MarkToSave(entry_id, int(version), mark, reason=reason_of(chosen)))
    key = form.get("change_key", "")
    return SheetInput(
        marks=tuple(marks),
        errors=errors,
        typed=typed,
        versions=versions,
        undecided=tuple(undecided),
        change_key=_digest(key, marks) if KEY.fullmatch(key) else None,
    )


def _typed(form: Mapping[str, str], entry_id: int, seat: ShownSeat, *, prefix: str) -> TypedSeat:
    """Return what was sent for one person; what the form has no field for stays as it is."""

    def sent(name: str, stands: str = "") -> str:
        return form.get(f"{prefix}{name}-{entry_id}", stands).strip()

    return TypedSeat(
        sent("status"), sent("arrived"), sent("left", seat.typed.left), sent("reason", seat.typed.reason)
    )


def _digest(key: str, marks: list[MarkToSave]) -> str:
    return hashlib.sha256(f"{key} {marks}".encode()).hexdigest()[:40]


def read_mark(typed: TypedSeat, *, day: date, tz: ZoneInfo) -> Mark:
    """Return the mark in what was typed, for a session on `day` in `tz`.

    Whoever is late has an arrival time; whoever left early may have one. Times of people who did not come
    are left aside: they stay in the form when someone changes their mind.

    Raises:
        NotPossible: a time cannot be read, or the choice is none of the sheet's.
    """
    if typed.choice not in STATUS_OF:
        message = "Choose Present, Late, Excused or Not here."
        raise NotPossible(message, field="status")
    status = STATUS_OF[typed.choice]
    left = _instant(typed.left, day, tz, "they left, like 11:30 am or 11:30") if typed.left else None
    if status is AttendanceStatus.ATTENDED_PART:
        arrived = _instant(typed.arrived, day, tz, "they arrived, like 9:12 am or 09:12")
        return Mark(status, arrived_at=arrived, left_at=left)
    if status is AttendanceStatus.ATTENDED and left is not None:
        return Mark(AttendanceStatus.ATTENDED_PART, left_at=left)
    return Mark(status)


def _instant(text: str, day: date, tz: ZoneInfo, what: str) -> datetime:
    try:
        return civil_time.instant(day, wall_clock(text), tz)
    except ValueError:
        message = f"Enter the time {what}."
        raise NotPossible(message) from None


def reason_of(typed: TypedSeat) -> str:
    """Return why someone is away; whoever came needs no reason."""
    return typed.reason[:200] if typed.choice in {"excused", "absent"} else ""


@dataclass(frozen=True, slots=True)
class SentMark:
    """One mark as a page sends it by itself; its times are read once the day of the session is known."""

    occurrence_id: int
    entry_id: int
    base_version: int
    typed: TypedSeat
    claimed_at: datetime | None
    change_key: str

    def to_save(self, *, day: date, tz: ZoneInfo) -> MarkToSave:
        """Return the mark, for a session on `day` in `tz`; raises as `read_mark`."""
        mark = read_mark(self.typed, day=day, tz=tz) if self.typed.choice else None
        reason = reason_of(self.typed)
        return MarkToSave(self.entry_id, self.base_version, mark, reason=reason, claimed_at=self.claimed_at)


def read_sent_mark(body: Any, key: str | None, *, now: datetime) -> SentMark:
    """Return the mark in the JSON a page sends.

    Raises:
        NotPossible: a part is missing or cannot be; the sentence says which.
    """
    if key is None or not KEY.fullmatch(key):
        message = "Send an Idempotency-Key of 8 to 40 letters, digits and dashes."
        raise NotPossible(message)
    if not isinstance(body, dict):
        message = "Send a JSON object."
        raise NotPossible(message)
    return SentMark(
        occurrence_id=_number(body, "session"),
        entry_id=_number(body, "person"),
        base_version=_number(body, "base_version"),
        typed=TypedSeat(*(_text(body, name) for name in ("status", "arrived_at", "left_at", "reason"))),
        claimed_at=_claimed(_text(body, "made_at"), now),
        change_key=key,
    )


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < LARGEST_VERSION:
        message = f"“{name}” must be a whole number."
        raise NotPossible(message, field=name)
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value:
        message = f"“{name}” must be text."
        raise NotPossible(message, field=name)
    return value.strip()


def _claimed(text: str, now: datetime) -> datetime | None:
    """Return when the device says it was, if that can be: not in the future, not days ago."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None or not now - timedelta(days=2) <= at <= now + CLOCKS_DIFFER:
        return None
    return at


def wall_clock(text: str) -> time:
    """Return the time in `text`: `09:12`, `9:12`, `9:12 am`, `9 pm`.

    Raises:
        ValueError: it is not a time.
    """
    cleaned = text.strip().lower().replace(".", "").replace(" ", "")
    for form in ("%H:%M", "%I:%M%p", "%I%p"):
        try:
            return datetime.strptime(cleaned, form).time()  # noqa: DTZ007 - a wall-clock time has no zone
        except ValueError:
            continue
    message = f"not a time: {text!r}"
    raise ValueError(message)
