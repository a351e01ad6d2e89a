"""What happened in a program, before its weeks are planned anew."""

from flask_wtf import FlaskForm
from wtforms.validators import InputRequired, Optional

from iop_schedule.actions.placement_repair import Change
from iop_schedule.queries.choices import Choice
from iop_schedule.vocabulary import RepairCause
from iop_schedule.web.forms.fields import ChoiceField, DayField, RadioChoiceField, needed, options
from iop_schedule.web.forms.placement_runs import SECONDS_WORDS

CAUSE_WORDS = {
    RepairCause.COUNSELOR_OUT: "A counselor is out",
    RepairCause.GROUP_CLOSED: "A group closes",
    RepairCause.ALREADY_CHANGED: "Something has changed already",
}
CAUSE_HINTS = {
    RepairCause.COUNSELOR_OUT: (
        "With a last day, others lead their sessions or these are canceled; the weekly plan stays. Without"
        " one, their groups here end."
    ),
    RepairCause.GROUP_CLOSED: "All its weekly sessions end.",
    RepairCause.ALREADY_CHANGED: "A group was moved, or somebody’s own times were: weeks that no longer fit.",
}
NOBODY = 0


class RepairForm(FlaskForm):  # type: ignore[misc]
    """What happened, and from when weeks are planned anew."""

    program_id = ChoiceField("Program", coerce=int)
    cause = RadioChoiceField(
        "What happened", choices=options(CAUSE_WORDS.items()), default=RepairCause.COUNSELOR_OUT
    )
    leader_id = ChoiceField("Counselor who is out", coerce=int)
    group_id = ChoiceField("Group that closes", coerce=int)
    from_day = DayField(
        "From", [InputRequired("Enter the first day of the new weeks, for example 2026-03-09.")]
    )
    until_day = DayField(
        "Last day",
        [Optional()],
        description="Only for a counselor who comes back. For one day, the same as the first.",
    )
    seconds = ChoiceField("Plan for at most", coerce=int, choices=options(SECONDS_WORDS.items()), default=30)

    def offer(self, programs: list[Choice], leaders: list[Choice], groups: list[Choice]) -> None:
        """Fill the lists."""
        self.program_id.choices = options((one.id, one.name) for one in programs)
        for field, found in ((self.leader_id, leaders), (self.group_id, groups)):
            field.choices = options([(NOBODY, "None"), *((one.id, one.name) for one in found)])

    @property
    def comes_back(self) -> bool:
        """Return True when a counselor is out for some days only; call after `validate`."""
        return self.cause.data == RepairCause.COUNSELOR_OUT and self.until_day.data is not None

    def change(self) -> Change:
        """Return what was entered; call after `validate`."""
        return Change(
            program_id=self.program_id.data,
            cause=RepairCause(self.cause.data),
            from_day=needed(self.from_day.data),
            seconds=self.seconds.data,
            leader_id=self.leader_id.data or None,
            group_id=self.group_id.data or None,
        )
