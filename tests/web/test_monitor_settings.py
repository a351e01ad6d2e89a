"""Settings of the monitor: what they would do today, where each comes from, who changed it last."""

from datetime import date

import pytest
from sqlalchemy import func, select

from iop_schedule.models import MonitorVersion, db
from iop_schedule.vocabulary import PolicyOrigin
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.pages import monitor_form, value_of, words
from tests.world import mark, occurrence


@pytest.fixture
def quiet(cast: Cast) -> Cast:
    """Ana and Ben were last here on Friday, February 20, which is twelve days ago."""
    for day in (16, 18, 20):
        series = (cast.monday, cast.wednesday, cast.friday)[(day - 16) // 2]
        held = occurrence(series, date(2026, 2, day), cast.ana, cast.ben)
        mark(held, cast.ana, cast.carol)
        mark(held, cast.ben, cast.carol)
    db.session.commit()
    return cast


def test_a_preview_says_whom_it_would_move_and_changes_nothing(http: Http, quiet: Cast) -> None:
    path = f"/programs/{quiet.program.id}/monitor"
    http.sign_in(quiet.root.email)
    answer = http.submit(path, monitor_form(no_contact_today_days="10", preview="1"))
    assert answer.status_code == 200
    page = words(answer.text)
    assert "As of today, this would move 2 people to “Reach out today”." in page
    assert "Reach out today\n0\n2" in page
    assert value_of(answer.text, "no_contact_today_days") == "10"
    same = words(http.submit(path, monitor_form(preview="1")).text)
    assert "As of today, this would move nobody." in same
    assert db.session.scalar(select(func.count()).select_from(MonitorVersion)) == 0


def test_each_number_says_its_default_and_who_changed_it_last(http: Http, quiet: Cast) -> None:
    path = f"/programs/{quiet.program.id}/monitor"
    http.sign_in(quiet.root.email)
    assert "Default 3.8 (our simulation)." in http.get(path).text
    assert http.submit(path, monitor_form(threshold="3.2")).status_code == 302
    assert http.submit(path, monitor_form(threshold="3.2", early_days="21")).status_code == 302
    page = http.get(path).text
    assert "Default 3.8 (our simulation). Last changed by Root Okafor on Mar 4, 2026." in page
    assert page.count("Last changed by") == 2


def test_numbers_fitted_to_the_past_are_filled_in_and_kept_as_such(http: Http, quiet: Cast) -> None:
    path = f"/programs/{quiet.program.id}/monitor"
    http.sign_in(quiet.root.email)
    page = http.get(f"{path}?threshold=2.9&prior_mean=0.9126&prior_strength=nothing").text
    assert [value_of(page, name) for name in ("threshold", "prior_mean", "prior_strength")] == [
        "2.9",
        "0.9126",
        "5.5",
    ]
    fitted = monitor_form(threshold="2.9", fitted=value_of(page, "fitted"))
    assert http.submit(path, fitted).status_code == 302
    assert db.session.scalars(select(MonitorVersion.origin)).one() == PolicyOrigin.CALIBRATED


@on_one_database
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "many", ""])
def test_a_number_that_means_nothing_is_explained(http: Http, cast: Cast, value: str) -> None:
    path = f"/programs/{cast.program.id}/monitor"
    http.sign_in(cast.root.email)
    for extra in ({}, {"preview": "1"}):
        assert http.submit(path, monitor_form(threshold=value, **extra)).status_code == 422
