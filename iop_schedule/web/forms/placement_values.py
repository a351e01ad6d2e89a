"""What a program values in a week: each number with what it means and what it is unless set."""

from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms.validators import InputRequired, NumberRange

from iop_schedule.domain.placement.valuation import NUMBERS, Number
from iop_schedule.web.forms.fields import WholeNumberField, needed

#: What each number is called, and what more points mean.
MEANING = {
    "day_cost": ("A day of coming in", "Taken off for each day. More points: fewer, fuller days."),
    "over_cost": (
        "A quarter of an hour beyond the prescribed hours",
        "Taken off. More points: weeks closer to the prescribed hours.",
    ),
    "keep_bonus": (
        "A session somebody keeps",
        "Added for each session they attend already. More points: fewer changes for people.",
    ),
    "soft_cost": (
        "Overlapping something a person would rather keep",
        "Taken off a session. More points: what can move is left alone more often.",
    ),
    "wished_day": (
        "A day that suits best, or does not",
        "Added or taken off for each session on it. A part of the day counts 6, a counselor 5.",
    ),
    "commitment_price": ("Changing one of their own times", "For each that would have to give way."),
    "minute_price": ("Each minute of it", "More points: smaller changes are suggested first."),
    "seat_price": (
        "One seat more in a group",
        "It may need a larger room, and a rule that allows it.",
    ),
    "day_price": ("A day less than prescribed", "Only a clinician decides this; it is suggested, not done."),
    "modality_price": ("Attending the other way", "By video instead of in person, or the reverse."),
    "hour_price": ("An hour less than prescribed", "Only a clinician decides this."),
    "service_type_price": ("A week without a prescribed kind of session", "Only a clinician decides this."),
}


def _field(number: Number) -> WholeNumberField:
    title, meaning = MEANING[number.name]
    bounds = f"Enter {number.least} to {number.most} points."
    return WholeNumberField(
        title,
        [InputRequired(bounds), NumberRange(number.least, number.most, bounds)],
        description=f"{meaning} Usual: {number.default}.",
    )


class _Numbers(FlaskForm):  # type: ignore[misc]
    """A field for each number; see `PlacementValuesForm`."""

    def show(self, numbers: Mapping[str, int]) -> None:
        """Fill the form with the numbers as they are."""
        for number in NUMBERS:
            self[number.name].data = numbers[number.name]

    def numbers(self) -> dict[str, int]:
        """Return what was entered; call after `validate`."""
        return {number.name: needed(self[number.name].data) for number in NUMBERS}


PlacementValuesForm = type(
    "PlacementValuesForm", (_Numbers,), {number.name: _field(number) for number in NUMBERS}
)
