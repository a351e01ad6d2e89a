"""Where does this person fit? The best week, proved best, and others that are genuinely different."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.day_search import Candidate
from iop_schedule.domain.placement.objective import (
    OVER_MINUTES,
    UNITS_PER_POINT,
    choice_points,
    meeting_points,
    part_of_day,
)
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.problem import (
    Alternating,
    Choice,
    Client,
    Commitment,
    DayPart,
    Offer,
    Problem,
    Weights,
    offers,
    weeks_of,
)
from iop_schedule.domain.placement.week_search import Choices, Limits
from iop_schedule.vocabulary import Attend, Weekday, WeekParity

#: Points taken off each meeting that an earlier plan uses, tried in turn until a plan is different enough.
DIVERSITY_POINTS = (8, 24, 80, 1000)
#: One meeting in this many must be new for a plan to count as genuinely different.
NEW_SHARE = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """The least free time between a session, with the way to or from it, and a commitment."""

    meeting: str
    commitment: Commitment
    minutes: int
    #: Whether the commitment comes before the session.
    commitment_first: bool


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """What speaks for a week, as facts that a page or a letter can word."""

    minutes: int
    dose_minutes: int
    days: tuple[Weekday, ...]
    evenings: int
    services: tuple[str, ...]
    counselors: tuple[str, ...]
    #: Meetings that the preferred counselor leads.
    with_preferred_counselor: int
    nearest_gap: Gap | None
    #: Soft commitments that it overlaps, with the meeting.
    soft_overlaps: tuple[tuple[str, Commitment], ...]
    #: Seats left in each meeting once this person is in it.
    seats_left_after: tuple[tuple[str, int], ...]
    #: Compared with what the person attends today.
    kept: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def same_counselor(self) -> bool:
        """Return True when one counselor leads every meeting."""
        return len(self.counselors) == 1


@dataclass(frozen=True, slots=True)
class WeekOf:
    """The meetings of one week and the facts about it."""

    #: EVERY for a plan that is the same each week.
    week: WeekParity
    meetings: tuple[str, ...]
    facts: WeekFacts


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """One plan for one person: what to attend, what it is worth to them, and why."""

    choice: Choice
    #: Points by the objective, without those for being placed at all.
    points: Fraction
    weeks: tuple[WeekOf, ...]


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


def best_weeks(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    *,
    count: int = 3,
    prices: Mapping[str, float] | None = None,
) -> list[WeekPlan]:
    """Return the best plan for one person, proved best, then others that are genuinely different.

    Args:
        problem: the groups, what the program values, and the person.
        client_id: whose week it is.
        free: what others leave (`openings`); by default every seat.
        count: the most plans to return, the best included.
        prices: points that a seat in a meeting is worth to people still to come; plans are then the
            best net of them, though their `points` are not. Nobody is turned away for a price.

    Returns:
        Legal plans, best first; at least a third of the meetings of each is new against every plan
        before it. [] when nothing fits: `explain` says why and what would help.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    week_kinds = (WeekParity.A, WeekParity.B) if problem.alternating else (WeekParity.EVERY,)
    prepared = {
        week: _at_prices(prepare(problem, client, week, free), week, prices or {}) for week in week_kinds
    }
    known = offers(problem)
    choices: list[Choice] = []
    while len(choices) < count:
        choice = _next_choice(client, prepared, choices, known, problem.weights)
        if choice is None:
            break
        choices.append(choice)
    return [_described(problem, client, choice, free, known) for choice in choices]


def _at_prices(prepared: Prepared, week: WeekParity, prices: Mapping[str, float]) -> Prepared:
    if not prices:
        return prepared
    units = UNITS_PER_POINT if week is WeekParity.EVERY else UNITS_PER_POINT // 2
    values = (
        value - round(units * prices.get(offer.id, 0))
        for value, offer in zip(prepared.values, prepared.offers, strict=True)
    )
    return replace(prepared, values=tuple(values))


def _next_choice(
    client: Client,
    prepared: Mapping[WeekParity, Prepared],
    earlier: Sequence[Choice],
    known: Mapping[str, Offer],
    weights: Weights,
) -> Choice | None:
    for points in DIVERSITY_POINTS if earlier else (0,):
        halves = [_penalized(week, each, earlier, points) for week, each in prepared.items()]
        if any(half is None for half in halves):
            return None
        choice = _simplest(client, [half for half in halves if half is not None], known, weights)
        if all(_is_different(choice, other) for other in earlier):
            return choice
    return None


def _penalized(
    week: WeekParity, prepared: Prepared, earlier: Sequence[Choice], points: int
) -> tuple[str, ...] | None:
    """Return the best week once every meeting of the earlier plans counts `points` less."""
    used = [m for choice in earlier for m in _meetings_of(choice, week)]
    units = UNITS_PER_POINT if week is WeekParity.EVERY else UNITS_PER_POINT // 2
    values = [
        value - points * units * used.count(offer.id)
        for value, offer in zip(prepared.values, prepared.offers, strict=True)
    ]
    found = prepared.choices.best(values)
    return None if found is None else prepared.ids(found.chosen)


def _meetings_of(choice: Choice, week: WeekParity) -> tuple[str, ...]:
    return next(m for w, m in weeks_of(choice) if WeekParity.EVERY in (w, week) or w is week)


def _simplest(
    client: Client, halves: Sequence[tuple[str, ...]], known: Mapping[str, Offer], weights: Weights
) -> Choice:
    """Return a weekly choice where it is worth as much as the alternating one, which is harder to live by."""
    if len(halves) == 1:
        return halves[0]
    alternating = Alternating(*halves)
    same_every_week = halves[0] == halves[1] and choice_points(
        client, halves[0], known, weights
    ) == choice_points(client, alternating, known, weights)
    return halves[0] if same_every_week else alternating


def _is_different(choice: Choice, other: Choice) -> bool:
    mine, theirs = _by_week(choice), _by_week(other)
    return NEW_SHARE * len(mine - theirs) >= len(mine) and mine != theirs


def _by_week(choice: Choice) -> set[tuple[WeekParity, str]]:
    weeks = dict(weeks_of(choice))
    every = weeks.get(WeekParity.EVERY)
    a, b = (every, every) if every is not None else (weeks[WeekParity.A], weeks[WeekParity.B])
    return {(WeekParity.A, m) for m in a} | {(WeekParity.B, m) for m in b}


def week_plan(problem: Problem, client: Client, choice: Choice, free: Openings | None = None) -> WeekPlan:
    """Return `choice` with its points and the facts about it."""
    return _described(problem, client, choice, free or Openings(), offers(problem))


def _described(
    problem: Problem, client: Client, choice: Choice, free: Openings, known: Mapping[str, Offer]
) -> WeekPlan:
    weeks = tuple(
        WeekOf(week, meetings, _facts(client, [known[m] for m in meetings], week, free))
        for week, meetings in weeks_of(choice)
    )
    return WeekPlan(choice, choice_points(client, choice, known, problem.weights), weeks)


def _facts(client: Client, chosen: Sequence[Offer], week: WeekParity, free: Openings) -> WeekFacts:
    ids = [o.id for o in chosen]
    soft = ((o.id, c) for o in chosen for c in fit.overlapped(client, o, week) if not c.hard)
    wish = client.preferences.counselor
    return WeekFacts(
        minutes=sum(o.meeting.minutes for o in chosen),
        dose_minutes=client.dose.minutes,
        days=tuple(sorted({o.meeting.weekday for o in chosen})),
        evenings=len({o.meeting.weekday for o in chosen if part_of_day(o.meeting.start) is DayPart.EVENING}),
        services=tuple(dict.fromkeys(o.group.service_type for o in chosen)),
        counselors=tuple(dict.fromkeys(o.group.counselor for o in chosen if o.group.counselor)),
        with_preferred_counselor=sum(wish is not None and o.group.counselor == wish for o in chosen),
        nearest_gap=_nearest_gap(client, chosen, week),
        soft_overlaps=tuple(soft),
        seats_left_after=tuple((o.id, free.seats_left(o, week) - 1) for o in chosen),
        kept=tuple(m for m in client.current if m in ids),
        added=tuple(m for m in ids if m not in client.current),
        dropped=tuple(m for m in client.current if m not in ids),
    )


def _nearest_gap(client: Client, chosen: Sequence[Offer], week: WeekParity) -> Gap | None:
    gaps = [
        gap
        for offer in chosen
        for commitment in client.commitments
        if commitment.weekday == offer.meeting.weekday and commitment.holds_in(week)
        if (gap := _gap(client, offer, commitment)) is not None
    ]
    return min(gaps, key=lambda g: (g.minutes, g.meeting), default=None)


def _gap(client: Client, offer: Offer, commitment: Commitment) -> Gap | None:
    start, end = fit.needed_beside(client, offer, commitment)
    before, after = start - commitment.end, commitment.start - end
    if before >= 0:
        return Gap(offer.id, commitment, before, commitment_first=True)
    return Gap(offer.id, commitment, after, commitment_first=False) if after >= 0 else None
