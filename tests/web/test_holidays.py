"""Closing on public holidays, and the closures as a calendar file."""

import re
from datetime import date

import pytest
from icalendar import Calendar
from sqlalchemy import select

from iop_schedule.models import Closure, db
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.factories import make_closure
from tests.pages import words

HERE = "/program/holidays"


def closed_days() -> list[tuple[date, date, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(Closure).order_by(Closure.from_day)).all()
    return [(row.from_day, row.until_day, row.name) for row in rows]


def offered(page: str) -> list[str]:
    return re.findall(r'name="day" value="([\d-]+)"(?! disabled)', page)


def test_holidays_still_to_come_on_weekdays_are_offered(http: Http, cast: Cast) -> None:
    make_closure(cast.elm, from_day=date(2026, 12, 24), until_day=date(2026, 12, 31))
    db.session.commit()
    http.sign_in(cast.root.email)
    page = http.get(HERE).text
    assert offered(page) == [
        "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26",
    ]  # fmt: skip
    assert "Fri, Dec 25, Christmas Day (closed already)" in words(page)


def test_chosen_holidays_become_closures_with_their_names(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    asked = {"site_id": cast.elm.id, "country": "us", "state": "ca", "year": "2026"}
    answer = http.submit(HERE, {**asked, "day": ["2026-05-25", "2026-11-27", "2026-03-06"]})
    assert (answer.status_code, answer.location) == (302, "/program/closures")
    assert closed_days() == [(date(2026, 5, 25), date(2026, 5, 25), "Memorial Day"),
                             (date(2026, 11, 27), date(2026, 11, 27), "Day After Thanksgiving")]  # fmt: skip
    again = http.submit(HERE, {**asked, "day": ["2026-05-25"]})
    assert (again.status_code, len(closed_days())) == (422, 2)


@on_one_database
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"country": "Spain"}, "Enter a country as two letters, such as US."),
        (
            {"country": "XX"},
            "We know no public holidays for that country or state. Add the closures by hand.",
        ),
        ({"state": "ZZ"}, "We know no public holidays for that country or state. Add the closures by hand."),
        ({"year": "1900"}, "Enter a year from 1970 to 2100."),
        ({"year": "next"}, "Enter a whole number."),
        ({"site_id": "x"}, "Choose one from the list."),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_cannot_be_asked_is_shown_again(
    http: Http, cast: Cast, typed: dict[str, str], said: str
) -> None:
    http.sign_in(cast.root.email)
    answer = http.get(HERE, query_string=typed)
    assert (answer.status_code, said in words(answer.text), offered(answer.text)) == (422, True, [])
    (name,) = set(typed) - {"site_id"} or {"country"}
    assert f'value="{typed.get(name, "US")}"' in answer.text


def test_another_sites_days_are_not_this_persons_to_choose(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    answer = http.submit(HERE, {"site_id": cast.far.id, "day": "2026-05-25"})
    assert (answer.status_code, closed_days()) == (422, [])


def test_closures_are_a_calendar_from_midnight_to_midnight(http: Http, cast: Cast) -> None:
    make_closure(cast.elm, from_day=date(2026, 11, 1), until_day=date(2026, 11, 2), name="Inventory; all day")
    make_closure(cast.elm, from_day=date(2026, 1, 1), until_day=date(2026, 1, 1))
    make_closure(cast.far, from_day=date(2026, 11, 3), until_day=date(2026, 11, 3))
    db.session.commit()
    http.sign_in(cast.carol.email)
    answer = http.get(f"/program/sites/{cast.elm.id}/closures.ics")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="closures.ics"'
    (event,) = Calendar.from_ical(answer.data).events
    assert (str(event["SUMMARY"]), event.start.isoformat(), event.end.isoformat()) == (
        "Closed: Inventory; all day", "2026-11-01T00:00:00-04:00", "2026-11-03T00:00:00-05:00",
    )  # fmt: skip
    assert http.get(f"/program/sites/{cast.far.id}/closures.ics").status_code == 404
