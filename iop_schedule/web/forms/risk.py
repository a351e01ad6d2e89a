"""What staff type about a program's monitor and about a brief self-report."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DecimalField, HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.self_report import (
    PROTECTIVE_ITEMS,
    RISK_ITEMS,
    SINGLE_ITEMS,
    USE_ITEMS,
    SelfReport,
    score,
)
from iop_schedule.vocabulary import PolicyOrigin
from iop_schedule.web.forms.fields import DayField

ITEMS = USE_ITEMS + RISK_ITEMS + PROTECTIVE_ITEMS + SINGLE_ITEMS


def _share(label: str, hint: str) -> DecimalField:
    rules = [InputRequired("Enter a number."), NumberRange(0.01, 0.99, "Enter a number from 0.01 to 0.99.")]
    return DecimalField(label, rules, places=None, description=hint)


def _above(label: str, most: int, hint: str) -> DecimalField:
    message = f"Enter a number above 0 and up to {most}."
    rules = [InputRequired("Enter a number."), NumberRange(0.1, most, message)]
    return DecimalField(label, rules, places=None, description=hint)


def _days(label: str, hint: str) -> IntegerField:
    rules = [InputRequired("Enter a number of days."), NumberRange(1, 90, "Enter 1 to 90 days.")]
    return IntegerField(label, rules, description=hint)


#: What a calibration finds.
FITTED = ("threshold", "prior_mean", "prior_strength")
#: Where each default comes from, in words.
SOURCES = {
    "threshold": "our simulation",
    "prior_mean": "public trials",
    "prior_strength": "public trials",
    "check_in_from": "our simulation",
    "reach_out_from": "our simulation",
    "no_contact_days": "our choice",
    "no_contact_today_days": "our choice",
    "early_days": "most people who leave do so early: TEDS 2004",
}


class MonitorForm(FlaskForm):  # type: ignore[misc]
    """The numbers of the monitor a program may set."""

    threshold = _above("Threshold (h)", 20, "Higher means fewer alerts, and later ones.")
    prior_mean = _share("Usual attendance (mu)", "What is expected of someone nobody has seen yet.")
    prior_strength = _above("Strength", 1000, "How many sessions that expectation is worth.")
    check_in_from = _share("Check in from", "Probability that attendance is below two thirds.")
    reach_out_from = _share("Reach out from", "The same probability, for the higher tier.")
    no_contact_days = _days("No contact: reach out above", "Days without any contact.")
    no_contact_today_days = _days("No contact: reach out today above", "Days without any contact.")
    early_days = _days("Early phase", "Days from admission in which every miss counts.")
    note = StringField("Why", [Optional(), Length(max=300, message="Keep this under 300 characters.")])

    #: Filled in from what fits the program's history; kept with the version.
    fitted = HiddenField()

    def fill_in(self, asked: Mapping[str, str]) -> None:
        """Take over the numbers that stand in the address, as a report about the past hands them on."""
        for name in FITTED:
            try:
                self[name].data = Decimal(asked[name])
            except (KeyError, InvalidOperation):
                continue
            self.fitted.data = "1"

    @property
    def origin(self) -> PolicyOrigin:
        """Return where the numbers come from."""
        return PolicyOrigin.CALIBRATED if self.fitted.data == "1" else PolicyOrigin.BY_HAND

    def show(self, policy: MonitorPolicy) -> None:
        """Fill in the numbers in force."""
        for field in self:
            if hasattr(policy, field.name):
                field.data = getattr(policy, field.name)

    def numbers(self) -> dict[str, Any]:
        """Return the numbers by the policy's own names."""
        found: dict[str, Any] = {}
        for field in self:
            if hasattr(MonitorPolicy(), field.name):
                found[field.name] = type(getattr(MonitorPolicy(), field.name))(field.data)
        return found


class SilentForm(FlaskForm):  # type: ignore[misc]
    """Through which day tiers stay with the administrators."""

    silent_until = DayField(
        "Silent through", [Optional()], description="Leave empty to show tiers to case managers now."
    )


def _item(number: str) -> IntegerField:
    return IntegerField(number, [Optional(), NumberRange(0, 4, "Enter 0 to 4.")])


class SelfReportForm(FlaskForm):  # type: ignore[misc]
    """Scores only: the items as scored on the program's own form, or the subscales."""

    day = DayField("Day it was filled in", [InputRequired("Enter the day.")])
    use_score = IntegerField("Use", [Optional(), NumberRange(0, 12, "Enter 0 to 12.")])
    risk_score = IntegerField("Risk", [Optional(), NumberRange(0, 24, "Enter 0 to 24.")])
    protective_score = IntegerField("Protective", [Optional(), NumberRange(0, 24, "Enter 0 to 24.")])

    def report(self) -> SelfReport:
        """Return the subscales: summed from the items where any was entered, else as entered.

        Raises:
            BadAnswer: the items contradict each other.
        """
        items = self.items()
        if items:
            return score(items)
        return SelfReport(self.use_score.data, self.risk_score.data, self.protective_score.data)

    def items(self) -> dict[str, int]:
        """Return the items that were entered, by their number on the form."""
        found = {number: self[f"item_{number}"].data for number in ITEMS}
        return {number: value for number, value in found.items() if value is not None}


for _number in ITEMS:
    setattr(SelfReportForm, f"item_{_number}", _item(_number))
