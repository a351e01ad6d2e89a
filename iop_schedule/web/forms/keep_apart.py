"""Two people who must never share a session."""

from collections.abc import Iterable

from flask_wtf import FlaskForm

from iop_schedule.web.forms.fields import ChoiceField, options


class PairForm(FlaskForm):  # type: ignore[misc]
    """The two people."""

    client_id = ChoiceField("One person", coerce=int)
    other_id = ChoiceField("The other person", coerce=int)

    def offer(self, people: Iterable[tuple[int, str]]) -> None:
        """Fill both lists."""
        self.client_id.choices = self.other_id.choices = options(((0, "Choose a person"), *people))
