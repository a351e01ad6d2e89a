"""What staff type about a contact, and about not making one for now."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from iop_schedule.actions.outreach import LONGEST_NOTE, Contact
from iop_schedule.domain.civil_time import instant
from iop_schedule.vocabulary import Barrier, ContactChannel, ContactResult, NextStep, SetAsideReason
from iop_schedule.web.forms.fields import (
    ChoiceField,
    DayField,
    RadioChoiceField,
    WallTimeField,
    needed,
    options,
)

CHANNELS = (
    (ContactChannel.CALL, "Call"),
    (ContactChannel.TEXT, "Text"),
    (ContactChannel.EMAIL, "Email"),
    (ContactChannel.IN_PERSON, "In person"),
    (ContactChannel.OTHER, "Other"),
)
RESULTS = (
    (ContactResult.REACHED, "Reached"),
    (ContactResult.LEFT_MESSAGE, "Left message"),
    (ContactResult.NO_ANSWER, "No answer"),
    (ContactResult.WRONG_NUMBER, "Wrong number"),
)
BARRIERS = (
    (Barrier.WORK, "Work or shifts changed"),
    (Barrier.CAREGIVING, "Looking after someone"),
    (Barrier.SCHOOL, "School"),
    (Barrier.HEALTH, "Health or appointments"),
    (Barrier.LEGAL, "Court or probation"),
    (Barrier.TRANSPORT, "Getting here"),
    (Barrier.MONEY_OR_HOUSING, "Money or housing"),
    (Barrier.THE_GROUP, "The group does not fit them"),
    (Barrier.UNSURE, "Not sure about coming"),
    (Barrier.OTHER, "Something else"),
)
NEXT_STEPS = (
    (NextStep.TRY_AGAIN, "Try again"),
    (NextStep.WAIT_FOR_REPLY, "Wait for a reply"),
    (NextStep.FIND_A_TIME, "Find a time that fits"),
    (NextStep.MEET, "Meet"),
    (NextStep.NOTHING, "Nothing more to do"),
)
NOT_NOW_REASONS = (
    (SetAsideReason.IN_CONTACT, "We are in contact already"),
    (SetAsideReason.KNOWN_ABSENCE, "Away for a reason we know"),
    (SetAsideReason.ASKED_FOR_SPACE, "They asked not to be called"),
    (SetAsideReason.SOMEONE_ELSE, "Someone else is on it"),
    (SetAsideReason.OTHER, "Another reason"),
)


class ContactForm(FlaskForm):  # type: ignore[misc]
    """One try to reach a client."""

    day = DayField("Day", [InputRequired("Enter the day.")])
    clock = WallTimeField("Time", [InputRequired("Enter the time.")])
    channel = RadioChoiceField("How", choices=options(CHANNELS), default=str(ContactChannel.CALL))
    result = RadioChoiceField("What came of it", [InputRequired("Choose one.")], choices=options(RESULTS))
    barrier = ChoiceField(
        "What keeps them from coming",
        choices=[*options([("", "Not said")]), *options(BARRIERS)],
        description="If it is about time, enter it under Times next: then sessions that fit can be found.",
    )
    note = TextAreaField(
        "Note",
        [Optional(), Length(max=LONGEST_NOTE, message=f"Keep this under {LONGEST_NOTE} characters.")],
        description="A few words for whoever calls next. No clinical detail here.",
    )
    next_step = ChoiceField("Next step", choices=options(NEXT_STEPS), default=str(NextStep.TRY_AGAIN))
    next_day = DayField("When", [Optional()], description="Leave empty when nothing more is to do.")

    def show(self, now: datetime, tomorrow: Any) -> None:
        """Fill in what is known: that it is now, and tomorrow for the next step."""
        self.day.data, self.clock.data = now.date(), f"{now:%H:%M}"
        self.next_day.data = tomorrow

    def value(self, zone: ZoneInfo, now: datetime) -> Contact:
        """Return what was entered; the present minute is now, not its beginning or end."""
        at = instant(needed(self.day.data), needed(self.clock.clock), zone)
        return Contact(
            at=now if timedelta(0) <= at - now < timedelta(minutes=1) else at,
            channel=ContactChannel(self.channel.data),
            result=ContactResult(self.result.data),
            barrier=Barrier(self.barrier.data) if self.barrier.data else None,
            note=self.note.data or "",
            next_step=NextStep(self.next_step.data),
            next_day=self.next_day.data,
        )


class NotNowForm(FlaskForm):  # type: ignore[misc]
    """Not now: why, and until when."""

    reason = RadioChoiceField("Why", [InputRequired("Choose one.")], choices=options(NOT_NOW_REASONS))
    until_day = DayField(
        "Until",
        [InputRequired("Enter the last day.")],
        description="At most four weeks. Then they are back in their place on the list.",
    )
