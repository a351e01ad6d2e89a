"""What a plan is worth, in points; administrators see the weights in words and change them."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Offer,
    Plan,
    Problem,
    Weights,
    offers,
    weeks_of,
)
from iop_schedule.vocabulary import DayPart, ModalityWish, WeekParity

#: One more person placed outweighs any preference that is likely to occur.
PRIORITY_POINTS = 1000
#: Preferences start here, so that an indifferent meeting still counts for something.
BASE_POINTS = 10
PREFERRED_TIME, OTHER_TIME = 6, -2
PREFERRED_COUNSELOR = 5
PREFERRED_MODALITY = 3
#: Preference points are per 90 minutes, the length of a common group.
VALUE_MINUTES = 90
#: Overrun is priced per quarter of an hour.
OVER_MINUTES = 15
MIDDAY_STARTS, EVENING_STARTS = 11 * 60 + 30, 16 * 60

#: Exact arithmetic in whole numbers: overrun counts in fifteenths, alternating weeks in halves.
UNITS_PER_POINT = 30


def part_of_day(start: int) -> DayPart:
    """Return morning before 11:30, midday before 16:00, evening after; `start` in minutes of the day."""
    if start < MIDDAY_STARTS:
        return DayPart.MORNING
    return DayPart.MIDDAY if start < EVENING_STARTS else DayPart.EVENING


def meeting_value(client: Client, offer: Offer) -> int:
    """Return the points of one meeting for one person, before costs; never below 0.

    Source: docs/sources.md#placement-weights
    """
    meeting, group, wish = offer.meeting, offer.group, client.preferences
    points = BASE_POINTS + wish.weekdays.get(meeting.weekday, 0)
    if wish.time is not DayPart.ANY:
        points += PREFERRED_TIME if part_of_day(meeting.start) is wish.time else OTHER_TIME
    if wish.counselor is not None and wish.counselor == offer.counselor:
        points += PREFERRED_COUNSELOR
    if client.modality is ModalityWish.EITHER and client.prefers_modality is group.modality:
        points += PREFERRED_MODALITY
    return max(0, points) * meeting.minutes // VALUE_MINUTES


def soft_cost(client: Client, offer: Offer, week: WeekParity) -> int:
    """Return the points that overlapping soft commitments takes off this meeting in `week`."""
    return sum(c.cost for c in fit.overlapped(client, offer, week) if not c.hard)


def meeting_points(client: Client, offer: Offer, week: WeekParity, weights: Weights) -> int:
    """Return what one meeting adds to a week: value, less soft overlaps, plus the bonus for keeping it."""
    kept = weights.keep_bonus if offer.id in client.attends(week) else 0
    return meeting_value(client, offer) - soft_cost(client, offer, week) + kept


def week_points(client: Client, chosen: Iterable[Offer], week: WeekParity, weights: Weights) -> Fraction:
    """Return the points of one person's week without the points for being placed."""
    meetings = list(chosen)
    beyond = sum(o.meeting.minutes for o in meetings) - client.dose.minutes
    days = len({o.meeting.weekday for o in meetings})
    points = sum(meeting_points(client, o, week, weights) for o in meetings) - weights.day_cost * days
    return points - Fraction(weights.over_cost * max(0, beyond), OVER_MINUTES)


def choice_points(client: Client, choice: Choice, known: Mapping[str, Offer], weights: Weights) -> Fraction:
    """Return the points of one person's choice without those for being placed; weeks A and B count half.

    A meeting that is not in `known` counts nothing: `broken_rules` names it.
    """
    parts = [
        week_points(client, (known[m] for m in meetings if m in known), week, weights)
        for week, meetings in weeks_of(choice)
    ]
    return sum(parts, Fraction(0)) / len(parts)


def objective(problem: Problem, plan: Plan) -> Fraction:
    """Return the points of `plan`, exactly. People the problem does not know count nothing."""
    known = offers(problem)
    placed = [(c, plan.assignments[c.id]) for c in problem.clients if c.id in plan.assignments]
    return sum(
        (
            PRIORITY_POINTS * client.priority + choice_points(client, choice, known, problem.weights)
            for client, choice in placed
        ),
        Fraction(0),
    )
