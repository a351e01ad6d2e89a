"""A program's numbers: bounds and defaults, prices that order proposals, and what nobody is asked to change."""

from dataclasses import replace

import pytest

from iop_schedule.adapters.placement_files import read_problem, write_problem
from iop_schedule.domain.placement import (
    ChangeKind,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Openings,
    Prices,
    Problem,
    Valuation,
    Weights,
    explain,
    unlocking,
)
from iop_schedule.domain.placement.valuation import NUMBERS
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Modality, Weekday

MO, TU = Weekday.MO, Weekday.TU


def group(name, weekday, start, seats=5):
    meeting = Meeting(name, weekday, start, start + 90, seats)
    return Group(f"g-{name}", "process", Modality.IN_PERSON, "en", (meeting,), site="main")


WORK = Commitment("work", MO, 540, 600, label="shift")
COURT = Commitment("legal", TU, 540, 570, label="court")
ANA = Client("ana", ("en",), Dose(90, over_minutes=0), commitments=(WORK, COURT))
PROBLEM = Problem((group("mo", MO, 570), group("tu", TU, 540)), (ANA,))


def kinds(problem, free=None):
    return [[(c.kind, c.commitment and c.commitment.kind, c.cost) for c in p.changes]
            for p in explain(problem, "ana", free).proposals]  # fmt: skip


def test_what_is_not_negotiable_is_in_no_proposal():
    assert kinds(PROBLEM)[:2] == [
        [(ChangeKind.COMMITMENT, "work", 50)],
        [(ChangeKind.COMMITMENT, "legal", 50)],
    ]
    firm = replace(ANA, commitments=(WORK, replace(COURT, negotiable=False)))
    asked = replace(PROBLEM, clients=(firm,))
    assert kinds(asked) == [[(ChangeKind.COMMITMENT, "work", 50)]]
    assert set(unlocking(PROBLEM, "ana")) == {"mo", "tu"}
    assert set(unlocking(asked, "ana")) == {"mo"}
    nothing = replace(asked, groups=asked.groups[1:])
    told = explain(nothing, "ana")
    assert (told.proposals, [c.commitment.kind for c in told.clash if c.commitment]) == ((), ["legal"])


def test_prices_order_the_proposals():
    full = Openings(taken_a={"mo": 5, "tu": 5}, taken_b={"mo": 5, "tu": 5})
    free = replace(ANA, commitments=(WORK,))
    asked = replace(PROBLEM, clients=(free,))
    assert kinds(asked, full)[0] == [(ChangeKind.SEAT, None, 60)]
    late = replace(ANA, commitments=(WORK, replace(COURT, end=700)))
    dear = replace(PROBLEM, clients=(late,), prices=Prices(commitment=200, minute=0))
    assert kinds(dear)[0] == [(ChangeKind.COMMITMENT, "work", 200)]
    by_minute = replace(dear, prices=Prices(commitment=1, minute=10))
    assert kinds(by_minute)[0] == [(ChangeKind.COMMITMENT, "work", 301)]
    assert unlocking(by_minute, "ana")["tu"][0].cost == 901


def test_prices_and_what_is_not_negotiable_go_through_files():
    firm = replace(ANA, commitments=(replace(WORK, negotiable=False),))
    asked = replace(PROBLEM, clients=(firm,), prices=Prices(seat=7))
    assert read_problem(write_problem(asked)) == asked
    assert '"prices"' not in write_problem(PROBLEM)
    assert "negotiable" not in write_problem(PROBLEM)


def test_numbers_that_differ_from_their_defaults_are_kept_and_come_back():
    assert Valuation.of({}) == Valuation()
    own = Valuation.of({"day_cost": 0, "minute_price": 3, "wished_day": 5, "unknown": 9})
    assert (own.weights, own.prices) == (Weights(day_cost=0), Prices(minute=3))
    assert own.set_numbers() == {"day_cost": 0, "minute_price": 3, "wished_day": 5}
    assert Valuation.of(own.set_numbers()) == own


@pytest.mark.parametrize("number", NUMBERS, ids=lambda one: one.name)
def test_a_number_out_of_its_bounds_is_refused_by_name(number):
    for value in (number.least - 1, number.most + 1):
        with pytest.raises(NotPossible) as refused:
            Valuation.of({number.name: value})
        assert refused.value.field == number.name
    assert Valuation.of({number.name: number.most}).numbers()[number.name] == number.most
