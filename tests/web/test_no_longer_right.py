"""A group that becomes another one: whom it would not suit any more is shown before it is saved, and stays listed."""

import re
from datetime import date

from iop_schedule.actions.group_previews import preview_group
from iop_schedule.actions.groups import GroupDetails
from iop_schedule.models import AuditEvent, Program, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.misfits import misfits
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, Gender, GroupGender, LevelOfCare
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, csrf_token

TODAY = date(2026, 3, 4)


def group(cast: Cast, **given: object) -> dict[str, object]:
    return {
        "name": "Relapse Prevention C", "public_name": "Appointment", "service_type": "process_group", "seats": "12",
        "modality": "in_person", "gender": "any", "language": "en", "attend": "any", **given,
    }  # fmt: skip


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def confirm(http: Http, path: str, seen: str, data: dict[str, object]) -> int:
    token = re.search(r'name="previewed" value="([0-9a-f]+)"', seen)
    assert token
    sent = {**data, "confirm": "1", "previewed": token.group(1), "csrf_token": csrf_token(seen)}
    return http.post(path, data=sent).status_code


def test_whom_another_language_would_not_suit_is_shown_first_and_listed_after_saving(
    http: Http, cast: Cast
) -> None:
    cast.ben.languages = ["en", "es"]
    make.make_apart(cast.ana, cast.ben, by=cast.root)
    db.session.commit()
    http.sign_in(cast.root.email)
    path = f"/program/groups/{cast.group.id}/edit"
    wanted = group(cast, language="es", service_type=cast.group.service_type)
    seen = http.submit(path, wanted)
    assert seen.status_code == 200
    assert "Not saved yet. It would no longer be right for 1 person with a place:" in words(seen.text)
    assert "Ana Q.: Relapse Prevention B is held in Spanish, which Ana does not speak." in words(seen.text)
    assert "cannot be given" not in seen.text
    assert 'value="Relapse Prevention C"' in seen.text
    assert misfits(actor_for(cast.root), day=TODAY, now=NOW) == ()
    assert confirm(http, path, seen.text, wanted) == 302
    says = "Relapse Prevention C is held in Spanish, which Ana does not speak."
    (misfit,) = misfits(actor_for(cast.root), day=TODAY, now=NOW)
    assert (misfit.client_id, misfit.why) == (cast.ana.id, (says,))
    for page in (f"/program/groups/{cast.group.id}", "/placement"):
        assert says in words(http.get(page).text)
    anew = http.get("/placement/repair?cause=already_changed").text
    assert re.search(r'value="already_changed"[^>]* checked', anew)
    looked = db.session.query(AuditEvent).filter_by(kind=AuditKind.GROUP_VIEWED).all()
    assert [cast.ana.id] in [event.details.get("clients") for event in looked]


def test_what_suits_everyone_is_saved_at_once(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    path = f"/program/groups/{cast.group.id}/edit"
    assert http.submit(path, group(cast, service_type=cast.group.service_type)).status_code == 302


def test_who_attends_a_part_of_a_group_that_is_to_be_taken_whole_is_named(cast: Cast) -> None:
    cleo = make.make_client(cast.elm, given_name="Cleo", family_name="Young", gender=Gender.FEMALE)
    make.make_enrollment(cleo, cast.program)
    make.make_member(cast.monday, cleo)
    db.session.commit()
    details = GroupDetails("B", cast.group.service_type, 12, gender=GroupGender.MALE)
    shown = preview_group(actor=actor_for(cast.root), group_id=cast.group.id, details=details, now=NOW)
    assert ("Cleo Y.", "Relapse Prevention B is a group for men.") in [(p.name, p.why) for p in shown.people]


def test_another_level_of_care_of_a_program_names_who_comes_from_elsewhere(http: Http, cast: Cast) -> None:
    elsewhere: Program = make.make_program(cast.elm, code="else", level_of_care=LevelOfCare.IOP_ADULT)
    cleo = make.make_client(cast.elm, given_name="Cleo", family_name="Young")
    make.make_enrollment(cleo, elsewhere, status=EnrollmentStatus.ACTIVE)
    make.make_member(cast.monday, cleo)
    db.session.commit()
    http.sign_in(cast.root.email)
    path = f"/program/programs/{cast.program.id}/edit"
    page = http.get(path).text
    sent = dict(re.findall(r'<input[^>]* name="([a-z_]+)"[^>]* value="([^"]*)"', page))
    sent = {name: value for name, value in sent.items() if name != "csrf_token"} | {
        "level_of_care": "outpatient"
    }
    seen = http.submit(path, sent)
    assert "Cleo Y.: Relapse Prevention B is at another level of care than Cleo." in words(seen.text)
    db.session.refresh(cast.program)
    assert cast.program.level_of_care == LevelOfCare.IOP_ADULT
