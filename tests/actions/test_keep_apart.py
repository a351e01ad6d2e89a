"""People kept apart share nothing: not by hand, not by a plan, not as a make-up or a visitor."""

from datetime import date, timedelta

import pytest

from iop_schedule.actions.keep_apart import keep_apart, lift
from iop_schedule.actions.memberships import add_member
from iop_schedule.actions.seat_holds import hold_seats
from iop_schedule.actions.walk_ins import add_to_sheet
from iop_schedule.domain.placement import Rule
from iop_schedule.domain.placement.by_hand import NotLegal
from iop_schedule.domain.series import SeatsTaken
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import AuditEvent, Client, KeepApart, Occurrence, RosterEntry, Series, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.keep_apart import pairs_for
from iop_schedule.queries.make_ups import question_of
from iop_schedule.queries.placement import placement_for
from iop_schedule.queries.placement_caseload import caseload_of
from iop_schedule.vocabulary import AuditKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY, MONDAY = date(2026, 3, 4), date(2026, 3, 9)


@pytest.fixture
def cleo(cast: Cast) -> Client:
    client = make.make_client(cast.elm, given_name="Cleo")
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program))
    db.session.commit()
    return client


def pair(cast: Cast, one: Client, other: Client, by: User | None = None) -> KeepApart:
    actor = actor_for(by or cast.dev)
    return keep_apart(actor=actor, client_id=one.id, other_id=other.id, now=NOW)


def test_a_pair_holds_until_it_is_lifted_and_is_written_down_once(cast: Cast, cleo: Client) -> None:
    first, again = pair(cast, cleo, cast.ben), pair(cast, cast.ben, cleo)
    assert first.id == again.id
    with pytest.raises(NotLegal):
        add_member(actor=actor_for(cast.dev), series_id=cast.monday.id, client_id=cleo.id,
                   from_day=MONDAY, now=NOW)  # fmt: skip
    db.session.rollback()
    lift(actor=actor_for(cast.dev), pair_id=first.id, now=NOW)
    add_member(actor=actor_for(cast.dev), series_id=cast.monday.id, client_id=cleo.id,
               from_day=MONDAY, now=NOW)  # fmt: skip
    with pytest.raises(NotFound):
        lift(actor=actor_for(cast.dev), pair_id=first.id, now=NOW)
    rows = db.session.query(AuditEvent).filter(AuditEvent.kind.in_([AuditKind.KEEP_APART_ADDED])).all()
    assert {row.client_id for row in rows} == {cleo.id, cast.ben.id}
    assert [row.details for row in rows] == [{}, {}]


def test_only_staff_who_may_see_both_know_of_a_pair(cast: Cast, cleo: Client) -> None:
    stranger = make.make_client(cast.elm, given_name="Max")
    hidden = make.make_apart(cleo, stranger, by=cast.root)
    pair(cast, cleo, cast.ben)
    db.session.commit()
    (seen,) = pairs_for(actor_for(cast.dev), now=NOW).pairs
    assert set(seen.names) == {cast.ben.short_name, cleo.short_name}
    assert len(pairs_for(actor_for(cast.root), now=NOW).pairs) == 2
    with pytest.raises(NotFound):
        lift(actor=actor_for(cast.dev), pair_id=hidden.id, now=NOW)
    for who in (cast.carol, cast.ana_user):
        with pytest.raises(NotAllowed):
            pairs_for(actor_for(who), now=NOW)


def test_sessions_they_share_already_are_listed(cast: Cast) -> None:
    pair(cast, cast.ana, cast.ben)
    (found,) = pairs_for(actor_for(cast.dev), now=NOW).pairs
    assert found.together_in == (
        "Relapse Prevention B, Mondays", "Relapse Prevention B, Wednesdays", "Relapse Prevention B, Fridays",
    )  # fmt: skip


def test_nobody_is_kept_apart_from_themself_or_across_sites(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="two people"):
        pair(cast, cast.ana, cast.ana)
    with pytest.raises(NotFound):
        pair(cast, cast.ana, cast.zoe)


def test_the_assistant_shows_such_a_session_as_full(cast: Cast, cleo: Client) -> None:
    pair(cast, cleo, cast.ben)
    shown = placement_for(actor_for(cast.dev), cleo.id, from_day=MONDAY, now=NOW)
    assert {b.meeting.series_id: [x.rule for x in b.blocks] for b in shown.blocked} == {
        series.id: [Rule.SEATS] for series in (cast.monday, cast.wednesday, cast.friday)
    }
    assert "Ben" not in repr(shown)


def test_a_plan_for_everyone_knows_of_it(cast: Cast, cleo: Client) -> None:
    pair(cast, cleo, cast.ben)
    people = {one.id: one.keep_apart for one in caseload_of(cast.program, MONDAY, now=NOW).problem.clients}
    assert people[str(cleo.id)] == (str(cast.ben.id),)
    assert people[str(cast.ana.id)] == ()


def test_such_a_seat_is_not_held(cast: Cast, cleo: Client) -> None:
    pair(cast, cleo, cast.ben)
    with pytest.raises(NotPossible, match="cannot be given to Cleo"):
        hold_seats(
            actor=actor_for(cast.dev),
            client_id=cleo.id,
            series_ids=[cast.monday.id],
            from_day=MONDAY,
            now=NOW,
        )


def session(series: Series, day: date, *people: Client) -> Occurrence:
    held = make.make_occurrence(series, day)
    for person in people:
        make.make_entry(held, person)
    return held


def test_no_make_up_leads_into_the_same_room(cast: Cast, cleo: Client) -> None:
    other = make.make_meeting(make.make_group(cast.program, name="Art"), cast.root, weekday=1)
    missed = session(other, TODAY - timedelta(days=1), cleo)
    meets = session(cast.friday, date(2026, 3, 6), cast.ben)
    db.session.commit()
    entry = db.session.query(RosterEntry).filter_by(occurrence_id=missed.id).one()
    assert [o.session.id for o in question_of(entry, now=NOW).options(now=NOW)] == [meets.id]
    pair(cast, cleo, cast.ben)
    assert question_of(entry, now=NOW).options(now=NOW) == []


def test_a_visitor_is_let_in_by_an_administrator_with_a_reason_only(cast: Cast, cleo: Client) -> None:
    held = session(cast.wednesday, TODAY, cast.ben)
    db.session.commit()
    pair(cast, cleo, cast.ben)
    with pytest.raises(SeatsTaken, match="There is no seat to give here"):
        add_to_sheet(actor=actor_for(cast.carol), occurrence_id=held.id, code=cleo.code, now=NOW)
    db.session.rollback()
    entry = add_to_sheet(
        actor=actor_for(cast.root), occurrence_id=held.id, code=cleo.code, over_seats="Spoken with both", now=NOW
    )  # fmt: skip
    assert entry.over_seats == "Spoken with both"
