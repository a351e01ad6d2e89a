"""The scores of a brief self-report, as staff enter them."""

from flask_wtf import FlaskForm
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from iop_schedule.domain.risk.self_report import (
    PROTECTIVE_ITEMS,
    RISK_ITEMS,
    SINGLE_ITEMS,
    USE_ITEMS,
    SelfReport,
    score,
)
from iop_schedule.web.forms.fields import DayField

ITEMS = USE_ITEMS + RISK_ITEMS + PROTECTIVE_ITEMS + SINGLE_ITEMS


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
