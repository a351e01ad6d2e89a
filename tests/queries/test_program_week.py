"""How full a group is, in steps."""

from datetime import datetime

import pytest

from iop_schedule.queries.program_week import GroupBlock
from tests.conftest import NOW


def block(filled: int, seats: int) -> GroupBlock:
    at: datetime = NOW
    return GroupBlock(
        occurrence_id=1, series_id=1, group_id=1, name="", leader="", room="", starts=at, ends=at,
        filled=filled, seats=seats, cancelled=False, reason="", moved=False, is_over=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filled", "seats", "step"),
    [
        (0, 12, 1), (2, 12, 1), (3, 12, 2), (5, 12, 2), (6, 12, 3), (8, 12, 3), (9, 12, 4), (11, 12, 4),
        (12, 12, 5), (13, 12, 5), (0, 1, 1), (1, 1, 5), (1, 2, 3),
    ],
)  # fmt: skip
def test_only_a_full_group_is_a_five(filled: int, seats: int, step: int) -> None:
    assert block(filled, seats).fill_step == step
