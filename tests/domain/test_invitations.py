"""What a mailbox is told: first a request, then only what has changed, and nothing it was never told of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.invitations import Invited, Plan, Session, plan

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def session(number: int = 1, hours: int = 24) -> Session:
    return Session(number, NOW + hours * HOUR, NOW + (hours + 3) * HOUR)


def said(one: Session, sequence: int = 0, *, cancels: bool = False, told: bool = True) -> Invited:
    return Invited(one.occurrence_id, sequence, cancels, one.starts_at, one.ends_at, told)


def test_a_new_session_is_a_request() -> None:
    assert plan([session()], [], now=NOW) == Plan((said(session(), told=False),))


def test_a_moved_session_is_a_request_with_the_next_number() -> None:
    assert plan([session(hours=30)], [said(session())], now=NOW) == Plan((said(session(hours=30), 1),))


def test_a_message_that_still_waits_is_changed_instead() -> None:
    waiting = said(session(), told=False)
    assert plan([session(hours=30)], [waiting], now=NOW) == Plan((said(session(hours=30), 0, told=False),))


def test_a_session_that_is_off_is_canceled_only_where_it_was_told() -> None:
    told, waiting = session(1), session(2)
    found = plan([], [said(told, 3), said(waiting, told=False)], now=NOW)
    assert found == Plan((said(told, 4, cancels=True),), drop=(2,))


def test_a_session_that_is_on_again_is_a_request_again() -> None:
    assert plan([session()], [said(session(), 1, cancels=True)], now=NOW) == Plan((said(session(), 2),))


def test_what_has_begun_is_left_alone() -> None:
    assert plan([], [said(session(hours=0))], now=NOW) == Plan()


SESSIONS = st.dictionaries(st.integers(1, 4), st.integers(1, 40)).map(
    lambda found: [session(number, hours) for number, hours in found.items()]
)


@given(st.lists(SESSIONS, max_size=6))
def test_numbers_only_grow_and_the_mailbox_ends_with_the_timetable(timetables: list[list[Session]]) -> None:
    mailbox: dict[int, Invited] = {}
    for wanted in timetables:
        found = plan(wanted, mailbox.values(), now=NOW)
        for message in found.messages:
            before = mailbox.get(message.occurrence_id)
            assert before is None or message.sequence == before.sequence + 1
            mailbox[message.occurrence_id] = replace(message, told=True)
        held = {one.occurrence_id: one.starts_at for one in mailbox.values() if not one.cancels}
        assert held == {one.occurrence_id: one.starts_at for one in wanted}
        assert plan(wanted, mailbox.values(), now=NOW) == Plan()
