"""A step up or down, seen beside today's week before anyone decides."""

from datetime import date, time

import pytest

from iop_schedule.models import Enrollment, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words


@pytest.fixture
def dev(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.dev.email)


def address(cast: Cast) -> str:
    return f"/clients/{cast.ben.id}/steps"


def asked(*rows: tuple[str, str, str]) -> dict[str, object]:
    return {
        f"steps-{n}-{name}": value
        for n, row in enumerate(rows)
        for name, value in zip(("day", "hours", "days"), row, strict=True)
    }


def doses(cast: Cast) -> list[tuple[date, int, int]]:
    db.session.expire_all()
    (enrollment,) = db.session.query(Enrollment).filter_by(client_id=cast.ben.id)
    return [(dose.from_day, dose.minutes, dose.minimum_days) for dose in enrollment.doses]


def test_the_usual_path_goes_down_by_three_hours_every_two_weeks_and_keeps_what_it_can(
    dev: Http, cast: Cast
) -> None:
    page = words(dev.get(address(cast)).text)
    assert "Today\n9 hours prescribed" in page
    assert "From Mon, Mar 9\n6 hours a week" in page
    assert "From Mon, Mar 23\n3 hours a week" in page
    down = page[page.index("From Mon, Mar 9") : page.index("From Mon, Mar 23")]
    assert (down.count("Stays"), down.count("New"), down.count("Ends: Relapse Prevention B")) == (2, 0, 1)
    assert "6 hours a week is below the 9 hours of this program." in down


@pytest.mark.parametrize(
    ("last_day", "steps"),
    [(date(2026, 3, 15), ["Mon, Mar 9"]), (date(2026, 3, 6), ["Fri, Mar 6"])],
    ids=["between the steps", "before the first"],
)
def test_no_step_begins_after_the_last_day_of_the_stay(
    dev: Http, cast: Cast, last_day: date, steps: list[str]
) -> None:
    (enrollment,) = db.session.query(Enrollment).filter_by(client_id=cast.ben.id)
    enrollment.until_day = last_day
    db.session.commit()
    page = words(dev.get(address(cast)).text)
    assert [line[5:] for line in page.splitlines() if line.startswith("From ") and "," in line] == steps
    typed = dev.get(address(cast), query_string=asked(("2026-03-16", "6", "2")))
    assert typed.status_code == 422
    assert "Choose an earlier first day." in words(typed.text)
    assert 'value="2026-03-16"' in typed.text


def test_a_step_up_says_what_begins(dev: Http, cast: Cast) -> None:
    group = make.make_group(cast.program, name="Evening Recovery")
    make.make_meeting(group, cast.root, weekday=1, local_start=time(17, 30))
    db.session.commit()
    page = words(dev.get(address(cast), query_string=asked(("2026-03-09", "12", "4"))).text)
    up = page[page.index("From Mon, Mar 9") :]
    assert (up.count("Stays"), up.count("New")) == (3, 1)
    assert "12 of 12 hours" in up


def test_a_step_that_does_not_fit_says_why_and_what_would_help(dev: Http, cast: Cast) -> None:
    page = words(dev.get(address(cast), query_string=asked(("2026-03-09", "12", "4"))).text)
    assert "No week reaches these hours. These cannot all be had:" in page
    assert "It would fit if" in page


def test_the_path_is_prescribed_in_one_go(dev: Http, cast: Cast) -> None:
    rows = asked(("2026-03-09", "6", "2"), ("2026-03-23", "3", "1"))
    answer = dev.submit(address(cast), rows)
    assert answer.location == f"/clients/{cast.ben.id}"
    assert doses(cast)[1:] == [(date(2026, 3, 9), 360, 2), (date(2026, 3, 23), 180, 1)]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "Enter one to three steps"),
        ([("2026-03-09", "6", "2"), ("2026-03-09", "3", "1")], "each from its own day"),
        ([("2026-03-09", "6", "2"), ("2025-01-01", "3", "1")], "no program on the first day"),
        ([("2026-03-09", "60", "2")], "Enter 0 to 50 hours a week."),
        ([("2026-03-09", "40", "2")], "Five days cannot hold this many hours."),
        ([("2026-02-30", "6", "2")], "Enter a date that exists"),
    ],
)
def test_a_path_that_cannot_be_is_refused_whole(
    dev: Http, cast: Cast, rows: list[tuple[str, str, str]], sentence: str
) -> None:
    before = doses(cast)
    answer = dev.submit(address(cast), asked(*rows))
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert doses(cast) == before
