"""The numbers of a program's monitor, as an administrator sets them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DecimalField, HiddenField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.vocabulary import PolicyOrigin, ServiceType
from iop_schedule.web.forms.fields import DayField, WholeNumberField
from iop_schedule.web.forms.programs import SERVICE_WORDS


class _NumberField(DecimalField):
    """A number with decimals, printed with as many digits as anybody wants to read."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:{PRINTED}}"


def _share(label: str, hint: str, *, most: float = 0.99) -> DecimalField:
    message = f"Enter a number from 0.01 to {most:g}."
    rules = [InputRequired("Enter a number."), NumberRange(0.01, most, message)]
    return _NumberField(label, rules, places=None, description=hint)


def _above(label: str, most: int, hint: str) -> DecimalField:
    message = f"Enter a number above 0 and up to {most}."
    rules = [InputRequired("Enter a number."), NumberRange(0.1, most, message)]
    return _NumberField(label, rules, places=None, description=hint)


def _days(label: str, hint: str) -> IntegerField:
    return _whole(label, 1, 90, hint)


def _whole(label: str, least: int, most: int, hint: str, *, may_be_empty: bool = False) -> IntegerField:
    message = f"Enter a whole number from {least} to {most}."
    first = Optional() if may_be_empty else InputRequired(message)
    return WholeNumberField(label, [first, NumberRange(least, most, message)], description=hint)


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
    "weekly_discount": "public trials",
    "low_share": "our choice",
    "minimum_effective": "our choice",
    "clear_below": "our simulation",
    "personal_strength": "our simulation",
    "lowest_usual_miss": "our simulation",
    "highest_usual_miss": "our simulation",
    "drop_odds": "our simulation",
    "stop_miss": "our simulation",
    "learn_below": "our simulation",
    "quiet_days": "our simulation",
    "clears_after": "our choice",
    "dose_weeks": "our choice",
    "misfit_days": "our choice",
    "misfit_misses": "our choice",
    "misfit_misses_after_change": "our choice",
    "misfit_attended": "our choice",
    "excused_review_above": "our choice",
    "excused_review_days": "our choice",
    "service_minimum_minutes": "half of a session counts",
    "make_up_days": "our choice",
}
#: Under “More numbers”, by what they are about.
MORE_NUMBERS = (
    (
        "What counts",
        ("weekly_discount", "low_share", "minimum_effective", "clear_below", "make_up_days"),
    ),
    (
        "The change rule",
        (
            "quiet_days", "clears_after", "personal_strength", "lowest_usual_miss", "highest_usual_miss",
            "drop_odds", "stop_miss", "learn_below",
        ),
    ),
    (
        "Dose, misfit and excused absences",
        (
            "dose_weeks", "misfit_days", "misfit_misses", "misfit_misses_after_change", "misfit_attended",
            "excused_review_above", "excused_review_days",
        ),
    ),
)  # fmt: skip
#: How numbers are printed in the boxes: what is sent back as it was printed is the number in force.
PRINTED = ".5g"


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

    weekly_discount = _share("Weekly discount", "What a session still counts after a week.", most=1)
    low_share = _share("Low attendance", "Below this share attendance is called low.")
    minimum_effective = _above("Enough data from", 20, "Sessions, of which older ones count less.")
    clear_below = _share("Clear below", "The level clears when low attendance is less likely than this.")
    make_up_days = _whole("A make-up cancels a miss within", 0, 31, "Days before or after it.")
    service_minimum_minutes = _whole(
        "Any service", 0, 600, "Minutes from which a session counts, where that is more than half of it."
    )
    quiet_days = _whole("No second alert for", 0, 90, "Days after an alert about the same person.")
    clears_after = _whole("Clears after", 1, 20, "Sessions attended in a row.")
    personal_strength = _above("Personal strength", 1000, "Sessions the usual attendance is worth.")
    lowest_usual_miss = _share("Lowest usual share of misses", "Nobody is expected to miss less.")
    highest_usual_miss = _share("Highest usual share of misses", "Nobody is expected to miss more.")
    drop_odds = _above("Odds of a miss", 100, "So many times the usual ones are listened for.")
    stop_miss = _share("Share of misses once stopped", "Of someone who has stopped coming.")
    learn_below = _share(
        "Learn below", "Part of the threshold up to which the usual share is learnt.", most=1
    )
    dose_weeks = _whole("Weeks below the minimum", 1, 12, "Full weeks in a row.")
    misfit_days = _whole("Look back", 7, 365, "Days in which misses are compared.")
    misfit_misses = _whole("Misses on one weekday", 2, 20, "All of them on that day.")
    misfit_misses_after_change = _whole("Misses after a change", 1, 20, "Since a commitment changed.")
    misfit_attended = _whole("Attended otherwise", 1, 20, "Sessions on other days, or before the change.")
    excused_review_above = _whole("Excused: review above", 0, 20, "Absences with an accepted reason.")
    excused_review_days = _whole("Excused: within", 1, 365, "Days.")
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
        for service, field in self.service_fields().items():
            field.data = policy.service_minimums.get(service)

    def numbers(self, standing: MonitorPolicy) -> dict[str, Any]:
        """Return the numbers by the policy's own names; as in force where the box shows just that."""
        found: dict[str, Any] = {}
        for field in self:
            if hasattr(standing, field.name):
                now = getattr(standing, field.name)
                wanted = type(now)(field.data)
                found[field.name] = now if f"{now:{PRINTED}}" == f"{wanted:{PRINTED}}" else wanted
        minimums = {service.value: field.data for service, field in self.service_fields().items()}
        found["service_minimums"] = {
            name: minutes for name, minutes in minimums.items() if minutes is not None
        }
        return found

    def more_names(self) -> list[str]:
        """Return the names of the boxes under “More numbers”."""
        named = [name for _, names in MORE_NUMBERS for name in names]
        return [*named, "service_minimum_minutes", *(field.name for field in self.service_fields().values())]

    def service_fields(self) -> dict[ServiceType, IntegerField]:
        """Return the boxes for the minutes of single kinds of service."""
        return {service: self[f"minimum_{service}"] for service in SERVICE_WORDS}


for _service, _words in SERVICE_WORDS.items():
    setattr(
        MonitorForm,
        f"minimum_{_service}",
        _whole(_words, 0, 600, "Empty: as any service.", may_be_empty=True),
    )


class SilentForm(FlaskForm):  # type: ignore[misc]
    """Through which day tiers stay with the administrators."""

    silent_until = DayField(
        "Silent through", [Optional()], description="Leave empty to show tiers to case managers now."
    )
