"""Weekly sessions and single dates: when, with whom and where."""

from dataclasses import dataclass
from datetime import date

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from iop_schedule.actions.occurrences import Move
from iop_schedule.actions.series import Meeting
from iop_schedule.domain.civil_time import minutes_of_day, weeks_label
from iop_schedule.domain.series import Scope
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.groups import MeetingView, SessionView
from iop_schedule.vocabulary import ServiceType, Weekday, WeekParity
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.forms.fields import (
    ChoiceField,
    DayField,
    RadioChoiceField,
    WallTimeField,
    WholeNumberField,
    needed,
    options,
)

DAYS = [(0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday")]
NO_ROOM = 0
OWN_SESSIONS = {ServiceType.INDIVIDUAL: "One-to-one", ServiceType.FAMILY: "Family session"}
DAY_MINUTES = 24 * 60
DATE_NEEDED = "Enter a date, for example 2026-03-09."

#: The form's name for each field of the rules.
NAMES = {
    "local_start": "start",
    "duration_minutes": "end",
    "leader": "leader_id",
    "room": "room_id",
    "client": "",
    "series": "",
}


def _minutes(start: WallTimeField, end: WallTimeField) -> int:
    """Return the minutes between two times; an end of midnight counts as the end of the day."""
    if start.clock is None or end.clock is None:
        return 0
    last = minutes_of_day(end.clock) or DAY_MINUTES
    return last - minutes_of_day(start.clock)


class MeetingFields(FlaskForm):  # type: ignore[misc]
    """When, with whom and where a weekly session is held."""

    weekday = ChoiceField("Day", choices=options(DAYS), coerce=int)
    start = WallTimeField("Starts", [InputRequired("Enter when it starts, like 9:00 am.")])
    end = WallTimeField("Ends", [InputRequired("Enter when it ends, like 12:00 pm.")])
    break_minutes = WholeNumberField(
        "Break",
        [Optional(), NumberRange(0, 719, "Enter the break in minutes, 0 for none.")],
        description="Minutes that do not count as treatment.",
        default=0,
    )
    every_weeks = RadioChoiceField(
        "How often", choices=options([(1, "Every week"), (2, "Every second week")]), coerce=int, default=1
    )
    leader_id = ChoiceField("Counselor", coerce=int)
    room_id = ChoiceField("Room", coerce=int)

    def offer(self, leaders: list[Choice], rooms: list[Choice]) -> None:
        """Fill the lists to choose from."""
        self.leader_id.choices = options((one.id, one.name) for one in leaders)
        no_room = [(NO_ROOM, "No room (online, or not known yet)")]
        self.room_id.choices = options(no_room + [(one.id, one.name) for one in rooms])

    def meeting(self) -> Meeting:
        """Return what was entered; call after `validate`."""
        return Meeting(
            weekday=Weekday(self.weekday.data),
            local_start=needed(self.start.clock),
            duration_minutes=_minutes(self.start, self.end),
            break_minutes=self.break_minutes.data or 0,
            every_weeks=self.every_weeks.data,
            leader_id=self.leader_id.data,
            room_id=self.room_id.data or None,
        )


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """A weekly session to be started."""

    meeting: Meeting
    from_day: date
    until_day: date | None


class NewMeetingForm(MeetingFields):
    """Start a weekly session of a group."""

    from_day = DayField("First day", [InputRequired(DATE_NEEDED)])
    until_day = DayField("Last day", [Optional()], description="Leave empty when it has no end.")

    def value(self) -> NewMeeting:
        """Return what was entered; call after `validate`."""
        return NewMeeting(self.meeting(), needed(self.from_day.data), self.until_day.data)


class NewOwnMeetingForm(NewMeetingForm):
    """Start a weekly session of one client."""

    service_type = RadioChoiceField(
        "What kind",
        choices=options(OWN_SESSIONS.items()),
        default=ServiceType.INDIVIDUAL,
        description="To a family session the client may bring someone.",
    )


@dataclass(frozen=True, slots=True)
class WantedChange:
    """A change of a weekly session, and how much of it is meant."""

    scope: Scope
    day: date | None
    meeting: Meeting
    reason: str


class ChangeMeetingForm(MeetingFields):
    """Change one session, this and the following ones, or all to come."""

    scope = RadioChoiceField(
        "What changes",
        choices=options(
            [
                (Scope.THIS, "Only the session chosen below"),
                (Scope.FOLLOWING, "That session and all after it"),
                (Scope.ALL_FUTURE, "All sessions to come"),
            ]
        ),
        default=Scope.ALL_FUTURE,
    )
    day = ChoiceField("Session", coerce=str, validate_choice=False)
    reason = StringField(
        "Reason",
        [Length(max=300, message="Keep the reason under 300 characters.")],
        description="For a single session. People who were expected will read it.",
    )

    def show(self, view: MeetingView) -> None:
        """Fill the form with the session as it is."""
        self.weekday.data, self.every_weeks.data = view.weekday, view.every_weeks
        self.start.data, self.end.data = f"{view.start:%H:%M}", f"{view.end:%H:%M}"
        self.break_minutes.data = view.break_minutes
        self.leader_id.data, self.room_id.data = view.leader_id, view.room_id or NO_ROOM

    def offer_days(self, days: tuple[date, ...]) -> None:
        """Fill the list of sessions to choose from."""
        self.day.choices = options(
            (day.isoformat(), f"{day:%A}, {day:%B} {day.day}, {day.year}") for day in days
        )

    def value(self) -> WantedChange:
        """Return what was entered; call after `validate`."""
        scope = Scope(self.scope.data)
        day = parse_day(self.day.data or "") if scope is not Scope.ALL_FUTURE else None
        return WantedChange(scope, day, self.meeting(), self.reason.data or "")


class EndMeetingForm(FlaskForm):  # type: ignore[misc]
    """End a weekly session."""

    last_day = DayField(
        "Last day", [InputRequired(DATE_NEEDED)], description="Sessions after this day are canceled."
    )


class PlaceForm(FlaskForm):  # type: ignore[misc]
    """Give someone a place in a weekly session."""

    client_id = ChoiceField("Person", coerce=int)
    from_day = DayField("First day", [InputRequired(DATE_NEEDED)])
    week = ChoiceField("Weeks", default=WeekParity.EVERY.value)

    def offer(self, people: tuple[Choice, ...], *, today: date) -> None:
        """Fill the list of people to choose from, and the weeks in which they may come."""
        self.client_id.choices = options([(0, "Choose a person")] + [(one.id, one.name) for one in people])
        self.week.choices = options(
            (week.value, weeks_label(week, today) or "Every week") for week in WeekParity
        )


class MoveForm(FlaskForm):  # type: ignore[misc]
    """Hold one session at another time, with another counselor or in another room."""

    day = DayField("Day", [InputRequired(DATE_NEEDED)])
    start = WallTimeField("Starts", [InputRequired("Enter when it starts, like 9:00 am.")])
    end = WallTimeField("Ends", [InputRequired("Enter when it ends, like 12:00 pm.")])
    leader_id = ChoiceField("Counselor", coerce=int)
    room_id = ChoiceField("Room", coerce=int)
    reason = StringField(
        "Reason",
        [Length(max=300, message="Keep the reason under 300 characters.")],
        description="People who were expected will read it.",
    )

    def offer(self, leaders: list[Choice], rooms: list[Choice]) -> None:
        """Fill the lists to choose from."""
        self.leader_id.choices = options((one.id, one.name) for one in leaders)
        no_room = [(NO_ROOM, "No room (online, or not known yet)")]
        self.room_id.choices = options(no_room + [(one.id, one.name) for one in rooms])

    def show(self, view: SessionView) -> None:
        """Fill the form with the session as it is."""
        self.day.data = view.starts.date()
        self.start.data, self.end.data = f"{view.starts:%H:%M}", f"{view.ends:%H:%M}"
        self.leader_id.data, self.room_id.data = view.leader_id, view.room_id or NO_ROOM

    def move(self) -> Move:
        """Return what was entered; call after `validate`."""
        return Move(
            day=needed(self.day.data),
            start=needed(self.start.clock),
            duration_minutes=_minutes(self.start, self.end),
            leader_id=self.leader_id.data,
            room_id=self.room_id.data or None,
            reason=self.reason.data or "",
        )


class CancelForm(FlaskForm):  # type: ignore[misc]
    """Cancel one session."""

    reason = StringField(
        "Reason",
        [
            InputRequired("Write a short reason. People who were expected will read it."),
            Length(max=300, message="Keep the reason under 300 characters."),
        ],
        description="People who were expected will read it.",
    )
