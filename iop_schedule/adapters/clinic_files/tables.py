"""The clinic's files: for each its columns, what makes a row the same row, and how many there may be."""

from dataclasses import dataclass
from typing import Any

from iop_schedule.adapters.clinic_files import values as v
from iop_schedule.adapters.clinic_files.values import Kind
from iop_schedule.domain.placement.valuation import NUMBERS
from iop_schedule.vocabulary import (
    AbsenceReason,
    AgreeableRule,
    AssignmentRole,
    Attend,
    AttendanceStatus,
    ConstraintKind,
    DayPart,
    EnrollmentStatus,
    Evidence,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    NoticeKind,
    OccurrenceStatus,
    PauseReason,
    RequestAnswer,
    RequestEnd,
    RequestKind,
    Role,
    RosterSource,
    ServiceType,
    WeekParity,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells are read and written, and what an empty cell means."""

    name: str
    kind: Kind
    required: bool = False
    #: The value of an empty cell, and of every row when the column is left out.
    default: Any = None
    #: For the documentation.
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One file."""

    name: str
    columns: tuple[Column, ...]
    #: Columns that make two rows the same row.
    key: tuple[str, ...]
    #: Rows read from one file at most, so that no file can exhaust the server.
    most_rows: int
    about: str

    @property
    def file(self) -> str:
        """Return the file's name."""
        return f"{self.name}.csv"

    @property
    def is_streamed(self) -> bool:
        """Return True for the one file that is read in passing and never held whole."""
        return self.name == "attendance"

    @property
    def header(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(column.name for column in self.columns)


def _must(name: str, kind: Kind, about: str = "") -> Column:
    return Column(name, kind, required=True, about=about)


def _may(name: str, kind: Kind, default: Any = None, about: str = "") -> Column:
    return Column(name, kind, default=default, about=about)


_NAME = v.text(200)
_FROM = _must("from", v.DAY, "first day")
_UNTIL = _may("until", v.DAY, about="last day, included; empty while open")

_WHEN = (
    _must("weekday", v.WEEKDAY, "Monday to Friday"),
    _must("start", v.TIME, "wall clock at the site"),
    _must("minutes", v.whole(5, 720), "from start to end by the clock, breaks included"),
    _may("break_minutes", v.whole(0, 719), 0, "taken off the minutes that count"),
    _may("every_weeks", v.whole(1, 2), 1, "2: every second week, counted from the week of `from`"),
    _must("staff", v.CODE, "who leads it; a code from staff.csv"),
    _may("room", v.CODE, about="a code from rooms.csv of the same site"),
    _FROM,
    _UNTIL,
    _may("continues", v.CODE, about="code of the session this one follows after a change"),
)

_DESPITE_RULES = _may(
    "despite_rules", v.listed(v.words(AgreeableRule)), (), "rules the place breaks and that were agreed"
)

_REQUEST = (
    _must("client", v.CODE, "a code from clients.csv"),
    _must("kind", v.words(RequestKind)),
    _must("asked", v.DAY),
    _must("asked_at", v.TIME),
)

#: What each number of a program's valuation is; `NUMBERS` has its bounds and what it is unless set.
_POINTS = {
    "day_cost": "points taken off for each day of coming in",
    "over_cost": "points taken off for each quarter of an hour beyond the prescribed hours",
    "keep_bonus": "points added for each session somebody keeps",
    "soft_cost": "points taken off a session that overlaps something a person would rather keep",
    "wished_day": "points added or taken off for each session on a day that suits best, or does not",
    "commitment_price": "points for changing one of a person's own times",
    "minute_price": "points for each minute of it",
    "seat_price": "points for one seat more in a group",
    "day_price": "points for a day less than prescribed",
    "modality_price": "points for attending the other way, by video or in person",
    "hour_price": "points for an hour less than prescribed",
    "service_type_price": "points for a week without a prescribed kind of session",
}

#: Columns that hold the numbers of a program's valuation.
VALUED = tuple(number.name for number in NUMBERS)

TABLES: tuple[Table, ...] = (
    Table(
        "sites",
        (
            _must("code", v.CODE),
            _must("name", _NAME, "as staff say it"),
            _must("time_zone", v.ZONE),
            _may("address", v.text(300, lines=True), ""),
            _may("phone", v.text(40), ""),
        ),
        ("code",), 500, "Places, each with its own time zone.",
    ),
    Table(
        "programs",
        (
            _must("code", v.CODE),
            _must("site", v.CODE, "a code from sites.csv"),
            _must("name", _NAME),
            _must("level_of_care", v.words(LevelOfCare)),
            _may("minimum_minutes", v.whole(0, 3000), 540, "structured minutes a week"),
            _may("minimum_days", v.whole(0, 5), 3, "distinct weekdays a week"),
            _may("minimum_source", v.text(300, lines=True), "", "where the two numbers come from"),
            _may("horizon_weeks", v.whole(1, 52), 12, "how far ahead sessions are written out"),
            _may("make_up_days", v.whole(0, 31), 7, "days from a missed session to its make-up"),
            _may("late_entry_hours", v.whole(1, 168), 24, "hours after a session; later entries are late"),
            _may("cancel_notice_hours", v.whole(0, 168), 0, "before a session; calling off later is late"),
            _may("self_check_in", v.YES_NO, default=True, about="clients may say that they are here"),
            _may("check_in_before_minutes", v.whole(0, 120), 15, "from so long before the start"),
            _may("check_in_after_minutes", v.whole(0, 120), 30, "until so long after it"),
            _may("alternating_weeks", v.YES_NO, default=False,
                 about="people whose weeks alternate may have a plan for each"),
            _may("spares_scarce_seats", v.YES_NO, default=True,
                 about="scarce seats are left to people who have no other"),
            *(_may(one.name, v.whole(one.least, one.most), one.default, _POINTS[one.name])
              for one in NUMBERS),
        ),
        ("code",), 500, "Treatment programs of a site.",
    ),
    Table(
        "rooms",
        (
            _must("site", v.CODE, "a code from sites.csv"),
            _must("code", v.CODE, "unique within its site"),
            _must("name", _NAME),
            _must("seats", v.whole(1, 1000)),
        ),
        ("site", "code"), 5_000, "Rooms of a site.",
    ),
    Table(
        "staff",
        (
            _must("code", v.CODE),
            _must("email", v.EMAIL, "the address this person signs in with"),
            _must("given_name", _NAME),
            _may("family_name", _NAME, ""),
            _must("role", v.words(Role), "counselor, case_manager or administrator"),
            _may("sites", v.listed(v.CODE), (), "codes from sites.csv; none for someone who left"),
            _may("active", v.YES_NO, default=True, about="no: kept for the record, cannot sign in"),
        ),
        ("code",), 10_000, "People who work here. They choose a password by invitation; none is in a file.",
    ),
    Table(
        "clients",
        (
            _must("code", v.CODE),
            _must("site", v.CODE, "a code from sites.csv"),
            _must("given_name", _NAME),
            _may("family_name", _NAME, ""),
            _may("preferred_name", _NAME, "", "what they are called on screen"),
            _may("languages", v.listed(v.LANGUAGE, ordered=True), ("en",), "first choice first"),
            _may("gender", v.words(Gender), Gender.UNSPECIFIED.value, "for groups of one gender only"),
            _may("modality", v.words(ModalityWish), ModalityWish.IN_PERSON.value, "how they can attend"),
            _may("travel_minutes", v.whole(0, 240), 0, "one way to the site"),
            _may("email", v.EMAIL, ""),
            _may("phone", v.text(40), ""),
            _may("email_consent_since", v.DAY, about="agreed to e-mail reminders on; empty: no e-mail"),
            _may("may_leave_message", v.YES_NO, default=False, about="a caller may leave a message"),
            _may("text_number", v.MOBILE, "", "the number they agreed to get texts at"),
            _may("text_consent_since", v.DAY, about="agreed to reminders by text on; empty: no texts"),
            _may("text_consent_evidence", v.words(Evidence), about="how they agreed; empty: by your records"),
        ),
        ("code",), 50_000, "People who are served.",
    ),
    Table(
        "assignments",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("staff", v.CODE, "a code from staff.csv"),
            _must("role", v.words(AssignmentRole), "in what capacity; must be that person's role"),
            _FROM,
            _UNTIL,
        ),
        ("client", "staff", "role", "from"), 100_000, "Who is responsible for a client, and when.",
    ),
    Table(
        "keep_apart",
        (
            _must("client", v.CODE, "a code from clients.csv; of the two, the one that comes first"),
            _must("other", v.CODE, "a code from clients.csv"),
        ),
        ("client", "other"), 10_000, "Pairs of people who never share a session.",
    ),
    Table(
        "enrollments",
        (
            _must("code", v.CODE),
            _must("client", v.CODE, "a code from clients.csv"),
            _must("program", v.CODE, "a code from programs.csv"),
            _must("status", v.words(EnrollmentStatus)),
            _FROM,
            _UNTIL,
            _may("first_contact", v.DAY, about="day they first asked for it; waiting counts from it"),
        ),
        ("code",), 100_000, "Episodes of care: admission to discharge.",
    ),
    Table(
        "doses",
        (
            _must("enrollment", v.CODE, "a code from enrollments.csv"),
            _must("from", v.DAY, "holds until the enrollment's next dose"),
            _must("minutes", v.whole(0, 3000), "treatment minutes a week"),
            _may("over_minutes", v.whole(0, 600), 90, "how far a week may go beyond"),
            _may("minimum_days", v.whole(0, 5), 3),
            _may("most_minutes_a_day", v.whole(30, 720), 360),
            _may("required_services", v.listed(v.words(ServiceType)), ()),
            _may("step_down", v.YES_NO, default=False, about="two weeks without judging the level"),
            _may("ordered_by", _NAME, ""),
        ),
        ("enrollment", "from"), 100_000, "Prescribed treatment minutes and days a week.",
    ),
    Table(
        "pauses",
        (
            _must("enrollment", v.CODE, "a code from enrollments.csv"),
            _FROM,
            _UNTIL,
            _must("reason", v.words(PauseReason)),
        ),
        ("enrollment", "from"), 50_000, "Days of an enrollment that do not count.",
    ),
    Table(
        "closures",
        (
            _must("site", v.CODE, "a code from sites.csv"),
            _may("program", v.CODE, about="only this program; empty: the whole site"),
            _FROM,
            _must("until", v.DAY, "last closed day, included"),
            _must("name", _NAME, "in words clients may read"),
        ),
        ("site", "program", "from", "until"), 5_000, "Days without sessions.",
    ),
    Table(
        "commitments",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("kind", v.words(ConstraintKind)),
            _may("label", v.text(120), "", "in the client's own words"),
            _may("weekday", v.WEEKDAY, about="for a weekly commitment"),
            _may("date", v.DAY, about="for a single one"),
            _must("start", v.TIME),
            _must("end", v.TIME),
            _may("overnight", v.YES_NO, default=False, about="yes: ends on the next day"),
            _may("week", v.words(WeekParity), WeekParity.EVERY.value, "every, A or B"),
            _may("anchor", v.DAY, about="any day of a week A"),
            _must("from", v.DAY, "first day; for a single date, that date"),
            _UNTIL,
            _may("hard", v.YES_NO, default=True, about="yes: cannot move; no: would rather not"),
            _may("negotiable", v.YES_NO, default=True, about="no: nobody is to suggest that it might change"),
            _may("travel_before", v.whole(0, 240), 0, "minutes"),
            _may("travel_after", v.whole(0, 240), 0, "minutes"),
            _may("exceptions", v.listed(v.DAY), (), "dates on which it does not hold"),
        ),
        ("client", "kind", "label", "weekday", "date", "start", "end", "overnight", "week", "anchor", "from",
         "until", "hard", "negotiable", "travel_before", "travel_after", "exceptions"),
        100_000, "What a client's week already holds.",
    ),
    Table(
        "groups",
        (
            _must("code", v.CODE),
            _must("program", v.CODE, "a code from programs.csv"),
            _must("name", _NAME, "as staff say it"),
            _may("public_name", v.text(120), "Appointment", "what calendars and messages say"),
            _must("service_type", v.words(ServiceType)),
            _must("seats", v.whole(1, 200), "most people at one meeting"),
            _may("modality", v.words(Modality), Modality.IN_PERSON.value),
            _may("gender", v.words(GroupGender), GroupGender.ANY.value),
            _may("language", v.LANGUAGE, "en"),
            _may("attend", v.words(Attend), Attend.ANY.value, "any: single meetings; all: the whole group"),
        ),
        ("code",), 2_000, "Groups, with their seats.",
    ),
    Table(
        "meetings",
        (
            _must("code", v.CODE, "names this weekly session in other files"),
            _must("group", v.CODE, "a code from groups.csv"),
            *_WHEN,
        ),
        ("code",), 5_000, "Weekly sessions of the groups.",
    ),
    Table(
        "individual_sessions",
        (
            _must("code", v.CODE, "names this weekly session in other files"),
            _must("client", v.CODE, "a code from clients.csv"),
            _must("program", v.CODE, "a code from programs.csv"),
            _must("service_type", v.words(ServiceType)),
            _may("modality", v.words(Modality), Modality.IN_PERSON.value),
            *_WHEN,
            _may("despite_commitments", v.YES_NO, default=False,
                 about="yes: agreed although a hard commitment wants the same time"),
            _DESPITE_RULES,
        ),
        ("code",), 20_000, "Weekly sessions of one client.",
    ),
    Table(
        "memberships",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("meeting", v.CODE, "a code from meetings.csv"),
            _FROM,
            _UNTIL,
            _may("despite_commitments", v.YES_NO, default=False,
                 about="yes: agreed although a hard commitment wants the same time"),
            _DESPITE_RULES,
            _may("every_other_from", v.DAY,
                 about="when attended every other week only: any day of a week in which it is"),
        ),
        ("client", "meeting", "from"), 100_000, "Places of clients in weekly group sessions.",
    ),
    Table(
        "session_changes",
        (
            _must("session", v.CODE, "a code from meetings.csv or individual_sessions.csv"),
            _must("date", v.DAY, "the day the weekly rule gave"),
            _may("moved_to", v.DAY, about="the day it is held on, when another"),
            _may("start", v.TIME, about="when different"),
            _may("minutes", v.whole(5, 720), about="when different"),
            _may("break_minutes", v.whole(0, 719), about="when different"),
            _may("staff", v.CODE, about="when someone else leads it"),
            _may("room", v.CODE, about="when elsewhere; “-” for none"),
            _may("status", v.words(OccurrenceStatus), OccurrenceStatus.PLANNED.value),
            _may("reason", v.text(300, lines=True), "", "in words clients may read"),
        ),
        ("session", "date"), 100_000, "Single sessions that were moved, changed or cancelled.",
    ),
    Table(
        "wishes",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _may("time", v.words(DayPart), DayPart.ANY.value, "the part of the day that suits best"),
            _may("liked_days", v.listed(v.WEEKDAY), (), "days that suit best, Monday to Friday"),
            _may("disliked_days", v.listed(v.WEEKDAY), (), "days they would rather not come"),
            _may("counselor", v.CODE, about="who should lead their sessions; a code from staff.csv"),
            _may("modality", v.words(Modality), about="for someone who can attend either way"),
        ),
        ("client",), 50_000, "What would suit clients best; never a reason against a place.",
    ),
    Table(
        "goals",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("words", v.text(120), "what they want time for, in their words"),
            _may("time_name", v.text(120), "", "the label of their commitments that is the time for it"),
            _must("added", v.DAY),
            _may("ended", v.DAY, about="empty while it stands"),
        ),
        ("client", "words", "added"), 50_000, "What clients want time for.",
    ),
    Table(
        "requests",
        (
            *_REQUEST,
            _may("words", v.text(500, lines=True), "", "what would help, in their words"),
            _may("ended", v.DAY, about="empty while it is open"),
            _may("ended_by", v.words(RequestEnd)),
        ),
        ("client", "kind", "asked", "asked_at"), 50_000, "What clients ask to have changed in their care.",
    ),
    Table(
        "answers",
        (
            *_REQUEST,
            _must("answer", v.words(RequestAnswer)),
            _may("words", v.text(500, lines=True), "", "the client reads this"),
            _may("day", v.DAY, about="from when it holds, or when they talk"),
            _must("answered", v.DAY),
            _must("answered_at", v.TIME),
            _must("staff", v.CODE, "who answered; a code from staff.csv"),
        ),
        ("client", "kind", "asked", "asked_at", "answered", "answered_at"), 100_000,
        "What they heard.",
    ),
    Table(
        "notices",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("session", v.CODE, "a code from meetings.csv or individual_sessions.csv"),
            _must("date", v.DAY, "the day the weekly rule gave"),
            _must("kind", v.words(NoticeKind)),
            _may("reason", v.words(AbsenceReason), about="for an absence"),
            _may("late_minutes", v.whole(1, 240), about="for running late"),
            _may("wants_call", v.YES_NO, default=False, about="no make-up suited"),
            _must("told", v.DAY),
            _must("told_at", v.TIME),
        ),
        ("client", "session", "date", "kind"), 200_000,
        "What was told about single sessions and not taken back. The client is on the roster.",
    ),
    Table(
        "make_ups",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("missed_session", v.CODE, "a code from meetings.csv or individual_sessions.csv"),
            _must("missed_date", v.DAY, "the day the weekly rule gave"),
            _must("session", v.CODE, "the session that makes up for it"),
            _must("date", v.DAY, "the day the weekly rule gave"),
            _must("booked", v.DAY),
            _must("booked_at", v.TIME),
        ),
        ("client", "missed_session", "missed_date"), 200_000,
        "Which session makes up for which. The client is on both rosters, a guest by attendance.csv.",
    ),
    Table(
        "attendance",
        (
            _must("client", v.CODE, "a code from clients.csv"),
            _must("session", v.CODE, "a code from meetings.csv or individual_sessions.csv"),
            _must("date", v.DAY, "the day the weekly rule gave"),
            _may("status", v.words(AttendanceStatus), about="empty: still to mark"),
            _may("minutes", v.whole(0, 720), about="minutes credited, breaks excluded; empty: by the times"),
            _may("arrived", v.TIME),
            _may("left", v.TIME),
            _may("reason", v.text(200, lines=True), ""),
            _may("expected_as", v.words(RosterSource),
                 about="member or individual; make_up and walk_in for someone who was a guest that day"),
        ),
        ("session", "date", "client"), 2_000_000, "What happened at past sessions.",
    ),
)  # fmt: skip

BY_NAME = {table.name: table for table in TABLES}
