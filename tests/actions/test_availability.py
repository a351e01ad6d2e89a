"""Saving a client's times: by the client and their staff, never blocked by sessions."""

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import select

from iop_schedule.actions.availability import (
    add_commitment,
    add_commitments,
    change_commitment,
    end_commitment,
    except_day,
    withdraw_commitment,
)
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.domain.availability import Commitment
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import AuditEvent, ClientConstraint, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.availability import commitments_of, open_clashes, times_of
from iop_schedule.vocabulary import ConstraintKind, Weekday
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)
SCHOOL = Commitment(
    kind=ConstraintKind.SCHOOL, label="nursing class", weekday=Weekday.WE, local_start=time(11), local_end=time(13),
    from_day=TODAY,
)  # fmt: skip


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def stored(client_id: int) -> list[Commitment]:
    return [replace(one, id=None) for one in commitments_of([client_id])[client_id]]


@pytest.mark.parametrize("who", ["ben_user", "dev", "root"])
def test_the_client_and_their_staff_add_times(cast: Cast, who: str) -> None:
    before = stored(cast.ben.id)
    add_commitment(actor=acting(getattr(cast, who)), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    assert sorted(stored(cast.ben.id), key=repr) == sorted([*before, SCHOOL], key=repr)


@pytest.mark.parametrize(
    ("who", "error"),
    [("ana_user", NotFound), ("carol", NotAllowed), ("mallory", NotFound), ("trent", NotFound)],
)
def test_nobody_else_does(cast: Cast, who: str, error: type[Exception]) -> None:
    row = db.session.scalars(select(ClientConstraint).where(ClientConstraint.client_id == cast.ben.id)).one()
    actor = acting(getattr(cast, who))
    with pytest.raises(error):
        add_commitment(actor=actor, client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    for change in (
        lambda: change_commitment(actor=actor, commitment_id=row.id, commitment=SCHOOL, now=NOW),
        lambda: end_commitment(actor=actor, commitment_id=row.id, last_day=TODAY, now=NOW),
        lambda: withdraw_commitment(actor=actor, commitment_id=row.id, now=NOW),
        lambda: except_day(actor=actor, commitment_id=row.id, day=TODAY, holds=False, now=NOW),
    ):
        with pytest.raises(error):
            change()
    with pytest.raises(error):
        withdraw_commitment(actor=actor, commitment_id=10**6, now=NOW) if error is NotAllowed else times_of(
            actor, cast.ben.id, now=NOW
        )


def test_saving_never_blocks_and_says_what_does_not_fit(cast: Cast) -> None:
    extend_horizon(now=NOW)
    saved = add_commitment(actor=acting(cast.ben_user), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    assert [(c.session_name, c.first_day, c.times, c.commitment) for c in saved.clashes] == [
        (
            "Relapse Prevention B",
            date(2026, 3, 11),
            12,
            "School (nursing class), Wednesdays 11:00 am to 1:00 pm",
        )
    ]


def test_open_clashes_are_listed_until_they_are_gone(cast: Cast) -> None:
    extend_horizon(now=NOW)
    # Ana's shift begins at 13:00 on Mondays and Fridays; the group ends at 12:00 and her trip takes 15 minutes.
    assert open_clashes(acting(cast.dev), now=NOW) == []
    saved = add_commitment(actor=acting(cast.ben_user), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    found = open_clashes(acting(cast.dev), now=NOW)
    assert [(c.client_name, c.commitment_id) for c in found] == [("Ben O.", saved.ids[0])]
    assert open_clashes(acting(cast.mallory), now=NOW) == []
    withdraw_commitment(actor=acting(cast.ben_user), commitment_id=saved.ids[0], now=NOW)
    assert open_clashes(acting(cast.dev), now=NOW) == []
    with pytest.raises(NotAllowed):
        open_clashes(acting(cast.carol), now=NOW)


def test_a_soft_time_is_no_clash(cast: Cast) -> None:
    extend_horizon(now=NOW)
    soft = replace(SCHOOL, hard=False)
    assert (
        add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=soft, now=NOW).clashes == ()
    )


def test_a_change_leaves_the_past_as_it_was(cast: Cast) -> None:
    row = db.session.scalars(
        select(ClientConstraint).where(
            ClientConstraint.client_id == cast.ana.id, ClientConstraint.weekday == 1
        )
    ).one()
    was = stored(cast.ana.id)[1]
    later = Commitment(
        kind=ConstraintKind.WORK,
        weekday=Weekday.TU,
        local_start=time(15),
        local_end=time(22),
        from_day=date(2025, 1, 1),
    )
    change_commitment(actor=acting(cast.ana_user), commitment_id=row.id, commitment=later, now=NOW)
    now_held = stored(cast.ana.id)
    assert replace(was, until_day=date(2026, 3, 3)) in now_held
    assert replace(later, from_day=TODAY) in now_held


def test_one_that_has_not_begun_is_replaced_whole(cast: Cast) -> None:
    first = add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    later = replace(SCHOOL, local_end=time(14))
    change_commitment(actor=acting(cast.dev), commitment_id=first.ids[0], commitment=later, now=NOW)
    assert [c for c in stored(cast.ben.id) if c.kind is ConstraintKind.SCHOOL] == [later]


def test_ending_a_time_keeps_it_until_that_day(cast: Cast) -> None:
    saved = add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    end_commitment(actor=acting(cast.dev), commitment_id=saved.ids[0], last_day=date(2026, 5, 1), now=NOW)
    assert replace(SCHOOL, until_day=date(2026, 5, 1)) in stored(cast.ben.id)
    with pytest.raises(NotPossible, match="Take it back"):
        end_commitment(actor=acting(cast.dev), commitment_id=saved.ids[0], last_day=date(2026, 3, 1), now=NOW)


def test_what_was_taken_back_cannot_be_changed_again(cast: Cast) -> None:
    saved = add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    withdraw_commitment(actor=acting(cast.dev), commitment_id=saved.ids[0], now=NOW)
    with pytest.raises(NotFound):
        withdraw_commitment(actor=acting(cast.dev), commitment_id=saved.ids[0], now=NOW)


def test_a_single_date_can_be_excepted_and_put_back(cast: Cast) -> None:
    extend_horizon(now=NOW)
    saved = add_commitment(actor=acting(cast.ben_user), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    for holds, times in ((False, 11), (False, 11), (True, 12)):
        again = except_day(
            actor=acting(cast.ben_user),
            commitment_id=saved.ids[0],
            day=date(2026, 3, 18),
            holds=holds,
            now=NOW,
        )
        assert [c.times for c in again.clashes] == [times]
    with pytest.raises(NotPossible, match="does not fall on Thursday"):
        except_day(
            actor=acting(cast.ben_user),
            commitment_id=saved.ids[0],
            day=date(2026, 3, 19),
            holds=False,
            now=NOW,
        )


def test_a_week_holds_only_so_much(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="at most 200"):
        add_commitments(actor=acting(cast.dev), client_id=cast.ben.id, commitments=[SCHOOL] * 201, now=NOW)


def test_the_trail_holds_times_but_no_reasons(cast: Cast) -> None:
    add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=SCHOOL, now=NOW)
    row = db.session.scalars(select(AuditEvent)).one()
    assert (row.kind, row.client_id, row.actor_id) == ("constraint:added", cast.ben.id, cast.dev.id)
    assert "nursing" not in str(row.details)
    assert "school" not in str(row.details)


def test_times_that_are_over_are_not_shown(cast: Cast) -> None:
    over = replace(SCHOOL, from_day=date(2026, 1, 1), until_day=date(2026, 3, 3))
    add_commitment(actor=acting(cast.dev), client_id=cast.ben.id, commitment=over, now=NOW)
    shown = times_of(acting(cast.ben_user), cast.ben.id, now=NOW)
    assert [one.label for one in shown] == ["school pick-up"]
