"""The smallest change that lets one meeting in, and that making it does."""

from dataclasses import replace

from hypothesis import given

from iop_schedule.domain.placement import (
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Openings,
    Problem,
    apply_changes,
    change_words,
    unlocking,
    why_not,
)
from iop_schedule.domain.placement.legality import Rule
from iop_schedule.vocabulary import Attend, GroupGender, Modality, ModalityWish, Weekday
from tests.strategies_placement import problems

MO, TU = Weekday.MO, Weekday.TU
MONDAY, TUESDAY = Meeting("mo", MO, 540, 720, 12), Meeting("tu", TU, 540, 720, 0)
GROUP = Group("am", "process", Modality.IN_PERSON, "en", (MONDAY, TUESDAY), site="main")
ANA = Client("ana", ("en",), Dose(360), travel_minutes={"main": 15})


def asked(client=ANA, **group):
    return Problem((replace(GROUP, **group),), (client,))


def words(problem, free=None):
    found = unlocking(problem, "ana", free)
    return {meeting: [change_words(change) for change in changes] for meeting, changes in found.items()}


def test_a_commitment_gives_way_as_far_as_the_meeting_and_the_way_there_need():
    busy = replace(ANA, commitments=(Commitment("work", MO, 420, 570, "shift"),))
    assert words(asked(busy)) == {
        "mo": ["shift on Monday ends 45 min earlier"],
        "tu": ["one seat more in tu"],
    }


def test_a_group_attended_whole_opens_whole():
    busy = replace(ANA, commitments=(Commitment("work", MO, 420, 570, "shift"),))
    both = ["shift on Monday ends 45 min earlier", "one seat more in tu"]
    assert words(asked(busy, attend=Attend.ALL)) == {"mo": both, "tu": both}


def test_what_nobody_can_change_opens_nothing():
    assert words(asked(language="es")) == {}
    assert words(asked(gender=GroupGender.FEMALE)) == {}
    assert words(asked(replace(ANA, dose=Dose(60, 0)))) == {}
    assert words(asked(meetings=(MONDAY,)), Openings(closed_a=frozenset({"mo"}))) == {}


def test_another_way_of_attending_opens_a_meeting():
    away = replace(ANA, modality=ModalityWish.TELEHEALTH)
    assert words(asked(away, meetings=(MONDAY,))) == {"mo": ["attending in person"]}


def test_beside_a_session_at_the_same_site_nobody_travels():
    own = Commitment("session", MO, 720, 770, "one-to-one", site="main")
    home = Group("home", "process", Modality.TELEHEALTH, "en", (Meeting("t", MO, 690, 710, 9),))
    client = replace(ANA, commitments=(own,), travel_minutes={"main": 15})
    blocked = {w.meeting: w.blocks for w in why_not(Problem((GROUP, home), (client,)), "ana")}
    assert blocked.keys() == {"tu", "t"}
    assert [(b.rule, b.minutes) for b in blocked["t"]] == [(Rule.COMMITMENT, 5)]


@given(problems())
def test_making_the_changes_lets_the_meeting_in(problem):
    client = problem.clients[0]
    before = {w.meeting for w in why_not(problem, client.id)}
    for meeting, changes in unlocking(problem, client.id).items():
        assert meeting in before
        after = why_not(apply_changes(problem, client.id, changes), client.id)
        assert meeting not in {w.meeting for w in after}
