"""What changes in a client's care: a pause, the way back, another group, the end."""

from datetime import date

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.domain.prescription import Pause
from iop_schedule.queries.care_changes import CareNow
from iop_schedule.vocabulary import PauseReason
from iop_schedule.web.forms.fields import ChoiceField, DayField, needed, options

DATE_NEEDED = "Enter a date, for example 2026-03-09."
PAUSE_WORDS = {
    PauseReason.HOSPITAL: "Hospital",
    PauseReason.RESIDENTIAL: "Residential care",
    PauseReason.LEAVE: "Leave",
    PauseReason.JAIL: "Jail",
    PauseReason.OTHER: "Something else",
}


class PauseForm(FlaskForm):  # type: ignore[misc]
    """Days that do not count."""

    reason = ChoiceField("Reason", choices=options(PAUSE_WORDS.items()))
    from_day = DayField("First day", [InputRequired(DATE_NEEDED)])
    until_day = DayField("Last day", [Optional()], description="Leave empty while nobody knows.")

    def value(self) -> Pause:
        """Return the pause; call after `validate`. Raises BadPause when its days cannot be."""
        return Pause(needed(self.from_day.data), PauseReason(self.reason.data), self.until_day.data)


class BackForm(FlaskForm):  # type: ignore[misc]
    """The first day that counts again."""

    from_day = DayField("First day back", [InputRequired(DATE_NEEDED)])


class EndForm(FlaskForm):  # type: ignore[misc]
    """The last day of an episode of care."""

    last_day = DayField("Last day", [InputRequired(DATE_NEEDED)])


class _CheckBoxes(SelectMultipleField):
    """Several answers of a list."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TransferForm(FlaskForm):  # type: ignore[misc]
    """Which places end, which begin, from when."""

    leave = _CheckBoxes("Leaves", coerce=int)
    join = _CheckBoxes("Joins", coerce=int)
    from_day = DayField("First day in the new group", [InputRequired(DATE_NEEDED)])

    def offer(self, care: CareNow) -> None:
        """Fill in their own places and the groups they could join."""
        self.leave.choices = [
            (place.series_id, place.words) for place in care.group_places if place.last is None
        ]
        self.join.choices = [
            (one.series_id, f"{one.words} ({_seats(one.seats_left)})") for one in care.meetings
        ]

    def validate(self, extra_validators: object = None) -> bool:
        """Ask for at least one place that begins or ends."""
        valid: bool = super().validate(extra_validators)
        if valid and not (self.leaving or self.joining):
            self.join.errors = ["Choose at least one session they leave or join."]
            return False
        return valid

    @property
    def leaving(self) -> tuple[int, ...]:
        """Return the series in which places end."""
        return tuple(self.leave.data or ())

    @property
    def joining(self) -> tuple[int, ...]:
        """Return the series in which places begin."""
        return tuple(self.join.data or ())

    @property
    def first_day(self) -> date:
        """Return the day; call after `validate`."""
        return needed(self.from_day.data)


def _seats(number: int) -> str:
    if number < 1:
        return "full"
    return "1 seat left" if number == 1 else f"{number} seats left"
