"""Weekly sessions that a repair has ended go on again: who has a place back, who has not, and who hears of it."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.placement_review import (
    apply_proposals,
    end_sessions,
    let_sessions_go_on,
    undo_proposals,
)
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.models import AuditEvent, Client, PlacementRun, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.placement_changes import own_change
from iop_schedule.queries.placement_follow_ups import follow_ups
from iop_schedule.vocabulary import AuditKind, RunKind, RunState, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import drain, quiet_staff

MONDAY = date(2026, 3, 9)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def root(cast: Cast) -> Actor:
    return actor_for(cast.root)


@pytest.fixture
def run(cast: Cast) -> PlacementRun:
    """A repair that ends Carol's three sessions, with nothing left to decide; Ana and Ben are in them."""
    meetings = [cast.monday.id, cast.wednesday.id, cast.friday.id]
    found = make.make_placement_run(
        cast.program, cast.root, kind=RunKind.REPAIR, state=RunState.FINISHED, from_day=MONDAY,
        options={"closes": meetings}, plan="", problem="", created_at=NOW - DAY,
    )  # fmt: skip
    db.session.commit()
    return found


def places(client: Client) -> list[tuple[int, date, date | None]]:
    db.session.expire_all()
    rows = select(SeriesMember.series_id, SeriesMember.from_day, SeriesMember.until_day)
    of_them = rows.where(SeriesMember.client_id == client.id).order_by(SeriesMember.series_id)
    return [(row.series_id, row.from_day, row.until_day) for row in db.session.execute(of_them)]


def in_trail(kind: AuditKind, client: Client) -> list[dict[str, object]]:
    rows = select(AuditEvent).where(AuditEvent.kind == kind, AuditEvent.client_id == client.id)
    return [
        row.details | {"series": int(row.subject_id or 0)}
        for row in db.session.scalars(rows.order_by(AuditEvent.id))
    ]


def newcomer(cast: Cast, series: Series, **place: object) -> Client:
    client = make.make_client(cast.elm, given_name="Nora", family_name="Reed")
    make.make_dose(make.make_enrollment(client, cast.program))
    make.make_member(series, client, **place)
    db.session.commit()
    return client


def test_the_number_of_a_place_that_is_gone_may_be_somebody_elses_by_now(
    cast: Cast, root: Actor, run: PlacementRun
) -> None:
    soon = newcomer(cast, cast.friday, from_day=MONDAY + 7 * DAY)
    end_sessions(actor=root, run_id=run.id, now=NOW)
    (gone,) = (one for one in run.undo[str(cast.friday.id)]["places"] if one["ended"] is None)
    assert places(soon) == []
    other = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=1)
    settled = newcomer(cast, other, id=gone["id"], from_day=MONDAY)
    assert let_sessions_go_on(actor=root, run_id=run.id, now=NOW).left == {}
    assert places(soon) == [(cast.friday.id, MONDAY + 7 * DAY, None)]
    assert places(settled) == [(other.id, MONDAY, None)]


def test_a_seat_that_is_gone_keeps_one_person_out_and_nobody_else(
    cast: Cast, root: Actor, run: PlacementRun
) -> None:
    end_sessions(actor=root, run_id=run.id, now=NOW)
    cast.group.seats = 1
    db.session.commit()
    left = let_sessions_go_on(actor=root, run_id=run.id, now=NOW).left
    assert left.keys() == {cast.ben.id}
    assert "seats of Relapse Prevention B are taken" in left[cast.ben.id]
    assert {first for _, first, last in places(cast.ana) if last is None} == {MONDAY}
    assert {last for _, _, last in places(cast.ben)} == {MONDAY - DAY}


def test_people_kept_apart_since_are_not_brought_together_again(
    cast: Cast, root: Actor, run: PlacementRun
) -> None:
    end_sessions(actor=root, run_id=run.id, now=NOW)
    make.make_apart(cast.ana, cast.ben, by=cast.dev)
    db.session.commit()
    left = let_sessions_go_on(actor=root, run_id=run.id, now=NOW).left
    assert left.keys() == {cast.ben.id}
    assert "Ana" not in left[cast.ben.id]


def test_the_trail_says_of_each_person_which_places_ended_and_which_they_have_again(
    cast: Cast, root: Actor, run: PlacementRun
) -> None:
    often = newcomer(cast, cast.friday, week=WeekParity.A)
    end_sessions(actor=root, run_id=run.id, now=NOW)
    let_sessions_go_on(actor=root, run_id=run.id, now=NOW)
    assert in_trail(AuditKind.MEMBERSHIP_ENDED, often) == [
        {"last": "2026-03-08", "run": run.id, "series": cast.friday.id}
    ]
    assert in_trail(AuditKind.MEMBERSHIP_STARTED, often) == [
        {
            "first": "2026-03-09", "weeks": "2026-03-09", "run": run.id, "taken_back": True,
            "series": cast.friday.id,
        }
    ]  # fmt: skip
    assert len(in_trail(AuditKind.MEMBERSHIP_ENDED, cast.ben)) == 3


def test_sessions_that_ended_before_it_was_written_down_when_are_no_news(
    cast: Cast, root: Actor, run: PlacementRun
) -> None:
    end_sessions(actor=root, run_id=run.id, now=NOW)
    assert own_change(cast.ben, now=NOW) is not None
    run.undo = {series: {k: v for k, v in was.items() if k != "at"} for series, was in run.undo.items()}
    db.session.commit()
    assert own_change(cast.ben, now=NOW) is None


def new_words(client: Client, now: datetime) -> int:
    """Return how often a client is written to at `now` that something is new."""
    mail = NullMessages()
    drain(mail, now)
    db.session.expire_all()
    return sum(message.to == client.email and "something new" in message.text for message in mail.sent)


@pytest.fixture
def told(cast: Cast) -> Client:
    """Ben, who agreed to hear of his times by mail."""
    make.make_reachable(cast.ben)
    quiet_staff(cast)
    db.session.commit()
    return cast.ben


def test_each_end_and_each_way_back_is_told_once_to_those_who_heard_of_the_one_before(
    root: Actor, run: PlacementRun, told: Client
) -> None:
    for days in (0, 2):
        now = NOW + days * DAY
        end_sessions(actor=root, run_id=run.id, now=now)
        assert new_words(told, now) == 1
        let_sessions_go_on(actor=root, run_id=run.id, now=now + DAY)
        assert new_words(told, now + DAY) == 1
        change = own_change(told, now=now + DAY)
        assert change is not None
        assert (len(change.begins), change.ends, change.is_back) == (3, (), True)
    assert new_words(told, NOW + 4 * DAY) == 0


def test_of_an_end_that_was_taken_back_before_it_was_told_nobody_hears(
    root: Actor, run: PlacementRun, told: Client
) -> None:
    night = NOW.replace(hour=4) + DAY
    end_sessions(actor=root, run_id=run.id, now=night)
    let_sessions_go_on(actor=root, run_id=run.id, now=night + HOUR)
    assert new_words(told, night + 10 * HOUR) == 0
    assert own_change(told, now=night + 10 * HOUR) is None
    # Ended again within the night it is told once, not once for each time.
    end_sessions(actor=root, run_id=run.id, now=night + 2 * HOUR)
    assert new_words(told, night + 10 * HOUR) == 1


def test_who_cannot_have_the_place_back_still_hears_that_it_ends(
    cast: Cast, root: Actor, run: PlacementRun, told: Client
) -> None:
    night = NOW.replace(hour=4) + DAY
    end_sessions(actor=root, run_id=run.id, now=night)
    make.make_apart(cast.ana, told, by=cast.dev)
    db.session.commit()
    assert let_sessions_go_on(actor=root, run_id=run.id, now=night).left.keys() == {told.id}
    assert new_words(told, night + 10 * HOUR) == 1
    change = own_change(told, now=night + 10 * HOUR)
    assert change is not None
    assert (change.begins, len(change.ends)) == ((), 3)


def test_who_was_told_of_a_new_week_is_told_when_it_is_taken_back_and_when_it_comes_after_all(
    cast: Cast, root: Actor, run: PlacementRun, told: Client
) -> None:
    other = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=1)
    everything = sorted([cast.monday.id, cast.wednesday.id, cast.friday.id])
    before = {"A": [*everything, other.id], "B": everything}
    cast.program.alternating_weeks = True
    make.make_member(other, told, week=WeekParity.A)
    make.make_proposal(run, told, before=before, after=everything)
    db.session.commit()
    do = {"actor": root, "run_id": run.id, "client_ids": [told.id]}
    for days in (0, 2):
        now = NOW + days * DAY
        assert apply_proposals(**do, now=now).left == {}
        assert new_words(told, now) == 1
        assert undo_proposals(**do, now=now + DAY).left == {}
        assert new_words(told, now + DAY) == 1
        change = own_change(told, now=now + DAY)
        assert change is not None
        assert (len(change.begins), change.ends, change.is_back) == (1, (), True)
    (first, _) = in_trail(AuditKind.PLACEMENT_UNDONE, told)
    assert first["weeks"] == {str(other.id): "A"}


def test_who_hears_nothing_and_who_has_no_place_back_is_named_until_it_is_settled(
    cast: Cast, root: Actor, run: PlacementRun, told: Client
) -> None:
    def named(now: datetime) -> tuple[list[int], list[int]]:
        shown = follow_ups(root, run, [], now=now)
        return [one.client_id for one in shown.without_place], [one.client_id for one in shown.unheard]

    soon = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=1)
    make.make_member(soon, told, from_day=MONDAY)
    db.session.commit()
    assert named(NOW) == ([], [])
    end_sessions(actor=root, run_id=run.id, now=NOW)
    assert named(NOW) == ([], [cast.ana.id])
    assert named(NOW + 30 * DAY) == ([], [])
    new_words(told, NOW)
    make.make_apart(cast.ana, told, by=cast.dev)
    db.session.commit()
    let_sessions_go_on(actor=root, run_id=run.id, now=NOW + DAY)
    assert named(NOW + DAY) == ([told.id], [])
    (line,) = follow_ups(root, run, [], now=NOW + DAY).without_place
    assert line.why
    make.make_member(cast.friday, told, from_day=MONDAY)
    db.session.commit()
    assert named(NOW + DAY) == ([], [])
