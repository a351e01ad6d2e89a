"""The invented clinic on paper: sites, staff, groups, and the kinds of weeks its clients live."""

from dataclasses import dataclass
from datetime import time

from iop_schedule.vocabulary import (
    ConstraintKind,
    LevelOfCare,
    Modality,
    Role,
    ServiceType,
    Weekday,
    WeekParity,
)

MO, TU, WE, TH, FR = Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One site with its rooms: code, name, seats."""

    code: str
    name: str
    zone: str
    address: str
    phone: str
    rooms: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """One staff member."""

    code: str
    role: Role
    site: str
    given_name: str
    family_name: str


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """One program."""

    code: str
    site: str
    name: str
    level: LevelOfCare
    minutes: int = 540
    days: int = 3
    #: People whose weeks alternate may have two weekly plans.
    alternating: bool = False


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """One group, its meetings, and how many of the invented people attend it."""

    code: str
    program: str
    name: str
    service: ServiceType
    leader: str
    room: str
    days: tuple[Weekday, ...]
    start: time
    minutes: int
    break_minutes: int
    people: int
    life: str
    seats: int = 12
    gender: str = "any"
    modality: Modality = Modality.IN_PERSON


@dataclass(frozen=True, slots=True)
class Busy:
    """One weekly commitment of an invented life."""

    kind: ConstraintKind
    label: str
    days: tuple[int, ...]
    start: time
    end: time
    hard: bool = True
    negotiable: bool = True
    overnight: bool = False
    week: WeekParity = WeekParity.EVERY
    travel: int = 0


SITES = (
    SitePlan(
        "elm", "Elm Street", "America/New_York", "210 Elm Street", "555-010-0142",
        (("1", "Room 1", 14), ("2", "Room 2", 14), ("garden", "Garden room", 12),
         ("a", "Office A", 4), ("b", "Office B", 4), ("c", "Office C", 4)),
    ),
    SitePlan(
        "harbor", "Harbor Way", "America/Los_Angeles", "48 Harbor Way", "555-010-0177",
        (("bay", "Bay room", 14), ("cove", "Cove room", 12), ("d", "Office D", 4), ("e", "Office E", 4)),
    ),
)  # fmt: skip

STAFF = (
    StaffPlan("whitfield", Role.COUNSELOR, "elm", "Dana", "Whitfield"),
    StaffPlan("raman", Role.COUNSELOR, "elm", "Priya", "Raman"),
    StaffPlan("ortega", Role.COUNSELOR, "elm", "Julio", "Ortega"),
    StaffPlan("adeyemi", Role.COUNSELOR, "elm", "Tunde", "Adeyemi"),
    StaffPlan("fischer", Role.COUNSELOR, "elm", "Renee", "Fischer"),
    StaffPlan("nguyen", Role.COUNSELOR, "harbor", "Linh", "Nguyen"),
    StaffPlan("castle", Role.COUNSELOR, "harbor", "Morgan", "Castle"),
    StaffPlan("ibrahim", Role.COUNSELOR, "harbor", "Salma", "Ibrahim"),
    StaffPlan("bell", Role.CASE_MANAGER, "elm", "Marcus", "Bell"),
    StaffPlan("duarte", Role.CASE_MANAGER, "elm", "Inês", "Duarte"),
    StaffPlan("park", Role.CASE_MANAGER, "harbor", "Sunny", "Park"),
    StaffPlan("hughes", Role.ADMINISTRATOR, "elm", "Robin", "Hughes"),
    StaffPlan("silva", Role.ADMINISTRATOR, "harbor", "Teo", "Silva"),
)

PROGRAMS = (
    ProgramPlan("elm-day", "elm", "Day program", LevelOfCare.IOP_ADULT),
    ProgramPlan("elm-evening", "elm", "Evening program", LevelOfCare.IOP_ADULT, alternating=True),
    ProgramPlan("harbor-iop", "harbor", "Harbor program", LevelOfCare.IOP_ADULT),
    ProgramPlan("harbor-step", "harbor", "Step-down program", LevelOfCare.AFTERCARE, 180, 2),
)

GROUPS = (
    GroupPlan("morning-a", "elm-day", "Relapse Prevention A", ServiceType.GROUP, "whitfield", "1",
              (MO, TU, TH), time(9), 195, 15, 11, "late-shift"),
    GroupPlan("morning-b", "elm-day", "Relapse Prevention B", ServiceType.GROUP, "raman", "2",
              (MO, WE, FR), time(9), 195, 15, 10, "part-time"),
    GroupPlan("midday", "elm-day", "Midday Skills", ServiceType.GROUP, "ortega", "garden",
              (TU, WE, TH), time(11, 30), 195, 15, 8, "night-shift"),
    GroupPlan("evening-1", "elm-evening", "Evening Recovery 1", ServiceType.GROUP, "adeyemi", "1",
              (MO, TU, TH), time(17, 30), 195, 15, 12, "day-shift"),
    GroupPlan("evening-2", "elm-evening", "Evening Recovery 2", ServiceType.GROUP, "fischer", "2",
              (MO, WE, TH), time(17, 30), 195, 15, 9, "day-shift-early"),
    GroupPlan("family", "elm-evening", "Family and Friends", ServiceType.FAMILY, "whitfield", "garden",
              (WE,), time(17, 30), 90, 0, 0, "any"),
    GroupPlan("harbor-am", "harbor-iop", "Harbor Mornings", ServiceType.GROUP, "nguyen", "bay",
              (MO, WE, TH), time(9, 30), 195, 15, 9, "late-shift"),
    GroupPlan("harbor-women", "harbor-iop", "Women's Group", ServiceType.GROUP, "ibrahim", "cove",
              (TU, WE, FR), time(12, 30), 195, 15, 7, "school", gender="female"),
    GroupPlan("harbor-pm", "harbor-iop", "Harbor Evenings", ServiceType.GROUP, "castle", "bay",
              (MO, TU, WE), time(17), 195, 15, 8, "day-shift-early"),
    GroupPlan("harbor-step", "harbor-step", "Step-down Evenings", ServiceType.AFTERCARE, "castle", "cove",
              (TH, FR), time(17, 30), 90, 0, 6, "day-shift-early"),
    GroupPlan("harbor-online", "harbor-step", "Online Check-in", ServiceType.AFTERCARE, "ibrahim", "",
              (TH,), time(18), 60, 0, 0, "any", modality=Modality.TELEHEALTH),
)  # fmt: skip

WORK, CARE = ConstraintKind.WORK, ConstraintKind.CAREGIVING
WEEKDAYS = (MO, TU, WE, TH, FR)

#: The kinds of weeks people live; a commitment that would clash with a person's own sessions is left out.
LIVES: dict[str, tuple[Busy, ...]] = {
    "late-shift": (
        Busy(WORK, "store shift", WEEKDAYS, time(13, 30), time(21, 30), travel=20),
        Busy(CARE, "school drop-off", WEEKDAYS, time(7, 45), time(8, 15)),
    ),
    "part-time": (
        Busy(WORK, "kitchen", (TU, TH), time(8), time(16), travel=15),
        Busy(CARE, "school pick-up", WEEKDAYS, time(14, 45), time(15, 15)),
        Busy(ConstraintKind.HEALTH, "dosing", WEEKDAYS, time(6, 30), time(7), negotiable=False),
    ),
    "night-shift": (
        Busy(WORK, "warehouse nights", (0, 2, 6), time(22), time(6), overnight=True, travel=30),
        Busy(CARE, "mother's lunch", (MO, FR), time(12), time(13), hard=False),
    ),
    "day-shift": (
        Busy(WORK, "office", WEEKDAYS, time(8), time(16, 30), travel=30),
        Busy(CARE, "kids this week", (WE, FR), time(17), time(20), week=WeekParity.A),
    ),
    "day-shift-early": (
        Busy(WORK, "site crew", WEEKDAYS, time(6, 30), time(15), travel=25),
        Busy(ConstraintKind.LEGAL, "probation meeting", (FR,), time(15, 30), time(16), negotiable=False),
    ),
    "school": (
        Busy(ConstraintKind.SCHOOL, "nursing classes", (MO, TH), time(9), time(14)),
        Busy(CARE, "school drop-off", WEEKDAYS, time(7, 45), time(8, 15)),
        Busy(ConstraintKind.TRANSPORT, "last bus", WEEKDAYS, time(18), time(19), hard=False),
    ),
    "any": (),
}
