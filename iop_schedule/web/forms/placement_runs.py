"""Asking for a plan for everyone, and the policy on who comes first."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length, NumberRange

from iop_schedule.actions.placement_priorities import HEAVIEST, LIGHTEST
from iop_schedule.actions.placement_runs import Wanted
from iop_schedule.queries.choices import Choice
from iop_schedule.vocabulary import PlacementAim
from iop_schedule.web.forms.fields import (
    ChoiceField,
    DayField,
    RadioChoiceField,
    WholeNumberField,
    needed,
    options,
)

AIM_WORDS = {
    PlacementAim.STAY: "Keep people where they are",
    PlacementAim.REACH: "Reach everyone’s hours",
    PlacementAim.BALANCE: "Balance the groups",
}
AIM_HINTS = {
    PlacementAim.STAY: "Only people without a whole week are placed, in the seats that are free.",
    PlacementAim.REACH: "People may be asked to move where that lets somebody else in. Nobody loses a place.",
    PlacementAim.BALANCE: "As above, then spread as evenly as possible without placing anybody less.",
}
SECONDS_WORDS = {30: "30 seconds", 60: "1 minute", 180: "3 minutes", 600: "10 minutes"}


class RunForm(FlaskForm):  # type: ignore[misc]
    """What a plan for everyone is to achieve, and from when."""

    program_id = ChoiceField("Program", coerce=int)
    aim = RadioChoiceField("What matters most", choices=options(AIM_WORDS.items()), default=PlacementAim.STAY)
    from_day = DayField(
        "First day", [InputRequired("Enter the first day of the new weeks, for example 2026-03-09.")]
    )
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
            aim=PlacementAim(self.aim.data),
        )


class PriorityForm(FlaskForm):  # type: ignore[misc]
    """One line of the policy."""

    name = StringField(
        "Who is placed first",
        [
            InputRequired("Say whom this is about."),
            Length(max=200, message="Keep this under 200 characters."),
        ],
        description="As your written policy says it.",
    )
    weight = WholeNumberField(
        "Counts as much as",
        [
            InputRequired(f"Enter {LIGHTEST} to {HEAVIEST}."),
            NumberRange(LIGHTEST, HEAVIEST, f"Enter {LIGHTEST} to {HEAVIEST}."),
        ],
        description="So many other people; everyone else counts 1.",
        default=LIGHTEST,
    )
    source = StringField(
        "Source",
        [Length(max=300, message="Keep this under 300 characters.")],
        description="The document and section it is from.",
    )
