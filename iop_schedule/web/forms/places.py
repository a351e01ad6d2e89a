"""Sites, programs and rooms."""

from decimal import Decimal

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from iop_schedule.actions.programs import ProgramDetails, RoomDetails, SiteDetails
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.places import ProgramPlace, RoomPlace, SitePlace
from iop_schedule.vocabulary import LevelOfCare
from iop_schedule.web.forms.fields import ChoiceField, HoursField, WholeNumberField, needed, options

LEVEL_WORDS = {
    LevelOfCare.IOP_ADULT: "Intensive outpatient, adults",
    LevelOfCare.IOP_ADOLESCENT: "Intensive outpatient, adolescents",
    LevelOfCare.PARTIAL: "Partial hospitalization",
    LevelOfCare.OUTPATIENT: "Outpatient",
    LevelOfCare.AFTERCARE: "Aftercare",
}
CHECK_IN = (InputRequired("Enter 0 to 120 minutes."), NumberRange(0, 120, "Enter 0 to 120 minutes."))
NAME = (InputRequired("Enter a name."), Length(max=200, message="Keep this under 200 characters."))


class SiteForm(FlaskForm):  # type: ignore[misc]
    """What a site is called, where it is, and its time zone."""

    name = StringField("Name", NAME)
    zone = StringField(
        "Time zone",
        [InputRequired("Enter a time zone such as America/New_York.")],
        description="Such as America/New_York. Sessions to come keep their time on the clock.",
    )
    address = StringField(
        "Address",
        [Length(max=300, message="Keep this under 300 characters.")],
        description="Shown to clients. Leave it empty where it would give the program away.",
    )
    phone = StringField(
        "Office number",
        [Length(max=40, message="Keep this under 40 characters.")],
        description="Shown to clients under Help.",
    )

    def show(self, site: SitePlace) -> None:
        """Fill the form with the site as it is."""
        self.name.data, self.zone.data = site.name, site.zone
        self.address.data, self.phone.data = site.address, site.phone

    def details(self) -> SiteDetails:
        """Return what was entered; call after `validate`."""
        return SiteDetails(
            name=needed(self.name.data),
            zone=needed(self.zone.data).strip(),
            address=self.address.data or "",
            phone=self.phone.data or "",
        )


class ProgramForm(FlaskForm):  # type: ignore[misc]
    """A program with the numbers its payer and state ask for."""

    site_id = ChoiceField("Site", coerce=int)
    name = StringField("Name", NAME)
    level_of_care = ChoiceField("Level of care", choices=options(LEVEL_WORDS.items()))
    minimum_hours = HoursField(
        "Fewest hours a week",
        [InputRequired("Enter the hours, 0 for none."), NumberRange(0, 50, "Enter 0 to 50 hours a week.")],
        default=Decimal(9),
    )
    minimum_days = WholeNumberField(
        "Fewest days a week",
        [InputRequired("Enter the days, 0 for none."), NumberRange(0, 5, "Enter 0 to 5 days.")],
        default=3,
    )
    minimum_source = StringField(
        "Where these numbers come from",
        [Length(max=300, message="Keep this under 300 characters.")],
        description="The payer’s or the state’s document.",
    )
    horizon_weeks = WholeNumberField(
        "Weeks written out ahead",
        [InputRequired("Enter 1 to 52 weeks."), NumberRange(1, 52, "Enter 1 to 52 weeks.")],
        default=12,
    )
    make_up_days = WholeNumberField(
        "Days to make up a missed session",
        [InputRequired("Enter 0 to 31 days."), NumberRange(0, 31, "Enter 0 to 31 days.")],
        default=7,
        description="Before or after it. The week of the missed session always counts.",
    )
    late_entry_hours = WholeNumberField(
        "Hours after a session from which an entry is late",
        [InputRequired("Enter 1 to 168 hours."), NumberRange(1, 168, "Enter 1 to 168 hours.")],
        default=24,
        description="Late entries are marked as late on the sheet and counted in reports.",
    )
    cancel_notice_hours = WholeNumberField(
        "Hours before a session until which it can be called off in time",
        [InputRequired("Enter 0 to 168 hours."), NumberRange(0, 168, "Enter 0 to 168 hours.")],
        default=0,
        description="Told later and marked excused without a reason, it counts as canceled late: a miss.",
    )
    self_check_in = BooleanField(
        "Clients can check in on their phone",
        default=True,
        description="It only suggests. Whoever takes attendance confirms it.",
    )
    check_in_before_minutes = WholeNumberField(
        "Check in opens, minutes before the start", CHECK_IN, default=15
    )
    check_in_after_minutes = WholeNumberField(
        "Check in closes, minutes after the start", CHECK_IN, default=30
    )
    spares_scarce_seats = BooleanField(
        "Leave scarce seats to people who have no other",
        description="Of weeks that suit someone about equally, the one others can do without comes first."
        " Nobody is ever turned away for it.",
        default=True,
    )
    alternating_weeks = BooleanField(
        "People whose weeks alternate may have two weekly plans",
        description="One for each of two weeks, as with a rota or shared custody. Two people may then have"
        " one seat in opposite weeks. Who has two plans keeps them when this is switched off.",
    )

    def offer(self, sites: list[Choice]) -> None:
        """Fill the list of sites."""
        self.site_id.choices = options((one.id, one.name) for one in sites)

    def show(self, program: ProgramPlace) -> None:
        """Fill the form with the program as it is."""
        self.name.data, self.level_of_care.data = program.name, program.level_of_care
        self.minimum_hours.show_minutes(program.minimum_minutes)
        self.minimum_days.data, self.minimum_source.data = program.minimum_days, program.minimum_source
        self.horizon_weeks.data = program.horizon_weeks
        self.spares_scarce_seats.data = program.spares_scarce_seats
        self.alternating_weeks.data = program.alternating_weeks
        self.make_up_days.data, self.self_check_in.data = program.make_up_days, program.self_check_in
        self.late_entry_hours.data = program.late_entry_hours
        self.cancel_notice_hours.data = program.cancel_notice_hours
        self.check_in_before_minutes.data = program.check_in_before_minutes
        self.check_in_after_minutes.data = program.check_in_after_minutes

    def details(self) -> ProgramDetails:
        """Return what was entered; call after `validate`."""
        return ProgramDetails(
            name=needed(self.name.data),
            level_of_care=LevelOfCare(self.level_of_care.data),
            minimum_minutes=self.minimum_hours.minutes,
            minimum_days=needed(self.minimum_days.data),
            minimum_source=self.minimum_source.data or "",
            horizon_weeks=needed(self.horizon_weeks.data),
            spares_scarce_seats=self.spares_scarce_seats.data,
            alternating_weeks=self.alternating_weeks.data,
            make_up_days=needed(self.make_up_days.data),
            late_entry_hours=needed(self.late_entry_hours.data),
            cancel_notice_hours=needed(self.cancel_notice_hours.data),
            self_check_in=bool(self.self_check_in.data),
            check_in_before_minutes=needed(self.check_in_before_minutes.data),
            check_in_after_minutes=needed(self.check_in_after_minutes.data),
        )


class RoomForm(FlaskForm):  # type: ignore[misc]
    """A room and how many people it seats."""

    site_id = ChoiceField("Site", coerce=int)
    name = StringField("Name", NAME)
    seats = WholeNumberField(
        "Seats",
        [InputRequired("Enter how many people it seats."), NumberRange(1, 1000, "Enter 1 to 1,000 seats.")],
    )

    def offer(self, sites: list[Choice]) -> None:
        """Fill the list of sites."""
        self.site_id.choices = options((one.id, one.name) for one in sites)

    def show(self, room: RoomPlace) -> None:
        """Fill the form with the room as it is."""
        self.name.data, self.seats.data = room.name, room.seats

    def details(self) -> RoomDetails:
        """Return what was entered; call after `validate`."""
        return RoomDetails(name=needed(self.name.data), seats=needed(self.seats.data))
