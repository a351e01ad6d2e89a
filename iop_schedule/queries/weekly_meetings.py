"""The weekly meetings of a site's groups, as the placement rules and the pages see them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.models import Group, Program, Room, SeatPrice, Series, SeriesMember, User, db
from iop_schedule.queries.seat_holds import counted_by_week, held_seats, people_by_week
from iop_schedule.vocabulary import Attend, GroupGender, LevelOfCare, Modality, Weekday, WeekParity


@dataclass(frozen=True, slots=True)
class WeeklyMeeting:
    """One weekly meeting of a group with what the rules and the pages ask of it."""

    series_id: int
    weekday: int
    local_start: time
    duration_minutes: int
    break_minutes: int
    leader_id: int
    leader: str
    room: str
    group_id: int
    group_name: str
    seats: int
    service_type: str
    modality: str
    language: str
    gender: str
    attend: str
    program_id: int
    program_name: str
    level: str

    @property
    def start_minute(self) -> int:
        """Return minutes from midnight."""
        return civil_time.minutes_of_day(self.local_start)

    @property
    def end_minute(self) -> int:
        """Return minutes from midnight."""
        return self.start_minute + self.duration_minutes


def weekly_meetings(site_id: int, day: date) -> list[WeeklyMeeting]:
    """Return the group meetings of a site that are held on or after `day`, by program, group and weekday.

    Plain columns instead of rows of each table: a large site has hundreds of them.
    """
    statement = (
        select(
            Series.id, Series.weekday, Series.local_start, Series.duration_minutes, Series.break_minutes,
            Series.leader_id, User.given_name + " " + User.family_name, func.coalesce(Room.name, ""),
            Group.id, Group.name, Group.seats, Group.service_type, Group.modality, Group.language,
            Group.gender, Group.attend, Program.id, Program.name,
            Program.level_of_care,
        )
        .join(Group, Group.id == Series.group_id)
        .join(Program, Program.id == Group.program_id)
        .join(User, User.id == Series.leader_id)
        .outerjoin(Room, Room.id == Series.room_id)
        .where(Program.site_id == site_id, or_(Series.until_day.is_(None), Series.until_day >= day))
        .order_by(Program.name, Group.name, Group.id, Series.weekday, Series.local_start, Series.id)
    )  # fmt: skip
    rows: Sequence[Any] = db.session.execute(statement).all()
    return [WeeklyMeeting(*row) for row in rows]


def offered_groups(meetings: Iterable[WeeklyMeeting], site_code: str) -> tuple[rules.Group, ...]:
    """Return the groups of these meetings as the rules see them, with all their seats."""
    groups: dict[int, list[WeeklyMeeting]] = {}
    for meeting in meetings:
        groups.setdefault(meeting.group_id, []).append(meeting)
    return tuple(_offered(own, site_code) for own in groups.values())


def _offered(own: Sequence[WeeklyMeeting], site_code: str) -> rules.Group:
    group = own[0]
    return rules.Group(
        id=str(group.group_id),
        service_type=group.service_type,
        modality=Modality(group.modality),
        language=group.language,
        meetings=tuple(
            rules.Meeting(
                id=str(one.series_id),
                weekday=Weekday(one.weekday),
                start=one.start_minute,
                end=one.end_minute,
                seats=one.seats,
                break_minutes=one.break_minutes,
                counselor=None if one.leader_id == group.leader_id else str(one.leader_id),
            )
            for one in own
        ),
        counselor=str(group.leader_id),
        site=site_code if group.modality == Modality.IN_PERSON else None,
        gender=GroupGender(group.gender),
        attend=Attend(group.attend),
        level=LevelOfCare(group.level),
    )


@dataclass(frozen=True, slots=True)
class TakenSeats:
    """How many seats of each meeting are not free, in weeks A and in weeks B."""

    a: Mapping[str, int]
    b: Mapping[str, int]

    def most(self, meeting: str) -> int:
        """Return the seats that are taken in the fuller of the two weeks."""
        return max(self.a.get(meeting, 0), self.b.get(meeting, 0))


def seats_taken(
    series_ids: Collection[int], day: date, *, besides: int | None = None, now: datetime
) -> TakenSeats:
    """Return how many people have a place in each meeting on `day` or later, or a seat held for them.

    Args:
        series_ids: of the meetings.
        day: from which day on.
        besides: a client whose own places do not count.
        now: the current instant.
    """
    placed = places_by_week(series_ids, day, besides=besides)
    held = held_seats(series_ids, besides=besides, now=now)
    a, b = (
        {str(series_id): number for series_id, number in (placed[week] + held[week]).items()}
        for week in BOTH_WEEKS
    )
    return TakenSeats(a, b)


def places_by_week(
    series_ids: Collection[int], day: date, *, besides: int | None = None
) -> dict[WeekParity, Counter[int]]:
    """Return how many people have a place in weeks A and B of each series on `day` or later."""
    statement = people_by_week(SeriesMember).where(
        SeriesMember.series_id.in_(series_ids),
        SeriesMember.client_id != (besides or 0),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    return counted_by_week(statement)


def seat_prices(meetings: Iterable[WeeklyMeeting], program: Program) -> dict[str, float]:
    """Return the points a seat of each meeting is worth to people still to come.

    Empty when nothing has been learnt, or when the program does not want proposals to look at it.
    """
    if not program.spares_scarce_seats:
        return {}
    ids = [one.series_id for one in meetings]
    statement = select(SeatPrice.series_id, SeatPrice.hundredths).where(
        SeatPrice.series_id.in_(ids), SeatPrice.hundredths > 0
    )
    return {str(series_id): hundredths / 100 for series_id, hundredths in db.session.execute(statement)}
