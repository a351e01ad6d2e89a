"""The page of people kept apart: adding, mistakes, lifting."""

from iop_schedule.models import KeepApart, db
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words

PAGE = "/placement/keep-apart"


def test_a_pair_is_added_and_lifted_and_no_other_page_names_it(cast: Cast, http: Http) -> None:
    http.sign_in(cast.dev.email)
    assert "Choose a person." in words(http.submit(PAGE, {"client_id": cast.ana.id, "other_id": 0}).text)
    twice = http.submit(PAGE, {"client_id": cast.ana.id, "other_id": cast.ana.id})
    assert (twice.status_code, "Choose two people." in words(twice.text)) == (422, True)
    http.submit(PAGE, {"client_id": cast.ana.id, "other_id": cast.ben.id})
    shown = words(http.get(PAGE).text)
    assert "Relapse Prevention B, Mondays" in shown
    assert cast.ben.short_name not in words(http.get(f"/clients/{cast.ana.id}/place").text)
    pair = db.session.query(KeepApart).one()
    http.submit(f"{PAGE}/{pair.id}/lift", page=PAGE)
    assert "Nobody is kept apart" in words(http.get(PAGE).text)
