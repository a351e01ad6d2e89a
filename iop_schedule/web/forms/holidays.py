"""Which public holidays to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict
from wtforms import Form, StringField
from wtforms.validators import InputRequired, NumberRange, Regexp

from iop_schedule.web.forms.fields import ChoiceField, WholeNumberField, needed
from iop_schedule.web.forms.fields import options as choices_of
from iop_schedule.web.forms.people import one_line


@dataclass(frozen=True, slots=True)
class AskedHolidays:
    """Of which country, which part of it and which year, for which site."""

    site_id: int
    country: str
    subdivision: str | None
    year: int


class HolidayForm(Form):
    """A site, a country, a state and a year; it only asks, so it stands in the address."""

    site_id = ChoiceField("Site", coerce=int)
    country = StringField(
        "Country, such as US",
        [Regexp(r"^[A-Za-z]{2}$", message="Enter a country as two letters, such as US.")],
        filters=[one_line],
    )
    state = StringField(
        "State, such as CA",
        [Regexp(r"^[A-Za-z0-9]{0,3}$", message="Enter two letters, such as CA, or leave it empty.")],
        filters=[one_line],
    )
    year = WholeNumberField(
        "Year",
        [
            InputRequired("Enter a year, such as 2027."),
            NumberRange(1970, 2100, message="Enter a year from 1970 to 2100."),
        ],
    )

    def __init__(self, typed: MultiDict[str, str], *, sites: Sequence[tuple[int, str]], year: int) -> None:
        """Read what stands in the address, or begin with this year at the first site."""
        given = {"site_id": str(sites[0][0]), "country": "US", "state": "", "year": str(year)}
        filled = MultiDict({**given, **{name: typed[name] for name in given if name in typed}})
        super().__init__(filled)
        self.site_id.choices = choices_of(sites)

    def value(self) -> AskedHolidays:
        """Return what was asked for; only after validation."""
        return AskedHolidays(
            site_id=int(self.site_id.data),
            country=(self.country.data or "").upper(),
            subdivision=(self.state.data or "").upper() or None,
            year=needed(self.year.data),
        )
