"""What clients want time for, and whether the week leaves it free."""

import pytest

from iop_schedule.domain.goals import LONGEST_WORDS, BadGoal, DayParts, KeptTime, goal_words, kept_times
from iop_schedule.domain.intervals import Interval

EVENING, LATE_GROUP = Interval(17 * 60, 20 * 60), Interval(18 * 60, 21 * 60)


def test_the_words_of_a_goal_are_kept_without_stray_blanks() -> None:
    assert goal_words("  Evenings \n with the  kids ") == "Evenings with the kids"


@pytest.mark.parametrize("words", ["", " \n ", "x" * (LONGEST_WORDS + 1)], ids=["empty", "blank", "long"])
def test_a_goal_says_something_short(words: str) -> None:
    with pytest.raises(BadGoal) as refused:
        goal_words(words)
    assert refused.value.field == "words"


def test_its_times_are_those_of_its_name_and_free_unless_a_session_falls_into_them() -> None:
    days = [
        DayParts(own=(("The kids", EVENING), ("Shift", LATE_GROUP)), sessions=(Interval(540, 720),)),
        DayParts(own=(("the Kids", EVENING),), sessions=(LATE_GROUP,)),
        DayParts(own=(("The kids", EVENING),), sessions=(Interval(EVENING.end, EVENING.end + 60),)),
    ]
    assert kept_times("the kids", days) == (
        KeptTime(0, EVENING, is_free=True), KeptTime(1, EVENING, is_free=False),
        KeptTime(2, EVENING, is_free=True),
    )  # fmt: skip
    assert kept_times("", days) == kept_times("A class", days) == ()
