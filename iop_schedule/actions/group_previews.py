"""For whom a group would no longer be right after a change of what it is, before the change is made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import or_, select

from iop_schedule.actions.groups import GroupDetails, check_details
from iop_schedule.actions.previews import CannotCome
from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span
from iop_schedule.models import Client, Enrollment, Group, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, access_group, access_program, sees_client
from iop_schedule.queries.legal_places import Touched, no_longer_legal
from iop_schedule.vocabulary import EnrollmentStatus, LevelOfCare


@dataclass(frozen=True, slots=True)
class NoLongerRight:
    """For whom a group would no longer be right."""

    #: Those the person who asks may see, by name.
    people: tuple[CannotCome, ...]
    #: How many more there are.
    others: int

    def __bool__(self) -> bool:
        """Return True when it is somebody."""
        return bool(self.people or self.others)


NOBODY = NoLongerRight((), 0)


def preview_group(*, actor: Actor, group_id: int, details: GroupDetails, now: datetime) -> NoLongerRight:
    """Return for whom a group would no longer be right after `change_group`; raises as it does."""
    group = access_group(actor, group_id, Permission.PROGRAM_EDIT)
    check_details(group, details, now=now)
    was = (group.gender, group.language, group.attend)
    if was == (details.gender, details.language, details.attend):
        return NOBODY

    def becoming(one: rules.Group) -> rules.Group:
        if one.id != str(group.id):
            return one
        return replace(one, gender=details.gender, language=details.language, attend=details.attend)

    today = local_day(now, zone(group.program.site.zone))
    meetings = [series.id for series in group.meetings]
    touched = [Touched(client, meetings, Span(today)) for client in _with_a_place(meetings, today)]
    return _told(actor, touched, no_longer_legal(touched, becoming=becoming), now)


def preview_level(*, actor: Actor, program_id: int, level: LevelOfCare, now: datetime) -> NoLongerRight:
    """Return who would attend a group of another level than their own if a program's level became `level`.

    Raises:
        NotFound: the program is not this person's.
    """
    program = access_program(actor, program_id, Permission.PROGRAM_EDIT)
    if program.level_of_care == level:
        return NOBODY
    today = local_day(now, zone(program.site.zone))
    places: dict[Client, list[int]] = {}
    for client, series_id in _across_programs(program.id, today):
        places.setdefault(client, []).append(series_id)
    touched = [Touched(client, series_ids, Span(today)) for client, series_ids in places.items()]
    return _told(actor, touched, no_longer_legal(touched, levels={program.id: level}), now)


def _with_a_place(series_ids: Collection[int], day: date) -> list[Client]:
    there = select(SeriesMember.client_id).where(
        SeriesMember.series_id.in_(series_ids),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    return list(db.session.scalars(select(Client).where(Client.id.in_(there)).order_by(Client.id)))


def _across_programs(program_id: int, day: date) -> list[tuple[Client, int]]:
    """Return who has a place in a group of another program than their own, where one of the two is this."""
    statement = (
        select(Client, Series.id)
        .join(SeriesMember, SeriesMember.client_id == Client.id)
        .join(Series, Series.id == SeriesMember.series_id)
        .join(Group, Group.id == Series.group_id)
        .join(Enrollment, Enrollment.client_id == Client.id)
        .where(
            Enrollment.status == EnrollmentStatus.ACTIVE,
            Enrollment.from_day <= day,
            or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
            Group.program_id != Enrollment.program_id,
            or_(Group.program_id == program_id, Enrollment.program_id == program_id),
        )
        .order_by(Client.id, Series.id)
    )
    return [(client, series) for client, series in db.session.execute(statement)]


def _told(
    actor: Actor, touched: Sequence[Touched], whys: Sequence[tuple[str, ...]], now: datetime
) -> NoLongerRight:
    why = {one.client.id: said for one, said in zip(touched, whys, strict=True) if said}
    concerned = {one.client.id: one.client for one in touched if one.client.id in why}
    seen = set(
        db.session.scalars(select(Client.id).where(Client.id.in_(concerned), sees_client(actor, now=now)))
    )
    named = sorted((concerned[one] for one in seen), key=lambda c: (c.short_name.casefold(), c.id))
    return NoLongerRight(
        tuple(CannotCome(c.id, c.short_name, " ".join(why[c.id])) for c in named), len(concerned) - len(seen)
    )
