"""A group that might be opened: days, time, seats, room and counselor."""

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from iop_schedule.actions.groups import MOST_SEATS
from iop_schedule.domain.civil_time import minutes_of_day, wall_time
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.demand import Draft
from iop_schedule.vocabulary import GroupGender, Modality, ServiceType, Weekday
from iop_schedule.web.forms.fields import ChoiceField, WallTimeField, WholeNumberField, needed, options
from iop_schedule.web.forms.programs import GENDER_WORDS, MODALITY_WORDS, SERVICE_WORDS

DAYS = ((0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday"))
NOBODY = 0


class DraftForm(FlaskForm):  # type: ignore[misc]
    """What the group would be; sent in the address, so that it can be shared and compared."""

    #: The programs one may choose.
    offered: frozenset[int] = frozenset()
    program_id = ChoiceField("Program", coerce=int)
    days = SelectMultipleField(
        "Days", choices=options(DAYS), coerce=int, widget=ListWidget(), option_widget=CheckboxInput(),
        validators=[InputRequired("Choose at least one day.")],
    )  # fmt: skip
    start = WallTimeField("Start", [InputRequired("Enter when it starts, such as 17:30.")])
    minutes = WholeNumberField(
        "Minutes",
        [InputRequired("Enter 15 to 480 minutes."), NumberRange(15, 480, "Enter 15 to 480 minutes.")],
        default=195,
    )
    break_minutes = WholeNumberField(
        "Of them break", [NumberRange(0, 120, "Enter 0 to 120 minutes.")], default=15
    )
    seats = WholeNumberField(
        "Seats",
        [InputRequired("Enter the seats."), NumberRange(1, MOST_SEATS, f"Enter 1 to {MOST_SEATS} seats.")],
        default=10,
    )
    service_type = ChoiceField("Kind", choices=options(SERVICE_WORDS.items()), default=ServiceType.GROUP)
    modality = ChoiceField("Where", choices=options(MODALITY_WORDS.items()), default=Modality.IN_PERSON)
    language = StringField(
        "Language code",
        [Length(min=2, max=12, message="Enter a language code such as en or es.")],
        default="en",
    )
    gender = ChoiceField("For", choices=options(GENDER_WORDS.items()), default=GroupGender.ANY)
    room_id = ChoiceField("Room", coerce=int, default=NOBODY)
    leader_id = ChoiceField("Counselor", coerce=int, default=NOBODY)

    def offer(self, programs: list[Choice], leaders: list[Choice], rooms: list[Choice]) -> None:
        """Fill the lists."""
        self.offered = frozenset(one.id for one in programs)
        self.program_id.choices = options((one.id, one.name) for one in programs)
        for field, found in ((self.leader_id, leaders), (self.room_id, rooms)):
            field.choices = options([(NOBODY, "Not decided"), *((one.id, one.name) for one in found)])

    @property
    def offered_program_id(self) -> int | None:
        """Return the chosen program; None when it is not one of those offered."""
        chosen: int | None = self.program_id.data
        return chosen if chosen in self.offered else None

    def draft(self) -> Draft:
        """Return what was entered; call after `validate`."""
        return Draft(
            program_id=self.program_id.data,
            weekdays=tuple(Weekday(day) for day in sorted(set(needed(self.days.data)))),
            start_minute=minutes_of_day(needed(self.start.clock)),
            minutes=needed(self.minutes.data),
            seats=needed(self.seats.data),
            break_minutes=min(self.break_minutes.data or 0, needed(self.minutes.data) - 1),
            service_type=ServiceType(self.service_type.data),
            modality=Modality(self.modality.data),
            language=needed(self.language.data).strip(),
            gender=GroupGender(self.gender.data),
            room_id=self.room_id.data or None,
            leader_id=self.leader_id.data or None,
        )

    def show(self, draft: Draft) -> None:
        """Fill the form with a draft."""
        self.program_id.data, self.days.data = draft.program_id, [int(day) for day in draft.weekdays]
        self.start.data = f"{wall_time(draft.start_minute):%H:%M}"
        self.minutes.data, self.break_minutes.data = draft.minutes, draft.break_minutes
        self.seats.data, self.service_type.data = draft.seats, draft.service_type
        self.modality.data, self.gender.data = draft.modality, draft.gender
        self.language.data = draft.language
        self.room_id.data, self.leader_id.data = draft.room_id or NOBODY, draft.leader_id or NOBODY
