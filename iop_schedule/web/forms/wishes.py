"""What would suit a client best."""

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.domain.civil_time import DAY_NAMES
from iop_schedule.domain.wishes import Wishes
from iop_schedule.queries.choices import Choice
from iop_schedule.vocabulary import DayPart, Modality, Weekday
from iop_schedule.web.forms.fields import ChoiceField, RadioChoiceField, options

_DAYS = [(int(day), DAY_NAMES[day]) for day in Weekday if day.is_treatment_day]
_ANY = ""


class DaysField(SelectMultipleField):
    """Some days of the week, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    @property
    def days(self) -> frozenset[Weekday]:
        """Return the checked days."""
        return frozenset(Weekday(int(day)) for day in self.data or ())


class WishesForm(FlaskForm):  # type: ignore[misc]
    """A part of the day, days, a counselor and, for some, in person or by video."""

    time = RadioChoiceField(
        "Part of the day",
        choices=options(
            [
                (DayPart.ANY, "Any"),
                (DayPart.MORNING, "Mornings, before 11:30\N{NO-BREAK SPACE}am"),
                (DayPart.MIDDAY, "The middle of the day, 11:30\N{NO-BREAK SPACE}am to 4\N{NO-BREAK SPACE}pm"),
                (DayPart.EVENING, "Late afternoons and evenings, from 4\N{NO-BREAK SPACE}pm"),
            ]
        ),
        default=DayPart.ANY,
    )
    liked_days = DaysField("Days that suit best", choices=options(_DAYS))
    disliked_days = DaysField("Days better left free", choices=options(_DAYS))
    counselor = ChoiceField("Counselor")
    modality = RadioChoiceField(
        "In person or by video",
        choices=options(
            [(_ANY, "Both are fine"), (Modality.IN_PERSON, "In person"), (Modality.TELEHEALTH, "By video")]
        ),
        default=_ANY,
    )

    def offer(self, counselors: Iterable[Choice], *, may_attend_either: bool) -> None:
        """Fill in who can be wished for; ask how they attend only where they can choose."""
        self.counselor.choices = options([(_ANY, "Any"), *((one.id, one.name) for one in counselors)])
        if not may_attend_either:
            del self.modality

    def show(self, wishes: Wishes) -> None:
        """Fill the form with what was said before."""
        self.time.data = wishes.time.value
        self.liked_days.data = [str(int(day)) for day in sorted(wishes.liked_days)]
        self.disliked_days.data = [str(int(day)) for day in sorted(wishes.disliked_days)]
        self.counselor.data = str(wishes.counselor_id or _ANY)
        if "modality" in self:
            self.modality.data = wishes.modality.value if wishes.modality else _ANY

    def value(self) -> Wishes:
        """Return what was said; call after `validate`.

        Raises:
            BadWish: a day both suits and does not.
        """
        modality = self.modality.data if "modality" in self else _ANY
        return Wishes(
            time=DayPart(self.time.data),
            liked_days=self.liked_days.days,
            disliked_days=self.disliked_days.days,
            counselor_id=int(self.counselor.data) if self.counselor.data else None,
            modality=Modality(modality) if modality else None,
        )
