"""One person's placement question and its answer."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from iop_schedule.adapters.placement_files import read_problem, write_problem
from iop_schedule.domain.placement import Rule
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import Client, Group, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement import BlockedView, PlacementView, groups_that_fit, placement_for
from iop_schedule.queries.placement_caseload import caseload_of
from iop_schedule.vocabulary import EnrollmentStatus, LevelOfCare, Modality, ModalityWish, Weekday, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.pages import counted_statements

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TOMORROW, MONDAY = date(2026, 3, 5), date(2026, 3, 9)


@pytest.fixture
def person(cast: Cast) -> Client:
    """Someone of Dev's with nine hours on three days prescribed, and an empty week."""
    client = make.make_client(cast.elm, given_name="Pia")
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program))
    return client


@pytest.fixture
def evening(cast: Cast) -> Group:
    group = make.make_group(cast.program, name="Evening Recovery", seats=2)
    for weekday in (0, 1, 3):
        make.make_meeting(group, cast.root, weekday=weekday, local_start=time(17, 30), room=cast.room)
    return group


def view(cast: Cast, client: Client, day: date | None = MONDAY, by: User | None = None) -> PlacementView:
    db.session.commit()
    return placement_for(actor_for(by or cast.dev), client.id, from_day=day, now=NOW)


def blocked(shown: PlacementView, series_id: int) -> BlockedView:
    (found,) = (one for one in shown.blocked if one.meeting.series_id == series_id)
    return found


def work(cast: Cast, client: Client, weekday: int, first: int, last: int, **more: object) -> None:
    make.make_constraint(
        client, cast.root, weekday=weekday, local_start=time(first), local_end=time(last), **more
    )


def test_wishes_decide_between_weeks_that_fit(cast: Cast, person: Client, evening: Group) -> None:
    make.make_wishes(person, cast.dev, time="evening", liked_days=[3], counselor_id=cast.root.id)
    (plan, *_) = view(cast, person).plans
    assert {meeting.group_id for meeting in plan.meetings} == {evening.id}
    assert plan.facts.wishes.liked_days == (Weekday.TH,)
    assert len(plan.facts.wishes.with_counselor) == len(plan.meetings)


def test_who_leads_one_meeting_of_a_group_is_not_taken_for_who_leads_another(
    cast: Cast, person: Client
) -> None:
    cast.wednesday.leader_id = cast.root.id
    make.make_wishes(person, cast.dev, counselor_id=cast.root.id)
    (plan, *_) = view(cast, person).plans
    assert plan.facts.wishes.with_counselor == (str(cast.wednesday.id),)
    assert {m.leader for m in plan.meetings if str(m.series_id) in plan.facts.wishes.with_counselor} == {
        cast.root.name
    }
    problem = caseload_of(cast.program, MONDAY, now=NOW).problem
    leaders = {m.id: m.counselor for group in problem.groups for m in group.meetings}
    assert leaders == {
        str(cast.monday.id): None, str(cast.wednesday.id): str(cast.root.id), str(cast.friday.id): None,
    }  # fmt: skip
    assert read_problem(write_problem(problem)) == problem


def test_a_plan_reaches_the_dose_and_says_what_speaks_for_it(cast: Cast, person: Client) -> None:
    (plan,) = view(cast, person).plans
    assert [meeting.series_id for meeting in plan.meetings] == [
        cast.monday.id, cast.wednesday.id, cast.friday.id,
    ]  # fmt: skip
    assert (plan.facts.minutes, len(plan.facts.days), plan.facts.same_counselor) == (540, 3, True)


def test_there_are_at_most_three_plans(cast: Cast, person: Client, evening: Group) -> None:
    shown = view(cast, person)
    assert len(shown.plans) == 3
    assert {plan.facts.minutes for plan in shown.plans} == {540}


def test_what_the_week_holds_is_never_overlapped(cast: Cast, person: Client, evening: Group) -> None:
    work(cast, person, 4, 9, 10)
    shown = view(cast, person)
    assert all(cast.friday.id not in {m.series_id for m in plan.meetings} for plan in shown.plans)
    (block,) = blocked(shown, cast.friday.id).blocks
    assert block.commitment is not None
    assert (shown.behind[block.commitment].local_start, block.commitment.week) == (time(9), WeekParity.EVERY)


def test_a_commitment_of_every_other_week_is_one_of_every_other_week(cast: Cast, person: Client) -> None:
    work(cast, person, 4, 9, 10, week=WeekParity.A, anchor_day=MONDAY)
    (block,) = blocked(view(cast, person), cast.friday.id).blocks
    assert block.commitment is not None
    assert block.commitment.week is WeekParity.A


def test_the_trip_there_counts_once(cast: Cast, person: Client) -> None:
    person.travel_minutes = 20
    work(cast, person, 4, 12, 13, travel_before=15)
    assert blocked(view(cast, person), cast.friday.id).blocks
    make_room = make.make_meeting(
        cast.group, cast.root, weekday=4, local_start=time(9), duration_minutes=160, room=cast.room
    )
    shown = view(cast, person)
    assert make_room.id not in {one.meeting.series_id for one in shown.blocked}


def test_a_session_of_ones_own_is_in_the_way_too(cast: Cast) -> None:
    make.make_individual(cast.ana, cast.program, cast.root, weekday=4, local_start=time(11))
    shown = view(cast, cast.ana)
    reason = blocked(shown, cast.friday.id)
    assert [(block.rule, block.commitment.kind) for block in reason.blocks if block.commitment] == [
        (Rule.COMMITMENT, "session")
    ]


def test_no_way_lies_between_ones_own_session_and_a_group_at_the_same_site(cast: Cast) -> None:
    cast.ana.travel_minutes = 60
    make.make_individual(cast.ana, cast.program, cast.root, weekday=4, local_start=time(12))
    assert all(b.meeting.series_id != cast.friday.id for b in view(cast, cast.ana).blocked)


def test_a_seat_held_for_someone_else_is_taken_and_ones_own_is_free(
    cast: Cast, person: Client, evening: Group
) -> None:
    other = make.make_client(cast.elm)
    for client in (person, other, other):
        make.make_hold(evening.meetings[0], client, cast.dev, held_at=NOW)
    make.make_hold(evening.meetings[0], make.make_client(cast.elm), cast.dev, held_at=NOW - timedelta(days=3))
    shown = view(cast, person)
    (seats,) = {m.seats_left for m in shown.meetings.values() if m.series_id == evening.meetings[0].id}
    assert seats == 1
    assert [held.series_id for held in shown.held] == [evening.meetings[0].id]


def test_a_full_session_is_full_and_ones_own_seat_is_free(cast: Cast, person: Client, evening: Group) -> None:
    for _ in range(2):
        make.make_member(evening.meetings[0], make.make_client(cast.elm))
    full = blocked(view(cast, person), evening.meetings[0].id)
    assert (full.meeting.seats_left, [block.rule for block in full.blocks]) == (0, [Rule.SEATS])
    (current, *_) = view(cast, cast.ana).current
    assert (current.seats_left, current.is_current) == (11, True)


def test_a_seat_promised_from_a_later_day_is_not_offered_twice(
    cast: Cast, person: Client, evening: Group
) -> None:
    for day in (date(2026, 4, 6), date(2026, 5, 4)):
        make.make_member(evening.meetings[0], make.make_client(cast.elm), from_day=day)
    assert blocked(view(cast, person), evening.meetings[0].id).meeting.seats_left == 0


def test_groups_of_another_site_are_not_offered(cast: Cast, person: Client) -> None:
    shown = view(cast, person)
    seen = [m.series_id for plan in shown.plans for m in plan.meetings]
    seen += [b.meeting.series_id for b in shown.blocked] + [m.series_id for m in shown.also_fit]
    assert sorted(set(seen)) == sorted([cast.monday.id, cast.wednesday.id, cast.friday.id])


def test_a_session_that_ends_before_the_day_is_not_offered(cast: Cast, person: Client) -> None:
    cast.friday.until_day = date(2026, 3, 6)
    shown = view(cast, person)
    assert cast.friday.id not in {b.meeting.series_id for b in shown.blocked} | {
        m.series_id for m in shown.also_fit
    }


def test_without_a_dose_there_is_nothing_to_aim_for(cast: Cast) -> None:
    person = make.make_client(cast.elm)
    make.make_assignment(person, cast.dev, "case_manager")
    shown = view(cast, person)
    assert (shown.dose, shown.plans, shown.blocked, shown.also_fit) == (None, (), (), ())


def test_someone_who_waits_has_plans(cast: Cast) -> None:
    person = make.make_client(cast.elm)
    make.make_assignment(person, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(person, cast.program, status=EnrollmentStatus.WAITLISTED))
    assert view(cast, person).plans


def test_someone_who_can_only_come_online_fits_no_room(cast: Cast, person: Client) -> None:
    person.modality = ModalityWish.TELEHEALTH
    shown = view(cast, person)
    assert shown.plans == ()
    assert {block.rule for one in shown.blocked for block in one.blocks} == {Rule.MODALITY}
    cast.group.modality = Modality.TELEHEALTH
    assert view(cast, person).plans


@pytest.mark.parametrize("day", [None, date(2026, 3, 4), date(2020, 1, 1)])
def test_no_plan_begins_before_tomorrow(cast: Cast, person: Client, day: date | None) -> None:
    assert view(cast, person, day=day).from_day == TOMORROW


def test_own_times_are_listed_by_day_with_their_travel(cast: Cast, person: Client) -> None:
    work(cast, person, 4, 9, 10, label="bakery", travel_before=30)
    assert [(title, i.start, i.end) for title, i in view(cast, person).own[Weekday.FR]] == [
        ("bakery", 510, 600)
    ]


def test_how_many_groups_fit_is_about_the_week_not_about_seats(cast: Cast, evening: Group) -> None:
    for _ in range(2):
        for meeting in evening.meetings:
            make.make_member(meeting, make.make_client(cast.elm))
    db.session.commit()
    ana = actor_for(cast.ana_user)
    assert groups_that_fit(ana, cast.ana.id, now=NOW) == (2, 2)
    make.make_constraint(cast.ana, cast.ana_user, weekday=3, local_start=time(13), local_end=time(21))
    db.session.commit()
    assert groups_that_fit(ana, cast.ana.id, now=NOW) == (1, 2)


def test_groups_at_another_level_of_care_are_not_counted(cast: Cast, evening: Group) -> None:
    partial = make.make_program(cast.elm, code="php", level_of_care=LevelOfCare.PARTIAL)
    make.make_meeting(make.make_group(partial, code="full-days"), cast.root, code="full-tu", weekday=1)
    db.session.commit()
    assert groups_that_fit(actor_for(cast.ana_user), cast.ana.id, now=NOW) == (2, 2)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("carol", NotAllowed), ("ana_user", NotAllowed), ("zoe_user", NotAllowed), ("eve", NotAllowed),
        ("mallory", NotFound), ("trent", NotFound),
    ],
)  # fmt: skip
def test_nobody_else_sees_the_question(cast: Cast, person: Client, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        view(cast, person, by=getattr(cast, who))


@pytest.mark.parametrize(
    ("who", "error"), [("ben_user", NotFound), ("mallory", NotFound), ("carol", NotAllowed)]
)
def test_nobody_else_learns_what_fits(cast: Cast, who: str, error: type[Exception]) -> None:
    db.session.commit()
    with pytest.raises(error):
        groups_that_fit(actor_for(getattr(cast, who)), cast.ana.id, now=NOW)


@pytest.mark.parametrize("groups", [1, 3])
def test_any_number_of_groups_costs_the_same_statements(cast: Cast, person: Client, groups: int) -> None:
    for _ in range(groups - 1):
        group = make.make_group(cast.program)
        leader = make.make_user("counselor", cast.elm)
        make.make_meeting(group, leader, local_start=time(15), room=make.make_room(cast.elm))
    db.session.commit()
    viewer = actor_for(cast.dev)
    db.session.expire_all()
    with counted_statements() as statements:
        placement_for(viewer, person.id, from_day=MONDAY, now=NOW)
    assert len(statements) == 18, "\n".join(statements)


def test_a_plan_lists_the_dates_on_which_it_does_not_hold(cast: Cast, person: Client) -> None:
    make.make_closure(cast.elm, from_day=date(2026, 3, 18), until_day=date(2026, 3, 19), name="Snow")
    make.make_constraint(
        person, cast.root, day=date(2026, 4, 3), kind="legal", label="court", local_start=time(10), local_end=time(11)
    )  # fmt: skip
    (plan,) = view(cast, person).plans
    assert [(one.day, one.why) for one in plan.missed] == [
        (date(2026, 3, 18), "Snow"),
        (date(2026, 4, 3), "Legal appointment (court), Fri, Apr 3, 10:00 am to 11:00 am"),
    ]


def test_a_pasted_rota_is_planned_around_like_a_weekly_shift(cast: Cast, person: Client) -> None:
    for week in range(0, 12, 2):
        make.make_constraint(
            person, cast.root, day=date(2026, 3, 13) + timedelta(weeks=week), local_start=time(8), local_end=time(14)
        )  # fmt: skip
    shown = view(cast, person)
    (block,) = blocked(shown, cast.friday.id).blocks
    assert block.commitment is not None
    assert (block.commitment.week, shown.alternates) == (WeekParity.A, True)


def test_what_soon_ends_costs_dates_and_not_the_plan(cast: Cast, person: Client) -> None:
    work(cast, person, 4, 8, 14, until_day=date(2026, 3, 20))
    (plan,) = view(cast, person).plans
    assert [one.day for one in plan.missed] == [date(2026, 3, 13), date(2026, 3, 20)]
