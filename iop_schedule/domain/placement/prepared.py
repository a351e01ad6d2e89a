"""One person's question as the search sees it: whole numbers instead of groups and wishes."""

from collections.abc import Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.day_search import Candidate
from iop_schedule.domain.placement.objective import OVER_MINUTES, UNITS_PER_POINT, meeting_points
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.problem import Client, Offer, Problem, Weights
from iop_schedule.domain.placement.week_limits import Limits
from iop_schedule.domain.placement.week_search import Choices
from iop_schedule.vocabulary import Attend, WeekParity


@dataclass(frozen=True, slots=True)
class Prepared:
    """One person's choices in one week, ready to be searched at any values."""

    offers: tuple[Offer, ...]
    choices: Choices
    #: Points of each offer in thirtieths; half of that in a problem with alternating weeks.
    values: tuple[int, ...]

    def ids(self, chosen: Sequence[int]) -> tuple[str, ...]:
        """Return the ids of chosen offers in the order of the problem."""
        return tuple(self.offers[i].id for i in chosen)


def prepare(
    problem: Problem,
    client: Client,
    week: WeekParity,
    free: Openings,
    among: Sequence[Offer] | None = None,
) -> Prepared:
    """Return a person's choices in `week`: EVERY for weekly plans, A or B for half of an alternating one.

    Args:
        problem: the groups and what the program values.
        client: whose week it is.
        week: which week must be free.
        free: what others leave.
        among: the offers to choose from; by default those that are usable.
    """
    own = tuple(usable(problem, client, week, free) if among is None else among)
    units = UNITS_PER_POINT if week is WeekParity.EVERY else UNITS_PER_POINT // 2
    values = tuple(units * meeting_points(client, o, week, problem.weights) for o in own)
    choices = Choices(candidates(client, own), limits(client, problem.weights, units))
    return Prepared(own, choices, values)


def candidates(client: Client, own: Sequence[Offer]) -> list[Candidate]:
    """Return the offers as the search sees them."""
    places = {place: n for n, place in enumerate(dict.fromkeys(o.place for o in own))}
    groups = {group: n for n, group in enumerate(dict.fromkeys(o.group.id for o in own))}
    bits = {t: 1 << n for n, t in enumerate(dict.fromkeys(client.dose.required))}
    return [
        Candidate(
            id=o.id,
            day=o.meeting.weekday,
            start=o.meeting.start,
            end=o.meeting.end,
            minutes=o.meeting.minutes,
            place=places[o.place],
            travel=fit.travel_minutes(client, o),
            type_bit=bits.get(o.group.service_type, 0),
            whole=groups[o.group.id] if o.group.attend is Attend.ALL else -1,
        )
        for o in own
    ]


def limits(client: Client, weights: Weights, units: int) -> Limits:
    """Return the person's limits, with prices in `units` per point."""
    dose = client.dose
    return Limits(
        least_minutes=dose.minutes,
        most_minutes=dose.most_minutes,
        least_days=dose.min_days,
        most_minutes_per_day=dose.max_minutes_per_day,
        types=(1 << len(set(dose.required))) - 1,
        day_price=weights.day_cost * units,
        over_price=weights.over_cost * units // OVER_MINUTES,
    )
