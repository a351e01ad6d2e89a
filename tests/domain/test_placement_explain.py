"""What clashes and what would help, against trying every set of meetings and every subset of causes."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.placement import (
    Change,
    ChangeKind,
    Clash,
    ClashKind,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Openings,
    Plan,
    Problem,
    apply_changes,
    best_weeks,
    broken_rules,
    change_code,
    change_words,
    clash_code,
    explain,
    openings,
    sentences,
    unplaced,
)
from iop_schedule.domain.placement.smallest_set import smallest_unsatisfiable
from iop_schedule.vocabulary import Attend, Modality, ModalityWish, Weekday, WeekParity
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems

MO, TU, WE, TH, FR = (Weekday(n) for n in range(5))


def minutes(clock):
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def meeting(code, weekday, start="09:00", end="12:00", seats=12):
    return Meeting(code, weekday, minutes(start), minutes(end), seats)


def group(code, *meetings, **changes):
    plain = {"service_type": "process", "modality": Modality.IN_PERSON, "language": "en", "site": "main"}
    return Group(code, meetings=meetings, **(plain | changes))


def busy(weekday, start, end, kind="work", label="shift", **more):
    return Commitment(kind, weekday, minutes(start), minutes(end), label, **more)


def ana(**changes):
    plain = {"languages": ("en",), "dose": Dose(minutes=540, min_days=3)}
    return Client("ana", **(plain | changes))


MORNINGS = group("am", *(meeting(f"am-{d.name}", d) for d in (MO, WE, FR)))


def test_nothing_is_explained_to_a_person_who_fits():
    assert explain(Problem((MORNINGS,), (ana(),)), "ana") is None


def test_the_cheapest_change_names_the_commitment_and_gives_the_plan():
    asked = Problem((MORNINGS,), (ana(commitments=(busy(MO, "07:00", "09:30"),)),))
    told = explain(asked, "ana")
    assert [clash_code(c) for c in told.clash] == ["work MO 07:00-09:30", "dose"]
    assert told.reachable_minutes == 360
    first = told.proposals[0]
    assert ([change_code(c) for c in first.changes], first.cost) == (["work MO ends 30 min earlier"], 50)
    assert first.plan.choice == ("am-MO", "am-WE", "am-FR")
    assert sentences(told)[:2] == [
        "Shift on Monday, 07:00 to 09:30: 6 h of 9 h fit.",
        "It would fit if: shift on Monday ends 30 min earlier.",
    ]


def test_further_proposals_are_other_ways_out():
    evening = group("pm", meeting("pm-TU", TU, "17:30", "20:30", seats=0))
    home = group("home", meeting("t-TH", TH), modality=Modality.TELEHEALTH, site=None)
    client = ana(commitments=(busy(MO, "07:00", "09:30"),), modality=ModalityWish.IN_PERSON)
    told = explain(Problem((MORNINGS, evening, home), (client,)), "ana")
    assert [([change_code(c) for c in p.changes], p.cost) for p in told.proposals] == [
        (["work MO ends 30 min earlier"], 50),
        (["one seat more in pm-TU"], 60),
        (["attending by telehealth"], 80),
    ]
    assert [p.plan.choice for p in told.proposals] == [
        ("am-MO", "am-WE", "am-FR"),
        ("am-WE", "am-FR", "pm-TU"),
        ("am-WE", "am-FR", "t-TH"),
    ]


def test_nobody_else_appears_in_an_explanation():
    others = {"ben": ("am-MO", "am-WE"), "cleo": ("am-FR",)}
    people = (ana(keep_apart=("ben",)), replace(ana(), id="ben"), replace(ana(), id="cleo"))
    asked = Problem(
        (replace(MORNINGS, meetings=(*MORNINGS.meetings, meeting("am-TU", TU, seats=0))),), people
    )
    told = explain(asked, "ana", openings(asked, "ana", others))
    said = repr(told) + " ".join(sentences(told)) + repr(unplaced(told))
    assert "ben" not in said
    assert "cleo" not in said
    assert {m for p in told.proposals for m in p.plan.choice} <= {"am-TU", "am-FR"}


CHANGES = {
    "the end": ([(840, 930)], "shift on Monday ends 90 min earlier"),
    "the start": ([(420, 450)], "shift on Monday starts 30 min later"),
    "all of it": ([(420, 930)], "shift on Monday moves to another time"),
    "the middle": ([(600, 660)], "shift on Monday leaves 10:00 to 11:00 free"),
    "two stretches": (
        [(600, 660), (420, 430)],
        "shift on Monday leaves 07:00 to 07:10 and 10:00 to 11:00 free",
    ),
}


@pytest.mark.parametrize(("freed", "words"), CHANGES.values(), ids=CHANGES)
def test_a_commitment_that_gives_way_is_said_plainly(freed, words):
    change = Change(ChangeKind.COMMITMENT, 0, busy(MO, "07:00", "15:30"), tuple(sorted(freed)))
    assert change_words(change) == words


OTHER_CHANGES = {
    "one seat": (Change(ChangeKind.SEAT, 60, meeting="g1-MO", amount=1), "one seat more in g1-MO"),
    "two seats": (Change(ChangeKind.SEAT, 120, meeting="g1-MO", amount=2), "2 seats more in g1-MO"),
    "in person": (Change(ChangeKind.MODALITY, 80, modality=Modality.IN_PERSON), "attending in person"),
    "an hour": (Change(ChangeKind.DOSE, 90, amount=60), "an hour less a week"),
    "two hours": (Change(ChangeKind.DOSE, 180, amount=120), "2 hours less a week"),
    "a day": (Change(ChangeKind.DAYS, 70, amount=1), "a day less a week"),
    "two days": (Change(ChangeKind.DAYS, 140, amount=2), "2 days less a week"),
    "a type": (Change(ChangeKind.SERVICE_TYPE, 110, service_type="family"), "a week without family"),
}


@pytest.mark.parametrize(("change", "words"), OTHER_CHANGES.values(), ids=OTHER_CHANGES)
def test_every_other_change_is_said_plainly(change, words):
    assert (change_words(change), change_code(change)) == (words, words)


def test_a_commitment_of_alternate_weeks_says_which():
    change = Change(ChangeKind.COMMITMENT, 0, busy(MO, "07:00", "15:30", week=WeekParity.B), ((900, 930),))
    assert change_code(change) == "work MO ends 30 min earlier in B weeks"


def test_a_full_meeting_with_more_people_than_seats_needs_seats_for_all():
    asked = Problem((MORNINGS,), (ana(),))
    told = explain(asked, "ana", Openings({"am-MO": 13}, {"am-MO": 12}), count=1)
    assert [(c.meeting, c.amount, c.cost) for c in told.proposals[0].changes] == [("am-MO", 2, 120)]


def test_two_people_with_nothing_in_common_but_language_are_told_so():
    told = explain(Problem((MORNINGS,), (ana(languages=("es",)),)), "ana")
    assert [c.kind for c in told.clash] == [ClashKind.LANGUAGE, ClashKind.DOSE]
    assert told.proposals == ()
    assert sentences(told) == ["The language of the groups: 0 h of 9 h fit."]


def test_seats_count_as_one_thing_and_list_the_full_meetings():
    asked = Problem((MORNINGS,), (ana(),))
    told = explain(asked, "ana", Openings({"am-MO": 12, "am-WE": 12}, {}))
    assert told.clash == (Clash(ClashKind.SEATS, blocks=("am-MO", "am-WE")), Clash(ClashKind.DOSE))


@settings(max_examples=250, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, alternating=False), data=st.data())
def test_the_cheapest_change_is_as_cheap_as_any(asked, data):
    (client,) = asked.clients
    ids = [m.id for g in asked.groups for m in g.meetings]
    taken = data.draw(st.dictionaries(st.sampled_from(ids), st.integers(0, 3)))
    closed = data.draw(st.frozensets(st.sampled_from(ids), max_size=1))
    free = Openings(taken, taken, closed, closed)
    told = explain(asked, client.id, free)
    shut = closed | oracle.full(asked, client, taken)
    assert (told is None) == bool(oracle.legal_weeks(asked, client, "every", shut))
    if told is None:
        return
    cheapest = oracle.cheapest_change(asked, client, taken, closed)
    assert (told.proposals[0].cost if told.proposals else None) == cheapest
    for proposal in told.proposals:
        assert proposal.cost == sum(c.cost for c in proposal.changes)
        changed = apply_changes(asked, client.id, proposal.changes)
        assert broken_rules(changed, Plan({client.id: proposal.plan.choice})) == []
        assert not oracle.week_broken(changed, changed.clients[0], proposal.plan.choice, "every")
        assert best_weeks(changed, client.id, free, count=1) == [proposal.plan]
        assert oracle.change_cost(asked, client, proposal.plan.choice, taken, closed) <= proposal.cost
    costs = [p.cost for p in told.proposals]
    assert costs == sorted(costs)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, alternating=False))
def test_asking_for_more_changes_finds_the_same_ones_first(asked):
    (client,) = asked.clients
    more = explain(asked, client.id, count=4)
    if more is None:
        return
    for count in range(4):
        assert explain(asked, client.id, count=count).proposals == more.proposals[:count]


@settings(max_examples=150, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, alternating=False))
def test_nothing_can_be_dropped_from_a_clash_without_a_week_appearing(asked):
    (client,) = asked.clients
    told = explain(asked, client.id, count=0)
    if told is None:
        return
    assert not _fits(asked, client, told.clash)
    assert all(_fits(asked, client, [c for c in told.clash if c is not part]) for part in told.clash)


def _fits(asked, client, kept):
    """Return whether a week exists with only the kept things in the way, trying all weeks."""
    kinds = {c.kind for c in kept}
    dose = client.dose
    if ClashKind.DOSE not in kinds:
        dose = replace(dose, minutes=0, over_minutes=9999)
    if ClashKind.DAYS not in kinds:
        dose = replace(dose, min_days=0)
    if ClashKind.DAY_LENGTH not in kinds:
        dose = replace(dose, max_minutes_per_day=1440)
    dose = replace(dose, required=tuple(c.service_type for c in kept if c.service_type))
    eased = replace(client, dose=dose, commitments=tuple(c.commitment for c in kept if c.commitment))
    if ClashKind.MODALITY not in kinds:
        eased = replace(eased, modality=ModalityWish.EITHER)
    groups = asked.groups
    if ClashKind.LANGUAGE not in kinds:
        groups = tuple(replace(g, language=client.languages[0]) for g in groups)
    if ClashKind.GENDER not in kinds:
        groups = tuple(replace(g, gender="any") for g in groups)
    shut = oracle.full(asked, client) if ClashKind.SEATS in kinds else frozenset()
    return bool(oracle.legal_weeks(replace(asked, groups=groups), eased, "every", shut))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(clashes=st.lists(st.frozensets(st.integers(0, 7), min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_smallest_unsatisfiable_set_is_as_small_as_any(clashes):
    def satisfiable(kept):
        return not any(clash <= kept for clash in clashes)

    found = smallest_unsatisfiable(8, lambda kept: kept if satisfiable(kept) else None, looks=40)
    sizes = [n for n in range(9) if any(not satisfiable(frozenset(s)) for s in combinations(range(8), n))]
    assert not satisfiable(found)
    assert len(found) == sizes[0]


def test_a_group_attended_whole_is_proposed_whole():
    whole = replace(MORNINGS, attend=Attend.ALL)
    client = ana(commitments=(busy(MO, "08:00", "10:00"), busy(WE, "08:00", "10:00")))
    told = explain(Problem((whole,), (client,)), "ana")
    assert [(change_code(c), c.cost) for c in told.proposals[0].changes] == [
        ("work MO ends 60 min earlier", 80),
        ("work WE ends 60 min earlier", 80),
    ]


def test_the_hours_that_fit_count_meetings_of_required_types_too():
    client = ana(dose=Dose(540, min_days=3, required=("process",)), commitments=(busy(WE, "08:00", "20:00"),))
    told = explain(Problem((MORNINGS,), (client,)), "ana")
    assert told.reachable_minutes == 360
