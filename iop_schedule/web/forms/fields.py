"""Fields and helpers that several forms share."""

from collections.abc import Iterable, Mapping
from datetime import time
from decimal import Decimal
from hashlib import sha256
from typing import Any, TypeVar

from flask_wtf import FlaskForm
from wtforms import DateField, DecimalField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import ValidationError

from iop_schedule.errors import DomainError
from iop_schedule.web.forms.attendance import wall_clock

Value = TypeVar("Value")
CHOOSE = "Choose one from the list."


def needed(value: Value | None) -> Value:
    """Return a value that validation has made sure of."""
    if value is None:
        message = "the form has not been validated"
        raise ValueError(message)
    return value


def options(pairs: Iterable[tuple[object, str]]) -> list[SelectChoice]:
    """Return values and their words as the choices of a field."""
    return [SelectChoice(str(value), words) for value, words in pairs]


class ChoiceField(SelectField):
    """A list to choose from."""

    def __init__(self, *args: Any, **given: Any) -> None:
        """Say in our words that something else was sent."""
        given.setdefault("invalid_choice_message", CHOOSE)
        given.setdefault("invalid_value_message", CHOOSE)
        super().__init__(*args, **given)


class RadioChoiceField(RadioField):
    """A few answers to choose from."""

    def __init__(self, *args: Any, **given: Any) -> None:
        """Say in our words that something else was sent."""
        given.setdefault("invalid_choice_message", CHOOSE)
        given.setdefault("invalid_value_message", CHOOSE)
        super().__init__(*args, **given)


class DayField(DateField):
    """A date as the browser's control sends it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the date.

        Raises:
            ValueError: with the sentence people read.
        """
        try:
            super().process_formdata(valuelist)
        except ValueError:
            message = "Enter a date that exists, for example 2026-03-09."
            raise ValueError(message) from None


class WholeNumberField(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number.

        Raises:
            ValueError: with the sentence people read.
        """
        try:
            super().process_formdata(valuelist)
        except ValueError:
            message = "Enter a whole number."
            raise ValueError(message) from None


class HoursField(DecimalField):
    """Hours with decimals; `minutes` are what is stored."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the number.

        Raises:
            ValueError: with the sentence people read.
        """
        message = "Enter a number of hours, such as 9 or 9.5."
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(message) from None
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError(message)

    @property
    def minutes(self) -> int:
        """Return the hours as minutes."""
        return round(needed(self.data) * 60)

    def show_minutes(self, minutes: int) -> None:
        """Fill the field with stored minutes."""
        self.data = Decimal(minutes) / 60

    def _value(self) -> str:
        """Return what the box shows: hours with as few decimals as say them, or what was typed."""
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:.2f}".rstrip("0").rstrip(".")


class WallTimeField(StringField):
    """A wall-clock time as typed or as the browser's control sends it; `clock` is the time."""

    clock: time | None = None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keep what was typed."""
        self.data = valuelist[0].strip() if valuelist else ""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002 - the signature is the library's
        """Turn the text into a time.

        Raises:
            ValidationError: with the sentence people read.
        """
        if not self.data:
            return
        try:
            self.clock = wall_clock(self.data)
        except ValueError:
            message = "Enter a time like 9:00 am or 13:30."
            raise ValidationError(message) from None


def fingerprint(form: FlaskForm) -> str:
    """Return what was entered, in short: a change is made only when it is the one that was shown."""
    entered = [(field.name, str(field.data)) for field in form if field.name != "csrf_token"]
    return sha256(repr(sorted(entered)).encode()).hexdigest()[:16]


def is_confirmed(form: FlaskForm, sent: Mapping[str, str]) -> bool:
    """Return True when the person confirmed exactly what the form holds now."""
    return "confirm" in sent and sent.get("previewed") == fingerprint(form)


def blame(form: FlaskForm, refused: DomainError, names: Mapping[str, str]) -> None:
    """Put a refusal beside the field it is about; without one, on top of the form.

    Args:
        form: what was sent.
        refused: the refusal.
        names: the form's name for each field of the rules, where it differs.
    """
    name = names.get(refused.field or "", refused.field or "")
    if name in form:
        form[name].errors = [*form[name].errors, refused.message]
    else:
        form.form_errors.append(refused.message)
