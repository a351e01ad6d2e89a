"""What people choose about a calendar link: where it is used, how it is called, what its entries say."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired

from iop_schedule.actions.calendars import FeedChoices
from iop_schedule.domain.calendar_feeds import Wording
from iop_schedule.queries.calendars import FeedLine
from iop_schedule.vocabulary import FeedDetail
from iop_schedule.web.forms.fields import ChoiceField, RadioChoiceField, options
from iop_schedule.web.forms.people import one_line

APPLE, GOOGLE, OUTLOOK, OTHER = "apple", "google", "outlook", "other"
DEVICES = {
    APPLE: "iPhone, iPad or Mac",
    GOOGLE: "Google Calendar",
    OUTLOOK: "Outlook",
    OTHER: "Another calendar",
}
DETAILS = {
    FeedDetail.NEUTRAL: "“Appointment” and the time, nothing else",
    FeedDetail.PLACE: "“Appointment” and a place in my own words",
    FeedDetail.OWN_WORDS: "My own words",
}
ALARM_WORDS = {15: "15 minutes before", 30: "30 minutes before", 60: "1 hour before", 120: "2 hours before"}


class AddFeedForm(FlaskForm):  # type: ignore[misc]
    """Where the calendar is used, after reading what that means."""

    device = RadioChoiceField(
        "Where do you keep your calendar?",
        [InputRequired("Choose where you keep your calendar.")],
        choices=options(DEVICES.items()),
    )
    understood = BooleanField("I have read this", [InputRequired("Read the points above and check the box.")])

    def value(self) -> FeedChoices:
        """Return what was chosen: a neutral calendar named for where it is used."""
        return FeedChoices(label=DEVICES[self.device.data])


class FeedForm(FlaskForm):  # type: ignore[misc]
    """What one calendar is called and says."""

    label = StringField("Name for this link", filters=[one_line], description="Only you see it.")
    detail = RadioChoiceField(
        "What each entry says",
        [InputRequired("Choose what each entry says.")],
        choices=options(DETAILS.items()),
    )
    title = StringField("Your words for an entry", filters=[one_line], description="Such as “Class”.")
    place = StringField("Place", filters=[one_line], description="Such as “Main St.” You can leave it empty.")
    alarm = ChoiceField(
        "Alarm",
        choices=options([("", "No alarm"), *ALARM_WORDS.items()]),
        description="Some calendars do not ring for linked entries. It says “Appointment” too.",
    )

    def value(self) -> FeedChoices:
        """Return what was chosen."""
        wording = Wording(FeedDetail(self.detail.data), self.title.data or "", self.place.data or "")
        return FeedChoices(
            label=self.label.data or "",
            wording=wording,
            alarm_minutes=int(self.alarm.data) if self.alarm.data else None,
        )

    @classmethod
    def showing(cls, line: FeedLine) -> "FeedForm":
        """Return the form as it stands for a calendar."""
        return cls(
            data={
                "label": line.label,
                "detail": str(line.wording.detail),
                "title": line.wording.title,
                "place": line.wording.place,
                "alarm": str(line.alarm_minutes or ""),
            }
        )
