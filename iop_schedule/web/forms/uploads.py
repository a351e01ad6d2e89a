"""Choosing a calendar file or pasting shifts, and what becomes of what was understood."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.adapters.ical_upload.lines import Line
from iop_schedule.adapters.shift_text import LONGEST_TEXT
from iop_schedule.vocabulary import ConstraintKind
from iop_schedule.web.forms.fields import RadioChoiceField, options
from iop_schedule.web.forms.numbers import whole_number

KINDS = {
    ConstraintKind.WORK: "Work",
    ConstraintKind.SCHOOL: "School or training",
    ConstraintKind.CAREGIVING: "Child or family care, custody",
    ConstraintKind.OTHER: "Something else",
}
NOTHING = "none"


class UploadForm(FlaskForm):  # type: ignore[misc]
    """A calendar file, or shifts as text, and what they are about."""

    kind = RadioChoiceField(
        "What is it?", [InputRequired("Choose what it is.")], choices=options(KINDS.items())
    )
    file = FileField(
        "Calendar file", description="A file that ends in .ics, up to 1 MB. Most calendars can save one."
    )
    shifts = TextAreaField(
        "Or paste your shifts",
        [Length(max=LONGEST_TEXT, message="This is too long. Paste only the coming months.")],
        description="One line for each shift: date, start, end.",
        render_kw={"placeholder": "3/9/2026, 7:00 am, 3:30 pm"},
    )
    all_day = BooleanField("Entries that last all day keep me busy too")

    def validate(self, **given: Any) -> bool:
        """Ask for a file or shifts, and only one of them."""
        valid = bool(super().validate(**given))
        has_file, has_text = bool(self.file.data), bool((self.shifts.data or "").strip())
        if not has_file and not has_text:
            self.file.errors = [*self.file.errors, "Choose a file, or paste your shifts below."]
        if has_file and has_text:
            self.shifts.errors = [*self.shifts.errors, "Send either a file or pasted shifts, not both."]
        return valid and has_file != has_text


class KeepForm(FlaskForm):  # type: ignore[misc]
    """Which of the lines that were understood to keep, and what they replace."""

    lines = SelectMultipleField(
        "What to keep", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), coerce=int
    )
    replaces = RadioChoiceField("What about the calendar you added before?", default=NOTHING)

    has_earlier = False

    def offer(self, lines: list[Line], earlier: list[tuple[int, str]]) -> None:
        """Fill in the lines and the earlier uploads to choose from."""
        self.lines.choices = [(number, line.sentence) for number, line in enumerate(lines)]
        self.has_earlier = bool(earlier)
        self.replaces.choices = options(
            [*((str(id_), words) for id_, words in earlier), (NOTHING, "Keep both")]
        )

    def chosen(self, lines: list[Line]) -> list[Line]:
        """Return the lines to keep."""
        return [lines[number] for number in self.lines.data or []]

    @property
    def replaces_id(self) -> int | None:
        """Return which upload the new one takes the place of."""
        return whole_number(str(self.replaces.data or ""))
