"""Asking for everyone's one-to-ones, and when counselors have time for them."""

from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.actions.placement_runs import Wanted
from iop_schedule.domain.civil_time import minutes_of_day, wall_time
from iop_schedule.domain.intervals import Interval
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.placement_one_to_ones import CounselorTime
from iop_schedule.vocabulary import Cadence, RunKind, Weekday
from iop_schedule.web.forms.attendance import wall_clock
from iop_schedule.web.forms.fields import (
    ChoiceField,
    DayField,
    RadioChoiceField,
    WholeNumberField,
    needed,
    options,
)
from iop_schedule.web.forms.people import LANGUAGES
from iop_schedule.web.presenting import clock_time

CADENCE_WORDS = {
    Cadence.WEEKLY: "Every week",
    Cadence.SECOND_WEEK: "Every second week",
    Cadence.WEEKLY_OR_SECOND: "Every week, or every second week where time is short",
}
COUNSELOR_WORDS = {"own": "Their own counselor only", "any": "Their own counselor where that works"}
MINUTES_WORDS = {30: "30 minutes", 45: "45 minutes", 50: "50 minutes", 60: "1 hour"}
SECONDS_WORDS = {15: "15 seconds", 60: "1 minute", 180: "3 minutes"}


class OneToOneForm(FlaskForm):  # type: ignore[misc]
    """Which one-to-ones are wanted."""

    program_id = ChoiceField("Program", coerce=int)
    cadence = RadioChoiceField("How often", choices=options(CADENCE_WORDS.items()), default=Cadence.WEEKLY)
    counselor = RadioChoiceField("With whom", choices=options(COUNSELOR_WORDS.items()), default="own")
    minutes = ChoiceField("How long", coerce=int, choices=options(MINUTES_WORDS.items()), default=50)
    from_day = DayField("First day", [InputRequired("Enter the first day, for example 2026-03-09.")])
    seconds = ChoiceField("Plan for at most", coerce=int, choices=options(SECONDS_WORDS.items()), default=60)

    def offer(self, programs: list[Choice]) -> None:
        """Fill the list of programs."""
        self.program_id.choices = options((one.id, one.name) for one in programs)

    def wanted(self) -> Wanted:
        """Return what was entered; call after `validate`."""
        return Wanted(
            program_id=self.program_id.data,
            from_day=needed(self.from_day.data),
            seconds=self.seconds.data,
            kind=RunKind.ONE_TO_ONE,
            options={
                "cadence": self.cadence.data,
                "minutes": self.minutes.data,
                "only_own": self.counselor.data == "own",
            },
        )


class HoursOfDayField(StringField):
    """Stretches of one day as typed, such as `9 am - 12 pm, 1 pm - 5 pm`."""

    pieces: tuple[Interval[int], ...] = ()

    def pre_validate(self, form: object) -> None:  # noqa: ARG002 - the signature is the library's
        """Read the stretches.

        Raises:
            ValidationError: with the sentence people read.
        """
        try:
            found = [_stretch(part) for part in (self.data or "").split(",") if part.strip()]
        except ValueError:
            message = "Write times like 9 am - 12 pm, 1 pm - 5 pm."
            raise ValidationError(message) from None
        self.pieces = tuple(found)

    def show(self, pieces: tuple[Interval[int], ...]) -> None:
        """Fill the field."""
        self.data = ", ".join(f"{_short(piece.start)} - {_short(piece.end)}" for piece in pieces)


def _short(minutes: int) -> str:
    """Return a time without the minutes of a whole hour, so that a day fits on a phone."""
    return clock_time(wall_time(minutes)).replace(":00", "")


def _stretch(text: str) -> Interval[int]:
    start, _, end = text.replace("–", "-").partition("-")
    return Interval(minutes_of_day(wall_clock(start)), minutes_of_day(wall_clock(end)))


class CounselorHoursForm(FlaskForm):  # type: ignore[misc]
    """When one counselor sees people one to one."""

    monday = HoursOfDayField("Monday")
    tuesday = HoursOfDayField("Tuesday")
    wednesday = HoursOfDayField("Wednesday")
    thursday = HoursOfDayField("Thursday")
    friday = HoursOfDayField("Friday")
    most_clients = WholeNumberField("People at most", [InputRequired("Enter how many people.")])
    most_in_a_row = WholeNumberField(
        "Sessions in a row at most", [InputRequired("Enter how many.")], description="Then there is a break."
    )
    languages = SelectMultipleField(
        "Languages",
        choices=options(LANGUAGES),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    def days(self) -> tuple[HoursOfDayField, ...]:
        """Return the fields of the days, Monday first."""
        return (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday)

    def show(self, time: CounselorTime) -> None:
        """Fill the form with what holds now."""
        for weekday, field in enumerate(self.days()):
            field.show(time.hours.get(Weekday(weekday), ()))
        self.most_clients.data, self.most_in_a_row.data = time.most_clients, time.most_in_a_row
        self.languages.data = list(time.languages)

    def hours(self) -> Mapping[Weekday, tuple[Interval[int], ...]]:
        """Return the hours by weekday; call after `validate`."""
        return {Weekday(n): field.pieces for n, field in enumerate(self.days()) if field.pieces}
