"""Which upcoming sessions do not fit, for whom, and to whom it is shown."""

from datetime import date, time

import pytest
from sqlalchemy import event

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.availability import clashes_of, commitments_of, open_clashes
from iop_schedule.vocabulary import Modality
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def found(cast: Cast, **given: object) -> list[tuple[str, date, int]]:
    """Return the clashes that one more commitment of Ben's makes."""
    make.make_constraint(
        cast.ben, cast.dev, **{"weekday": 2, "local_start": time(8), "local_end": time(10), **given}
    )
    db.session.commit()
    extend_horizon(now=NOW)
    clashes = clashes_of(cast.ben.id, now=NOW)
    return [(clash.session_name, clash.first_day, clash.times) for clash in clashes]


WEDNESDAY = ("Relapse Prevention B", date(2026, 3, 11), 12)
CASES = {
    "weekly": ({}, [WEDNESDAY]),
    "soft": ({"hard": False}, []),
    "withdrawn": ({"withdrawn_at": NOW, "withdrawn_by_id": 1}, []),
    "over": ({"until_day": date(2026, 3, 10)}, []),
    "one date": (
        {"weekday": None, "day": date(2026, 3, 18)}, [("Relapse Prevention B", date(2026, 3, 18), 1)],
    ),
    "overnight": (
        {"weekday": 1, "local_start": time(22), "local_end": time(9, 30), "ends_next_day": True}, [WEDNESDAY],
    ),
    "every other week": (
        {"week": "B", "anchor_day": date(2026, 3, 9)}, [("Relapse Prevention B", date(2026, 3, 18), 6)],
    ),
    "back to back": ({"local_end": time(9)}, []),
    "back to back with travel": ({"local_end": time(9), "travel_after": 10}, [WEDNESDAY]),
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES)
def test_what_does_not_fit(
    cast: Cast, given: dict[str, object], expected: list[tuple[str, date, int]]
) -> None:
    assert found(cast, **given) == expected


def test_a_trip_counts_in_person_only(cast: Cast) -> None:
    cast.ben.travel_minutes = 30
    assert found(cast, local_end=time(8, 45)) == [WEDNESDAY]
    cast.wednesday.modality = Modality.TELEHEALTH
    db.session.commit()
    assert clashes_of(cast.ben.id, now=NOW) == []


def test_a_client_nobody_asked_about_is_not_listed(cast: Cast) -> None:
    found(cast)
    root = acting(cast.root)
    assert open_clashes(root, now=NOW, client_ids=[cast.ana.id]) == []
    assert [clash.client_name for clash in open_clashes(root, now=NOW)] == ["Ben O."]
    assert open_clashes(acting(cast.trent), now=NOW) == []


def test_everyone_asked_about_is_a_key(cast: Cast) -> None:
    assert {one: len(held) for one, held in commitments_of([cast.ana.id, cast.zoe.id]).items()} == {
        cast.ana.id: 3, cast.zoe.id: 0,
    }  # fmt: skip


def test_more_clients_take_no_more_statements(cast: Cast) -> None:
    def statements() -> int:
        seen = []

        def listener(connection: object, cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("SELECT"):
                seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", listener)
        open_clashes(root, now=NOW)
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    found(cast)
    root = acting(cast.root)
    before = statements()
    for _ in range(3):
        client = make.make_client(cast.elm)
        make.make_member(cast.wednesday, client)
        make.make_constraint(client, cast.dev, weekday=2, local_start=time(8), local_end=time(10))
    db.session.commit()
    extend_horizon(now=NOW)
    assert statements() == before
