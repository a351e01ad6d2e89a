"""Times a client cannot come: one form for a commitment on one or several days."""

import unicodedata
from dataclasses import replace
from datetime import date, time, timedelta

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.domain.availability import (
    KIND_WORDS,
    LONGEST_LABEL,
    LONGEST_TRIP,
    BadCommitment,
    Commitment,
)
from iop_schedule.domain.civil_time import monday_of
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity
from iop_schedule.web.forms.attendance import wall_clock

DAY_WORDS = {
    Weekday.MO: "Monday",
    Weekday.TU: "Tuesday",
    Weekday.WE: "Wednesday",
    Weekday.TH: "Thursday",
    Weekday.FR: "Friday",
    Weekday.SA: "Saturday night into Sunday",
    Weekday.SU: "Sunday night into Monday",
}
#: Offered only as nights: what begins on these days matters once it reaches into the next one.
NIGHTS = frozenset({Weekday.SA, Weekday.SU})
EVERY, OTHER, ONCE = "every", "other", "once"


class TimeField(StringField):
    """A wall-clock time, as the browser's time control or a person writes it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed; `clock` turns it into a time."""
        self.data = valuelist[0].strip() if valuelist else ""


#: Turn the direction of what follows, and so could make the rest of a line read as something else.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _printable(text: str | None) -> str | None:
    """Return `text` without characters nobody types: controls, some refused by a database, and turns."""
    if text is None:
        return None
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cc" and letter not in _TURNS)


class CommitmentForm(FlaskForm):  # type: ignore[misc]
    """One commitment: what, on which days, from when to when."""

    kind = RadioField(
        "What is it?",
        [InputRequired("Choose what it is.")],
        choices=[SelectChoice(str(kind), words) for kind, words in KIND_WORDS.items()],
    )
    label = StringField(
        "Your word for it",
        [Length(max=LONGEST_LABEL, message=f"Keep this under {LONGEST_LABEL} characters.")],
        filters=[_printable],
        description="Only your case manager sees it. You can leave it empty.",
    )
    days = SelectMultipleField(
        "On which days?",
        choices=[SelectChoice(str(int(day)), words) for day, words in DAY_WORDS.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    start = TimeField("From", [InputRequired("Enter when it starts, like 1:00 pm.")])
    end = TimeField("To", [InputRequired("Enter when it ends, like 9:00 pm.")])
    overnight = BooleanField("It ends the next morning")
    repeats = RadioField(
        "How often?",
        choices=[
            SelectChoice(EVERY, "Every week"),
            SelectChoice(OTHER, "Every other week"),
            SelectChoice(ONCE, "Only on one date"),
        ],
        default=EVERY,
    )
    on = DateField(
        "Which date?",
        [MayBeEmpty()],
        description="For every other week: any date on which it happens. For one date: that date.",
    )
    until = DateField("Last day", [MayBeEmpty()], description="Leave empty if you do not know when it ends.")
    movable = RadioField(
        "Can it move?",
        choices=[
            SelectChoice("no", "I can’t move this"),
            SelectChoice("never", "I can’t move this, and please don’t suggest it"),
            SelectChoice("yes", "I’d rather not, but it can move"),
        ],
        default="no",
    )
    travel = IntegerField(
        "Minutes to get there or back",
        [MayBeEmpty(), NumberRange(0, LONGEST_TRIP, f"Enter 0 to {LONGEST_TRIP} minutes.")],
        description="We leave this time free before and after.",
    )

    def commitments(self, first_day: date) -> list[Commitment]:
        """Return one commitment per chosen day from `first_day` on, or the one on a single date.

        Call after `validate`; what the rules refuse is put beside its field and the answer is empty.
        """
        try:
            return self._commitments(first_day)
        except BadCommitment as refused:
            names = {"local_start": "start", "local_end": "end", "anchor_day": "on", "day": "on"}
            names |= {"until_day": "until", "travel_before": "travel", "travel_after": "travel"}
            name = names.get(refused.field or "", refused.field or "")
            field = self._fields.get(name, self.start)
            field.errors = [*field.errors, refused.message]
            return []

    def _commitments(self, first_day: date) -> list[Commitment]:
        first, last = self._clock(self.start), self._clock(self.end)
        repeats = self.repeats.data or EVERY
        on: date | None = self.on.data
        if repeats == ONCE and on is None:
            self.on.errors = ["Enter the date."]
        if repeats == OTHER and on is None:
            self.on.errors = ["Enter a date on which it happens."]
        days = [Weekday(int(number)) for number in self.days.data or []]
        if repeats != ONCE and not days:
            self.days.errors = ["Choose at least one day."]
        if repeats != ONCE and NIGHTS.intersection(days) and not self.overnight.data:
            self.days.errors = [
                "Saturday and Sunday are for nights. Check “It ends the next morning” or choose other days."
            ]
        if first is None or last is None or self.on.errors or self.days.errors:
            return []
        base = Commitment(
            kind=ConstraintKind(self.kind.data),
            label=(self.label.data or "").strip(),
            day=on if repeats == ONCE else None,
            weekday=None if repeats == ONCE else days[0],
            local_start=first,
            local_end=last,
            ends_next_day=bool(self.overnight.data),
            week=WeekParity.A if repeats == OTHER else WeekParity.EVERY,
            anchor_day=on if repeats == OTHER else None,
            from_day=min(first_day, on) if repeats == ONCE and on else first_day,
            until_day=None if repeats == ONCE else self.until.data,
            hard=self.movable.data != "yes",
            negotiable=self.movable.data != "never",
            travel_before=self.travel.data or 0,
            travel_after=self.travel.data or 0,
        )
        return [base] if repeats == ONCE else [replace(base, weekday=day) for day in days]

    def _clock(self, field: TimeField) -> time | None:
        try:
            return wall_clock(field.data or "")
        except ValueError:
            field.errors = ["Enter a time, like 1:00 pm or 13:00."]
            return None

    def show(self, commitment: Commitment) -> None:
        """Fill the form with a commitment that is to be changed."""
        weekly = commitment.is_weekly
        other = commitment.week is not WeekParity.EVERY
        self.kind.data = str(commitment.kind)
        self.label.data = commitment.label
        self.days.data = [str(int(commitment.weekday))] if commitment.weekday is not None else []
        self.start.data = f"{commitment.local_start:%H:%M}"
        self.end.data = f"{commitment.local_end:%H:%M}"
        self.overnight.data = commitment.ends_next_day
        self.repeats.data = OTHER if other else EVERY if weekly else ONCE
        self.on.data = commitment.day or (_a_date(commitment) if other else None)
        self.until.data = commitment.until_day if weekly else None
        self.movable.data = "yes" if not commitment.hard else "no" if commitment.negotiable else "never"
        self.travel.data = max(commitment.travel_before, commitment.travel_after) or None


def _a_date(commitment: Commitment) -> date | None:
    """Return a date on which an every-other-week commitment happens, from its anchor on."""
    anchor = commitment.anchor_day
    if anchor is None or commitment.weekday is None:
        return anchor
    day = monday_of(anchor) + timedelta(days=int(commitment.weekday))
    return day if commitment.in_week_of(day) else day + timedelta(weeks=1)


class ExceptionForm(FlaskForm):  # type: ignore[misc]
    """One date on which a weekly commitment does not hold."""

    day = DateField("Date", [InputRequired("Enter the date, like 11/27/2026.")])
