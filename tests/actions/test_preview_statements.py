"""A preview reads the same number of times for one person and for a full group, and says of each what is theirs."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest

from iop_schedule.actions.group_previews import preview_group, preview_level
from iop_schedule.actions.groups import GroupDetails
from iop_schedule.actions.previews import preview_change
from iop_schedule.actions.series import Meeting
from iop_schedule.domain.series import Scope
from iop_schedule.models import Client, Program, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import Attend, EnrollmentStatus, Gender, GroupGender, LevelOfCare, Weekday
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.pages import counted_statements

WOMAN = {"given_name": "Wyn", "family_name": "Female", "gender": Gender.FEMALE}
MAN = {"given_name": "Max", "family_name": "Male", "gender": Gender.MALE}


def come(cast: Cast, program: Program, **given: Any) -> Client:
    """Let one more person have all places of the group, a dose and a time of their own."""
    client = make.make_client(cast.elm, **given)
    make.make_dose(make.make_enrollment(client, program, status=EnrollmentStatus.ACTIVE))
    for meeting in (cast.monday, cast.wednesday, cast.friday):
        make.make_member(meeting, client)
    make.make_constraint(client, cast.root, weekday=1, local_start=time(13), local_end=time(14))
    return client


def of_men(cast: Cast) -> list[str]:
    details = GroupDetails("B", cast.group.service_type, 12, gender=GroupGender.MALE, attend=Attend.ALL)
    shown = preview_group(actor=actor_for(cast.root), group_id=cast.group.id, details=details, now=NOW)
    return [one.name for one in shown.people]


def outpatient(cast: Cast) -> list[str]:
    level = LevelOfCare.OUTPATIENT
    shown = preview_level(actor=actor_for(cast.root), program_id=cast.program.id, level=level, now=NOW)
    return [one.name for one in shown.people]


def on_tuesday(cast: Cast) -> list[str]:
    shown = preview_change(
        actor=actor_for(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING,
        day=NOW.date() + timedelta(days=5),
        meeting=Meeting(weekday=Weekday.TU, local_start=time(11), duration_minutes=180,
                        break_minutes=0, leader_id=cast.carol.id, room_id=cast.room.id),
        now=NOW,
    )  # fmt: skip
    return [one.name for one in shown.cannot_come]


@pytest.mark.parametrize(
    ("preview", "named"),
    [
        (of_men, ["Ana Q.", "Ben O.", "P1 F.", "P3 F.", "Wyn F."]),
        (outpatient, ["Max M.", "P0 M.", "P1 F.", "P2 M.", "P3 F.", "Wyn F."]),
        (on_tuesday, ["Ana Q.", "Max M.", "P0 M.", "P1 F.", "P2 M.", "P3 F.", "Wyn F."]),
    ],
)
def test_more_people_cost_no_more_statements(
    cast: Cast, preview: Callable[[Cast], list[str]], named: list[str]
) -> None:
    elsewhere = make.make_program(cast.elm, code="else", level_of_care=LevelOfCare.IOP_ADULT)

    def asked() -> tuple[int, list[str]]:
        db.session.commit()
        db.session.expire_all()
        with counted_statements() as statements:
            said = preview(cast)
        return len(statements), said

    for given in (WOMAN, MAN):
        come(cast, elsewhere, **given)
    few, _ = asked()
    for number in range(4):
        come(cast, elsewhere, **{**(WOMAN if number % 2 else MAN), "given_name": f"P{number}"})
    many, said = asked()
    assert (many, said) == (few, named)
