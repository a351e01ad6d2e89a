"""Scoring of the brief self-report: sums, missing items, cut-offs."""

import pytest

from iop_schedule.domain.risk.self_report import BadAnswer, SelfReport, score

ALL_ONES = {str(n): 1 for n in range(1, 18) if n != 7}


def test_subscales_are_sums_of_their_items() -> None:
    answers = {str(n): n % 5 for n in range(1, 18) if n != 7} | {"7A": 4, "7G": 4}
    by_hand = SelfReport(use=4 + 0 + 1, risk=1 + 2 + 3 + 3 + 1 + 0, protective=4 + 0 + 2 + 3 + 4 + 1)
    assert score(answers) == by_hand


@pytest.mark.parametrize(
    ("missing", "report"),
    [
        pytest.param("6", SelfReport(None, 6, 6), id="use"),
        pytest.param("15", SelfReport(3, None, 6), id="risk"),
        pytest.param("9", SelfReport(3, 6, None), id="protective"),
        pytest.param("17", SelfReport(3, 6, 6), id="an item that stands alone"),
    ],
)
def test_a_missing_item_leaves_its_subscale_without_a_score(missing: str, report: SelfReport) -> None:
    assert score({k: v for k, v in ALL_ONES.items() if k != missing}) == report
    assert score(ALL_ONES | {missing: None}) == report


def test_no_days_of_item_four_leave_none_of_item_five() -> None:
    assert score({"4": 0, "6": 0}).use == 0
    assert score({"4": 1, "6": 0}).use is None
    with pytest.raises(BadAnswer, match="Item 5 must be 0"):
        score({"4": 0, "5": 2})


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        pytest.param({"1": 5}, "Item 1 is scored 0 to 4", id="too high"),
        pytest.param({"17": -1}, "Item 17 is scored 0 to 4", id="negative"),
        pytest.param({"7": 1}, "Item 7 is not on the form", id="seven has seven parts"),
    ],
)
def test_answers_that_are_not_on_the_form_are_refused(answers: dict[str, int], sentence: str) -> None:
    with pytest.raises(BadAnswer, match=sentence):
        score(answers)


@pytest.mark.parametrize(
    ("report", "flags"),
    [
        pytest.param(SelfReport(0, 11, 13), (), id="all within"),
        pytest.param(SelfReport(1, 11, 13), ("use 1 of 12",), id="any use"),
        pytest.param(SelfReport(0, 12, 13), ("risk 12 of 24",), id="risk at the cut-off"),
        pytest.param(SelfReport(0, 11, 12), ("protective 12 of 24",), id="protective at the cut-off"),
        pytest.param(SelfReport(None, None, None), (), id="nothing answered"),
    ],
)
def test_flags_follow_the_published_cut_offs(report: SelfReport, flags: tuple[str, ...]) -> None:
    assert report.flags == flags


def test_subscales_outside_their_range_are_refused() -> None:
    with pytest.raises(BadAnswer, match="use subscale runs from 0 to 12"):
        SelfReport(use=13, risk=0, protective=0)
