"""What reports ask for: a program, some weeks, settings to try, a consent."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import DecimalField, Form, StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from iop_schedule.actions.disclosures import ConsentDetails
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement.client_report import MOST_WEEKS
from iop_schedule.domain.engagement.settings_report import Asked
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.engagement.program import Span
from iop_schedule.web.forms.days import YEARS
from iop_schedule.web.forms.fields import ChoiceField, DayField, WholeNumberField, needed, options


class NumberField(DecimalField):
    """A number, with or without decimals."""

    def __init__(self, *args: Any, **given: Any) -> None:
        """Show as many decimals as there are."""
        super().__init__(*args, **{"places": None, **given})

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number.

        Raises:
            ValueError: with the sentence people read.
        """
        message = "Enter a number, such as 3.8."
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(message) from None
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError(message)


def _this_century(form: Form, field: DayField) -> None:  # noqa: ARG001 - the signature is the library's
    if field.data is not None and field.data.year not in YEARS:
        message = "Enter a day of this century."
        raise ValidationError(message)


class SpanForm(Form):
    """The days a report is about, as they stand in the address; whole program weeks are reported."""

    since = DayField("From", [Optional(), _this_century])
    until = DayField("To", [Optional(), _this_century])

    def __init__(self, typed: MultiDict[str, str], *, usual: Span) -> None:
        """Read what stands in the address; days left out are those of `usual`."""
        super().__init__(typed)
        self.usual = usual
        if not typed.get("since"):
            self.since.data = usual.first.monday
        if not typed.get("until"):
            self.until.data = max(usual.last.sunday, needed(self.since.data)) if self.since.data else None

    def validate_until(self, field: DayField) -> None:
        """Refuse an end before the beginning, and more than two years."""
        if self.since.data is None or field.data is None or self.since.data.year not in YEARS:
            return
        if field.data < self.since.data:
            message = "Choose a last day on or after the first one."
            raise ValidationError(message)
        if _span(self.since.data, field.data).weeks > MOST_WEEKS:
            message = f"Choose at most {MOST_WEEKS} weeks."
            raise ValidationError(message)

    def span(self) -> Span:
        """Return the weeks asked for; those usual when the days cannot be used."""
        if self.errors or self.since.data is None or self.until.data is None:
            return self.usual
        return _span(self.since.data, self.until.data)


def _span(first: date, last: date) -> Span:
    start, end = ProgramWeek.containing(first), ProgramWeek.containing(last)
    return Span(start, (end.monday - start.monday).days // 7 + 1)


class ProgramReportForm(SpanForm):
    """A program and the days its report is about."""

    program = ChoiceField("Program", [Optional()], coerce=str)

    def offer(self, programs: list[Choice]) -> None:
        """Fill the list; the first program is shown when none is asked for."""
        self.program.choices = options((choice.id, choice.name) for choice in programs)
        if not self.program.data and programs:
            self.program.data = str(programs[0].id)

    def program_name(self) -> str:
        """Return the name of the program asked for."""
        return next(
            (words for value, words, *_ in self.program.iter_choices() if value == self.program.data), ""
        )

    def program_id(self) -> int:
        """Return the program asked for; call after `validate`."""
        return int(needed(self.program.data))


_WEIGHTY = NumberRange(0.1, 1000, "Enter a number from 0.1 to 1,000.")
_SHARE = NumberRange(0.01, 0.99, "Enter a share from 0.01 to 0.99.")


class HistoryForm(FlaskForm):  # type: ignore[misc]
    """Settings of the monitor to try on a program's own past."""

    program = ChoiceField("Program", coerce=str)
    weeks = WholeNumberField(
        "Weeks to look back on",
        [
            InputRequired("Enter a number of weeks."),
            NumberRange(8, MOST_WEEKS, f"Enter 8 to {MOST_WEEKS} weeks."),
        ],
    )
    h = NumberField(
        "h, threshold of an alert",
        [InputRequired("Enter a number."), NumberRange(0.5, 50, "Enter a number from 0.5 to 50.")],
        description="Higher means fewer alerts, and later ones.",
    )
    mu = NumberField(
        "mu, usual attendance",
        [InputRequired("Enter a share."), _SHARE],
        description="Attendance of someone nobody has seen yet, from 0 to 1.",
    )
    strength = NumberField(
        "Strength",
        [InputRequired("Enter a number."), _WEIGHTY],
        description="How many sessions that belief is worth.",
    )
    discount = NumberField(
        "Discount",
        [InputRequired("Enter a share."), NumberRange(0.01, 1, "Enter a share from 0.01 to 1.")],
        description="What a session still counts after a week.",
    )
    budget = NumberField(
        "False alerts to fit to, per 100 client-weeks",
        [InputRequired("Enter a number."), NumberRange(0.1, 100, "Enter a number from 0.1 to 100.")],
        description="5 are about one and a half a week in a caseload of 30.",
    )

    def offer(self, programs: list[Choice]) -> None:
        """Fill the list of programs."""
        self.program.choices = options((choice.id, choice.name) for choice in programs)

    def show(self, policy: MonitorPolicy, *, program_id: int | None) -> None:
        """Fill the form with the settings in force."""
        self.program.data = str(program_id) if program_id else None
        self.weeks.data, self.budget.data = 52, Decimal(5)
        self.h.data = _short(policy.threshold)
        self.mu.data = _short(policy.prior_mean)
        self.strength.data = _short(policy.prior_strength)
        self.discount.data = _short(policy.weekly_discount)

    def asked(self) -> Asked:
        """Return what was entered; call after `validate`."""
        return Asked(
            threshold=float(needed(self.h.data)),
            prior_mean=float(needed(self.mu.data)),
            prior_strength=float(needed(self.strength.data)),
            weekly_discount=float(needed(self.discount.data)),
            budget=float(needed(self.budget.data)),
            weeks=needed(self.weeks.data),
        )


def _short(value: float) -> Decimal:
    return Decimal(f"{value:.4f}".rstrip("0").rstrip("."))


class ConsentForm(FlaskForm):  # type: ignore[misc]
    """What a signed consent says."""

    recipient = StringField(
        "Who may be told",
        [InputRequired("Enter who may be told, as the form names them.")],
        description="The person or office, as the signed form names them.",
    )
    purpose = TextAreaField(
        "What for",
        [InputRequired("Enter what it is for, as the form says it.")],
        description="As the signed form says it. No clinical detail.",
    )
    signed_on = DayField("Signed on", [InputRequired("Enter the day it was signed."), _this_century])
    expires_on = DayField("Holds until", [InputRequired("Enter its last day."), _this_century])

    def details(self) -> ConsentDetails:
        """Return what was entered; call after `validate`."""
        return ConsentDetails(
            recipient=needed(self.recipient.data),
            purpose=needed(self.purpose.data),
            signed_on=needed(self.signed_on.data),
            expires_on=needed(self.expires_on.data),
        )


class IssueForm(FlaskForm):  # type: ignore[misc]
    """Under which consent a report goes out."""

    consent_id = ChoiceField("Consent", coerce=str)

    def offer(self, consents: list[tuple[int, str]]) -> None:
        """Fill the list with the consents that hold."""
        self.consent_id.choices = options(consents)

    def chosen(self) -> int:
        """Return the consent's id; call after `validate`."""
        return int(needed(self.consent_id.data))
