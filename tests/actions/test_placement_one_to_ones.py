"""One-to-ones for everyone: planned around groups and hours, reviewed, applied and taken back."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.actions import placement_runs
from iop_schedule.actions.counselor_hours import set_counselor_hours
from iop_schedule.actions.placement_deciding import CHANGED
from iop_schedule.actions.placement_review import apply_proposals, undo_proposals
from iop_schedule.actions.placement_runs import Wanted, ask_for_run, work_off
from iop_schedule.domain.intervals import Interval
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import Client, Occurrence, PlacementProposal, PlacementRun, Series, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.placement_one_to_ones import counselor_time, one_to_ones_of
from iop_schedule.vocabulary import (
    AssignmentRole,
    Cadence,
    Modality,
    ModalityWish,
    ProposalState,
    RunKind,
    RunState,
    Weekday,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

MONDAY = date(2026, 3, 9)
TUESDAY_MORNING = {Weekday.TU: [Interval(540, 650)]}


@pytest.fixture
def root(cast: Cast) -> Actor:
    return actor_for(cast.root)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    from iop_schedule.adapters.optimizer import child

    def solved(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        return child.TASKS[request["task"]](request, child.Line(quiet=True), lambda: False) | {"machine": {}}

    monkeypatch.setattr(placement_runs, "solve_apart", solved)


def hours(root: Actor, cast: Cast, given: Any = TUESDAY_MORNING, **more: Any) -> None:
    limits = {"most_clients": 24, "most_in_a_row": 3, "languages": ["en"]} | more
    set_counselor_hours(actor=root, user_id=cast.carol.id, hours=given, now=NOW, **limits)


def person(cast: Cast) -> Client:
    client = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(client, cast.program))
    make.make_assignment(client, cast.carol, AssignmentRole.COUNSELOR)
    db.session.commit()
    return client


def planned(root: Actor, cast: Cast, cadence: Cadence = Cadence.WEEKLY) -> PlacementRun:
    options = {"cadence": str(cadence), "minutes": 50, "only_own": True}
    wanted = Wanted(
        program_id=cast.program.id, from_day=MONDAY, seconds=600, kind=RunKind.ONE_TO_ONE, options=options
    )
    run_id = ask_for_run(actor=root, wanted=wanted, now=NOW)
    assert work_off(now=lambda: NOW, abandon=lambda: False)
    db.session.expire_all()
    run = db.session.get_one(PlacementRun, run_id)
    assert (run.state, run.summary["result"]["status"]) == (RunState.FINISHED, "optimal")
    return run


def proposed(run: PlacementRun) -> dict[int, PlacementProposal]:
    rows = db.session.scalars(select(PlacementProposal).where(PlacementProposal.run_id == run.id))
    return {row.client_id: row for row in rows}


def own(client: Client) -> list[Series]:
    return list(db.session.scalars(select(Series).where(Series.client_id == client.id).order_by(Series.id)))


def test_who_has_none_gets_one_with_their_counselor_and_it_can_be_taken_back(cast: Cast, root: Actor) -> None:
    """Ana has a one-to-one already; Ben has none."""
    hours(root, cast)
    run = planned(root, cast)
    assert list(proposed(run)) == [cast.ben.id]
    assert own(cast.ben) == []
    assert apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 1
    (series,) = own(cast.ben)
    assert (series.leader_id, series.weekday, series.duration_minutes) == (cast.carol.id, 1, 50)
    assert series.local_start in {time(9), time(9, 30), time(10)}
    assert db.session.scalars(select(Occurrence).where(Occurrence.series_id == series.id)).first() is not None
    assert undo_proposals(actor=root, run_id=run.id, client_ids=[cast.ben.id], now=NOW).done == 1
    assert series.until_day is not None
    assert series.until_day < MONDAY
    assert proposed(run)[cast.ben.id].state == ProposalState.UNDONE


def test_who_attends_by_video_gets_one_by_video(cast: Cast, root: Actor) -> None:
    hours(root, cast)
    cast.ben.modality = ModalityWish.TELEHEALTH
    run = planned(root, cast)
    assert list(proposed(run)) == [cast.ben.id]
    assert apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 1
    (series,) = own(cast.ben)
    assert (series.leader_id, series.modality) == (cast.carol.id, Modality.TELEHEALTH)


def test_every_second_week_two_people_share_an_hour(cast: Cast, root: Actor) -> None:
    hours(root, cast, {Weekday.TU: [Interval(540, 590)]})
    other = person(cast)
    run = planned(root, cast, Cadence.SECOND_WEEK)
    assert {p.session["week"] for p in proposed(run).values()} == {"A", "B"}
    assert apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW).done == 2
    first = {
        client.id: min(
            db.session.scalars(select(Occurrence.local_day).where(Occurrence.series_id == own(client)[0].id))
        )
        for client in (cast.ben, other)
    }
    assert sorted(first.values()) == [MONDAY + timedelta(days=1), MONDAY + timedelta(days=8)]


def test_sessions_of_the_counselor_and_caseloads_are_left_out(cast: Cast, root: Actor) -> None:
    hours(root, cast, {Weekday.MO: [Interval(540, 720)], Weekday.TH: [Interval(840, 890)]})
    assert planned(root, cast).summary["without"] == [str(cast.ben.id)]  # a group, and Ana's own hour
    hours(root, cast, TUESDAY_MORNING, most_clients=1)
    assert planned(root, cast).summary["without"] == [str(cast.ben.id)]  # Ana is the one


def test_a_one_to_one_made_meanwhile_makes_the_proposal_stale(cast: Cast, root: Actor) -> None:
    hours(root, cast)
    run = planned(root, cast)
    make.make_individual(cast.ben, cast.program, cast.carol, code="mean", weekday=2, local_start=time(15))
    db.session.commit()
    outcome = apply_proposals(actor=root, run_id=run.id, client_ids=None, now=NOW)
    assert outcome.left == {cast.ben.id: CHANGED}


def test_hours_are_replaced_and_stay_within_bounds(cast: Cast, root: Actor) -> None:
    hours(root, cast)
    hours(root, cast, {Weekday.WE: [Interval(600, 660), Interval(630, 720)]}, languages=["en", "es"])
    told, _ = counselor_time(root, cast.carol.id)
    assert dict(told.hours) == {Weekday.WE: (Interval(600, 720),)}
    assert told.languages == ("en", "es")
    for wrong in ({"most_clients": 61}, {"most_in_a_row": 0}, {"languages": []}):
        with pytest.raises(NotPossible):
            hours(root, cast, **wrong)


@pytest.mark.parametrize(("who", "error"), [("trent", NotFound), ("eve", NotAllowed), ("dev", NotAllowed)])
def test_nobody_else_sets_hours(cast: Cast, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        hours(actor_for(getattr(cast, who)), cast)


@pytest.mark.parametrize(("wish", "start"), [("morning", 540), ("evening", 960)])
def test_one_to_ones_look_at_wishes_first(root: Actor, cast: Cast, wish: str, start: int) -> None:
    other = make.make_user("counselor", cast.elm)
    hours(root, cast, {Weekday.TU: [Interval(540, 600), Interval(960, 1020)]})
    client, content = person(cast), person(cast)
    make.make_wishes(client, cast.root, time=wish, counselor_id=other.id)
    db.session.commit()
    asked = one_to_ones_of(cast.program, MONDAY, only_own=False, now=NOW).caseload.problem
    own_or_wished = (asked.client(str(c.id)).preferences.counselor for c in (client, content))
    assert tuple(own_or_wished) == (str(other.id), str(cast.carol.id))
    session = proposed(planned(root, cast))[client.id].session
    assert session["start_minute"] == start, session
