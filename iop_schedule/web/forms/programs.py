"""Groups and closures."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from iop_schedule.actions.groups import MOST_SEATS, GroupDetails
from iop_schedule.domain.occurrences import Closed
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.groups import GroupView
from iop_schedule.vocabulary import Attend, GroupGender, Modality, ServiceType
from iop_schedule.web.forms.fields import (
    ChoiceField,
    DayField,
    RadioChoiceField,
    WholeNumberField,
    needed,
    options,
)

SERVICE_WORDS = {
    ServiceType.GROUP: "Group therapy",
    ServiceType.PSYCHOEDUCATION: "Psychoeducation",
    ServiceType.INDIVIDUAL: "Individual therapy",
    ServiceType.FAMILY: "Family sessions",
    ServiceType.CASE_MANAGEMENT: "Case management",
    ServiceType.MEDICATION: "Medication management",
    ServiceType.HOLISTIC: "Holistic therapy",
    ServiceType.AFTERCARE: "Aftercare",
    ServiceType.ALUMNI: "Alumni",
}
MODALITY_WORDS = {Modality.IN_PERSON: "In person", Modality.TELEHEALTH: "Online"}
GENDER_WORDS = {
    GroupGender.ANY: "Everyone",
    GroupGender.FEMALE: "Women",
    GroupGender.MALE: "Men",
    GroupGender.NONBINARY: "Nonbinary people",
}
ATTEND_WORDS = {
    Attend.ANY: "People can take single meetings",
    Attend.ALL: "People take all meetings",
}
WHOLE_SITE = 0


class GroupForm(FlaskForm):  # type: ignore[misc]
    """What a group is, apart from when it meets."""

    program_id = ChoiceField("Program", coerce=int)
    name = StringField(
        "Name",
        [
            InputRequired("Enter a name for the group."),
            Length(max=200, message="Keep this under 200 characters."),
        ],
        description="As staff say it.",
    )
    public_name = StringField(
        "Name outside the program",
        [Length(max=120, message="Keep this under 120 characters.")],
        description="What messages and calendars show. Say nothing about treatment.",
        default="Appointment",
    )
    service_type = ChoiceField("Kind", choices=options(SERVICE_WORDS.items()))
    seats = WholeNumberField(
        "Seats",
        [
            InputRequired("Enter how many people it takes."),
            NumberRange(1, MOST_SEATS, f"Enter 1 to {MOST_SEATS} seats."),
        ],
        default=12,
    )
    modality = RadioChoiceField("Where", choices=options(MODALITY_WORDS.items()), default=Modality.IN_PERSON)
    gender = ChoiceField("For", choices=options(GENDER_WORDS.items()), default=GroupGender.ANY)
    language = StringField(
        "Language",
        [Length(min=2, max=12, message="Enter a language code such as en or es.")],
        description="A code such as en or es.",
        default="en",
    )
    attend = RadioChoiceField("How people take it", choices=options(ATTEND_WORDS.items()), default=Attend.ANY)

    def offer(self, programs: list[Choice]) -> None:
        """Fill the list of programs."""
        self.program_id.choices = options((one.id, one.name) for one in programs)

    def show(self, view: GroupView) -> None:
        """Fill the form with the group as it is."""
        self.name.data, self.public_name.data = view.line.name, view.public_name
        self.service_type.data, self.seats.data = view.line.service_type, view.line.seats
        self.modality.data, self.gender.data = view.line.modality, view.gender
        self.language.data, self.attend.data = view.language, view.attend

    def details(self) -> GroupDetails:
        """Return what was entered; call after `validate`."""
        return GroupDetails(
            name=needed(self.name.data),
            public_name=self.public_name.data or "",
            service_type=ServiceType(self.service_type.data),
            seats=needed(self.seats.data),
            modality=Modality(self.modality.data),
            gender=GroupGender(self.gender.data),
            language=needed(self.language.data).strip(),
            attend=Attend(self.attend.data),
        )


class ClosureForm(FlaskForm):  # type: ignore[misc]
    """Days without sessions."""

    site_id = ChoiceField("Site", coerce=int)
    program_id = ChoiceField("What is closed", coerce=int)
    from_day = DayField("First day", [InputRequired("Enter a date, for example 2026-11-26.")])
    until_day = DayField(
        "Last day", [Optional()], description="Leave empty when it is one day. The last day is closed too."
    )
    name = StringField(
        "Why",
        [
            InputRequired("Enter why, such as Thanksgiving."),
            Length(max=200, message="Keep this under 200 characters."),
        ],
        description="Clients read this.",
    )

    def offer(self, sites: list[Choice], programs: list[Choice]) -> None:
        """Fill the lists to choose from."""
        self.site_id.choices = options((one.id, one.name) for one in sites)
        whole = [(WHOLE_SITE, "The whole site")]
        self.program_id.choices = options(whole + [(one.id, one.name) for one in programs])

    def closed(self) -> Closed:
        """Return what was entered; call after `validate`.

        Raises:
            BadTime: the last day lies before the first.
        """
        first = needed(self.from_day.data)
        return Closed(first, self.until_day.data or first, needed(self.name.data).strip())
