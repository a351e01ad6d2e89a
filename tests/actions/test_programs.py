"""Closures, rooms, programs and the site itself."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.occurrences import cancel_occurrence, extend_horizon
from iop_schedule.actions.programs import (
    ProgramDetails,
    RoomDetails,
    SiteDetails,
    add_closure,
    change_site,
    remove_closure,
    save_program,
    save_room,
)
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.occurrences import Closed
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import Closure, Occurrence, Series, User, db
from iop_schedule.queries.access import Actor, actor_for
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

MONDAY = date(2026, 3, 9)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def held(series: Series) -> list[str]:
    statement = select(Occurrence.local_day).where(
        Occurrence.series_id == series.id, Occurrence.status == "planned"
    )
    return [f"{day:%m-%d}" for day in db.session.scalars(statement.order_by(Occurrence.local_day))][:3]


def close(cast: Cast, **given: object) -> Closure:
    days = {"from_day": MONDAY, "until_day": MONDAY, "name": "Snow", **given}
    return add_closure(
        actor=acting(cast.root),
        site_id=cast.elm.id,
        closed=Closed(**days),
        now=NOW,  # type: ignore[arg-type]
    )


def test_a_closure_cancels_its_days_and_its_removal_opens_them(cast: Cast) -> None:
    extend_horizon(now=NOW)
    closure = close(cast)
    assert (held(cast.monday), held(cast.far_monday)) == (
        ["03-16", "03-23", "03-30"],
        ["03-09", "03-16", "03-23"],
    )
    remove_closure(actor=acting(cast.root), closure_id=closure.id, now=NOW)
    assert held(cast.monday) == ["03-09", "03-16", "03-23"]


def test_what_a_person_cancelled_stays_cancelled_when_a_closure_goes(cast: Cast) -> None:
    extend_horizon(now=NOW)
    row = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    ).one()
    cancel_occurrence(actor=acting(cast.root), occurrence_id=row.id, reason="Out", now=NOW)
    closure = close(cast)
    remove_closure(actor=acting(cast.root), closure_id=closure.id, now=NOW)
    assert held(cast.monday) == ["03-16", "03-23", "03-30"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param({"name": " "}, "name", id="no name"),
        pytest.param({"name": "x" * 10_000}, "name", id="a name of 10,000 characters"),
        pytest.param({"from_day": date(2026, 3, 2), "until_day": date(2026, 3, 3)}, "from_day", id="past"),
        pytest.param({"from_day": date(2026, 3, 2)}, "from_day", id="days already held"),
        pytest.param({"until_day": date(2028, 3, 9)}, "until_day", id="two years"),
    ],
)
def test_a_closure_that_cannot_be(cast: Cast, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(NotPossible) as refused:
        close(cast, **wrong)
    assert refused.value.field == field


def test_the_same_days_are_closed_once(cast: Cast) -> None:
    close(cast)
    with pytest.raises(NotPossible, match="closed already"):
        close(cast)


def test_a_closure_that_is_over_stays_on_record(cast: Cast) -> None:
    closure = close(cast)
    with pytest.raises(NotPossible, match="stays on record"):
        remove_closure(actor=acting(cast.root), closure_id=closure.id, now=NOW + timedelta(days=10))


def test_of_a_closure_taken_back_while_it_runs_the_days_before_stay(cast: Cast) -> None:
    closure = close(cast, until_day=date(2026, 3, 13))
    wednesday = NOW + timedelta(days=7)
    remove_closure(actor=acting(cast.root), closure_id=closure.id, now=wednesday)
    assert (closure.from_day, closure.until_day) == (MONDAY, date(2026, 3, 10))


def test_who_may_close(cast: Cast) -> None:
    closure = close(cast)
    for user, error in (
        (cast.carol, NotAllowed),
        (cast.dev, NotAllowed),
        (cast.ana_user, NotAllowed),
        (cast.trent, NotFound),
    ):
        with pytest.raises(error):
            remove_closure(actor=acting(user), closure_id=closure.id, now=NOW)
        with pytest.raises(error):
            add_closure(
                actor=acting(user), site_id=cast.elm.id, closed=Closed(MONDAY, MONDAY, "Snow"), now=NOW
            )


def test_a_program_of_another_site_cannot_be_closed(cast: Cast) -> None:
    with pytest.raises(NotFound):
        add_closure(
            actor=acting(cast.root), site_id=cast.elm.id, program_id=cast.far_program.id,
            closed=Closed(MONDAY, MONDAY, "Snow"), now=NOW,
        )  # fmt: skip


def test_a_room_stays_large_enough_for_what_meets_in_it(cast: Cast) -> None:
    root = acting(cast.root)
    with pytest.raises(NotPossible, match="at least 12"):
        save_room(
            actor=root, site_id=cast.elm.id, room_id=cast.room.id, details=RoomDetails("Room 2", 11), now=NOW
        )
    room = save_room(
        actor=root, site_id=cast.elm.id, room_id=cast.room.id, details=RoomDetails("Salón", 12), now=NOW
    )
    assert (room.name, room.seats) == ("Salón", 12)
    assert (
        save_room(actor=root, site_id=cast.elm.id, details=RoomDetails("New", 5), now=NOW).site_id
        == cast.elm.id
    )
    with pytest.raises(NotFound):
        save_room(
            actor=root, site_id=cast.elm.id, room_id=cast.far_room.id, details=RoomDetails("x", 5), now=NOW
        )


def test_a_longer_horizon_writes_out_more_sessions(cast: Cast) -> None:
    extend_horizon(now=NOW)
    details = ProgramDetails("Adult IOP", horizon_weeks=13)
    save_program(
        actor=acting(cast.root), site_id=cast.elm.id, program_id=cast.program.id, details=details, now=NOW
    )
    days = db.session.scalars(
        select(Occurrence.local_day).where(Occurrence.series_id == cast.monday.id)
    ).all()
    assert max(days) == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"minimum_minutes": -1}, "minimum_minutes"),
        ({"minimum_days": 6}, "minimum_days"),
        ({"horizon_weeks": 0}, "horizon_weeks"),
        ({"horizon_weeks": 53}, "horizon_weeks"),
        ({"minimum_source": "x" * 10_000}, "minimum_source"),
    ],
)
def test_a_program_that_cannot_be(cast: Cast, wrong: dict[str, object], field: str) -> None:
    details = ProgramDetails(**{"name": "New", **wrong})  # type: ignore[arg-type]
    with pytest.raises(NotPossible) as refused:
        save_program(actor=acting(cast.root), site_id=cast.elm.id, details=details, now=NOW)
    assert refused.value.field == field


def _not_begun(cast: Cast) -> None:
    """Leave Elm Street with sessions from next Monday on, none held yet."""
    for series in (cast.monday, cast.wednesday, cast.friday, cast.one_to_one):
        series.from_day = MONDAY
    db.session.commit()
    extend_horizon(now=NOW)


def test_where_sessions_were_held_the_zone_stays(cast: Cast) -> None:
    make.make_occurrence(cast.monday, MONDAY - timedelta(days=7))
    db.session.commit()
    with pytest.raises(NotPossible, match="what was held keeps its time") as refused:
        change_site(
            actor=acting(cast.root),
            site_id=cast.elm.id,
            details=SiteDetails("Elm", "America/Denver"),
            now=NOW,
        )
    assert refused.value.field == "zone"
    db.session.rollback()
    assert cast.elm.zone == "America/New_York"


def test_a_site_in_a_new_zone_keeps_its_wall_clock(cast: Cast) -> None:
    _not_begun(cast)
    change_site(
        actor=acting(cast.root),
        site_id=cast.elm.id,
        details=SiteDetails("Elm Street", "America/Denver"),
        now=NOW,
    )
    row = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    ).one()
    assert row.starts_at.hour == 15


def test_the_zone_stays_while_a_session_is_changed_on_its_own(cast: Cast) -> None:
    _not_begun(cast)
    row = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    ).one()
    row.edited = True
    db.session.commit()
    details = SiteDetails("Elm Street", "America/Denver")
    with pytest.raises(NotPossible, match="Monday, March 9 was changed on its own"):
        change_site(actor=acting(cast.root), site_id=cast.elm.id, details=details, now=NOW)
    db.session.rollback()
    assert cast.elm.zone == "America/New_York"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/localtime", "EST"])
def test_an_unknown_zone_changes_nothing(cast: Cast, name: str) -> None:
    with pytest.raises(UnknownZone):
        change_site(actor=acting(cast.root), site_id=cast.elm.id, details=SiteDetails("Elm", name), now=NOW)
    db.session.rollback()
    assert cast.elm.name == "Elm Street"
