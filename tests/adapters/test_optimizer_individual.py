"""Individual sessions around groups: legal for both sides, and on tiny problems as good as any choice."""

import sys
from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.optimizer import Counselor, Hours, Session, individual_sessions
from iop_schedule.domain.placement import (
    Alternating,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    PlanStatus,
    Problem,
)
from iop_schedule.vocabulary import Cadence, Modality, ModalityWish, Weekday, WeekParity
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems

MO, TU, WE = (Weekday(n) for n in range(3))
GROUP = Group("g", "process", Modality.IN_PERSON, "en", (Meeting("g-MO", MO, 540, 720, 9),), "carol", "main")
CAROL = Counselor("carol", (Hours(MO, 540, 840),), ("en",), 9, "main")


def person(code, **changes):
    return Client(code, ("en",), Dose(180), **changes)


def test_sessions_leave_room_for_the_counselors_groups_and_for_each_other():
    asked = Problem((GROUP,), (person("ana"), person("ben"), person("cleo")))
    done = individual_sessions(asked, {}, [CAROL], seconds=600)
    assert sorted(done.sessions.values()) == [Session("carol", MO, 720, 780), Session("carol", MO, 780, 840)]
    assert (done.status, done.objective) == (PlanStatus.OPTIMAL, done.bound)


def test_the_client_who_can_come_at_one_time_only_gets_it():
    busy = person("ben", commitments=(Commitment("work", MO, 780, 1200),))
    asked = Problem((GROUP,), (person("ana"), busy))
    done = individual_sessions(asked, {}, [CAROL], seconds=600)
    assert done.sessions == {"ana": Session("carol", MO, 780, 840), "ben": Session("carol", MO, 720, 780)}


def test_a_caseload_has_an_end_and_priority_decides():
    asked = Problem((GROUP,), (person("ana"), person("ben", priority=2)))
    done = individual_sessions(asked, {}, [replace(CAROL, most_clients=1)], seconds=600)
    assert list(done.sessions) == ["ben"]


def test_sessions_fit_both_weeks_of_alternating_groups():
    later = replace(GROUP, id="l", counselor=None, meetings=(Meeting("l-MO", MO, 720, 780, 9),))
    asked = Problem((GROUP, later), (person("ana"),), alternating=True)
    done = individual_sessions(asked, {"ana": Alternating(("g-MO",), ("l-MO",))}, [CAROL], seconds=600)
    assert done.sessions == {"ana": Session("carol", MO, 780, 840)}


def test_a_client_sees_only_whom_they_may_see():
    dan = Counselor("dan", (Hours(MO, 540, 600),), ("en",), 9, "main")
    asked = Problem((GROUP,), (person("ana"),))
    done = individual_sessions(asked, {}, [CAROL, dan], seconds=600, may_see={"ana": ["dan"]})
    assert done.sessions == {"ana": Session("dan", MO, 540, 600)}
    assert individual_sessions(asked, {}, [CAROL, dan], seconds=600, may_see={"ana": []}).sessions == {}


def test_who_attends_by_video_sees_the_same_counselor_without_the_way_there():
    """Ben's other work leaves him an hour, and no time to travel."""
    far = {"main": 60}
    busy = (Commitment("work", MO, 0, 780), Commitment("work", MO, 840, 1440))
    people = (
        person("ana", travel_minutes=far, commitments=busy),
        person("ben", travel_minutes=far, commitments=busy, modality=ModalityWish.TELEHEALTH),
    )
    done = individual_sessions(Problem((GROUP,), people), {}, [CAROL], seconds=600)
    assert done.sessions == {"ben": Session("carol", MO, 780, 840, WeekParity.EVERY, Modality.TELEHEALTH)}


def test_a_day_that_is_attended_anyway_is_better_than_another():
    both = replace(CAROL, hours=(Hours(MO, 720, 780), Hours(TU, 720, 780)))
    asked = Problem((replace(GROUP, meetings=(Meeting("g-TU", TU, 540, 720, 9),)),), (person("ana"),))
    done = individual_sessions(asked, {"ana": ("g-TU",)}, [both], seconds=600)
    assert done.sessions == {"ana": Session("carol", TU, 720, 780)}


def test_without_the_solver_there_is_a_choice_with_a_valid_bound(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    asked = Problem((GROUP,), (person("ana"), person("ben"), person("cleo")))
    done = individual_sessions(asked, {}, [CAROL], seconds=600)
    assert (len(done.sessions), done.status) == (2, PlanStatus.FEASIBLE)
    assert done.objective < done.bound


HOURS = st.builds(
    lambda day, start, length: Hours(day, start, start + length),
    st.sampled_from([MO, TU]),
    st.sampled_from([540, 615, 780]),
    st.sampled_from([60, 90, 125]),
)
COUNSELORS = st.tuples(
    *(
        st.builds(
            Counselor,
            st.just(code),
            st.lists(HOURS, max_size=2).map(tuple),
            st.sampled_from([("en",), ("es",)]),
            st.integers(0, 2),
            st.sampled_from([None, "main"]),
            st.sampled_from([None, 1, 2]),
        )
        for code in ("k1", "k2")
    )
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    asked=problems(most_groups=2, most_clients=2, alternating=False), counselors=COUNSELORS, data=st.data()
)
def test_no_other_choice_of_sessions_is_better(asked, counselors, data):
    cadence = data.draw(st.sampled_from(Cadence))
    meetings = [m.id for g in asked.groups for m in g.meetings]
    held = {c.id: tuple(data.draw(st.lists(st.sampled_from(meetings), max_size=1))) for c in asked.clients}
    done = individual_sessions(asked, held, counselors, seconds=600, cadence=cadence)
    ways = [[None, *_sessions(asked, c, held[c.id], counselors, cadence)] for c in asked.clients]
    best = 0
    for picks in product(*ways):
        chosen = [p for p in picks if p is not None]
        if _apart(chosen) and all(
            sum(s.counselor == k.id for s, _ in chosen) <= k.most_clients and _has_breaks(k, chosen)
            for k in counselors
        ):
            best = max(best, sum(worth for _, worth in chosen))
    assert (done.objective, done.status) == (best, PlanStatus.OPTIMAL)
    assert _apart([(session, 0) for session in done.sessions.values()])


def _apart(chosen):
    taken = [
        (s.counselor, week, s.weekday, minute)
        for s, _ in chosen
        for week in WEEKS_OF[s.week]
        for minute in range(s.start, s.end)
    ]
    return len(taken) == len(set(taken))


WEEKS_OF = {WeekParity.EVERY: "AB", WeekParity.A: "A", WeekParity.B: "B"}


def _has_breaks(counselor, chosen):
    """Return False when some week has more sessions in a row than the counselor takes."""
    for week in "AB":
        own = {
            (s.weekday, s.start)
            for s, _ in chosen
            if s.counselor == counselor.id and week in WEEKS_OF[s.week]
        }
        for day, start in own:
            row = 1
            while (day, start + 60 * row) in own:
                row += 1
            if counselor.most_in_a_row is not None and row > counselor.most_in_a_row:
                return False
    return True


def test_every_second_week_two_people_share_a_time():
    asked = Problem((GROUP,), tuple(person(code) for code in ("ana", "ben", "cleo")))
    done = individual_sessions(asked, {}, [CAROL], seconds=600, cadence=Cadence.SECOND_WEEK)
    assert sorted(done.sessions) == ["ana", "ben", "cleo"]
    either = individual_sessions(asked, {}, [CAROL], seconds=600, cadence=Cadence.WEEKLY_OR_SECOND)
    assert sorted(s.week for s in either.sessions.values()) == ["A", "B", "every"]


def test_a_break_comes_after_so_many_sessions():
    asked = Problem((), tuple(person(f"c{n}") for n in range(4)))
    long = replace(CAROL, hours=(Hours(MO, 540, 780),), most_in_a_row=2)
    done = individual_sessions(asked, {}, [long], seconds=600, every=60)
    assert sorted(s.start for s in done.sessions.values()) in ([540, 600, 720], [540, 660, 720])


def _sessions(asked, client, meetings, counselors, cadence):
    """Return every legal session of one client and its worth, minute by minute."""
    found = []
    for k in counselors:
        starts = {(h.weekday, s) for h in k.hours for s in range(h.start, h.end - 59, 30)}
        for day, start in sorted(starts):
            meeting = Meeting("own", day, start, start + 60, 1)
            wish = (client.modality, client.prefers_modality)
            video = "telehealth" in wish[:1] or wish == ("either", "telehealth") or not k.site
            modality = Modality.TELEHEALTH if video else Modality.IN_PERSON
            language = next((x for x in client.languages if x in k.languages), None)
            group = Group("own", "individual", modality, language or "none", (meeting,), k.id, k.site)
            with_own = replace(asked, groups=(*asked.groups, group))
            rules = {"language", "gender", "modality", "commitment", "overlap", "travel"}
            beside = {
                rule
                for m in meetings
                for rule in oracle.week_broken(with_own, client, (m, "own"), "every") & {"overlap", "travel"}
            }
            leads = {
                (m.weekday, minute)
                for g in asked.groups
                if g.counselor == k.id
                for m in g.meetings
                for minute in range(m.start, m.end)
            }
            if beside or leads & {(day, minute) for minute in range(start, start + 60)}:
                continue
            days = {m.weekday for g in asked.groups for m in g.meetings if m.id in meetings}
            for week in {"weekly": ("every",), "second_week": "AB"}.get(cadence, ("every", "A", "B")):
                if oracle.week_broken(with_own, client, ("own",), week) & rules:
                    continue
                points = oracle.week_points(with_own, replace(client, dose=Dose(60)), ("own",), week)
                points += asked.weights.day_cost if day in days else 0
                reward = 600 if cadence == "weekly_or_second" and week != "every" else 1000
                session = Session(k.id, day, start, start + 60, WeekParity(week), modality)
                found.append((session, reward * client.priority + points))
    return found
