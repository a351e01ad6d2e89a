"""What a client wants time for."""

from collections.abc import Iterable

from flask_wtf import FlaskForm
from wtforms import StringField

from iop_schedule.web.forms.fields import ChoiceField, options


class GoalForm(FlaskForm):  # type: ignore[misc]
    """A goal, and which of their times it is."""

    words = StringField("What do you want time for?")
    time_name = ChoiceField("Which of your times is it?")

    def offer(self, names: Iterable[str]) -> None:
        """Fill in the names of the client's own times."""
        self.time_name.choices = options([("", "None of them yet"), *((name, name) for name in names)])
