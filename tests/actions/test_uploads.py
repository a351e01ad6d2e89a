"""Times taken over from a calendar: stored once, replaced as a whole, and nobody else's."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.uploads import Understood, remove_upload, take_over
from iop_schedule.domain.availability import Commitment
from iop_schedule.errors import NotFound
from iop_schedule.models import ClientConstraint, CommitmentUpload, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.availability import times_of
from iop_schedule.queries.uploads import standing_uploads
from iop_schedule.vocabulary import ConstraintKind, UploadSource, Weekday
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)
LAST = date(2026, 9, 1)
LATER = NOW + timedelta(days=14)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def shift(day: Weekday, start: int = 7, **given: object) -> Commitment:
    return Commitment(
        kind=ConstraintKind.WORK, weekday=day, local_start=time(start), local_end=time(15), from_day=TODAY,
        **given,  # type: ignore[arg-type]
    )  # fmt: skip


def uploaded(
    cast: Cast, commitments: Iterable[Commitment], *, replaces: int | None = None, now: object = NOW
) -> int:
    understood = Understood(ConstraintKind.WORK, UploadSource.CALENDAR, tuple(commitments), LAST)
    take_over(
        actor=acting(cast.ana_user), client_id=cast.ana.id, understood=understood, replaces_id=replaces,
        now=now,  # type: ignore[arg-type]
    )  # fmt: skip
    return db.session.scalars(select(CommitmentUpload.id).order_by(CommitmentUpload.id.desc())).first() or 0


def rows(cast: Cast) -> list[ClientConstraint]:
    db.session.rollback()
    statement = select(ClientConstraint).where(
        ClientConstraint.client_id == cast.ana.id, ClientConstraint.kind == ConstraintKind.WORK
    )
    return list(db.session.scalars(statement.order_by(ClientConstraint.id)))


@pytest.fixture(autouse=True)
def _an_empty_week(cast: Cast) -> None:
    for row in rows(cast):
        row.withdrawn_at, row.withdrawn_by_id = NOW, cast.ana_user.id
    db.session.commit()


def in_force(cast: Cast) -> list[tuple[int | None, int, date | None]]:
    return [
        (row.weekday, row.local_start.hour, row.until_day) for row in rows(cast) if row.withdrawn_at is None
    ]


def test_a_later_calendar_takes_the_place_of_the_earlier_one(cast: Cast) -> None:
    first = uploaded(cast, [shift(Weekday.MO), shift(Weekday.TU)])
    unchanged = rows(cast)[-2].id
    second = uploaded(cast, [shift(Weekday.MO), shift(Weekday.TU, 9)], replaces=first, now=LATER)
    yesterday = LATER.date() - timedelta(days=1)
    assert in_force(cast) == [(0, 7, None), (1, 7, yesterday), (1, 9, None)]
    upload = db.session.get_one(CommitmentUpload, second)
    assert unchanged in {row.id for row in upload.commitments}
    standing = standing_uploads(acting(cast.ana_user), cast.ana.id, now=LATER)
    assert [(one.id, one.entries) for one in standing] == [(second, 2)]


def test_a_time_that_goes_on_takes_over_new_dates_without_beginning_again(cast: Cast) -> None:
    first = uploaded(
        cast, [shift(Weekday.MO, until_day=date(2026, 6, 1), exceptions=frozenset([date(2026, 3, 9)]))]
    )
    off = date(2026, 4, 6)
    uploaded(
        cast,
        [shift(Weekday.MO, until_day=date(2026, 8, 3), exceptions=frozenset([off]))],
        replaces=first,
        now=LATER,
    )
    (row,) = [row for row in rows(cast) if row.withdrawn_at is None]
    assert (row.from_day, row.until_day) == (TODAY, date(2026, 8, 3))
    assert {exception.day for exception in row.exceptions} == {date(2026, 3, 9), off}


def test_removing_an_upload_ends_what_it_said(cast: Cast) -> None:
    upload = uploaded(
        cast, [shift(Weekday.MO), replace(shift(Weekday.TU), weekday=None, day=LAST, from_day=LAST)]
    )
    remove_upload(actor=acting(cast.dev), client_id=cast.ana.id, upload_id=upload, now=LATER)
    assert in_force(cast) == [(0, 7, LATER.date() - timedelta(days=1))]
    assert not [
        one
        for one in times_of(acting(cast.ana_user), cast.ana.id, now=LATER)
        if one.kind is ConstraintKind.WORK
    ]
    with pytest.raises(NotFound):
        remove_upload(actor=acting(cast.dev), client_id=cast.ana.id, upload_id=upload, now=LATER)


def test_nobody_replaces_what_is_not_theirs(cast: Cast) -> None:
    upload = uploaded(cast, [shift(Weekday.MO)])
    understood = Understood(ConstraintKind.WORK, UploadSource.SHIFTS, (shift(Weekday.TU),), LAST)
    for actor, client in ((cast.ben_user, cast.ben), (cast.ben_user, cast.ana), (cast.eve, cast.ana)):
        with pytest.raises(Exception, match=r"not yours|does not include") as refused:
            take_over(
                actor=acting(actor), client_id=client.id, understood=understood, replaces_id=upload, now=NOW
            )
        assert refused.type.__name__ in {"NotFound", "NotAllowed"}
        db.session.rollback()
    assert in_force(cast) == [(0, 7, None)]
