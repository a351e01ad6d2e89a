"""Places in weekly groups: seats, own sessions, commitments."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.memberships import add_member, add_members, end_member, place_client
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.domain.placement.by_hand import NotLegal
from iop_schedule.domain.series import BadSeries, CommitmentClash, SeatsTaken, TimeTaken
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import Client, Occurrence, RosterEntry, Series, SeriesMember, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import Attend, ConstraintKind, RosterSource, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


@pytest.fixture
def cleo(cast: Cast) -> Client:
    client = make.make_client(cast.elm, given_name="Cleo", travel_minutes=15)
    db.session.commit()
    return client


def add(cast: Cast, client: Client, series: Series | None = None, **given: object) -> SeriesMember:
    days = {"from_day": TODAY, **given}
    who = days.pop("actor", cast.root)
    chosen = (series or cast.monday).id
    return add_member(actor=acting(who), series_id=chosen, client_id=client.id, now=NOW, **days)  # type: ignore[arg-type]


def on_roster(client: Client) -> list[str]:
    statement = (
        select(Occurrence.local_day)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(RosterEntry.client_id == client.id, RosterEntry.released_at.is_(None))
        .order_by(Occurrence.local_day)
    )
    return [f"{day:%m-%d}" for day in db.session.scalars(statement)]


def test_a_place_puts_the_client_on_the_sessions_of_its_days(cast: Cast, cleo: Client) -> None:
    extend_horizon(now=NOW)
    add(cast, cleo, from_day=date(2026, 3, 10), until_day=date(2026, 3, 23))
    assert on_roster(cleo) == ["03-16", "03-23"]


def test_the_last_seat_can_be_taken_and_no_more(cast: Cast, cleo: Client) -> None:
    cast.group.seats = 3
    other = make.make_client(cast.elm)
    db.session.commit()
    add(cast, cleo)
    with pytest.raises(SeatsTaken, match="All 3 seats of Relapse Prevention B are taken then"):
        add(cast, other)


def test_a_seat_that_becomes_free_can_be_taken_from_then_on(cast: Cast, cleo: Client) -> None:
    cast.group.seats = 2
    db.session.commit()
    end_member(
        actor=acting(cast.root),
        series_id=cast.monday.id,
        client_id=cast.ana.id,
        last_day=date(2026, 3, 16),
        now=NOW,
    )
    with pytest.raises(SeatsTaken):
        add(cast, cleo, from_day=date(2026, 3, 16))
    db.session.rollback()
    add(cast, cleo, from_day=date(2026, 3, 17))


def test_a_place_to_come_counts_too(cast: Cast, cleo: Client) -> None:
    cast.group.seats = 3
    later = make.make_client(cast.elm)
    db.session.commit()
    add(cast, later, from_day=date(2026, 6, 1))
    with pytest.raises(SeatsTaken):
        add(cast, cleo)
    db.session.rollback()
    add(cast, cleo, until_day=date(2026, 5, 31))


def test_a_make_up_on_a_date_holds_its_seat(cast: Cast, cleo: Client) -> None:
    cast.group.seats = 3
    guest = make.make_client(cast.elm)
    db.session.commit()
    extend_horizon(now=NOW)
    first = db.session.scalars(
        select(Occurrence.id).where(Occurrence.series_id == cast.monday.id).order_by(Occurrence.local_day)
    ).first()
    db.session.add(RosterEntry(occurrence_id=first, client_id=guest.id, source=RosterSource.MAKE_UP))
    db.session.commit()
    with pytest.raises(SeatsTaken, match="March 9 the last seat is taken by a make-up"):
        add(cast, cleo)
    db.session.rollback()
    add(cast, cleo, from_day=date(2026, 3, 10))


def test_a_hard_commitment_is_named(cast: Cast, cleo: Client) -> None:
    make.make_constraint(
        cleo, cast.dev, kind=ConstraintKind.CAREGIVING, label="Sam", local_start=time(11), local_end=time(13)
    )
    db.session.commit()
    with pytest.raises(CommitmentClash) as refused:
        add(cast, cleo)
    assert refused.value.message == "Cleo cannot come then: Family care (Sam), Mondays 11:00 am to 1:00 pm."


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"hard": False}, id="soft"),
        pytest.param({"day": date(2026, 3, 9)}, id="one date"),
        pytest.param({"until_day": date(2026, 3, 4)}, id="over"),
        pytest.param({"weekday": 1}, id="another day"),
        pytest.param({"local_start": time(12, 15), "local_end": time(15)}, id="after the trip home"),
    ],
)
def test_what_does_not_stand_in_the_way(cast: Cast, cleo: Client, given: dict[str, object]) -> None:
    make.make_constraint(cleo, cast.dev, **{"local_start": time(9), "local_end": time(17), **given})
    db.session.commit()
    add(cast, cleo)


def test_a_night_shift_and_an_alternating_one_stand_in_the_way(cast: Cast, cleo: Client) -> None:
    night = make.make_constraint(
        cleo, cast.dev, weekday=6, local_start=time(22), local_end=time(9), ends_next_day=True
    )
    db.session.commit()
    with pytest.raises(CommitmentClash, match="Sundays 10:00 pm to 9:00 am the next day"):
        add(cast, cleo)
    db.session.rollback()
    night.withdrawn_at, night.withdrawn_by_id = NOW, cast.dev.id
    make.make_constraint(
        cleo,
        cast.dev,
        local_start=time(9),
        local_end=time(10),
        week=WeekParity.B,
        anchor_day=date(2026, 3, 9),
    )
    db.session.commit()
    with pytest.raises(CommitmentClash, match="every other week"):
        add(cast, cleo)


def test_another_session_at_the_time_is_named(cast: Cast, cleo: Client) -> None:
    other = make.make_meeting(
        make.make_group(cast.program, name="Art"), cast.root, local_start=time(11), duration_minutes=60
    )
    db.session.commit()
    add(cast, cleo, other)
    with pytest.raises(TimeTaken, match="Cleo already has Art"):
        add(cast, cleo)


def test_a_second_place_in_the_same_group_is_refused(cast: Cast) -> None:
    with pytest.raises(TimeTaken, match="Ana already has Relapse Prevention B"):
        add(cast, cast.ana)


@pytest.mark.parametrize(
    ("days", "field"),
    [
        pytest.param({"from_day": date(2026, 3, 3)}, "from_day", id="yesterday"),
        pytest.param({"until_day": date(2026, 3, 3)}, "until_day", id="until before from"),
        pytest.param({"until_day": date(2025, 1, 1)}, "until_day", id="until long ago"),
    ],
)
def test_days_that_cannot_be(cast: Cast, cleo: Client, days: dict[str, date], field: str) -> None:
    with pytest.raises(BadSeries) as refused:
        add(cast, cleo, **days)
    assert refused.value.field == field


def test_a_series_that_ended_takes_nobody(cast: Cast, cleo: Client) -> None:
    cast.monday.until_day = date(2026, 3, 1)
    db.session.commit()
    with pytest.raises(BadSeries, match="does not meet in these days"):
        add(cast, cleo)


def test_a_one_to_one_takes_nobody_else(cast: Cast, cleo: Client) -> None:
    with pytest.raises(BadSeries, match="belongs to one client"):
        add(cast, cleo, cast.one_to_one)


def test_a_group_taken_whole_is_taken_whole(cast: Cast, cleo: Client) -> None:
    cast.group.attend = Attend.ALL
    db.session.commit()
    with pytest.raises(NotLegal, match="taken whole"):
        add(cast, cleo)
    db.session.rollback()
    ids = [cast.monday.id, cast.wednesday.id, cast.friday.id]
    members = add_members(actor=acting(cast.root), series_ids=ids, client_id=cleo.id, from_day=TODAY, now=NOW)
    assert [member.series_id for member in members] == ids


def test_placing_is_all_or_nothing(cast: Cast, cleo: Client) -> None:
    full = make.make_meeting(make.make_group(cast.program, seats=1, name="Tiny"), cast.root, weekday=1)
    make.make_member(full, cast.ana)
    db.session.commit()
    with pytest.raises(SeatsTaken):
        place_client(
            actor=acting(cast.root),
            client_id=cleo.id,
            start=[cast.monday.id, full.id],
            from_day=TODAY,
            now=NOW,
        )
    db.session.rollback()
    assert db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == cleo.id)).all() == []


def test_moving_from_one_group_to_another_of_the_same_time(cast: Cast) -> None:
    other = make.make_meeting(make.make_group(cast.program, name="Art"), cast.root, local_start=time(9, 30))
    db.session.commit()
    extend_horizon(now=NOW)
    place_client(
        actor=acting(cast.dev), client_id=cast.ben.id, start=[other.id], end=[cast.monday.id],
        from_day=date(2026, 3, 16), now=NOW,
    )  # fmt: skip
    rows = db.session.execute(
        select(Occurrence.series_id, Occurrence.local_day)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == cast.ben.id, RosterEntry.released_at.is_(None),
            Occurrence.series_id.in_([other.id, cast.monday.id]), Occurrence.local_day <= date(2026, 3, 23),
        )
        .order_by(Occurrence.local_day)
    ).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [
        (cast.monday.id, date(2026, 3, 9)), (other.id, date(2026, 3, 16)), (other.id, date(2026, 3, 23)),
    ]  # fmt: skip


def test_ending_a_place_keeps_what_was_and_frees_what_comes(cast: Cast) -> None:
    extend_horizon(now=NOW - timedelta(days=7))
    extend_horizon(now=NOW)
    end_member(
        actor=acting(cast.dev), series_id=cast.monday.id, client_id=cast.ana.id, last_day=TODAY, now=NOW
    )
    mondays = select(Occurrence.local_day, RosterEntry.released_at).join(
        RosterEntry, RosterEntry.occurrence_id == Occurrence.id
    ).where(RosterEntry.client_id == cast.ana.id, Occurrence.series_id == cast.monday.id)  # fmt: skip
    kept = {day for day, released in db.session.execute(mondays) if released is None}
    assert kept == {date(2026, 3, 2)}


def test_a_place_that_never_began_is_gone(cast: Cast, cleo: Client) -> None:
    add(cast, cleo, from_day=date(2026, 4, 1))
    end_member(
        actor=acting(cast.root),
        series_id=cast.monday.id,
        client_id=cleo.id,
        last_day=TODAY,
        now=NOW,
    )
    assert db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == cleo.id)).all() == []


def test_a_place_taken_and_given_up_on_one_day_keeps_the_session_held_in_between(
    cast: Cast, cleo: Client
) -> None:
    add(cast, cleo, series=cast.wednesday)
    end_member(
        actor=acting(cast.root), series_id=cast.wednesday.id, client_id=cleo.id,
        last_day=TODAY - timedelta(days=1), now=NOW,
    )  # fmt: skip
    place = db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == cleo.id)).one()
    assert (place.from_day, place.until_day, on_roster(cleo)) == (TODAY, TODAY, ["03-04"])


def test_a_place_nobody_has_cannot_be_ended(cast: Cast, cleo: Client) -> None:
    with pytest.raises(NotFound):
        end_member(
            actor=acting(cast.root), series_id=cast.monday.id, client_id=cleo.id, last_day=TODAY, now=NOW
        )


def test_who_may_give_a_place(cast: Cast, cleo: Client) -> None:
    for user, error in (
        (cast.carol, NotAllowed),
        (cast.ana_user, NotAllowed),
        (cast.dev, NotFound),  # not on their caseload
        (cast.mallory, NotFound),
        (cast.trent, NotFound),
    ):
        with pytest.raises(error):
            add(cast, cleo, actor=user)
    with pytest.raises(NotFound):
        add(cast, cast.zoe)
    with pytest.raises(NotFound):
        add(cast, cleo, cast.far_monday)
