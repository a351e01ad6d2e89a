"""What seats are worth to others, as the last plan for everyone left it, and what it does to proposals."""

from datetime import UTC, date, datetime, time

import pytest

from iop_schedule.actions.seat_prices import learn_prices
from iop_schedule.adapters.optimizer.child import TASKS, Line
from iop_schedule.adapters.placement_files import write_problem
from iop_schedule.domain import placement as rules
from iop_schedule.models import Client, SeatPrice, Series, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement import PlacementView, placement_for
from iop_schedule.vocabulary import Modality, Weekday
from tests import factories as make
from tests.cast import Cast

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 9)


@pytest.fixture
def person(cast: Cast) -> Client:
    client = make.make_client(cast.elm)
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program), minutes=180, minimum_days=1, over_minutes=0)
    return client


@pytest.fixture
def evening(cast: Cast) -> Series:
    return make.make_meeting(make.make_group(cast.program), cast.root, weekday=1, local_start=time(17, 30))


def seen(cast: Cast, client: Client) -> PlacementView:
    db.session.commit()
    return placement_for(actor_for(cast.dev), client.id, from_day=MONDAY, now=NOW)


def learn(cast: Cast, **prices: float) -> None:
    ids = {"monday": cast.monday.id, "far": cast.far_monday.id}
    learn_prices(cast.program.id, {str(ids[name]): price for name, price in prices.items()}, now=NOW)
    db.session.commit()


def stored() -> dict[int, int]:
    return {row.series_id: row.hundredths for row in db.session.query(SeatPrice)}


def test_the_last_plan_replaces_what_was_known_of_its_own_meetings(cast: Cast) -> None:
    learn(cast, monday=12.345, far=3)
    assert stored() == {cast.monday.id: 1234}
    learn(cast, monday=0)
    assert stored() == {}


def test_a_flexible_person_is_first_shown_the_week_that_others_can_do_without(
    cast: Cast, person: Client, evening: Series
) -> None:
    before = seen(cast, person).plans[0]
    assert not before.spares_seats
    wanted = before.meetings[0].series_id
    learn_prices(cast.program.id, {str(wanted): 50.0}, now=NOW)
    shown = seen(cast, person)
    first, *others = shown.plans
    assert first.spares_seats
    assert first.meetings[0].series_id != wanted
    assert shown.meetings[str(wanted)].is_scarce
    assert not any(plan.spares_seats for plan in others)


def test_a_price_never_turns_anyone_away(cast: Cast, person: Client) -> None:
    for weekday in (2, 4):
        make.make_constraint(person, cast.dev, weekday=weekday, local_start=time(8), local_end=time(13))
    learn(cast, monday=5000)
    assert [m.series_id for m in seen(cast, person).plans[0].meetings] == [cast.monday.id]


def test_a_program_may_leave_prices_aside(cast: Cast, person: Client, evening: Series) -> None:
    wanted = seen(cast, person).plans[0].meetings[0].series_id
    learn_prices(cast.program.id, {str(wanted): 50.0}, now=NOW)
    cast.program.spares_scarce_seats = False
    first = seen(cast, person).plans[0]
    assert (first.meetings[0].series_id, first.meetings[0].is_scarce) == (wanted, False)


def test_a_plan_for_everyone_also_learns_what_seats_are_worth() -> None:
    meeting = rules.Meeting("1", Weekday.MO, 540, 720, 1)
    free = rules.Meeting("2", Weekday.TU, 540, 720, 5)
    group = rules.Group("g", "process", Modality.IN_PERSON, "en", (meeting, free), site="main")
    busy = rules.Commitment("work", Weekday.TU, 480, 1200)
    ana, ben = (rules.Client(name, ("en",), rules.Dose(180, 0), commitments=(busy,)) for name in ("3", "4"))
    request = {
        "problem": write_problem(rules.Problem((group,), (ana, ben))),
        "before": {}, "aim": "stay", "seconds": 5, "seed": 0,
    }  # fmt: skip
    prices = TASKS["caseload"](request, Line(quiet=True), lambda: False)["prices"]
    assert prices.keys() == {"1"}
    assert prices["1"] > 900
