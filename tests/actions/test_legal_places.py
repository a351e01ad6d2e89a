"""Places changed by hand answer to the rules of the solver; each test breaks exactly one."""

from datetime import date, time, timedelta

import pytest

from iop_schedule.actions.memberships import add_members
from iop_schedule.actions.placement import place
from iop_schedule.actions.series import Meeting, create_individual
from iop_schedule.domain.placement import Rule
from iop_schedule.domain.placement.by_hand import NotLegal
from iop_schedule.models import Client, Series, SeriesMember, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.legal_places import left_open
from iop_schedule.vocabulary import Gender, GroupGender, LevelOfCare, Modality, ModalityWish, Weekday
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY, MONDAY = date(2026, 3, 4), date(2026, 3, 9)


@pytest.fixture
def cleo(cast: Cast) -> Client:
    client = make.make_client(cast.elm, given_name="Cleo", gender=Gender.FEMALE, travel_minutes=20)
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(client, cast.program))
    return client


def group(cast: Cast, *, weekday: int = 1, start: time = time(9), **given: object) -> Series:
    made = make.make_group(given.pop("program", cast.program), name="Art", **given)
    return make.make_meeting(made, cast.root, weekday=weekday, local_start=start, duration_minutes=60)


def add(cast: Cast, client: Client, *series: Series, day: date = MONDAY) -> list[SeriesMember]:
    db.session.commit()
    ids = [one.id for one in series]
    actor = actor_for(cast.dev)
    return add_members(actor=actor, series_ids=ids, client_id=client.id, from_day=day, now=NOW)


def refused(cast: Cast, client: Client, *series: Series) -> tuple[Rule, str]:
    with pytest.raises(NotLegal) as error:
        add(cast, client, *series)
    db.session.rollback()
    return error.value.data["rule"], error.value.message


GROUPS = {
    "language": (
        {"language": "es"},
        Rule.LANGUAGE,
        "Art is held in Spanish, which Cleo does not speak. Choose another session.",
    ),
    "gender": (
        {"gender": GroupGender.MALE},
        Rule.GENDER,
        "Art is a group for men. Choose another session.",
    ),
    "modality": (
        {"modality": Modality.TELEHEALTH},
        Rule.MODALITY,
        "Art is held online, and Cleo cannot attend that way. Choose another session.",
    ),
}


@pytest.mark.parametrize(("given", "rule", "words"), GROUPS.values(), ids=GROUPS)
def test_a_place_in_a_group_that_is_not_for_them_is_refused_by_name(
    cast: Cast, cleo: Client, given: dict[str, object], rule: Rule, words: str
) -> None:
    assert refused(cast, cleo, group(cast, **given)) == (rule, words)


def test_a_group_at_another_level_of_care_is_refused_until_they_are_enrolled_there(
    cast: Cast, cleo: Client
) -> None:
    later = make.make_program(cast.elm, name="Aftercare", level_of_care=LevelOfCare.AFTERCARE)
    series = group(cast, program=later)
    rule, words = refused(cast, cleo, series)
    assert (rule, words[:37]) == (Rule.LEVEL, "Art is at another level of care than ")
    newcomer = make.make_client(cast.elm)
    make.make_assignment(newcomer, cast.dev, "case_manager")
    assert add(cast, newcomer, series)


def test_the_way_home_before_a_session_online_takes_its_time(cast: Cast, cleo: Client) -> None:
    cleo.modality = ModalityWish.EITHER
    online = group(cast, weekday=0, start=time(12, 19), modality=Modality.TELEHEALTH)
    rule, words = refused(cast, cleo, cast.monday, online)
    assert rule is Rule.TRAVEL
    assert words.startswith("Cleo has too little time to travel between ")
    online.local_start = time(12, 20)
    assert len(add(cast, cleo, cast.monday, online)) == 2


def test_a_session_of_their_own_answers_to_the_way_home_as_well(cast: Cast, cleo: Client) -> None:
    cleo.modality = ModalityWish.EITHER
    add(cast, cleo, cast.monday)

    def meet(start: time) -> Series:
        meeting = Meeting(Weekday.MO, start, 50, leader_id=cast.dev.id)
        return create_individual(
            actor=actor_for(cast.dev), client_id=cleo.id, program_id=cast.program.id, meeting=meeting,
            modality=Modality.TELEHEALTH, from_day=MONDAY, now=NOW,
        )  # fmt: skip

    with pytest.raises(NotLegal):
        meet(time(12, 10))
    db.session.rollback()
    assert meet(time(12, 20)).id


def test_people_kept_apart_never_share_a_session_and_nobody_is_named(cast: Cast, cleo: Client) -> None:
    make.make_apart(cleo, cast.ben, by=cast.dev)
    rule, words = refused(cast, cleo, cast.monday)
    assert rule is Rule.KEEP_APART
    assert words == "Relapse Prevention B cannot be given to Cleo. Choose another session."
    assert add(cast, cleo, group(cast))


def test_what_was_wrong_before_does_not_stand_in_the_way_of_something_else(cast: Cast, cleo: Client) -> None:
    make.make_member(group(cast, weekday=3, language="es"), cleo, from_day=TODAY)
    assert add(cast, cleo, cast.monday)


def test_sessions_of_opposite_weeks_may_be_at_the_same_time(cast: Cast, cleo: Client) -> None:
    cleo.modality = ModalityWish.EITHER
    first = group(cast, modality=Modality.IN_PERSON)
    second = group(cast, modality=Modality.TELEHEALTH)
    first.every_weeks = second.every_weeks = 2
    second.from_day = first.from_day + timedelta(weeks=1)
    assert len(add(cast, cleo, first, second)) == 2


def test_what_is_prescribed_is_pointed_out_and_not_refused(cast: Cast, cleo: Client) -> None:
    add(cast, cleo, cast.monday)
    said = left_open(actor_for(cast.dev), cleo.id, MONDAY, now=NOW)
    assert said == (
        "Cleo reaches 3 h of the prescribed 9 h.",
        "Cleo attends on 1 day; at least 3 are needed.",
    )
    add(cast, cleo, cast.wednesday, cast.friday)
    assert left_open(actor_for(cast.dev), cleo.id, MONDAY, now=NOW) == ()


def test_the_assistant_places_nobody_against_the_rules(cast: Cast, cleo: Client) -> None:
    """Ids can come from an old page."""
    series = group(cast, language="es")
    db.session.commit()
    with pytest.raises(NotLegal):
        place(actor=actor_for(cast.dev), client_id=cleo.id, series_ids=[series.id], from_day=MONDAY, now=NOW)
    assert db.session.query(SeriesMember).filter_by(client_id=cleo.id).count() == 0
