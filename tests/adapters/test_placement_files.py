"""Placement files: what is written reads back equal, and what cannot be read names its place."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.placement_files import (
    UnreadableFile,
    read_plan,
    read_problem,
    write_plan,
    write_problem,
)
from iop_schedule.domain.placement import (
    Alternating,
    Because,
    Commitment,
    DayPart,
    Plan,
    PlanStatus,
    Unplaced,
    WouldFit,
)
from iop_schedule.vocabulary import Attend, Gender, GroupGender, Modality, Weekday, WeekParity
from tests.strategies_placement import problems

PROBLEM = {
    "format": "placement-problem/1",
    "weights": {"day_cost": 6, "over_cost": 5, "keep_bonus": 0},
    "groups": [
        {
            "id": "g1",
            "service_type": "process",
            "counselor": "k2",
            "site": "main",
            "modality": "in_person",
            "gender": "any",
            "language": "en",
            "attend": "any",
            "meetings": [{"id": "g1-MO", "weekday": "MO", "start": "9:05", "end": "12:00", "seats": 12}],
        }
    ],
    "clients": [
        {
            "id": "c1",
            "priority": 1,
            "languages": ["en"],
            "gender": "female",
            "modality": "either",
            "prefers_modality": "in_person",
            "dose": {
                "minutes": 540,
                "over_minutes": 90,
                "min_days": 3,
                "max_minutes_per_day": 360,
                "required": ["process"],
            },
            "travel_minutes": {"main": 15},
            "commitments": [
                {
                    "kind": "work",
                    "label": "shift",
                    "weekday": "MO",
                    "start": "13:00",
                    "end": "24:00",
                    "week": "A",
                    "hard": False,
                    "cost": 8,
                }
            ],
            "preferences": {"time": "morning", "weekdays": {"FR": -3}, "counselor": "k2"},
            "keep_apart": [],
            "current": [],
        }
    ],
}


def changed(path, value, base=PROBLEM):
    """Return `base` as text with one place changed; a value of ... removes it."""
    data = copy.deepcopy(base)
    here = data
    for step in path[:-1]:
        here = here[step]
    if value is ...:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    return json.dumps(data)


def test_a_problem_reads_into_values():
    problem = read_problem(json.dumps(PROBLEM))
    (group,), (client,) = problem.groups, problem.clients
    assert (group.attend, group.gender, group.modality) == (Attend.ANY, GroupGender.ANY, Modality.IN_PERSON)
    assert [(m.weekday, m.start, m.end, m.seats) for m in group.meetings] == [(Weekday.MO, 545, 720, 12)]
    assert (client.gender, client.preferences.time) == (Gender.FEMALE, DayPart.MORNING)
    assert client.commitments == (
        Commitment("work", Weekday.MO, 780, 1440, "shift", WeekParity.A, hard=False, cost=8),
    )
    assert not problem.alternating


def test_what_has_a_default_may_be_left_out():
    group = {
        k: PROBLEM["groups"][0][k] for k in ("id", "service_type", "site", "modality", "language", "meetings")
    }
    client = {"id": "c1", "languages": ["en"], "modality": "either", "dose": {"minutes": 540}}
    text = json.dumps({"format": "placement-problem/1", "groups": [group], "clients": [client]})
    problem = read_problem(text)
    assert (problem.weights.day_cost, problem.weights.over_cost, problem.weights.keep_bonus) == (6, 5, 0)
    assert (problem.clients[0].dose.over_minutes, problem.clients[0].priority) == (90, 1)


REFUSED = {
    "another format": (["format"], "placement-plan/1", "format"),
    "no format": (["format"], ..., "format"),
    "an unknown key at the top": (["weigths"], {}, "weigths"),
    "an unknown key deep inside": (["clients", 0, "dose", "hours"], 9, "clients[0].dose.hours"),
    "an unknown weight": (["weights", "day"], 6, "weights.day"),
    "groups that are no list": (["groups"], {}, "groups"),
    "a group that is no object": (["groups", 0], "g1", "groups[0]"),
    "a missing id": (["groups", 0, "id"], ..., "groups[0].id"),
    "an empty id": (["clients", 0, "id"], "", "clients[0].id"),
    "an id that is a number": (["clients", 0, "id"], 7, "clients[0].id"),
    "seats as text": (["groups", 0, "meetings", 0, "seats"], "12", "groups[0].meetings[0].seats"),
    "seats as a truth": (["groups", 0, "meetings", 0, "seats"], True, "groups[0].meetings[0].seats"),
    "seats below none": (["groups", 0, "meetings", 0, "seats"], -1, "groups[0].meetings[0].seats"),
    "half a minute": (["clients", 0, "dose", "minutes"], 540.5, "clients[0].dose.minutes"),
    "a huge number": (["clients", 0, "priority"], 10**30, "clients[0].priority"),
    "hard as a number": (["clients", 0, "commitments", 0, "hard"], 1, "clients[0].commitments[0].hard"),
    "a time that is none": (["groups", 0, "meetings", 0, "start"], "nine", "groups[0].meetings[0].start"),
    "a time off the day": (["groups", 0, "meetings", 0, "end"], "25:00", "groups[0].meetings[0].end"),
    "a minute too many": (["groups", 0, "meetings", 0, "end"], "12:60", "groups[0].meetings[0].end"),
    "a start at the end of the day": (
        ["groups", 0, "meetings", 0, "start"],
        "24:00",
        "groups[0].meetings[0].start",
    ),
    "a minute after the day": (
        ["clients", 0, "commitments", 0, "end"],
        "24:01",
        "clients[0].commitments[0].end",
    ),
    "an end before the start": (
        ["clients", 0, "commitments", 0, "end"],
        "12:00",
        "clients[0].commitments[0].end",
    ),
    "an end at the start": (["groups", 0, "meetings", 0, "end"], "9:05", "groups[0].meetings[0].end"),
    "a meeting on Saturday": (["groups", 0, "meetings", 0, "weekday"], "SA", "groups[0].meetings[0].weekday"),
    "a break as long as the meeting": (
        ["groups", 0, "meetings", 0, "break_minutes"],
        175,
        "groups[0].meetings[0].break_minutes",
    ),
    "a weekday by name": (
        ["clients", 0, "commitments", 0, "weekday"],
        "Monday",
        "clients[0].commitments[0].weekday",
    ),
    "a week C": (["clients", 0, "commitments", 0, "week"], "C", "clients[0].commitments[0].week"),
    "an unknown gender": (["groups", 0, "gender"], "women", "groups[0].gender"),
    "a wish for a day that is none": (
        ["clients", 0, "preferences", "weekdays"],
        {"XX": 1},
        "clients[0].preferences.weekdays.XX",
    ),
    "points as text": (
        ["clients", 0, "preferences", "weekdays"],
        {"FR": "-3"},
        "clients[0].preferences.weekdays.FR",
    ),
    "travel as text": (["clients", 0, "travel_minutes", "main"], "15", "clients[0].travel_minutes.main"),
    "a site for telehealth": (["groups", 0, "modality"], "telehealth", "groups[0].site"),
    "no site in person": (["groups", 0, "site"], None, "groups[0].site"),
    "a group that never meets": (["groups", 0, "meetings"], [], "groups[0].meetings"),
    "an unknown person to keep apart": (["clients", 0, "keep_apart"], ["c9"], "clients[0].keep_apart[0]"),
    "apart from oneself": (["clients", 0, "keep_apart"], ["c1"], "clients[0].keep_apart[0]"),
    "an unknown current meeting": (["clients", 0, "current"], ["g1-MO", "zz"], "clients[0].current[1]"),
    "an unknown current meeting of weeks B": (
        ["clients", 0, "current"],
        {"A": ["g1-MO"], "B": ["zz"]},
        "clients[0].current.B[0]",
    ),
    "a current meeting twice": (["clients", 0, "current"], ["g1-MO", "g1-MO"], "clients[0].current[1]"),
    "weeks A alone": (["clients", 0, "current"], {"A": []}, "clients[0].current.B"),
    "a language twice": (["clients", 0, "languages"], ["en", "en"], "clients[0].languages[1]"),
    "two groups with one id": (["groups"], PROBLEM["groups"] * 2, "groups[1].id"),
    "two clients with one id": (["clients"], PROBLEM["clients"] * 2, "clients[1].id"),
    "alternating as a word": (["alternating"], "yes", "alternating"),
}


@pytest.mark.parametrize(("path", "value", "place"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_names_its_place_in_one_line(path, value, place):
    with pytest.raises(UnreadableFile) as refused:
        read_problem(changed(path, value))
    assert refused.value.message.startswith(f"{place}: ")
    assert "\n" not in refused.value.message


def test_what_somebody_attends_in_two_weeks_reads_back():
    weeks = {"A": ["g1-MO"], "B": []}
    problem = read_problem(changed(["clients", 0, "current"], weeks))
    assert problem.clients[0].current == Alternating(("g1-MO",), ())
    assert read_problem(write_problem(problem)) == problem
    alike = read_problem(changed(["clients", 0, "alternating"], value=False))
    assert [problem.clients[0].may_alternate, alike.clients[0].may_alternate] == [True, False]
    assert read_problem(write_problem(alike)) == alike


def test_two_meetings_with_one_id_are_refused():
    twin = PROBLEM["groups"][0] | {"id": "g2"}
    with pytest.raises(UnreadableFile, match=r"^groups\[1\]\.meetings\[0\]\.id: "):
        read_problem(changed(["groups"], [PROBLEM["groups"][0], twin]))


NOT_JSON = {
    "nothing": ("", "line 1 column 1"),
    "a comma too many": ('{"format": "placement-problem/1",}', "line 1 column"),
    "a list": ("[]", "the file"),
    "a key twice": ('{"format": "placement-problem/1", "format": "x"}', "format"),
    "no number": ('{"format": NaN}', "NaN"),
    "nested without end": ("[" * 100_000, "the file"),
}


@pytest.mark.parametrize(("text", "place"), NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_object_is_refused_in_one_line(text, place):
    with pytest.raises(UnreadableFile) as refused:
        read_problem(text)
    assert refused.value.message.startswith(place)
    assert "\n" not in refused.value.message


@settings(max_examples=150, derandomize=True, deadline=None)
@given(problem=problems(most_clients=3))
def test_a_problem_reads_back_as_it_was_written(problem):
    assert read_problem(write_problem(problem)) == problem


PLAN = {
    "format": "placement-plan/1",
    "status": "optimal",
    "objective": 10234,
    "bound": 10234.0,
    "seconds": 1.9,
    "assignments": {"c1": ["g1-MO"]},
    "unplaced": [
        {
            "client": "c1",
            "because": [
                {"commitment": "work MO 07:00-15:30", "blocks": ["g1-MO"]},
                {"rule": "dose", "blocks": []},
            ],
            "would_fit_if": [{"change": "work MO ends 30 min earlier", "cost": 50, "plan": ["g1-MO"]}],
        }
    ],
}

REFUSED_PLANS = {
    "an unknown status": (["status"], "best", "status"),
    "an objective as text": (["objective"], "10234", "objective"),
    "an unknown client": (["assignments"], {"c9": []}, "assignments.c9"),
    "an unknown meeting": (["assignments", "c1"], ["g1-MO", "g9"], "assignments.c1[1]"),
    "an unknown meeting in week B": (["assignments", "c1"], {"A": [], "B": ["g9"]}, "assignments.c1.B[0]"),
    "half of two weeks": (["assignments", "c1"], {"A": []}, "assignments.c1.B"),
    "a third week": (["assignments", "c1"], {"A": [], "B": [], "C": []}, "assignments.c1.C"),
    "a meeting that is no list": (["assignments", "c1"], "g1-MO", "assignments.c1"),
    "an unknown client without a plan": (["unplaced", 0, "client"], "c9", "unplaced[0].client"),
    "a reason that blocks an unknown meeting": (
        ["unplaced", 0, "because", 0, "blocks"],
        ["g1-MO", "g9"],
        "unplaced[0].because[0].blocks[1]",
    ),
    "a way out with an unknown meeting": (
        ["unplaced", 0, "would_fit_if", 0, "plan"],
        ["g9"],
        "unplaced[0].would_fit_if[0].plan[0]",
    ),
    "a reason of no kind": (
        ["unplaced", 0, "because", 0],
        {"blocks": []},
        "unplaced[0].because[0].commitment",
    ),
    "an unknown key": (["score"], 1, "score"),
}


@pytest.mark.parametrize(("path", "value", "place"), REFUSED_PLANS.values(), ids=REFUSED_PLANS)
def test_a_plan_that_cannot_be_read_names_its_place(path, value, place):
    with pytest.raises(UnreadableFile) as refused:
        read_plan(changed(path, value, PLAN), read_problem(json.dumps(PROBLEM)))
    assert refused.value.message.startswith(f"{place}: ")


def test_a_plan_reads_into_values_and_back():
    problem = read_problem(json.dumps(PROBLEM))
    plan = read_plan(json.dumps(PLAN), problem)
    assert plan == Plan(
        {"c1": ("g1-MO",)},
        (
            Unplaced(
                "c1",
                (Because("work MO 07:00-15:30", ("g1-MO",), is_commitment=True), Because("dose")),
                (WouldFit("work MO ends 30 min earlier", 50, ("g1-MO",)),),
            ),
        ),
        PlanStatus.OPTIMAL,
        10234,
        10234.0,
        1.9,
    )
    assert json.loads(write_plan(plan)) == PLAN


@settings(max_examples=60, derandomize=True, deadline=None)
@given(points=st.integers(0, 10**6) | st.floats(0, 10**6), some=st.lists(st.just("g1-MO"), max_size=2))
def test_plans_of_two_weeks_and_odd_points_read_back(points, some):
    problem = read_problem(json.dumps(PROBLEM))
    plan = Plan({"c1": Alternating(tuple(some), ("g1-MO",))}, objective=points)
    assert read_plan(write_plan(plan), problem) == plan
