"""One plan for one person with what speaks for it, as facts that a page or a letter can word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.objective import choice_points, part_of_day
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Commitment,
    Offer,
    Problem,
    offers,
    weeks_of,
)
from iop_schedule.domain.placement.wishes_kept import WishesKept, wishes_kept
from iop_schedule.vocabulary import DayPart, Weekday, WeekParity


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
    wishes: WishesKept
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


def week_plan(problem: Problem, client: Client, choice: Choice, free: Openings | None = None) -> WeekPlan:
    """Return `choice` with its points and the facts about it."""
    return described(problem, client, choice, free or Openings(), offers(problem))


def described(
    problem: Problem, client: Client, choice: Choice, free: Openings, known: Mapping[str, Offer]
) -> WeekPlan:
    """Do as `week_plan`; `known` are the offers of the problem."""
    weeks = tuple(
        WeekOf(week, meetings, _facts(client, [known[m] for m in meetings], week, free, known))
        for week, meetings in weeks_of(choice)
    )
    return WeekPlan(choice, choice_points(client, choice, known, problem.weights), weeks)


def _facts(
    client: Client, chosen: Sequence[Offer], week: WeekParity, free: Openings, known: Mapping[str, Offer]
) -> WeekFacts:
    ids = [o.id for o in chosen]
    soft = ((o.id, c) for o in chosen for c in fit.overlapped(client, o, week) if not c.hard)
    today = client.attends(week)
    return WeekFacts(
        minutes=sum(o.meeting.minutes for o in chosen),
        dose_minutes=client.dose.minutes,
        days=tuple(sorted({o.meeting.weekday for o in chosen})),
        evenings=len({o.meeting.weekday for o in chosen if part_of_day(o.meeting.start) is DayPart.EVENING}),
        services=tuple(dict.fromkeys(o.group.service_type for o in chosen)),
        counselors=tuple(dict.fromkeys(o.counselor for o in chosen if o.counselor)),
        wishes=wishes_kept(client, chosen, known),
        nearest_gap=_nearest_gap(client, chosen, week),
        soft_overlaps=tuple(soft),
        seats_left_after=tuple((o.id, free.seats_left(client, o, week) - 1) for o in chosen),
        kept=tuple(m for m in today if m in ids),
        added=tuple(m for m in ids if m not in today),
        dropped=tuple(m for m in today if m not in ids),
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
