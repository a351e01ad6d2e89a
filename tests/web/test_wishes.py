"""What suits a person best: said by them or their staff, seen where a place is looked for."""

from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.models import AuditEvent, ClientWishes, db
from iop_schedule.vocabulary import AuditKind, ModalityWish
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words


def test_wishes_are_said_by_the_client_and_shown_to_both_sides(http: Http, new_http: Any, cast: Cast) -> None:
    db.session.commit()
    ana = http.sign_in(cast.ana.email)
    assert "Say what suits me best" in words(ana.get("/my/times").text)
    asked = words(ana.get("/my/times/wishes").text)
    assert ("Carol" in asked, "by video" in asked.casefold()) == (True, False)
    said = {
        "time": "morning", "liked_days": ["0", "2"], "disliked_days": ["4"], "counselor": str(cast.carol.id),
    }  # fmt: skip
    assert ana.submit("/my/times/wishes", said).status_code == 302
    lines = ("Mornings", "Best on Monday and Wednesday", "Rather not on Friday", f"With {cast.carol.name}")
    own = words(ana.get("/my/times").text)
    dev = new_http().sign_in(cast.dev.email)
    for page in (own, *(words(dev.get(f"/clients/{cast.ana.id}{tab}").text) for tab in ("", "/times"))):
        assert [line for line in lines if line not in page] == []
    assert (
        "Rather not on Friday" not in new_http().sign_in(cast.carol.email).get(f"/clients/{cast.ana.id}").text
    )
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.WEEK_WISHES_CHANGED))
    assert event.details["before"]["time"] == "any"
    assert event.details["after"] == {
        "time": "morning", "liked_days": [0, 2], "disliked_days": [4], "counselor": cast.carol.id,
        "modality": None,
    }  # fmt: skip


def test_staff_say_and_take_back_wishes_and_the_form_shows_what_stands(http: Http, cast: Cast) -> None:
    cast.ana.modality = ModalityWish.EITHER
    db.session.commit()
    address = f"/clients/{cast.ana.id}/times/wishes"
    dev = http.sign_in(cast.dev.email)
    assert (
        dev.submit(address, {"time": "evening", "modality": "telehealth", "counselor": ""}).status_code == 302
    )
    form = dev.get(address).text
    assert form.count("checked") == 2  # evening, by video
    assert dev.submit(address, {"time": "any", "modality": "", "counselor": ""}).status_code == 302
    assert "Nothing said yet" in dev.get(f"/clients/{cast.ana.id}/times").text
    assert [row.time for row in db.session.scalars(select(ClientWishes))] == ["any"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"time": "night"}, "Choose one"),
        ({"liked_days": ["1"], "disliked_days": ["1"]}, "not as both"),
        ({"counselor": "987654"}, "Choose one from the list"),
        ({"liked_days": ["6"]}, "not a valid choice"),
    ],
    ids=["no part of the day", "a day both ways", "somebody unknown", "a Sunday"],
)
def test_what_cannot_be_wished_for_is_refused(
    http: Http, cast: Cast, said: dict[str, Any], told: str
) -> None:
    db.session.commit()
    ana = http.sign_in(cast.ana.email)
    answer = ana.submit("/my/times/wishes", {"time": "any", "counselor": ""} | said)
    assert (answer.status_code, told in answer.text) == (422, True), words(answer.text)
    assert list(db.session.scalars(select(ClientWishes))) == []


def test_a_plan_says_which_wishes_it_keeps(http: Http, cast: Cast) -> None:
    pia = make.make_client(cast.elm, given_name="Pia")
    make.make_assignment(pia, cast.dev, "case_manager")
    make.make_dose(make.make_enrollment(pia, cast.program))
    make.make_wishes(
        pia, cast.dev, time="morning", liked_days=[0], disliked_days=[4], counselor_id=cast.carol.id
    )
    db.session.commit()
    page = words(http.sign_in(cast.dev.email).get(f"/clients/{pia.id}/place").text)
    for line in ("Mornings, as wished", "Monday, as wished", "Friday: they would rather not"):
        assert line in page, page
    assert f"With {cast.carol.name}, as wished" in page
