"""Steps up or down: up to three doses, each from a day."""

from collections.abc import Iterator, Sequence
from datetime import date

from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField
from wtforms.validators import NumberRange, Optional

from iop_schedule.domain.prescription import Dose
from iop_schedule.queries.placement_steps import MOST_STEPS
from iop_schedule.web.forms.fields import DayField, HoursField, WholeNumberField, needed


class StepRow(Form):
    """One step; a row without a day is none."""

    day = DayField("From", [Optional()])
    hours = HoursField("Hours a week", [Optional(), NumberRange(0, 50, "Enter 0 to 50 hours a week.")])
    days = WholeNumberField("Days at least", [Optional(), NumberRange(0, 5, "Enter 0 to 5 days.")])


class StepsForm(FlaskForm):  # type: ignore[misc]
    """Three rows of day, hours and days. Looking needs no token, saving does."""

    steps = FieldList(FormField(StepRow), min_entries=MOST_STEPS, max_entries=MOST_STEPS)

    def show(self, path: Sequence[Dose]) -> None:
        """Fill the rows with a path."""
        for row, dose in zip(self._rows(), path, strict=False):
            row.day.data, row.days.data = dose.from_day, dose.minimum_days
            row.hours.show_minutes(dose.minutes)

    def asked(self) -> list[tuple[date, int, int]]:
        """Return day, minutes and days of each step; call after `validate`."""
        return [
            (needed(row.day.data), row.hours.minutes, row.days.data or 0)
            for row in self._rows()
            if row.day.data is not None and row.hours.data is not None
        ]

    def _rows(self) -> Iterator[StepRow]:
        return (row.form for row in self.steps)
