"""A counselor is out, a group closes, times have changed: few weeks change, and nobody else pays for it."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.placement_repair import Change, ask_for_repair
from iop_schedule.actions.placement_review import (
    apply_proposals,
    decline_proposal,
    end_sessions,
    let_sessions_go_on,
    undo_proposals,
)
from iop_schedule.actions.placement_runs import work_off
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.domain.series import TimeTaken
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import (
    Client,
    Enrollment,
    Group,
    Occurrence,
    PlacementProposal,
    PlacementRun,
    RosterEntry,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.news import has_news
from iop_schedule.queries.placement_changes import own_change
from iop_schedule.queries.placement_runs import run_view
from iop_schedule.vocabulary import (
    EnrollmentStatus,
    OccurrenceStatus,
    PlacementAim,
    ProposalState,
    RepairCause,
    RunKind,
)
from iop_schedule.web import placement_run_words as words
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import MINUTE, drain, quiet_staff

MONDAY = date(2026, 3, 9)
DAY = timedelta(days=1)


@pytest.fixture
def root(cast: Cast) -> Actor:
    return actor_for(cast.root)


@pytest.fixture
def late(cast: Cast) -> Group:
    """A second group like the first one, in the evening, with another counselor and two seats."""
    group = make.make_group(cast.program, code="late", name="Evening", seats=2)
    leader = make.make_user("counselor", cast.elm, code="lee")
    for weekday in (1, 2, 3):
        make.make_meeting(group, leader, code=f"late-{weekday}", weekday=weekday, local_start=time(17, 30))
    db.session.commit()
    return group


def repair(cast: Cast, root: Actor, cause: RepairCause, **more: object) -> tuple[PlacementRun, PlacementRun]:
    change = Change(cast.program.id, cause, MONDAY, 5, **more)  # type: ignore[arg-type]
    first = ask_for_repair(actor=root, change=change, now=NOW)
    while work_off(now=lambda: NOW, abandon=lambda: False):
        pass
    db.session.expire_all()
    stay, reach = db.session.query(PlacementRun).order_by(PlacementRun.id)
    assert (stay.id, stay.aim, reach.aim) == (first, PlacementAim.STAY, PlacementAim.REACH)
    assert (stay.state, reach.state, stay.kind) == ("finished", "finished", RunKind.REPAIR)
    return stay, reach


def proposals(run: PlacementRun) -> dict[int, tuple[list[int], list[int]]]:
    return {
        p.client_id: (p.before, p.after) for p in db.session.query(PlacementProposal).filter_by(run_id=run.id)
    }


def places(client: Client, day: date) -> list[int]:
    db.session.expire_all()
    rows = select(SeriesMember.series_id).where(
        SeriesMember.client_id == client.id,
        SeriesMember.from_day <= day,
        (SeriesMember.until_day.is_(None)) | (SeriesMember.until_day >= day),
    )
    return sorted(db.session.scalars(rows))


def test_people_of_a_counselor_who_is_out_move_and_her_sessions_end_in_one_go(
    cast: Cast, root: Actor, late: Group
) -> None:
    settled = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(settled, cast.program))
    for meeting in late.meetings:
        make.make_member(meeting, settled)
    db.session.commit()
    make.make_reachable(cast.ana)
    make.make_reachable(cast.ben)
    quiet_staff(cast)
    db.session.commit()
    ids = sorted(meeting.id for meeting in late.meetings)
    stay, _ = repair(cast, root, RepairCause.COUNSELOR_OUT, leader_id=cast.carol.id)
    had = sorted(one.id for one in (cast.monday, cast.wednesday, cast.friday))
    # One seat is free in the evening; Ana works then on Tuesdays.
    assert proposals(stay) == {cast.ana.id: (had, []), cast.ben.id: (had, ids)}
    assert stay.summary["repair"] == {"affected": 2, "lost": 1, "moved": 0}

    outcome = apply_proposals(actor=root, run_id=stay.id, client_ids=None, now=NOW)
    assert (outcome.done, outcome.left) == (2, {})
    assert (places(cast.ben, MONDAY), places(cast.ana, MONDAY), places(settled, MONDAY)) == (ids, [], ids)
    ends = db.session.scalars(select(Series.until_day).where(Series.id.in_(had)))
    assert set(ends) == {MONDAY - DAY}

    # Nobody hears more than that something is new; what it is stands on each one's own week.
    mail = NullMessages()
    drain(mail, NOW)
    drain(mail, NOW + MINUTE)
    assert sorted(message.to for message in mail.sent) == sorted([cast.ana.email, cast.ben.email])
    assert all("There is something new for you." in message.text for message in mail.sent)

    told = {name: own_change(getattr(cast, name), now=NOW) for name in ("ana", "ben")}
    assert told["ana"] is not None
    assert told["ben"] is not None
    assert (told["ana"].begins, len(told["ana"].ends)) == ((), 3)
    assert told["ben"].begins[0] == "Tuesdays 5:30 pm to 8:30 pm"
    assert own_change(settled, now=NOW) is None
    assert own_change(cast.ben, now=NOW + 14 * DAY) is None
    undo_proposals(actor=root, run_id=stay.id, client_ids=None, now=NOW + DAY)
    apply_proposals(actor=root, run_id=stay.id, client_ids=[cast.ben.id], now=NOW + 7 * DAY)
    drain(mail, NOW + 7 * DAY)
    assert [m.to for m in mail.sent[2:] if "something new" in m.text] == [cast.ben.email]
    later = own_change(cast.ben, now=NOW + 7 * DAY)
    assert later is not None
    assert later.first_day == NOW.date() + 8 * DAY


def test_what_is_taken_back_before_it_was_said_is_never_said(cast: Cast, root: Actor, late: Group) -> None:
    make.make_reachable(cast.ben)
    quiet_staff(cast)
    db.session.commit()
    stay, _ = repair(cast, root, RepairCause.COUNSELOR_OUT, leader_id=cast.carol.id)
    night = NOW.replace(hour=4) + DAY
    apply_proposals(actor=root, run_id=stay.id, client_ids=[cast.ben.id], now=night)
    undo_proposals(actor=root, run_id=stay.id, client_ids=[cast.ben.id], now=night)
    mail = NullMessages()
    drain(mail, night)
    drain(mail, night + timedelta(hours=10))
    assert [message for message in mail.sent if "something new" in message.text] == []
    apply_proposals(actor=root, run_id=stay.id, client_ids=[cast.ben.id], now=night + DAY / 2)
    drain(mail, night + DAY / 2)
    assert len([message for message in mail.sent if "something new" in message.text]) == 1


def test_a_group_that_closes_leaves_the_other_sessions_of_its_people_alone(
    cast: Cast, root: Actor, late: Group
) -> None:
    make.make_member(late.meetings[1], cast.ben)
    db.session.commit()
    stay, reach = repair(cast, root, RepairCause.GROUP_CLOSED, group_id=cast.group.id)
    _, after = proposals(stay)[cast.ben.id]
    assert late.meetings[1].id in after
    view = run_view(root, stay.id, now=NOW)
    assert view.beside_id == reach.id


def test_a_week_that_no_longer_fits_is_mended_without_touching_the_others(
    cast: Cast, root: Actor, late: Group
) -> None:
    make.make_constraint(cast.ben, cast.ben_user, weekday=4, local_start=time(8), local_end=time(13))
    db.session.commit()
    stay, _ = repair(cast, root, RepairCause.ALREADY_CHANGED)
    found = proposals(stay)
    assert found.keys() == {cast.ben.id}
    before, after = found[cast.ben.id]
    assert len(set(before) & set(after)) == 2
    assert cast.friday.id not in after


@pytest.fixture
def away(cast: Cast) -> Client:
    """Somebody on hold who has a place on Mondays."""
    client = make.make_client(cast.elm, given_name="Wanda", family_name="Thistle")
    make.make_dose(make.make_enrollment(client, cast.program, status=EnrollmentStatus.ON_HOLD))
    make.make_member(cast.monday, client)
    db.session.commit()
    return client


def series_of(cast: Cast) -> list[tuple[date, date | None]]:
    db.session.expire_all()
    return [(one.from_day, one.until_day) for one in (cast.monday, cast.wednesday, cast.friday)]


def rosters(client: Client) -> list[tuple[date, int]]:
    """Return the sessions to come that expect a client."""
    db.session.expire_all()
    statement = (
        select(Occurrence.local_day, Occurrence.series_id)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == client.id,
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at > NOW,
        )
        .order_by(Occurrence.local_day)
    )
    return [(row.local_day, row.series_id) for row in db.session.execute(statement)]


def test_taking_a_repair_back_gives_everyone_their_sessions_and_places(
    cast: Cast, root: Actor, late: Group, away: Client
) -> None:
    people = (cast.ana, cast.ben, away)
    stay, _ = repair(cast, root, RepairCause.COUNSELOR_OUT, leader_id=cast.carol.id)
    follow_rules(cast.elm, now=NOW)
    db.session.commit()
    before = series_of(cast), [places(one, MONDAY) for one in people], [rosters(one) for one in people]
    assert all(before[2])
    outcome = apply_proposals(actor=root, run_id=stay.id, client_ids=None, now=NOW)
    assert (outcome.done, outcome.left) == (3, {})
    assert [places(one, MONDAY) for one in (cast.ana, away)] == [[], []]
    assert {last for _, last in series_of(cast)} == {MONDAY - DAY}

    outcome = undo_proposals(actor=root, run_id=stay.id, client_ids=[cast.ana.id], now=NOW)
    assert "have ended" in outcome.left[cast.ana.id]
    outcome = undo_proposals(actor=root, run_id=stay.id, client_ids=None, now=NOW)
    assert (outcome.done, outcome.left) == (3, {})
    assert (
        series_of(cast),
        [places(one, MONDAY) for one in people],
        [rosters(one) for one in people],
    ) == before
    again = apply_proposals(actor=root, run_id=stay.id, client_ids=[one.id for one in people], now=NOW)
    assert (again.done, again.left) == (3, {})


def test_who_is_in_no_plan_is_named_before_their_place_ends(
    cast: Cast, root: Actor, late: Group, away: Client
) -> None:
    stay, _ = repair(cast, root, RepairCause.COUNSELOR_OUT, leader_id=cast.carol.id)
    view = run_view(root, stay.id, now=NOW)
    (line,) = [p for p in view.proposals if p.client_id == away.id]
    assert words.kind_words(line, view) == "Has no group left; in no plan: on hold"
    newcomer = make.make_client(cast.elm, given_name="Nora", family_name="Reed")
    make.make_dose(make.make_enrollment(newcomer, cast.program))
    make.make_member(cast.friday, newcomer)
    db.session.commit()
    decline_proposal(actor=root, run_id=stay.id, client_id=away.id, now=NOW)
    view = run_view(root, stay.id, now=NOW)
    assert words.still_there_words(view) == [
        (newcomer.id, "Nora R.", "their places or care have changed since"),
        (away.id, "Wanda T.", "their week was left as it is"),
    ]
    assert words.apply_question(view, 2).endswith(
        "3 weekly sessions end on Sun, Mar 8. With them end, without another week, the places of"
        " Nora R. and Wanda T."
    )
    assert {newcomer.id, away.id} <= set(view.client_ids)


def test_sessions_end_on_their_own_once_everyone_is_decided_and_go_on_again(
    cast: Cast, root: Actor, late: Group, away: Client
) -> None:
    stay, _ = repair(cast, root, RepairCause.COUNSELOR_OUT, leader_id=cast.carol.id)
    before = series_of(cast)
    apply_proposals(actor=root, run_id=stay.id, client_ids=[cast.ben.id], now=NOW)
    with pytest.raises(NotPossible):
        end_sessions(actor=root, run_id=stay.id, now=NOW)
    apply_proposals(actor=root, run_id=stay.id, client_ids=[cast.ana.id], now=NOW)
    decline_proposal(actor=root, run_id=stay.id, client_id=away.id, now=NOW)
    assert series_of(cast) == before
    assert own_change(away, now=NOW) is None
    end_sessions(actor=root, run_id=stay.id, now=NOW)
    told = own_change(away, now=NOW)
    assert told is not None
    assert (told.first_day, told.begins, told.ends) == (MONDAY, (), ("Mondays 9:00 am to 12:00 pm",))
    assert (has_news(away.id, since=NOW, now=NOW), has_news(away.id, since=NOW + DAY, now=NOW)) == (
        True,
        False,
    )
    assert own_change(away, now=NOW + 14 * DAY) is None
    assert {last for _, last in series_of(cast)} == {MONDAY - DAY}
    assert (places(away, MONDAY), run_view(root, stay.id, now=NOW).ending.may_go_on) == ([], True)
    # Meanwhile Wanda has left, so only the sessions go on; what Ben and Ana got stays theirs.
    db.session.query(Enrollment).filter_by(client_id=away.id).one().status = EnrollmentStatus.FINISHED
    db.session.commit()
    outcome = let_sessions_go_on(actor=root, run_id=stay.id, now=NOW + DAY)
    assert outcome.left.keys() == {away.id}
    assert (series_of(cast), places(away, MONDAY)) == (before, [])
    assert places(cast.ben, MONDAY) == sorted(one.id for one in late.meetings)
    with pytest.raises(NotPossible):
        let_sessions_go_on(actor=root, run_id=stay.id, now=NOW)


def test_a_group_nobody_is_in_is_closed_from_its_plan(cast: Cast, root: Actor, late: Group) -> None:
    stay, _ = repair(cast, root, RepairCause.GROUP_CLOSED, group_id=late.id)
    assert proposals(stay) == {}
    end_sessions(actor=root, run_id=stay.id, now=NOW)
    view = run_view(root, stay.id, now=NOW)
    assert (view.ending.ended_on, view.ending.still_there) == (MONDAY - DAY, ())


def test_sessions_do_not_go_on_where_their_counselor_has_something_else_by_now(
    cast: Cast, root: Actor, late: Group
) -> None:
    stay, _ = repair(cast, root, RepairCause.GROUP_CLOSED, group_id=late.id)
    end_sessions(actor=root, run_id=stay.id, now=NOW)
    other = make.make_group(cast.program, code="other", name="Other")
    make.make_meeting(
        other, late.meetings[0].leader, code="other-1", weekday=1, local_start=time(18), from_day=MONDAY
    )
    db.session.commit()
    with pytest.raises(TimeTaken):
        let_sessions_go_on(actor=root, run_id=stay.id, now=NOW)
    db.session.expire_all()
    assert run_view(root, stay.id, now=NOW).ending.may_go_on


def test_how_good_a_repair_is_known_to_be_is_said_from_its_own_bound(
    cast: Cast, root: Actor, late: Group
) -> None:
    stay, _ = repair(cast, root, RepairCause.GROUP_CLOSED, group_id=cast.group.id)
    view = run_view(root, stay.id, now=NOW)
    assert (view.line.is_proved, view.line.gap_percent) == (True, 0.0)
    assert words.points_words(view).endswith(f"bound {view.bound:,.0f}, with those for what people keep.")
    stay.summary = stay.summary | {"result": stay.summary["result"] | {"status": "feasible", "bound": None}}
    db.session.commit()
    view = run_view(root, stay.id, now=NOW)
    assert view.line.gap_percent is None
    assert words.state_chip(view.line)[0] == "Not proved best"
    assert "is not known" in words.quality_words(view)


@pytest.mark.parametrize(
    ("by", "cause", "more", "error"),
    [
        ("root", RepairCause.COUNSELOR_OUT, {"leader_id": "eve"}, NotFound),
        ("root", RepairCause.COUNSELOR_OUT, {"leader_id": "dev"}, NotPossible),
        ("root", RepairCause.COUNSELOR_OUT, {}, NotFound),
        ("root", RepairCause.GROUP_CLOSED, {"group_id": "far_group"}, NotFound),
        ("trent", RepairCause.ALREADY_CHANGED, {}, NotFound),
        ("dev", RepairCause.ALREADY_CHANGED, {}, NotAllowed),
    ],
)
def test_what_is_not_theirs_is_not_repaired(
    cast: Cast, by: str, cause: RepairCause, more: dict[str, str], error: type[Exception]
) -> None:
    ids = {name: getattr(cast, who).id for name, who in more.items()}
    change = Change(cast.program.id, cause, MONDAY, 5, **ids)
    with pytest.raises(error):
        ask_for_repair(actor=actor_for(getattr(cast, by)), change=change, now=NOW)
    db.session.rollback()
    assert db.session.query(PlacementRun).count() == 0
    assert not db.session.query(PlacementProposal).filter_by(state=ProposalState.APPLIED).count()
