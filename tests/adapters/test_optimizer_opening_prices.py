"""Fees for new groups: the week found is the best one once fees are paid, and every bound holds."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.optimizer import NewGroup
from iop_schedule.adapters.optimizer.cohort import TICKS
from iop_schedule.adapters.optimizer.enumeration import weeks_worth
from iop_schedule.adapters.optimizer.opening_prices import Prices, Pricing
from iop_schedule.adapters.optimizer.opening_question import Question
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import groups, problems

FEES = st.integers(0, 60).map(lambda points: TICKS * points)


@st.composite
def questions(draw):
    asked = draw(problems(most_groups=2, most_meetings=2, most_clients=2))
    possible = [NewGroup(draw(groups(n, 3)), draw(st.integers(1, 3))) for n in (7, 8, 9)]
    ids = st.sampled_from([new.group.id for new in possible])
    apart = draw(st.lists(st.frozensets(ids, min_size=2), max_size=2))
    return asked, Question(asked, possible, draw(st.integers(0, 5)), {}, apart)


def prices_for(question, data):
    parts = [(n, k) for n, own in enumerate(question.cohort.people) for k in range(len(own))]
    fees = {(n, k, g): data.draw(FEES) for n, k in parts for g in range(len(question.possible))}
    rows, closing = question.cohort.capacities, question.not_together
    return Prices([data.draw(FEES) for _ in rows], fees, [data.draw(FEES) for _ in closing])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(made=questions(), data=st.data())
def test_the_week_found_is_the_best_once_fees_are_paid(made, data):
    _, question = made
    pricing, prices = Pricing(question), prices_for(question, data)

    def worth(column):
        fees = (prices.fees[column.person, column.part, g] for g in question.groups_in(column))
        return column.value - sum(prices.rows[r] for r in column.rows) - sum(fees)

    proposed = pricing.ask(prices, lambda: False).columns
    for person in pricing.people:
        for n, part in enumerate(question.cohort.people[person]):
            listed = weeks_worth(part, [0] * len(prices.rows), -(10**12), 10**6)
            every = [worth(question.cohort.column(person, n, chosen, value)) for chosen, value in listed]
            own = [worth(c) for c in proposed if (c.person, c.part) == (person, n)]
            assert max(own, default=None) == max(every, default=None)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(made=questions(), data=st.data())
def test_any_prices_and_fees_give_a_bound(made, data):
    asked, question = made
    bound = Pricing(question).ask(prices_for(question, data), lambda: False).bound
    best = max(
        oracle.best_objective(replace(asked, groups=(*asked.groups, *(n.group for n in some))))
        for size in range(len(question.possible) + 1)
        for places in combinations(range(len(question.possible)), size)
        for some in [[question.possible[n] for n in places]]
        if sum(n.cost for n in some) <= question.budget
        if all(len(set(places) & set(together)) <= 1 for together in question.not_together)
    )
    assert bound >= best * TICKS
