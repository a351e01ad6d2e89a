"""As few people as possible lead in place of someone who is out."""

from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.substitutes import fewest


def test_one_person_for_all_where_one_can() -> None:
    assert fewest({1: [7, 8], 2: [8], 3: [8, 9]}) == {1: 8, 2: 8, 3: 8}


def test_among_equals_whoever_knows_the_group_then_the_same_one_each_time() -> None:
    assert fewest({1: [7, 8, 9]}, first=[9]) == {1: 9}
    assert fewest({1: [9, 8, 7]}) == {1: 7}


def test_where_nobody_is_free_nobody_is_named() -> None:
    assert fewest({1: [], 2: [7]}) == {1: None, 2: 7}
    assert fewest({}) == {}


@given(st.dictionaries(st.integers(1, 8), st.frozensets(st.integers(1, 5)), max_size=8))
def test_everyone_named_is_free_and_every_session_is_answered(free: dict[int, frozenset[int]]) -> None:
    chosen = fewest(free)
    assert chosen.keys() == free.keys()
    assert all((who is None) == (not free[session]) for session, who in chosen.items())
    assert all(who in free[session] for session, who in chosen.items() if who is not None)
