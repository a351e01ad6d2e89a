"""Groups: what they are, apart from when they meet."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span, most_in_a_week
from iop_schedule.errors import NotPossible
from iop_schedule.models import Group, Program, db
from iop_schedule.queries.access import Actor, access_group, access_program
from iop_schedule.queries.series import taken_places
from iop_schedule.vocabulary import Attend, AuditKind, GroupGender, Modality, ServiceType, WeekParity

LONGEST_NAME = 200
LONGEST_PUBLIC_NAME = 120
MOST_SEATS = 200


@dataclass(frozen=True, slots=True)
class GroupDetails:
    """What a group is, apart from when it meets."""

    name: str
    service_type: ServiceType
    seats: int
    public_name: str = "Appointment"
    modality: Modality = Modality.IN_PERSON
    gender: GroupGender = GroupGender.ANY
    language: str = "en"
    attend: Attend = Attend.ANY

    def __post_init__(self) -> None:
        """Refuse what cannot be stored."""
        if not self.name.strip():
            message = "Enter a name for the group."
            raise NotPossible(message, field="name")
        for field, most in (("name", LONGEST_NAME), ("public_name", LONGEST_PUBLIC_NAME), ("language", 12)):
            if len(getattr(self, field)) > most:
                message = f"Keep this under {most} characters."
                raise NotPossible(message, field=field)
        if not 1 <= self.seats <= MOST_SEATS:
            message = f"Enter 1 to {MOST_SEATS} seats."
            raise NotPossible(message, field="seats")


def create_group(*, actor: Actor, program_id: int, details: GroupDetails, now: datetime) -> Group:
    """Open a group; it meets once meetings are added."""
    group = add_group(actor=actor, program_id=program_id, details=details, now=now)
    db.session.commit()
    return group


def add_group(*, actor: Actor, program_id: int, details: GroupDetails, now: datetime) -> Group:
    """Do what `create_group` does, inside the caller's transaction."""
    program = access_program(actor, program_id, Permission.PROGRAM_EDIT)
    group = Group(program_id=program.id, code=fresh_code(details.name), **_columns(details))
    db.session.add(group)
    db.session.flush()
    _record_group(AuditKind.GROUP_CREATED, actor, group, program, now=now)
    return group


def change_group(*, actor: Actor, group_id: int, details: GroupDetails, now: datetime) -> Group:
    """Change a group's details.

    Raises:
        NotPossible: fewer seats than people, more than its rooms hold, or another kind of group while
            it has meetings: what was held would change its meaning.
    """
    group = access_group(actor, group_id, Permission.PROGRAM_EDIT)
    lock_schedule(group.program.site_id)
    check_details(group, details, now=now)
    for name, value in _columns(details).items():
        setattr(group, name, value)
    _record_group(AuditKind.GROUP_CHANGED, actor, group, group.program, now=now)
    db.session.commit()
    return group


def check_details(group: Group, details: GroupDetails, *, now: datetime) -> None:
    """Refuse what a group cannot become; raises as `change_group`."""
    today = local_day(now, zone(group.program.site.zone))
    meetings = [one for one in group.meetings if one.until_day is None or one.until_day >= today]
    if group.meetings and (group.service_type, group.modality) != (details.service_type, details.modality):
        message = "A group that has met keeps its kind. Open a new group instead."
        raise NotPossible(message, field="service_type")
    for meeting in meetings:
        people = most_in_a_week(taken_places(meeting.id), Span(today), WeekParity.EVERY)
        if people > details.seats:
            message = f"{people} people have a place already. Enter at least {people} seats."
            raise NotPossible(message, field="seats")
        if meeting.room is not None and meeting.room.seats < details.seats:
            message = (
                f"{meeting.room.name} has {meeting.room.seats} seats. Enter fewer, or change the room first."
            )
            raise NotPossible(message, field="seats")


def _columns(details: GroupDetails) -> dict[str, object]:
    return {
        "name": details.name.strip(),
        "public_name": details.public_name.strip() or "Appointment",
        "service_type": details.service_type,
        "seats": details.seats,
        "modality": details.modality,
        "gender": details.gender,
        "language": details.language,
        "attend": details.attend,
    }


def _record_group(kind: AuditKind, actor: Actor, group: Group, program: Program, *, now: datetime) -> None:
    audit.record(
        kind, actor=actor, now=now, subject=("group", group.id), site_id=program.site_id,
        details={"seats": group.seats, "service_type": str(group.service_type)},
    )  # fmt: skip


def fresh_code(name: str) -> str:
    """Return a code nobody else has, recognizable by the name it stands for."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return f"{words.strip('-')[:40] or 'x'}-{token_hex(4)}"
