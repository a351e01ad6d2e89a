"""What can be asked for and answered, and which dated change grants it."""

from datetime import date, timedelta

import pytest

from iop_schedule.domain.care_requests import (
    FARTHEST,
    GRANTED_BY,
    LONGEST_WORDS,
    Asking,
    BadAnswer,
    BadRequest,
    Change,
    ChangeKind,
    Reply,
    changes_for,
)
from iop_schedule.vocabulary import RequestAnswer, RequestEnd, RequestKind

TODAY = date(2026, 3, 4)
AGREED, TALK, NOT_NOW = RequestAnswer.AGREED, RequestAnswer.TALK, RequestAnswer.NOT_NOW


def test_only_something_else_needs_words() -> None:
    assert [Asking(kind).words for kind in RequestKind if kind is not RequestKind.SOMETHING_ELSE] == [""] * 5
    for words in ("", "  \n"):
        with pytest.raises(BadRequest) as refused:
            Asking(RequestKind.SOMETHING_ELSE, words)
        assert refused.value.field == "words"
    with pytest.raises(BadRequest):
        Asking(RequestKind.OTHER_TIMES, "x" * (LONGEST_WORDS + 1))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(AGREED, day=TODAY),
        Reply(AGREED, "From your next week on.", TODAY + FARTHEST),
        Reply(TALK, day=TODAY + timedelta(days=1)),
        Reply(NOT_NOW, "The group is full. We look again in May."),
    ],
    ids=["today", "farthest", "talk", "not now"],
)
def test_an_answer_says_when_or_why(reply: Reply) -> None:
    reply.check(TODAY)


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (Reply(AGREED), "day"),
        (Reply(TALK, "Soon."), "day"),
        (Reply(AGREED, day=TODAY - timedelta(days=1)), "day"),
        (Reply(AGREED, day=TODAY + FARTHEST + timedelta(days=1)), "day"),
        (Reply(NOT_NOW), "words"),
        (Reply(NOT_NOW, "   "), "words"),
        (Reply(NOT_NOW, "Full.", TODAY), "day"),
        (Reply(AGREED, "x" * (LONGEST_WORDS + 1), TODAY), "words"),
    ],
    ids=["no day", "no day to talk", "past", "far", "no reason", "blank reason", "day of nothing", "long"],
)
def test_an_answer_that_says_too_little_is_refused(reply: Reply, field: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        reply.check(TODAY)
    assert refused.value.field == field


def test_a_talk_leaves_the_request_open() -> None:
    ends = {answer: Reply(answer).end for answer in RequestAnswer}
    assert ends == {AGREED: RequestEnd.AGREED, TALK: None, NOT_NOW: RequestEnd.NOT_NOW}


def test_a_change_of_the_right_sort_from_that_day_is_the_one_agreed() -> None:
    monday = date(2026, 3, 9)
    all_of_them = [Change(kind, day, f"{kind} {day}") for kind in ChangeKind for day in (TODAY, monday)]
    found = {kind: [one.words for one in changes_for(kind, monday, all_of_them)] for kind in RequestKind}
    assert found == {
        RequestKind.MORE_SESSIONS: ["dose 2026-03-09", "place 2026-03-09"],
        RequestKind.FEWER_SESSIONS: ["dose 2026-03-09", "place 2026-03-09"],
        RequestKind.OTHER_TIMES: ["place 2026-03-09"],
        RequestKind.OTHER_COUNSELOR: ["place 2026-03-09", "counselor 2026-03-09"],
        RequestKind.LEVEL_OF_CARE: ["dose 2026-03-09", "program 2026-03-09"],
        RequestKind.SOMETHING_ELSE: [],
    }
    assert set(GRANTED_BY) == set(RequestKind)
