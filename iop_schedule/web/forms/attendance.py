"""The attendance sheet: one status, and for some an arrival time, for each person on the roster."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from iop_schedule.actions.attendance import MarkToSave
from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import Mark
from iop_schedule.vocabulary import AttendanceStatus

#: The words of the sheet's radio buttons.
STATUS_OF = {
    "present": AttendanceStatus.ATTENDED,
    "late": AttendanceStatus.ATTENDED_PART,
    "excused": AttendanceStatus.EXCUSED,
    "absent": AttendanceStatus.NO_SHOW,
}
CHOICE_OF = {status: choice for choice, status in STATUS_OF.items()}
LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class TypedSeat:
    """What was chosen and typed for one person, as it was sent."""

    choice: str
    arrived: str


@dataclass(frozen=True, slots=True)
class ShownSeat:
    """What the sheet shows for one person as it is stored."""

    typed: TypedSeat
    version: int
    #: Somebody has marked this person, if only in a way the sheet has no button for.
    marked: bool


@dataclass(frozen=True, slots=True)
class SheetInput:
    """A sheet as it was sent: marks that make sense, what does not, and everything as typed."""

    marks: tuple[MarkToSave, ...]
    errors: Mapping[int, str]
    typed: Mapping[int, TypedSeat]
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
    nothing about them. With `rest_present`, whoever is still to mark is marked present. Marks sent back as
    they were shown are left out too: what the sheet cannot say, such as who left early or an import's late
    cancellation, stays that way.
    """
    marks: list[MarkToSave] = []
    errors: dict[int, str] = {}
    typed: dict[int, TypedSeat] = {}
    for entry_id, seat in shown.items():
        version = form.get(f"version-{entry_id}", "")
        if not version.isdecimal() or len(version) > 9:  # noqa: PLR2004 - more digits than versions
            continue
        choice = form.get(f"status-{entry_id}", "")
        arrived = form.get(f"arrived-{entry_id}", "").strip()
        typed[entry_id] = TypedSeat(choice, arrived)
        if seat.marked and (int(version), typed[entry_id]) == (seat.version, seat.typed):
            continue
        if choice not in STATUS_OF:
            if seat.marked or not rest_present:
                continue
            choice = "present"
            typed[entry_id] = TypedSeat(choice, arrived)
        try:
            mark = _mark(choice, arrived, day, tz)
        except ValueError:
            errors[entry_id] = "Enter the time they arrived, like 9:12 am or 09:12."
            continue
        marks.append(MarkToSave(entry_id, int(version), mark))
    key = form.get("change_key", "")
    return SheetInput(tuple(marks), errors, typed, key if key.isalnum() and len(key) <= LONGEST_KEY else None)


def _mark(choice: str, arrived: str, day: date, tz: ZoneInfo) -> Mark:
    status = STATUS_OF[choice]
    if status is not AttendanceStatus.ATTENDED_PART:
        return Mark(status)
    return Mark(status, arrived_at=civil_time.instant(day, wall_clock(arrived), tz))


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
