"""Someone is out: who, from when to when, and who leads instead."""

from collections.abc import Iterable, Mapping

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from iop_schedule.queries.choices import Choice
from iop_schedule.queries.substitutes import SessionToLead
from iop_schedule.web.forms.fields import ChoiceField, DayField, options

DATE_NEEDED = "Enter a date, for example 2026-03-09."
KEEP, CANCEL = "keep", "cancel"


class OutForm(FlaskForm):  # type: ignore[misc]
    """Who is out, and when; sent with the address, so it carries no token."""

    class Meta:
        """It changes nothing."""

        csrf = False

    leader = ChoiceField("Who is out", coerce=int)
    from_day = DayField("First day", [InputRequired(DATE_NEEDED)])
    until_day = DayField("Last day", [InputRequired(DATE_NEEDED)])

    def offer(self, staff: Iterable[Choice]) -> None:
        """Fill the list of staff."""
        self.leader.choices = options((one.id, one.name) for one in staff)


class SubstituteForm(FlaskForm):  # type: ignore[misc]
    """The reason people read; the choice for each session is in fields of its own."""

    reason = StringField(
        "Reason",
        [Length(max=300, message="Keep the reason under 300 characters.")],
        description="People who were expected will read it, such as “Dana is out this week”.",
    )


def choices_of(line: SessionToLead) -> list[tuple[str, str]]:
    """Return what can be chosen for one session."""
    return [
        *((str(one.id), one.name) for one in line.free),
        (CANCEL, "Cancel this session"),
        (KEEP, "Leave as it is"),
    ]


def read_choices(form: Mapping[str, str], lines: Iterable[SessionToLead]) -> dict[int, int | None]:
    """Return, by session, who leads it or None to cancel it; what is to stay is left out."""
    found: dict[int, int | None] = {}
    for line in lines:
        chosen = form.get(f"session-{line.occurrence_id}", KEEP)
        if chosen == CANCEL:
            found[line.occurrence_id] = None
        elif chosen in {str(one.id) for one in line.free}:
            found[line.occurrence_id] = int(chosen)
    return found
