"""What is typed about messages: addresses and codes, consent, wishes, wordings."""

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from iop_schedule.actions.contacts import Wishes
from iop_schedule.domain.reminders import Reach, Wording
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence
from iop_schedule.web.forms.fields import ChoiceField, DayField, RadioChoiceField, WallTimeField, needed
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.people import _Ticks, choices_of, one_line
from iop_schedule.web.message_words import CONSENTS

ZONES = (
    ("", "The same as the office"),
    ("America/New_York", "Eastern time"),
    ("America/Chicago", "Central time"),
    ("America/Denver", "Mountain time"),
    ("America/Phoenix", "Arizona"),
    ("America/Los_Angeles", "Pacific time"),
    ("America/Anchorage", "Alaska"),
    ("Pacific/Honolulu", "Hawaii"),
)
LEADS = (("1", "The day before"), ("2", "Two days before"), ("0", "On the day"))
LANGUAGES = (("en", "English"), ("es", "Español"))
STAFF_EVIDENCE = ((str(Evidence.SPOKEN), "They told me"), (str(Evidence.PAPER), "They signed a paper"))


class AddressForm(FlaskForm):  # type: ignore[misc]
    """An e-mail address or a mobile number, and the code that proves it."""

    address = StringField("Address", [Length(max=254)], filters=[one_line])
    code = StringField("Code", [Length(max=40)], filters=[one_line])


class ConsentForm(FlaskForm):  # type: ignore[misc]
    """What a client agrees to, by channel."""

    email = _Ticks("By email", choices=choices_of(CONSENTS.items()))
    sms = _Ticks("By text message", choices=choices_of(CONSENTS.items()))

    def value(self) -> set[tuple[Channel, ConsentPurpose]]:
        """Return the pairs that are ticked."""
        return {
            (channel, ConsentPurpose(purpose))
            for channel, field in ((Channel.EMAIL, self.email), (Channel.SMS, self.sms))
            for purpose in field.data or ()
        }


class StaffConsentForm(ConsentForm):
    """The same, written down for a client."""

    evidence = RadioChoiceField(
        "How do you know?", choices=choices_of(STAFF_EVIDENCE), default=Evidence.SPOKEN
    )
    since = DayField("When did they agree?", [Optional()], description="Empty means today.")


class WhenForm(FlaskForm):  # type: ignore[misc]
    """When and in which language somebody likes to be written to."""

    days_before = ChoiceField("Remind me", choices=choices_of(LEADS), default="1")
    remind_at = WallTimeField("At", [InputRequired("Enter a time like 5:00 pm.")])
    quiet_from = WallTimeField("From", [InputRequired("Enter a time like 9:00 pm.")])
    quiet_until = WallTimeField("Until", [InputRequired("Enter a time like 8:00 am.")])
    language = ChoiceField("Language", choices=choices_of(LANGUAGES), default="en")
    zone = ChoiceField("Time zone", choices=choices_of(ZONES), default="")

    def value(self) -> Wishes:
        """Return the wishes."""
        return Wishes(
            language=self.language.data or "",
            zone=self.zone.data or "",
            quiet=(needed(self.quiet_from.clock), needed(self.quiet_until.clock)),
            lead=(int(self.days_before.data or 1), needed(self.remind_at.clock)),
        )


class WordingForm(FlaskForm):  # type: ignore[misc]
    """The words of one message."""

    subject = StringField("Subject", [Optional(), Length(max=120)])
    body = TextAreaField("Message", [DataRequired("Write the message."), Length(max=2000)])
    version = StringField("Version", [Optional()])

    def value(self) -> Wording:
        """Return the words."""
        return Wording((self.subject.data or "").strip(), (self.body.data or "").replace("\r\n", "\n"))

    @property
    def seen_version(self) -> int:
        """Return which version was on the page.

        Raises:
            NotPossible: the page sent something else.
        """
        number = whole_number(self.version.data or "0")
        if number is None:
            raise NotPossible("Load the page again.")  # noqa: EM101
        return number


def when_form(reach: Reach, zone: str) -> WhenForm:
    """Return the form filled with what holds now; `zone` is empty for the office's own."""
    form, policy = WhenForm(formdata=None), reach.policy
    form.quiet_from.data, form.quiet_until.data = f"{policy.quiet_from:%H:%M}", f"{policy.quiet_until:%H:%M}"
    form.remind_at.data, form.days_before.data = f"{policy.at:%H:%M}", str(policy.days_before)
    form.language.data, form.zone.data = reach.language, zone
    return form
