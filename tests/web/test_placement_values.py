"""What a program values: set by its administrators, kept with each run, used where a place is looked for."""

from datetime import date, time

from sqlalchemy import select

from iop_schedule.actions.placement_runs import Wanted, _question, ask_for_run
from iop_schedule.actions.placement_values import set_placement_values
from iop_schedule.domain.placement import Prices, Weights
from iop_schedule.models import AuditEvent, ClientConstraint, PlacementRun, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.placement_caseload import caseload_of
from iop_schedule.queries.placement_values import values_of
from iop_schedule.vocabulary import AuditKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.pages import words

MONDAY = date(2026, 3, 9)


def test_an_administrator_sees_the_numbers_in_words_and_changes_them(http: Http, cast: Cast) -> None:
    db.session.commit()
    root = http.sign_in(cast.root.email)
    address = f"/placement/values/{cast.program.id}"
    assert "What a good week is" in words(root.get("/placement").text)
    page = words(root.get(address).text)
    assert "A day of coming in" in page
    assert "Usual: 6." in page
    assert "No number differs" in page
    shown = {name: str(number) for name, number in _numbers(cast).items()}
    assert root.submit(address, {**shown, "day_cost": "0", "seat_price": "200"}).status_code == 302
    page = words(root.get(address).text)
    assert f"Changed last by {cast.root.name} on Wed, Mar 4. 2 numbers differ" in page
    refused = root.submit(address, {**shown, "day_cost": "101"})
    assert (refused.status_code, "Enter 0 to 100 points." in refused.text) == (422, True)
    (event,) = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == AuditKind.PLACEMENT_VALUES_CHANGED)
    )
    assert event.details == {"changed": {"day_cost": [6, 0], "seat_price": [60, 200]}}


def _numbers(cast: Cast) -> dict[str, int]:
    return values_of(cast.program).numbers()


def test_plans_go_by_the_numbers_and_keep_those_they_were_asked_with(cast: Cast) -> None:
    root = actor_for(cast.root)
    make.make_wishes(cast.ana, cast.root, liked_days=[1])
    numbers = {"day_cost": 1, "soft_cost": 2, "wished_day": 7, "hour_price": 5}
    set_placement_values(actor=root, program_id=cast.program.id, numbers=numbers, now=NOW)
    problem = caseload_of(cast.program, MONDAY, now=NOW).problem
    assert (problem.weights, problem.prices) == (Weights(day_cost=1), Prices(hour=5))
    assert problem.client(str(cast.ana.id)).preferences.weekdays == {1: 7}
    run_id = ask_for_run(actor=root, wanted=Wanted(cast.program.id, MONDAY, 30), now=NOW)
    set_placement_values(actor=root, program_id=cast.program.id, numbers={}, now=NOW)
    run = db.session.get_one(PlacementRun, run_id)
    kept = {name: run.options["values"][name] for name in numbers}
    assert kept == numbers
    caseload, _ = _question(run, NOW)
    assert caseload.problem.weights == Weights(day_cost=1)


def test_nobody_is_asked_to_change_what_is_not_to_be_changed(http: Http, cast: Cast) -> None:
    pia = make.make_client(cast.elm, given_name="Pia")
    make.make_assignment(pia, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(pia, cast.program))
    make.make_constraint(pia, cast.dev, weekday=0, local_start=time(11), local_end=time(12), label="kitchen")
    db.session.commit()
    dev = http.sign_in(cast.dev.email)
    assert "Monday, if work (kitchen) were at another time" in words(dev.get(f"/clients/{pia.id}/place").text)
    (row,) = db.session.scalars(select(ClientConstraint).where(ClientConstraint.client_id == pia.id))
    fields = {
        "kind": row.kind, "label": "kitchen", "days": ["0"], "start": "11:00", "end": "12:00",
        "repeats": "every", "movable": "never",
    }  # fmt: skip
    assert dev.submit(f"/clients/{pia.id}/times/{row.id}", fields).status_code == 302
    assert "not to be changed" in words(dev.get(f"/clients/{pia.id}/times").text)
    page = words(dev.get(f"/clients/{pia.id}/place").text)
    assert "if work (kitchen)" not in page
    assert (
        "overlaps work (kitchen), 11:00 am to 12:00 pm (travel counted)\nNothing that could be changed"
        in page
    )
