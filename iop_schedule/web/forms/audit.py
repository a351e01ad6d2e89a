"""The filters of the audit trail, as they stand in the address."""

from werkzeug.datastructures import MultiDict
from wtforms import Form, SelectField
from wtforms.validators import NumberRange, Optional, ValidationError

from iop_schedule.queries.audit import AuditFilter
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.fields import DayField, WholeNumberField
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.people import choices_of

Choices = tuple[tuple[int, str], ...]


class AuditFilterForm(Form):
    """Who, what, which client, which days."""

    who = SelectField("Who", [Optional()], coerce=str)
    what = SelectField("What", [Optional()], coerce=str)
    client = SelectField("Client", [Optional()], coerce=str)
    since = DayField("From", [Optional()])
    until = DayField("To", [Optional()])
    before = WholeNumberField("Older than", [Optional(), NumberRange(0, 2**31 - 1)])

    def __init__(self, typed: MultiDict[str, str]) -> None:
        """Read what stands in the address; choices are offered later, any id may be asked for."""
        super().__init__(typed)
        for field in (self.who, self.what, self.client):
            field.validate_choice = False

    def offer(self, *, staff: Choices, clients: Choices, kinds: list[tuple[str, str]]) -> None:
        """Fill the lists to choose from."""
        self.who.choices = choices_of([("", "Everyone"), *staff])
        self.client.choices = choices_of([("", "All clients"), *clients])
        self.what.choices = choices_of([("", "Everything"), *kinds])

    def validate_until(self, field: DayField) -> None:
        """Refuse an end before the beginning."""
        if self.since.data and field.data and field.data < self.since.data:
            message = "Choose a last day on or after the first one."
            raise ValidationError(message)

    def value(self) -> AuditFilter:
        """Return the filter; what cannot be understood lets nothing through that it should not."""
        return AuditFilter(
            actor_id=whole_number(self.who.data),
            kind=_kind(self.what.data),
            client_id=whole_number(self.client.data),
            from_day=self.since.data,
            until_day=self.until.data,
            before_id=self.before.data,
        )


def _kind(text: str | None) -> AuditKind | None:
    try:
        return AuditKind(text) if text else None
    except ValueError:
        return None
