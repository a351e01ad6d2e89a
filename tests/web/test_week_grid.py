"""Where a block of a day stands on the week grid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.web.week_grid import (
    FIRST_MINUTE,
    LAST_MINUTE,
    MOST_LANES,
    Block,
    GridDay,
    grid_day,
    in_lanes,
)


def block(start: int, end: int, title: str = "x") -> Block:
    return Block(title, start, end, "", "")


@pytest.mark.parametrize(
    ("start", "end", "css"),
    [
        (540, 720, "t-0900 d-180"),
        (542, 723, "t-0900 d-185"),
        (540, 545, "t-0900 d-15"),
        (0, 480, "t-0700 d-60"),
        (1200, 1440, "t-2000 d-60"),
        (FIRST_MINUTE, LAST_MINUTE, "t-0700 d-840"),
    ],
    ids=["on the hour", "rounded outward", "never too small to read", "from before seven", "past nine",
         "all day"],
)  # fmt: skip
def test_place_and_length_are_classes(start: int, end: int, css: str) -> None:
    assert f"{block(start, end).css_start} {block(start, end).css_span}" == css


@pytest.mark.parametrize(("minutes", "short"), [(59, True), (60, False)])
def test_under_an_hour_only_the_title_fits(minutes: int, short: bool) -> None:
    assert block(600, 600 + minutes).is_short is short


@pytest.mark.parametrize(
    ("blocks", "lanes", "how_many"),
    [
        ([], [], 1),
        ([(540, 600), (600, 660)], [0, 0], 1),
        ([(540, 601), (600, 660)], [1, 2], 2),
        ([(540, 720), (540, 600), (600, 660)], [1, 2, 2], 2),
        ([(540, 600)] * 3, [1, 2, 3], 3),
        ([(540, 601), (600, 660), (900, 960)], [1, 2, 0], 2),
        ([(0, 420), (1260, 1440)], [], 1),
        ([(0, 421)], [0], 1),
    ],
    ids=["none", "back to back", "overlapping", "two beside one", "three at once", "one alone later",
         "outside the grid",
         "a minute of it inside"],
)  # fmt: skip
def test_blocks_that_overlap_stand_side_by_side(
    blocks: list[tuple[int, int]], lanes: list[int], how_many: int
) -> None:
    placed, count = in_lanes(block(*times) for times in blocks)
    assert ([b.lane for b in placed], count) == (lanes, how_many)


TIMES = st.tuples(st.integers(0, 1435), st.integers(5, 600)).map(lambda t: (t[0], min(1440, t[0] + t[1])))


@given(st.lists(TIMES, max_size=MOST_LANES))
def test_no_two_overlapping_blocks_share_a_lane(times: list[tuple[int, int]]) -> None:
    placed, lanes = in_lanes(block(*pair) for pair in times)
    assert lanes <= MOST_LANES
    assert [b.start_minute for b in placed] == sorted(b.start_minute for b in placed)
    for number, one in enumerate(placed):
        for other in placed[number + 1 :]:
            if one.start_minute < other.end_minute and other.start_minute < one.end_minute:
                assert one.lane != other.lane


@given(st.lists(TIMES, min_size=MOST_LANES + 1, max_size=12))
def test_there_are_never_more_lanes_than_can_be_drawn(times: list[tuple[int, int]]) -> None:
    placed, lanes = in_lanes(block(*pair) for pair in times)
    assert lanes <= MOST_LANES
    assert all(b.lane <= lanes for b in placed)


def test_a_day_takes_its_blocks_and_keeps_the_rest() -> None:
    day = grid_day(GridDay("Mon", "Mar 2", is_today=True, sessions=()), [block(600, 660), block(540, 601)])
    assert (day.name, day.is_today, day.lanes, [b.start_minute for b in day.sessions]) == (
        "Mon", True, 2, [540, 600],
    )  # fmt: skip
