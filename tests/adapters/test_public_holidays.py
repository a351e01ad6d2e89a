"""Public holidays come in order, by state, with the days off in lieu."""

from datetime import date

import pytest

from iop_schedule.adapters.public_holidays import UnknownRegion, public_holidays
from iop_schedule.errors import NotPossible


def test_the_holidays_of_the_whole_country_in_2026():
    assert public_holidays("US", None, 2026) == [
        (date(2026, 1, 1), "New Year's Day"),
        (date(2026, 1, 19), "Martin Luther King Jr. Day"),
        (date(2026, 2, 16), "Washington's Birthday"),
        (date(2026, 5, 25), "Memorial Day"),
        (date(2026, 6, 19), "Juneteenth National Independence Day"),
        (date(2026, 7, 3), "Independence Day (observed)"),
        (date(2026, 7, 4), "Independence Day"),
        (date(2026, 9, 7), "Labor Day"),
        (date(2026, 10, 12), "Columbus Day"),
        (date(2026, 11, 11), "Veterans Day"),
        (date(2026, 11, 26), "Thanksgiving Day"),
        (date(2026, 12, 25), "Christmas Day"),
    ]


@pytest.mark.parametrize(
    ("subdivision", "only_there"),
    [
        pytest.param("CA", (date(2026, 3, 31), "Cesar Chavez Day"), id="California"),
        pytest.param("TX", (date(2026, 3, 2), "Texas Independence Day"), id="Texas"),
        pytest.param("MA", (date(2026, 4, 20), "Patriots' Day"), id="Massachusetts"),
    ],
)
def test_states_have_their_own(subdivision, only_there):
    assert only_there in public_holidays("US", subdivision, 2026)
    assert only_there not in public_holidays("US", None, 2026)


def test_a_day_off_in_lieu_stays_within_its_year():
    # January 1, 2028 is a Saturday; its day off is the last day of 2027.
    assert public_holidays("US", None, 2027)[-1] == (date(2027, 12, 31), "New Year's Day (observed)")
    assert public_holidays("US", None, 2028)[0].day == date(2028, 1, 1)


@pytest.mark.parametrize(
    ("country", "subdivision", "year", "error", "field"),
    [
        pytest.param("XX", None, 2026, UnknownRegion, "country", id="no such country"),
        pytest.param("US", "XX", 2026, UnknownRegion, "subdivision", id="no such state"),
        pytest.param("", None, 2026, UnknownRegion, "country", id="empty"),
        pytest.param("US", None, 1900, NotPossible, "year", id="long ago"),
        pytest.param("US", None, 9999, NotPossible, "year", id="far ahead"),
    ],
)
def test_what_we_do_not_know_is_said(country, subdivision, year, error, field):
    with pytest.raises(error) as refused:
        public_holidays(country, subdivision, year)
    assert refused.value.field == field
    assert refused.value.message.endswith(".")
