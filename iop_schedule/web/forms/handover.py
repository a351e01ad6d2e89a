"""A note for the case manager."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField


class NoteForm(FlaskForm):  # type: ignore[misc]
    """What the case manager should know."""

    words = TextAreaField("What should they know?")
