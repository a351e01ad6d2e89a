"""Who may come along, and what a client agrees to when they invite someone."""

from collections.abc import Sequence
from datetime import date

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Optional

from iop_schedule.actions.support_people import Given, PersonDetails
from iop_schedule.domain.support_people import ConsentNeeded
from iop_schedule.queries.support_people import FamilySession
from iop_schedule.vocabulary import Evidence
from iop_schedule.web.forms.fields import DayField, RadioChoiceField, needed, options
from iop_schedule.web.presenting import day_label, time_range

LANGUAGES = {"en": "English", "es": "Spanish"}
EVIDENCE = {Evidence.SPOKEN: "They said so", Evidence.PAPER: "They signed a form"}


class PersonForm(FlaskForm):  # type: ignore[misc]
    """Someone who may come along."""

    name = StringField("Name")
    relation = StringField("Who they are", [Optional()])
    phone = StringField("Phone", [Optional()])
    email = StringField("Email", [Optional()])
    language = RadioChoiceField("Language", choices=options(LANGUAGES.items()), default="en")

    def details(self) -> PersonDetails:
        """Return what was entered; call after `validate`."""
        return PersonDetails(
            name=self.name.data or "",
            relation=self.relation.data or "",
            email=self.email.data or "",
            phone=self.phone.data or "",
            language=self.language.data,
        )


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Which session, and how the client agrees."""

    occurrence_id = RadioChoiceField("Which session?", [InputRequired("Choose a session.")])

    def offer(self, sessions: Sequence[FamilySession]) -> None:
        """Fill in the sessions to come; the only one is chosen already."""
        self.occurrence_id.choices = options(
            (one.occurrence_id, f"{day_label(one.starts)}, {time_range(one.starts, one.ends)}")
            for one in sessions
        )
        if len(sessions) == 1 and not self.is_submitted():
            self.occurrence_id.data = str(sessions[0].occurrence_id)

    def session_id(self) -> int:
        """Return the chosen session; call after `validate`."""
        return int(self.occurrence_id.data)


class OwnInviteForm(InviteForm):
    """Which session, and the client's own yes."""

    agrees = BooleanField("I agree that they see this")

    def given(self, today: date) -> Given:
        """Return the consent of the client who is signed in.

        Raises:
            ConsentNeeded: they did not say that they agree.
        """
        if not self.agrees.data:
            raise ConsentNeeded(field="agrees")
        return Given(Evidence.ONLINE, today)


class RecordForm(InviteForm):
    """Which session, and how the client said yes."""

    evidence = RadioChoiceField(
        "How did they agree?", [InputRequired("Say how they agreed.")], choices=options(EVIDENCE.items())
    )
    given_on = DayField("When did they agree?", [InputRequired("Enter the day on which they agreed.")])

    def given(self, today: date) -> Given:  # noqa: ARG002 - the day is on the form
        """Return the consent as staff heard or read it."""
        return Given(Evidence(self.evidence.data), needed(self.given_on.data))
