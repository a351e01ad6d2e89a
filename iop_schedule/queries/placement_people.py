"""People as the placement rules see them: their dose, their weeks, what they attend."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import both_weeks
from iop_schedule.domain.prescription import Dose, dose_on
from iop_schedule.models import Client, Program, Series, SeriesMember, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import in_force
from iop_schedule.queries.availability import ONE_TO_ONE, commitments_of
from iop_schedule.queries.placement_values import values_of
from iop_schedule.queries.prescription import dose_of, enrollments_on
from iop_schedule.queries.wishes import wishes_of
from iop_schedule.vocabulary import SeriesKind, WeekParity


@dataclass(frozen=True, slots=True)
class Person:
    """One client as the rules see them, and what stands behind each commitment the rules speak of."""

    asked: rules.Client
    dose: Dose
    program: Program
    #: As they were entered; `behind` says which of them a commitment of the rules stands for.
    commitments: Sequence[Commitment]
    #: Own sessions are not in it: no commitment of the client stands behind them.
    behind: Mapping[rules.Commitment, Commitment]


def places_on(client_ids: Collection[int], day: date) -> dict[int, dict[int, WeekParity]]:
    """Return the group meetings each client attends on `day` and in which weeks; every id is a key."""
    statement = (
        select(SeriesMember.client_id, SeriesMember.series_id, SeriesMember.week)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(SeriesMember.client_id.in_(client_ids), in_force(SeriesMember, day))
        .order_by(Series.weekday, Series.local_start, Series.id)
    )
    found: dict[int, dict[int, WeekParity]] = {client_id: {} for client_id in client_ids}
    for client_id, series_id, week in db.session.execute(statement):
        found[client_id][series_id] = both_weeks(found[client_id].get(series_id), WeekParity(week))
    return found


def weeks_of_places(places: Iterable[SeriesMember]) -> dict[int, WeekParity]:
    """Return in which weeks one client attends each series of these places."""
    found: dict[int, WeekParity] = {}
    for place in places:
        found[place.series_id] = both_weeks(found.get(place.series_id), WeekParity(place.week))
    return found


def people_on(clients: Iterable[Client], day: date) -> dict[int, Person]:
    """Return the clients with a dose in force on `day` as the rules see them, by id."""
    listed = list(clients)
    ids = [client.id for client in listed]
    enrolled, held = enrollments_on(ids, day), places_on(ids, day)
    commitments, own, wishes = commitments_of(ids), _own_sessions(ids, day), wishes_of(ids)
    found = {}
    for client in listed:
        enrollment = enrolled.get(client.id)
        dose = dose_on((dose_of(row) for row in enrollment.doses), day) if enrollment else None
        if enrollment is not None and dose is not None:
            values = values_of(enrollment.program)
            behind = placement_problem.weekly_commitments(client, commitments[client.id], day, values)
            asked = placement_problem.person(
                str(client.id),
                client,
                dose,
                held=held[client.id],
                commitments=(*behind, *own.get(client.id, ())),
                levels=[enrollment.program.level_of_care],
                wishes=wishes[client.id],
                values=values,
            )
            found[client.id] = Person(asked, dose, enrollment.program, commitments[client.id], behind)
    return found


def _own_sessions(client_ids: Collection[int], day: date) -> dict[int, list[rules.Commitment]]:
    """Return each client's own weekly sessions: nobody can be in a group at the same time."""
    statement = (
        select(Series)
        .where(
            Series.client_id.in_(client_ids),
            Series.kind == SeriesKind.INDIVIDUAL,
            or_(Series.until_day.is_(None), Series.until_day >= day),
        )
        .options(joinedload(Series.site))
        .order_by(Series.weekday, Series.local_start, Series.id)
    )
    found: dict[int, list[rules.Commitment]] = {}
    for series in db.session.scalars(statement):
        session = placement_problem.session(series, ONE_TO_ONE.lower())
        found.setdefault(series.client_id or 0, []).append(session)
    return found
