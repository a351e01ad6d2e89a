"""The caseload: who is on it, in which order, and why."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.domain.risk.reasons import ReasonKind, Tier
from iop_schedule.errors import NotAllowed
from iop_schedule.models import Client, SeriesMember, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.caseload import CaseFilter, Caseload, CaseRow, Order, Show, caseload
from iop_schedule.queries.cases import derive
from iop_schedule.vocabulary import AssignmentRole, AttendanceStatus, EnrollmentStatus
from tests import factories as make
from tests.cast import Cast
from tests.pages import counted_statements

#: Wednesday evening.
NOW = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
MONDAY, TODAY = date(2026, 3, 2), date(2026, 3, 4)
THERE, NOT_THERE = AttendanceStatus.ATTENDED, AttendanceStatus.NO_SHOW


def cases(user: User, at_once: int | None = None, **filters: object) -> Caseload:
    db.session.commit()
    wanted = CaseFilter(**filters)  # type: ignore[arg-type]
    return caseload(actor_for(user), now=NOW, wanted=wanted, at_once=at_once)


def row_of(cast: Cast, client: Client) -> CaseRow:
    (row,) = (row for row in cases(cast.dev).rows if row.client_id == client.id)
    return row


def attended(cast: Cast, client: Client, *statuses: AttendanceStatus | None) -> None:
    """Give `client` one Monday session a week, the last of them this week."""
    for weeks_ago, status in enumerate(reversed(statuses)):
        day = MONDAY - timedelta(weeks=weeks_ago)
        session = _mondays.setdefault((id(cast), day), None) or make.make_occurrence(cast.monday, day)
        _mondays[id(cast), day] = session
        entry = make.make_entry(session, client)
        if status is not None:
            make.make_record(entry, status)


_mondays: dict[tuple[int, date], object] = {}


@pytest.fixture(autouse=True)
def _fresh_mondays() -> None:
    _mondays.clear()


def new_client(cast: Cast, **given: object) -> Client:
    client = make.make_client(cast.elm, **given)
    make.make_assignment(client, cast.dev, AssignmentRole.CASE_MANAGER)
    return client


def test_a_case_manager_sees_the_people_assigned_to_them_and_nobody_else(cast: Cast) -> None:
    other = make.make_client(cast.elm, given_name="Uma")
    ended = make.make_client(cast.elm, given_name="Lev")
    make.make_assignment(ended, cast.dev, AssignmentRole.CASE_MANAGER, until_day=date(2026, 3, 3))
    make.make_assignment(other, cast.carol, AssignmentRole.COUNSELOR)
    assert [row.name for row in cases(cast.dev).rows] == ["Ana Q.", "Ben O."]
    assert [row.name for row in cases(cast.mallory).rows] == ["Zoe U."]


def test_who_cannot_be_worked_out_in_time_is_counted_and_follows(cast: Cast) -> None:
    """A page never waits for thousands of cases, and no number leaves anybody out without saying so."""
    people = [new_client(cast, given_name=name) for name in ("Uma", "Lev", "Mio")]
    first = cases(cast.dev, at_once=2)
    assert (first.people, first.pending, first.matching) == (5, 3, 2)
    assert sum(first.counts.values()) == 2
    while refresh(now=NOW, batch=2):
        found = cases(cast.dev, at_once=0)
        assert found.people == found.matching + found.pending == 5
    assert found.pending == 0
    people[0].travel_minutes += 5
    found = cases(cast.dev, at_once=0)
    assert (found.pending, "Uma" in " ".join(row.name for row in found.rows)) == (1, False)


def test_who_is_searched_for_is_worked_out_first(cast: Cast) -> None:
    new_client(cast, given_name="Uma")
    found = cases(cast.dev, at_once=1, search="uma")
    assert [row.first_name for row in found.rows] == ["Uma"]
    assert found.pending == 2


def test_each_site_keeps_its_own_day_when_several_are_derived_together(cast: Cast) -> None:
    """Half past midnight in New York, still the evening before in Los Angeles."""
    midnight = datetime(2026, 3, 5, 5, 30, tzinfo=UTC)
    for place in db.session.query(SeriesMember).filter_by(client_id=cast.ana.id):
        place.until_day = TODAY
    db.session.commit()
    ids = [cast.ana.id, cast.zoe.id]
    together = derive(ids, now=midnight)
    assert together == {one: derive([one], now=midnight)[one] for one in ids}
    assert together[cast.ana.id].groups == ()


def test_two_people_of_one_name_are_told_apart_by_their_codes(cast: Cast) -> None:
    new_client(cast, given_name="ana", family_name="Quill", code="C-77")
    make.make_client(cast.elm, given_name="Ben", family_name="Olsen", code="C-78")
    shown = sorted(row.name for row in cases(cast.dev).rows)
    assert shown == [f"Ana Q. ({cast.ana.code})", "Ben O.", "ana Q. (C-77)"]
    assert [row.name for row in cases(cast.dev, search="c-77").rows] == ["ana Q. (C-77)"]
    assert f"Ana Q. ({cast.ana.code})" in [row.name for row in cases(cast.dev, search=cast.ana.code).rows]


@pytest.mark.parametrize("who", ["carol", "root", "eve", "trent", "ana_user", "zoe_user"])
def test_nobody_else_has_a_caseload(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        cases(getattr(cast, who))


def test_the_most_urgent_come_first_or_everyone_by_name(cast: Cast) -> None:
    attended(cast, cast.ana, *[THERE] * 8)
    attended(cast, cast.ben, *[THERE] * 5, *[NOT_THERE] * 3)
    shown = cases(cast.dev)
    assert [(row.name, row.tier) for row in shown.rows] == [
        ("Ben O.", Tier.REACH_OUT_TODAY), ("Ana Q.", Tier.NO_ACTION),
    ]  # fmt: skip
    assert [row.name for row in cases(cast.dev, order=Order.NAME).rows] == ["Ana Q.", "Ben O."]
    assert shown.rows[0].reasons
    assert (shown.counts[Tier.REACH_OUT_TODAY], shown.counts[Tier.NO_ACTION], shown.people) == (1, 1, 2)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"search": " aNA "}, ["Ana Q."]),
        ({"search": "nobody"}, []),
        ({"group": "Relapse Prevention B"}, ["Ana Q.", "Ben O."]),
        ({"group": "Evening Group"}, []),
        ({"tier": Tier.NOT_SCORED}, ["Cid E."]),
        ({"tier": Tier.NOT_SCORED, "search": "ana"}, []),
    ],
)
def test_filters_narrow_the_rows_and_never_the_counts(
    cast: Cast, filters: dict[str, object], names: list[str]
) -> None:
    new_client(cast, given_name="Cid")
    shown = cases(cast.dev, order=Order.NAME, **filters)
    assert [row.name for row in shown.rows] == names
    assert (shown.people, shown.groups) == (3, ("Relapse Prevention B",))


def test_hours_strip_and_last_day_are_the_persons_own(cast: Cast) -> None:
    attended(cast, cast.ana, THERE, NOT_THERE, THERE)
    row = row_of(cast, cast.ana)
    case = row.case
    assert (case.done_minutes, case.goal_minutes, case.last_attended) == (180, 540, MONDAY)
    assert case.strip[-3:] == (("attended",), ("no_show",), ("attended",))
    assert (case.hours[-2:], case.goal_hours) == ((3.0, 0.0), 9.0)


def test_what_nobody_recorded_is_counted_as_missing_marks_not_as_misses(cast: Cast) -> None:
    attended(cast, cast.ana, THERE, None)
    row, shown = row_of(cast, cast.ana), cases(cast.dev)
    assert (row.case.not_recorded, shown.not_recorded, row.case.strip[-1]) == (1, 1, ("to_mark",))
    assert not any("issed" in reason for reason in row.reasons)


@pytest.mark.parametrize(
    "status", [EnrollmentStatus.WAITLISTED, EnrollmentStatus.PLANNED, EnrollmentStatus.ACTIVE]
)
def test_someone_without_a_place_waits_for_one(cast: Cast, status: EnrollmentStatus) -> None:
    person = new_client(cast)
    make.make_enrollment(person, cast.program, status=status)
    row = row_of(cast, person)
    assert (row.case.waiting, row.reasons, row.case.groups) == (
        True,
        ("Waiting for a place in a group.",),
        (),
    )
    assert cases(cast.dev).shown[Show.WAITING] == 1


def test_a_place_from_next_week_on_is_a_place(cast: Cast) -> None:
    person = new_client(cast)
    make.make_enrollment(person, cast.program)
    make.make_member(cast.monday, person, from_day=date(2026, 3, 9))
    row = row_of(cast, person)
    assert (row.case.waiting, row.case.groups) == (False, ("Relapse Prevention B",))


def test_a_place_that_has_ended_is_none(cast: Cast) -> None:
    person = new_client(cast)
    make.make_enrollment(person, cast.program)
    make.make_member(cast.monday, person, until_day=date(2026, 3, 2))
    assert row_of(cast, person).case.waiting


def test_a_shift_in_the_way_is_said_once_for_each_group(cast: Cast) -> None:
    for series, days in ((cast.monday, (9, 16)), (cast.friday, (6, 13))):
        for day in days:
            make.make_entry(make.make_occurrence(series, date(2026, 3, day)), cast.ben)
        make.make_constraint(
            cast.ben, cast.ben_user, weekday=series.weekday, local_start=time(10), local_end=time(11)
        )
    row = row_of(cast, cast.ben)
    assert row.reasons[-1] == "Relapse Prevention B on Mondays and Fridays does not fit their week any more."
    assert row.case.needs_a_time


def test_a_single_date_in_the_way_is_named(cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.friday, date(2026, 3, 6)), cast.ben)
    make.make_constraint(
        cast.ben, cast.ben_user, day=date(2026, 3, 6), local_start=time(10), local_end=time(11)
    )
    assert row_of(cast, cast.ben).reasons[-1] == (
        "Relapse Prevention B on Fri, Mar 6 does not fit their week any more."
    )


@pytest.mark.parametrize("silent", [False, True])
def test_silent_weeks_tell_neither_by_the_next_step_nor_by_a_list(cast: Cast, silent: bool) -> None:
    """Ana has missed three Mondays since her shifts changed, and a self-report asks for a look."""
    cast.program.silent_until = date(2026, 3, 31) if silent else None
    for weeks_ago, status in enumerate((NOT_THERE, NOT_THERE, NOT_THERE, THERE, THERE, THERE, THERE)):
        day = MONDAY - timedelta(weeks=weeks_ago)
        make.make_record(make.make_entry(make.make_occurrence(cast.monday, day), cast.ana), status)
    make.make_constraint(
        cast.ana, cast.ana_user, weekday=3, local_start=time(9), local_end=time(17), from_day=date(2026, 2, 12)
    )  # fmt: skip
    make.make_self_report(cast.ana, cast.dev, day=MONDAY, use_score=2)
    assert row_of(cast, cast.ana).case.needs_a_time
    assert row_of(cast, cast.ana).needs_a_time is not silent
    listed = [row.client_id for row in cases(cast.dev, show=Show.REVIEW).rows]
    assert (listed, cases(cast.dev).shown[Show.REVIEW]) == (([], 0) if silent else ([cast.ana.id], 1))


def test_misses_since_a_rota_of_dates_moved_lead_to_finding_a_time(cast: Cast) -> None:
    attended(cast, cast.ana, THERE, THERE, THERE, THERE, NOT_THERE, NOT_THERE, NOT_THERE)
    moved = MONDAY - timedelta(weeks=2)
    for week in range(-6, 8):
        day = moved + timedelta(weeks=week)
        early, late = (time(7), time(15)), (time(14), time(22))
        start, end = early if day < moved else late
        make.make_constraint(
            cast.ana, cast.ana_user, weekday=None, day=day, local_start=start, local_end=end, from_day=day
        )  # fmt: skip
    row = row_of(cast, cast.ana)
    (misfit,) = (reason for reason in row.case.reasons if reason.kind is ReasonKind.MISFIT)
    assert "since a commitment changed on Feb 16; none of 4 sessions" in misfit.sentence
    assert row.needs_a_time


def test_what_does_not_fit_is_no_tier_and_told_in_silent_weeks_too(cast: Cast) -> None:
    cast.program.silent_until = date(2026, 3, 31)
    make.make_entry(make.make_occurrence(cast.monday, MONDAY + timedelta(weeks=1)), cast.ana)
    make.make_constraint(cast.ana, cast.ana_user, weekday=0, local_start=time(9), local_end=time(10))
    assert row_of(cast, cast.ana).needs_a_time


def test_an_empty_caseload_is_empty(cast: Cast) -> None:
    newcomer = make.make_user("case_manager", cast.elm)
    shown = cases(newcomer)
    assert (shown.rows, shown.people, shown.shown[Show.WAITING], shown.groups) == ((), 0, 0, ())


def _full_caseload(cast: Cast, people: int) -> Actor:
    manager = make.make_user("case_manager", cast.elm)
    for _ in range(people):
        person = make.make_client(cast.elm)
        make.make_assignment(person, manager, AssignmentRole.CASE_MANAGER)
        make.make_dose(make.make_enrollment(person, cast.program))
        make.make_member(cast.monday, person)
        make.make_constraint(person, cast.root, weekday=0, local_start=time(10), local_end=time(11))
        attended(cast, person, THERE, NOT_THERE, None)
    make.make_entry(make.make_occurrence(cast.monday, date(2026, 3, 9)), person)
    db.session.commit()
    return actor_for(manager)


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize(("stored", "statements"), [(False, 24), (True, 6)], ids=["derived", "stored"])
def test_any_number_of_people_costs_the_same_statements(
    cast: Cast, people: int, stored: bool, statements: int
) -> None:
    viewer = _full_caseload(cast, people)
    if stored:
        while refresh(now=NOW):
            pass
    db.session.expire_all()
    with counted_statements() as counted:
        assert caseload(viewer, now=NOW).people == people
    assert len(counted) == statements, "\n".join(counted)
