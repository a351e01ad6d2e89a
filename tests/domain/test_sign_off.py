"""When a sheet may be signed, what it adds up to, and what comes late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import sign_off
from iop_schedule.domain.attendance import SessionCancelled, Settled
from iop_schedule.vocabulary import AttendanceStatus, SignOffKind

STARTS = datetime(2026, 3, 2, 18, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=3)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param({}, None, id="in the minute it begins"),
        pytest.param({"now": STARTS - timedelta(seconds=1)}, sign_off.NotBegun, id="a second before"),
        pytest.param({"to_mark": 1}, sign_off.StillToMark, id="someone is to mark"),
        pytest.param({"people": 0}, sign_off.NobodyExpected, id="an empty list"),
        pytest.param({"cancelled": True}, SessionCancelled, id="canceled"),
    ],
)
def test_a_sheet_is_signed_complete_and_not_before_it_begins(
    given: dict[str, object], error: type[Exception] | None
) -> None:
    facts = {"starts_at": STARTS, "cancelled": False, "people": 2, "to_mark": 0, "now": STARTS, **given}
    if error is None:
        sign_off.check_signable(**facts)  # type: ignore[arg-type]
    else:
        with pytest.raises(error):
            sign_off.check_signable(**facts)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.sampled_from(AttendanceStatus), st.integers(0, 180))))
def test_the_counts_of_a_sheet_add_up(marks: list[tuple[AttendanceStatus, int]]) -> None:
    settled = [Settled(status, minutes) for status, minutes in marks]
    counts = sign_off.count_sheet(settled)
    left_out = {AttendanceStatus.PROGRAM_CANCELLED, AttendanceStatus.ENTERED_IN_ERROR}
    assert counts.here + counts.away == sum(status not in left_out for status, _ in marks)
    assert counts.minutes == sum(minutes for _, minutes in marks)


@pytest.mark.parametrize(
    ("kind", "closed"),
    [(None, False), (SignOffKind.SIGNED, True), (SignOffKind.NOT_HELD, True), (SignOffKind.IMPORTED, True),
     (SignOffKind.REOPENED, False)],
)  # fmt: skip
def test_the_last_word_says_whether_a_sheet_is_closed(kind: SignOffKind | None, *, closed: bool) -> None:
    assert sign_off.is_closed(kind) is closed


def test_an_entry_is_late_after_what_the_program_says() -> None:
    day = timedelta(hours=24)
    assert not sign_off.is_late(ends_at=ENDS, at=ENDS + day, after=day)
    assert sign_off.is_late(ends_at=ENDS, at=ENDS + day + timedelta(seconds=1), after=day)


@pytest.mark.parametrize(("minutes", "by", "allowed"), [(5, 7, True), (5.02, 7, False), (1, 8, False)])
def test_only_whoever_signed_may_take_it_back_and_only_at_once(
    minutes: float, by: int, allowed: bool
) -> None:
    now = ENDS + timedelta(minutes=minutes)
    assert sign_off.may_take_back(signed_at=ENDS, by_id=by, actor_id=7, now=now) is allowed


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 201])
def test_a_change_of_a_signed_sheet_says_why(words: str) -> None:
    with pytest.raises(sign_off.ReasonMissing):
        sign_off.reason_for_change(words)
    assert sign_off.reason_for_change("  arrived \n later ") == "arrived later"
