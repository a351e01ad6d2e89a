"""The painted week: which half hours the grid shows, and what a painted grid changes.

`static/times.js` sends the whole grid once anything on it was touched. What was shown and sent back as it
was keeps its entry with label and travel time; a stretch that grew or shrank keeps them too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import wall_time
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity

#: What can be painted, and what it stands for.
PAINTED_KINDS = {
    "work": ConstraintKind.WORK,
    "care": ConstraintKind.CAREGIVING,
    "other": ConstraintKind.OTHER,
}
#: The color a kind has in lists and on the grid; everything else is “other”.
TONES = {ConstraintKind.WORK: "work", ConstraintKind.CAREGIVING: "care", ConstraintKind.SCHOOL: "school"}
#: The painted day: rows of half an hour from 7 am to 9 pm.
FIRST_ROW, LAST_ROW, ROW = 7 * 60, 21 * 60, 30

#: Tone by weekday and first minute of each half hour.
Cells = Mapping[tuple[int, int], str]


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Neighboring half hours of one tone on one weekday, in minutes from midnight."""

    weekday: int
    start: int
    end: int
    tone: str

    def touches(self, other: "Stretch") -> bool:
        """Return True when both have the tone and share time."""
        same = (self.weekday, self.tone) == (other.weekday, other.tone)
        return same and self.start < other.end and other.start < self.end

    def commitment(self, today: date) -> Commitment:
        """Return it as a weekly commitment from `today` on."""
        return Commitment(
            kind=PAINTED_KINDS[self.tone],
            weekday=Weekday(self.weekday),
            local_start=wall_time(self.start),
            local_end=wall_time(self.end),
            from_day=today,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What a painted grid asks for: entries to end, and entries to begin."""

    remove_ids: tuple[int, ...]
    add: tuple[Commitment, ...]


def tone_of(commitment: Commitment) -> str:
    """Return the color of a commitment."""
    return TONES.get(commitment.kind, "other")


def is_paintable(commitment: Commitment) -> bool:
    """Return True when the grid can express the commitment; others it only shows."""
    return (
        commitment.weekday is not None
        and commitment.weekday.is_treatment_day
        and commitment.week is WeekParity.EVERY
        and commitment.kind in PAINTED_KINDS.values()
        and not commitment.ends_next_day
        and not commitment.exceptions
        and commitment.until_day is None
        and commitment.hard
        and commitment.negotiable
        and commitment.start_minute >= FIRST_ROW
        and commitment.end_minute <= LAST_ROW
        and commitment.start_minute % ROW == commitment.end_minute % ROW == 0
    )


def grid_cells(commitments: Iterable[Commitment]) -> tuple[dict[tuple[int, int], str], set[tuple[int, int]]]:
    """Return the tone of each half hour of the grid, and which of them painting must leave alone."""
    cells: dict[tuple[int, int], str] = {}
    fixed: set[tuple[int, int]] = set()
    weekly = [one for one in commitments if one.weekday is not None]
    # What cannot be painted comes last, so that it is seen where both lie.
    for commitment in sorted(weekly, key=lambda one: not is_paintable(one)):
        for cell in _cells_of(commitment):
            cells[cell] = tone_of(commitment)
            if not is_paintable(commitment):
                fixed.add(cell)
    return cells, fixed


def _cells_of(commitment: Commitment) -> Iterable[tuple[int, int]]:
    first = max(FIRST_ROW, commitment.start_minute // ROW * ROW)
    for minute in range(first, min(commitment.end_minute, LAST_ROW), ROW):
        yield int(commitment.weekday or 0), minute


def read_cells(lines: Iterable[str]) -> dict[tuple[int, int], str]:
    """Return the half hours a painted grid sent, such as `0 780 1260 work` for Monday 1 pm to 9 pm.

    Raises:
        ValueError: a line is not of the grid.
    """
    tones = {*PAINTED_KINDS, *TONES.values()}
    found: dict[tuple[int, int], str] = {}
    for line in lines:
        day, start, end, tone = line.split(" ")
        weekday, first, last = int(day), int(start), int(end)
        in_grid = 0 <= weekday <= Weekday.FR and FIRST_ROW <= first < last <= LAST_ROW
        if not in_grid or first % ROW or last % ROW or tone not in tones:
            message = f"not on the grid: {line!r}"
            raise ValueError(message)
        found.update(dict.fromkeys(((weekday, minute) for minute in range(first, last, ROW)), tone))
    return found


def changes(shown: Sequence[Commitment], painted: Cells, *, today: date) -> Changes:
    """Return what to end and to begin so that the week is as painted, from `today` on.

    Raises:
        ValueError: something is painted that can only be shown.
    """
    cells, fixed = grid_cells(shown)
    before = _stretches({cell: tone for cell, tone in cells.items() if cell not in fixed})
    after = _stretches({cell: tone for cell, tone in painted.items() if cell not in fixed})
    if any(stretch.tone not in PAINTED_KINDS for stretch in after):
        message = "a kind that cannot be painted"
        raise ValueError(message)
    touched = before - after
    entries = [(_whole(one), one) for one in shown if is_paintable(one)]
    removed = [one for whole, one in entries if any(whole.touches(stretch) for stretch in touched)]
    kept = [whole for whole, one in entries if one not in removed]
    add = [stretch for stretch in sorted(after) if stretch not in before or _is_bare(stretch, kept)]
    return Changes(
        remove_ids=tuple(one.id for one in removed if one.id is not None),
        add=tuple(_like(stretch.commitment(today), stretch, removed) for stretch in add),
    )


def _whole(commitment: Commitment) -> Stretch:
    weekday = int(commitment.weekday or 0)
    return Stretch(weekday, commitment.start_minute, commitment.end_minute, tone_of(commitment))


def _stretches(cells: Cells) -> set[Stretch]:
    found: list[Stretch] = []
    for (weekday, minute), tone in sorted(cells.items()):
        last = found[-1] if found else None
        if last and (last.weekday, last.end, last.tone) == (weekday, minute, tone):
            found[-1] = replace(last, end=minute + ROW)
        else:
            found.append(Stretch(weekday, minute, minute + ROW, tone))
    return set(found)


def _is_bare(stretch: Stretch, kept: Iterable[Stretch]) -> bool:
    """Return True when nothing that stays holds this stretch, or only part of it."""
    covered = {
        minute for whole in kept if whole.touches(stretch) for minute in range(whole.start, whole.end, ROW)
    }
    return not covered.issuperset(range(stretch.start, stretch.end, ROW))


def _like(new: Commitment, stretch: Stretch, removed: Iterable[Commitment]) -> Commitment:
    """Return `new` with label and travel time of the entry it takes over from, if there is one."""
    former = [one for one in removed if _whole(one).touches(stretch)]
    if not former:
        return new
    first = former[0]
    return replace(new, label=first.label, travel_before=first.travel_before, travel_after=first.travel_after)
