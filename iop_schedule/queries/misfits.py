"""Places that do not suit who has them any more: the group or the person has changed since."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from iop_schedule.domain import placement as rules
from iop_schedule.domain.placement import by_hand
from iop_schedule.models import Client, Group, Series, SeriesMember, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import Actor, in_force, sees_client
from iop_schedule.queries.person_weeks import groups_on, nothing_prescribed
from iop_schedule.queries.placement_people import places_on
from iop_schedule.queries.prescription import enrollments_on


@dataclass(frozen=True, slots=True)
class Misfit:
    """One person whose week breaks a rule about its groups."""

    client_id: int
    name: str
    #: The weekly sessions concerned.
    series_ids: frozenset[int]
    #: Each rule as a sentence; never about another person.
    why: tuple[str, ...]


def misfits(actor: Actor, *, day: date, group_id: int | None = None, now: datetime) -> tuple[Misfit, ...]:
    """Return who of those the actor may see has a place on `day` that does not suit them, by name.

    Args:
        actor: who asks.
        day: today, on the calendar of the sites.
        group_id: of this group only.
        now: when this is asked.
    """
    clients = _with_a_place(actor, day, group_id, now)
    ids = [client.id for client in clients]
    places, enrolled = places_on(ids, day), enrollments_on(ids, day)
    groups = groups_on(_groups_of(ids, day), day)
    problem = rules.Problem(groups=tuple(groups), clients=(), alternating=True)
    known = rules.offers(problem)
    by_meeting = {meeting: offer.group for meeting, offer in known.items()}
    names = _names([int(one.id) for one in groups])
    called = {meeting: names[int(group.id)] for meeting, group in by_meeting.items()}
    found = []
    for client in clients:
        person = placement_problem.person(
            client.called,
            client,
            nothing_prescribed(day),
            held=places[client.id],
            commitments=(),
            levels=[enrolled[client.id].program.level_of_care] if client.id in enrolled else (),
        )
        wrong = [
            one
            for one in rules.broken_for(problem, person, person.current, known)
            if one.rule in by_hand.ABOUT_GROUPS
        ]
        concerned = frozenset(int(meeting) for one in wrong for meeting in one.meetings)
        if wrong and (group_id is None or any(by_meeting[str(m)].id == str(group_id) for m in concerned)):
            why = (by_hand.reason_words(one, client.called, called, by_meeting) for one in wrong)
            found.append(Misfit(client.id, client.short_name, concerned, tuple(dict.fromkeys(why))))
    return tuple(found)


def _with_a_place(actor: Actor, day: date, group_id: int | None, now: datetime) -> list[Client]:
    there = (
        select(SeriesMember.client_id)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(Series.group_id.is_not(None), in_force(SeriesMember, day), in_force(Series, day))
    )
    if group_id is not None:
        there = there.where(Series.group_id == group_id)
    statement = select(Client).where(Client.id.in_(there), sees_client(actor, now=now))
    return sorted(db.session.scalars(statement), key=lambda client: (client.short_name.casefold(), client.id))


def _groups_of(client_ids: list[int], day: date) -> set[int]:
    statement = (
        select(Series.group_id)
        .join(SeriesMember, SeriesMember.series_id == Series.id)
        .where(
            SeriesMember.client_id.in_(client_ids), in_force(SeriesMember, day), Series.group_id.is_not(None)
        )
    )
    return {group for group in db.session.scalars(statement) if group is not None}


def _names(group_ids: list[int]) -> dict[int, str]:
    rows = db.session.execute(select(Group.id, Group.name).where(Group.id.in_(group_ids)))
    return {row.id: row.name for row in rows}
