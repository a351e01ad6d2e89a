"""What staff type about clients, staff, responsibility, admission and dose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DecimalField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
    ValidationError,
)
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.actions.people import ClientFacts, StaffFacts
from iop_schedule.domain.prescription import Dose
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import AssignmentRole, EnrollmentStatus, Gender, ModalityWish, Role
from iop_schedule.web.forms.fields import ChoiceField, DayField, RadioChoiceField, WholeNumberField

Choices = list[tuple[int, str]] | tuple[tuple[int, str], ...]

LANGUAGES = (("en", "English"), ("es", "Spanish"))
GENDERS = (
    (str(Gender.UNSPECIFIED), "Not said"),
    (str(Gender.FEMALE), "Female"),
    (str(Gender.MALE), "Male"),
    (str(Gender.NONBINARY), "Nonbinary"),
)
MODALITIES = (
    (str(ModalityWish.IN_PERSON), "In person"),
    (str(ModalityWish.TELEHEALTH), "By video"),
    (str(ModalityWish.EITHER), "Either"),
)
STAFF_ROLES = (
    (str(Role.COUNSELOR), "Counselor"),
    (str(Role.CASE_MANAGER), "Case manager"),
    (str(Role.ADMINISTRATOR), "Administrator"),
)
CAPACITIES = (
    (str(AssignmentRole.COUNSELOR), "Counselor"),
    (str(AssignmentRole.CASE_MANAGER), "Case manager"),
)
ADMISSIONS = (
    (str(EnrollmentStatus.ACTIVE), "Starts on that day"),
    (str(EnrollmentStatus.PLANNED), "Planned"),
    (str(EnrollmentStatus.WAITLISTED), "Waiting for a place"),
)
#: Chosen instead of a staff member.
NOBODY = "none"
_DAY = "Enter a day like 2026-03-04."
_LIKE_THIS = "Enter an email address like name@example.org."
_ADDRESS = r"^[^@\s<>\"\x00-\x1f]+@[^@\s<>\"\x00-\x1f]+\.[^@\s<>\"\x00-\x1f]+$"


def choices_of(pairs: Iterable[tuple[object, str]], group: str | None = None) -> list[Any]:
    """Return values and words as the choices of a field."""
    return [SelectChoice(str(value), words, optgroup=group) for value, words in pairs]


def _name(label: str, *, needed: str = "", hint: str = "") -> StringField:
    rules = [Length(max=100, message="Keep this under 100 characters.")]
    first = [DataRequired(needed)] if needed else [Optional()]
    return StringField(label, [*first, *rules], filters=[one_line], description=hint)


def _typed(field: DayField) -> date:
    """Return the day in a field that has been found valid."""
    if field.data is None:
        raise NotPossible(_DAY, field=field.short_name)
    return field.data


def one_line(text: str | None) -> str:
    """Return what was typed on one line: blanks joined, control and direction characters left out."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(kept.split())


class _Ticks(SelectMultipleField):
    """Several of a few, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ClientForm(FlaskForm):  # type: ignore[misc]
    """The facts about a client."""

    given_name = _name("First name", needed="Enter their first name.")
    family_name = _name("Last name", needed="Enter their last name.")
    preferred_name = _name(
        "What they like to be called", hint="Used everywhere on screen. Leave empty for the first name."
    )
    site = ChoiceField("Site", coerce=int)
    email = StringField(
        "Email address",
        [
            Optional(),
            Length(max=254),
            Regexp(_ADDRESS, message=_LIKE_THIS),
        ],
        filters=[one_line],
        description="They sign in with it. Leave empty if they have none.",
    )
    may_leave_message = BooleanField("They agreed that a caller may leave a message")
    phone = StringField(
        "Phone",
        [Optional(), Regexp(r"^[0-9+().\- x]{3,40}$", message="Enter a phone number like 555-010-0142.")],
        filters=[one_line],
    )
    languages = _Ticks("Languages they can take part in", choices=choices_of(LANGUAGES))
    gender = RadioChoiceField(
        "Gender",
        choices=choices_of(GENDERS),
        default=str(Gender.UNSPECIFIED),
        description="Only for groups that are for one gender.",
    )
    modality = RadioChoiceField(
        "How they can attend", choices=choices_of(MODALITIES), default=str(ModalityWish.IN_PERSON)
    )
    travel_minutes = WholeNumberField(
        "Minutes to get here, one way",
        [Optional(), NumberRange(0, 240, message="Enter 0 to 240 minutes.")],
        default=0,
    )

    def offer(self, sites: Choices) -> None:
        """Fill the list of sites."""
        self.site.choices = choices_of(sites)

    def validate_languages(self, field: _Ticks) -> None:
        """Ask for one language at least."""
        if not field.data:
            message = "Choose at least one language."
            raise ValidationError(message)

    def value(self) -> ClientFacts:
        """Return the facts about a new client, at the site that was chosen."""
        return self.value_at(self.site.data)

    def value_at(self, site_id: int) -> ClientFacts:
        """Return the facts about a client of this site."""
        return ClientFacts(
            site_id=site_id,
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            preferred_name=self.preferred_name.data or "",
            languages=tuple(self.languages.data or ()),
            gender=Gender(self.gender.data),
            modality=ModalityWish(self.modality.data),
            travel_minutes=self.travel_minutes.data or 0,
            email=self.email.data or "",
            phone=self.phone.data or "",
            may_leave_message=bool(self.may_leave_message.data),
        )


class StaffForm(FlaskForm):  # type: ignore[misc]
    """The facts about a staff member."""

    given_name = _name("First name", needed="Enter their first name.")
    family_name = _name("Last name", needed="Enter their last name.")
    email = StringField(
        "Email address",
        [
            InputRequired("Enter their email address; they sign in with it."),
            Length(max=254),
            Regexp(_ADDRESS, message=_LIKE_THIS),
        ],
        filters=[one_line],
    )
    role = RadioChoiceField(
        "What they do", [InputRequired("Choose what they do.")], choices=choices_of(STAFF_ROLES)
    )
    sites = _Ticks("Where they work", coerce=int)

    def offer(self, sites: Choices) -> None:
        """Fill the list of sites."""
        self.sites.choices = choices_of(sites)

    def validate_sites(self, field: _Ticks) -> None:
        """Ask for one site at least."""
        if not field.data:
            message = "Choose at least one site."
            raise ValidationError(message)

    def value(self) -> StaffFacts:
        """Return the facts."""
        return StaffFacts(
            given_name=self.given_name.data or "",
            family_name=self.family_name.data or "",
            email=self.email.data or "",
            role=Role(self.role.data),
            site_ids=frozenset(self.sites.data or ()),
        )


@dataclass(frozen=True, slots=True)
class NewResponsibility:
    """Who becomes responsible, as what, from when; nobody when `user_id` is None."""

    user_id: int | None
    role: AssignmentRole
    from_day: date


class AssignForm(FlaskForm):  # type: ignore[misc]
    """Who is responsible for a client from a day on."""

    role = ChoiceField("As", choices=choices_of(CAPACITIES))
    user = ChoiceField("Who", [InputRequired("Choose who.")], coerce=str)
    from_day = DayField("From", [InputRequired(_DAY)])

    def offer(self, *, counselors: Choices, case_managers: Choices) -> None:
        """Fill the list of staff, by what they do."""
        self.user.choices = [
            *choices_of(counselors, "Counselors"),
            *choices_of(case_managers, "Case managers"),
            *choices_of([(NOBODY, "Nobody from that day on")], "Nobody"),
        ]

    def value(self) -> NewResponsibility:
        """Return the decision."""
        user_id = None if self.user.data == NOBODY else int(self.user.data)
        return NewResponsibility(user_id, AssignmentRole(self.role.data), _typed(self.from_day))


@dataclass(frozen=True, slots=True)
class Admission:
    """To which program, as what, from when."""

    program_id: int
    status: EnrollmentStatus
    from_day: date


class EnrollForm(FlaskForm):  # type: ignore[misc]
    """Admission to a program."""

    program = ChoiceField("Program", coerce=int)
    status = RadioChoiceField(
        "Where they stand",
        choices=choices_of(ADMISSIONS),
        default=str(EnrollmentStatus.ACTIVE),
    )
    from_day = DayField("First day", [InputRequired(_DAY)])

    def offer(self, programs: Choices) -> None:
        """Fill the list of programs."""
        self.program.choices = choices_of(programs)

    def value(self) -> Admission:
        """Return the decision."""
        status = EnrollmentStatus(self.status.data)
        return Admission(self.program.data, status, _typed(self.from_day))


class DoseForm(FlaskForm):  # type: ignore[misc]
    """The prescribed hours and days a week, from a day on."""

    hours = DecimalField(
        "Hours a week",
        [
            InputRequired("Enter the hours a week, like 9 or 7.5."),
            NumberRange(0, 50, message="Enter 0 to 50 hours a week."),
        ],
    )
    days = WholeNumberField(
        "At least on how many days",
        [
            InputRequired("Enter 0 to 5 days."),
            NumberRange(0, 5, message="Enter 0 to 5 days; treatment happens Monday to Friday."),
        ],
        default=3,
    )
    from_day = DayField("From", [InputRequired(_DAY)])
    ordered_by = _name("Ordered by", hint="As the plan of care names them.")
    step_down = BooleanField(
        "This is a step-down", description="For two weeks the level of care is then not judged."
    )

    def value(self) -> Dose:
        """Return the dose.

        Raises:
            BadDose: the week cannot hold it.
        """
        minutes = int((self.hours.data or Decimal(0)) * 60)
        return Dose(
            from_day=_typed(self.from_day),
            minutes=minutes,
            minimum_days=self.days.data or 0,
            ordered_by=self.ordered_by.data or "",
            step_down=bool(self.step_down.data),
        )
