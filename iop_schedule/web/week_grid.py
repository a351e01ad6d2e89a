"""Blocks of a working week as the week macro draws them: place, length and lane of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

#: The grid's day, in minutes from midnight, and its step; `_macros/week.html` draws the same hours.
FIRST_MINUTE, LAST_MINUTE, STEP = 7 * 60, 21 * 60, 5
SHORT_MINUTES = 60
MOST_LANES = 6


@dataclass(frozen=True, slots=True)
class Block:
    """One stretch of a day on the grid. `_macros/week.html` says what each part does."""

    title: str
    start_minute: int
    end_minute: int
    start_label: str
    end_label: str
    kind: str = "group"
    state: str = ""
    state_label: str = ""
    state_icon: str = ""
    sub: str = ""
    count_label: str = ""
    fill: int = 0
    url: str = ""
    lane: int = 0

    @property
    def css_start(self) -> str:
        """Return the class of the row it begins in."""
        return _row(self.start_minute)

    @property
    def css_span(self) -> str:
        """Return the class of its length; never less than a quarter of an hour, to stay readable."""
        start = _within(self.start_minute) // STEP * STEP
        end = -(-_within(self.end_minute) // STEP) * STEP
        return f"d-{max(15, end - start)}"

    @property
    def is_short(self) -> bool:
        """Return True when only the title fits."""
        return self.end_minute - self.start_minute < SHORT_MINUTES


@dataclass(frozen=True, slots=True)
class Under:
    """One half hour under the sessions of a day."""

    start_minute: int
    shade: int
    number: int

    @property
    def css_start(self) -> str:
        """Return the class of the row it begins in."""
        return _row(self.start_minute)


@dataclass(frozen=True, slots=True)
class GridDay:
    """One weekday of the grid."""

    name: str
    date_label: str
    is_today: bool
    sessions: tuple[Block, ...]
    closed: str = ""
    lanes: int = 1
    empty_words: str = ""
    #: Half hours drawn under the sessions: where each begins, how dark, and a number.
    under: tuple[Under, ...] = ()


def _row(minute: int) -> str:
    hour, minute = divmod(_within(minute) // STEP * STEP, 60)
    return f"t-{hour:02d}{minute:02d}"


def _within(minute: int) -> int:
    return min(max(minute, FIRST_MINUTE), LAST_MINUTE)


def in_lanes(blocks: Iterable[Block]) -> tuple[tuple[Block, ...], int]:
    """Return the blocks of one day in order of time, overlapping ones side by side, and how many lanes.

    A block beside which nothing happens has the whole width. Blocks that lie wholly outside the grid's
    hours are left out.
    """
    shown = sorted(
        (b for b in blocks if b.end_minute > FIRST_MINUTE and b.start_minute < LAST_MINUTE),
        key=lambda b: (b.start_minute, -b.end_minute, b.title),
    )
    ends: list[int] = []
    placed: list[Block] = []
    for block in shown:
        lane = next((n for n, end in enumerate(ends) if end <= block.start_minute), len(ends))
        lane = min(lane, MOST_LANES - 1)
        ends[lane : lane + 1] = [block.end_minute]
        placed.append(replace(block, lane=lane + 1))
    return tuple(replace(b, lane=0) if _is_alone(b, placed) else b for b in placed), max(1, len(ends))


def _is_alone(block: Block, others: Iterable[Block]) -> bool:
    return not any(
        other is not block and other.start_minute < block.end_minute and block.start_minute < other.end_minute
        for other in others
    )


def grid_day(day: GridDay, blocks: Sequence[Block]) -> GridDay:
    """Return `day` with `blocks` placed on it."""
    placed, lanes = in_lanes(blocks)
    return replace(day, sessions=placed, lanes=lanes)
