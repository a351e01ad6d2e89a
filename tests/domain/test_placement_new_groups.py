"""Which groups could be opened: for whom they would be, and where a room and a counselor are free."""

from dataclasses import replace

from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.placement import (
    Client,
    Dose,
    FreeCounselor,
    FreeRoom,
    Group,
    Meeting,
    Problem,
    not_together,
    possible_groups,
    usual_week_minutes,
)
from iop_schedule.vocabulary import Modality, ModalityWish, Weekday

MO, TU, WE, TH, FR = (Weekday(n) for n in range(5))
MEETINGS = tuple(Meeting(f"old-{day.name}", day, 540, 735, 10, 15) for day in (MO, WE, FR))
OLD = Group("old", "group", Modality.IN_PERSON, "en", MEETINGS, counselor="kim", site="main")
ANA = Client("ana", ("en",), Dose(540, min_days=3), modality=ModalityWish.IN_PERSON)
KIM, LEE = FreeCounselor("kim"), FreeCounselor("lee")
ROOM = FreeRoom("r1", 12)


def possible(*clients, rooms=(ROOM,), counselors=(KIM,), groups=(OLD,), held=None, most=100):
    problem = Problem(groups, clients)
    return possible_groups(problem, held or {}, "main", rooms=rooms, counselors=counselors, most=most)


def kinds(found):
    return {
        (p.group.language, str(p.group.modality), p.group.service_type, p.group.meetings[0].end - p.group.meetings[0].start)
        for p in found
    }  # fmt: skip


def test_who_speaks_another_language_is_offered_groups_in_it():
    found = possible(*(replace(ANA, id=f"c{n}", languages=("es",)) for n in range(8)))
    assert kinds(found) == {("es", "in_person", "group", 195), ("es", "in_person", "group", 90)}
    both = possible(ANA, replace(ANA, id="ben", languages=("es", "en")), most=500)
    assert {language for language, *_ in kinds(both)} == {"en", "es"}


def test_groups_by_video_need_no_room_and_only_people_who_can_attend_that_way():
    home = replace(ANA, modality=ModalityWish.TELEHEALTH)
    assert {way for _, way, *_ in kinds(possible(ANA))} == {"in_person"}
    found = possible(home, rooms=())
    assert {way for _, way, *_ in kinds(found)} == {"telehealth"}
    assert {one.room for one in found} == {None}
    assert {one.group.site for one in found} == {None}
    assert possible(ANA, rooms=()) == []


def test_kinds_that_somebody_needs_and_cannot_get_are_offered_as_short_groups():
    needs = replace(ANA, dose=Dose(540, min_days=3, required=("family",)))
    assert ("en", "in_person", "family", 90) in kinds(possible(needs))
    family = replace(OLD, id="fam", service_type="family", meetings=(Meeting("fam-TU", TU, 540, 630, 1),))
    assert ("en", "in_person", "family", 90) not in kinds(possible(needs, groups=(OLD, family)))
    full = possible(needs, replace(ANA, id="ben"), groups=(OLD, family), held={"ben": ("fam-TU",)})
    assert ("en", "in_person", "family", 90) in kinds(full)


def test_only_times_at_which_a_counselor_and_a_room_are_free():
    all_day = {day: [Interval(0, 1440)] for day in (MO, TU, WE, TH)}
    until_five = {FR: [Interval(480, 1020)]}
    found = possible(ANA, counselors=(FreeCounselor("kim", all_day | until_five),))
    times = {(m.weekday, m.start) for one in found for m in one.group.meetings}
    assert times == {(FR, 1050), (FR, 1140)}
    assert possible(ANA, rooms=(FreeRoom("r1", 12, all_day | {FR: [Interval(0, 1440)]}),)) == []


def test_a_counselor_speaks_the_language_or_nobody_has_said_what_they_speak():
    spanish = replace(ANA, languages=("es",))
    speaks = replace(LEE, languages=frozenset({"es"}))
    english = replace(KIM, languages=frozenset({"en"}))
    assert {one.group.counselor for one in possible(spanish, counselors=(english, speaks))} == {"lee"}
    assert {one.group.counselor for one in possible(spanish, counselors=(english, KIM))} == {"kim"}
    assert possible(spanish, counselors=(english,)) == []


def test_a_small_room_makes_a_small_group():
    found = possible(ANA, rooms=(FreeRoom("r1", 6),))
    assert {m.seats for one in found for m in one.group.meetings} == {6}


def test_one_counselor_or_room_at_one_moment_leads_one_group():
    found = possible(ANA, rooms=(ROOM, FreeRoom("r2", 12)), counselors=(KIM, LEE))
    by_id = {one.group.id: one for one in found}
    apart = {frozenset((a, b)) for one in not_together(found) for a in one for b in one if a != b}
    for a in found:
        for b in found:
            if a is b:
                continue
            same = a.group.counselor == b.group.counselor or a.room == b.room
            meet = any(
                m.weekday is n.weekday and m.start < n.end and n.start < m.end
                for m in a.group.meetings
                for n in b.group.meetings
            )
            assert (frozenset((a.group.id, b.group.id)) in apart) == (same and meet)
    assert {one.group.counselor for one in by_id.values()} == {"kim", "lee"}


def test_what_it_costs_is_time_of_a_counselor_and_the_best_of_each_kind_stay():
    found = possible(ANA, most=12)
    assert len(found) == 12
    assert {one.counselor_minutes for one in found if len(one.group.meetings) == 1} == {195, 90}
    assert len(kinds(found)) == 2
    assert usual_week_minutes(Problem((OLD,), ())) == 585
    assert usual_week_minutes(Problem((), ())) == 585


def test_nobody_short_of_hours_needs_no_group():
    assert possible(ANA, held={"ana": tuple(m.id for m in MEETINGS)}) == []
