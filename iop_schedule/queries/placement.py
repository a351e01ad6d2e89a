"""Where one person fits: plans, what keeps every other group out, and what would help when nothing fits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import KIND_WORDS, Busy, Commitment
from iop_schedule.domain.civil_time import BOTH_WEEKS, first_week, weeks_within
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement import fit
from iop_schedule.domain.prescription import Dose
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import commitments_of
from iop_schedule.queries.keep_apart import closed_series
from iop_schedule.queries.placement_dates import Missed, calendar_of
from iop_schedule.queries.placement_offers import OfferView, latest_offer
from iop_schedule.queries.placement_people import people_on, places_on
from iop_schedule.queries.placement_problem import person as asked_person
from iop_schedule.queries.placement_problem import typical_weeks, weekly_commitments
from iop_schedule.queries.placement_values import values_of
from iop_schedule.queries.prescription import enrollments_on
from iop_schedule.queries.seat_holds import Held, seats_held_for
from iop_schedule.queries.session_lines import place_words
from iop_schedule.queries.weekly_meetings import (
    TakenSeats,
    WeeklyMeeting,
    offered_groups,
    seat_prices,
    seats_taken,
    weekly_meetings,
)
from iop_schedule.vocabulary import Role, Weekday, WeekParity

#: A seat that is worth more than this to people still to come is said to be scarce.
SCARCE_POINTS = 1.0


OwnTimes = Mapping[Weekday, tuple[tuple[str, Interval[int]], ...]]


@dataclass(frozen=True, slots=True)
class MeetingView:
    """One weekly meeting as it is shown."""

    series_id: int
    group_id: int
    group_name: str
    program_name: str
    weekday: Weekday
    start_minute: int
    end_minute: int
    room: str
    leader: str
    seats_left: int
    is_current: bool
    #: Others who are still to come have few meetings but this one.
    is_scarce: bool = False
    #: In which weeks it is attended or, of what fits, free.
    week: WeekParity = WeekParity.EVERY


@dataclass(frozen=True, slots=True)
class PlanWeek:
    """The meetings of a plan, each week or (A, B) in one of two, with what speaks for them."""

    week: WeekParity
    meetings: tuple[MeetingView, ...]
    facts: rules.WeekFacts


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan with what speaks for it."""

    #: One for a plan that is the same each week, otherwise two, the earlier first.
    weeks: tuple[PlanWeek, ...]
    #: In which weeks each meeting is attended.
    places: Mapping[int, WeekParity]
    #: Another plan suits this person a little better, but takes seats that others have no choice but.
    spares_seats: bool = False
    #: Dates within the next weeks on which it does not hold.
    missed: tuple[Missed, ...] = ()

    @property
    def meetings(self) -> tuple[MeetingView, ...]:
        """Return the meetings of all its weeks, each once, in the order of the week."""
        return _in_order({one.series_id: one for week in self.weeks for one in week.meetings}.values())

    @property
    def facts(self) -> rules.WeekFacts:
        """Return what speaks for its first week."""
        return self.weeks[0].facts


@dataclass(frozen=True, slots=True)
class BlockedView:
    """One meeting that does not fit, every rule in its way, and the smallest change that would let it."""

    meeting: MeetingView
    blocks: tuple[rules.Blocked, ...]
    #: Empty when no change would.
    unlocked_by: tuple[rules.Change, ...]


@dataclass(frozen=True, slots=True)
class WayOut:
    """Changes that together give a week, and that week."""

    changes: tuple[rules.Change, ...]
    plan: PlanView


@dataclass(frozen=True, slots=True)
class NothingFits:
    """Why there is no plan, and what would help, cheapest first."""

    clash: tuple[rules.Clash, ...]
    reachable_minutes: int
    ways_out: tuple[WayOut, ...]


@dataclass(frozen=True, slots=True)
class PlacementView:
    """Everything the placement page of one person shows."""

    client_id: int
    client_name: str
    first_name: str
    dose: Dose | None
    from_day: date
    #: Meetings this person attends on that day already.
    current: tuple[MeetingView, ...]
    plans: tuple[PlanView, ...]
    nothing_fits: NothingFits | None
    #: Meetings that fit but are in no plan shown.
    also_fit: tuple[MeetingView, ...]
    blocked: tuple[BlockedView, ...]
    #: The person's own times on each weekday of a typical week: of A, of B, and (every) of either.
    own_in: Mapping[WeekParity, OwnTimes]
    #: In which weeks they attend what they attend on that day.
    places: Mapping[int, WeekParity]
    #: What stands behind each commitment the rules speak of; own sessions are not in it.
    behind: Mapping[rules.Commitment, Commitment]
    held: tuple[Held, ...]
    offer: OfferView | None
    #: By meeting, as the rules name it.
    meetings: Mapping[str, MeetingView]
    #: The person's weeks are not all alike: they alternate, or change on this day.
    alternates: bool
    #: The program lets them have two weekly plans.
    may_have_two: bool
    changes_on: date | None

    @property
    def own(self) -> OwnTimes:
        """Return the person's own times of either week."""
        return self.own_in[WeekParity.EVERY]


def placement_for(actor: Actor, client_id: int, *, from_day: date | None, now: datetime) -> PlacementView:
    """Return up to three plans for one person from `from_day` (by default tomorrow), and why not the rest.

    Raises:
        NotFound: not this person's to place.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_READ, now=now)
    tomorrow = civil_time.local_day(now, civil_time.zone(client.site.zone)) + timedelta(days=1)
    day = max(from_day or tomorrow, tomorrow)
    weekly = weekly_meetings(client.site_id, day)
    taken = seats_taken([one.series_id for one in weekly], day, besides=client.id, now=now)
    person = people_on([client], day).get(client.id)
    places = places_on([client.id], day)[client.id] if person is None else _places(person.asked.current)
    prices = seat_prices(weekly, person.program) if person else {}
    meetings = meeting_views(weekly, taken, [str(one) for one in places], prices)
    commitments = person.commitments if person else commitments_of([client.id])[client.id]
    pattern = rules.collapse(commitments, first=day)
    common = PlacementView(
        client_id=client.id,
        client_name=client.short_name,
        first_name=client.called,
        dose=person.dose if person else None,
        from_day=day,
        current=tuple(
            replace(view, week=places[view.series_id]) for view in meetings.values() if view.is_current
        ),
        plans=(),
        nothing_fits=None,
        also_fit=(),
        blocked=(),
        own_in=_own_times(commitments, day),
        places=places,
        behind=person.behind if person else {},
        held=seats_held_for(client, now=now),
        offer=latest_offer(client, now=now),
        meetings=meetings,
        alternates=pattern.alternates,
        may_have_two=person is not None and person.program.alternating_weeks and person.asked.alternates,
        changes_on=pattern.changes_on,
    )
    if person is None:
        return common
    calendar = calendar_of(client, commitments, day)
    values = values_of(person.program)
    problem = rules.Problem(
        groups=offered_groups(weekly, client.site.code),
        clients=(person.asked,),
        weights=values.weights,
        prices=values.prices,
        alternating=common.may_have_two,
    )
    free = openings_beside(client.id, taken, day)
    answer = _answered(common, problem, free, prices)
    by_id = {one.series_id: one for one in weekly}
    plans = tuple(
        replace(plan, missed=calendar.missed((by_id[m.series_id] for m in plan.meetings), plan.places))
        for plan in answer.plans
    )
    return replace(answer, plans=plans)


def openings_beside(client_id: int, taken: TakenSeats, day: date) -> rules.Openings:
    """Return what others leave a client from `day` on, in weeks A and in weeks B."""
    closed = closed_series(client_id, day)
    closed_a, closed_b = (
        frozenset(str(one) for one, weeks in closed.items() if week in weeks_within(weeks))
        for week in BOTH_WEEKS
    )
    return rules.Openings(taken_a=taken.a, taken_b=taken.b, closed_a=closed_a, closed_b=closed_b)


def _answered(
    common: PlacementView, problem: rules.Problem, free: rules.Openings, prices: Mapping[str, float]
) -> PlacementView:
    (person,) = problem.clients
    plans = rules.suggested_weeks(problem, person.id, free, prices=prices)
    spares = _spares_seats(problem, plans, free, prices)
    views = tuple(
        plan_view(plan, common.meetings, common.from_day, spares_seats=spares and number == 0)
        for number, plan in enumerate(plans)
    )
    why = None if plans else rules.explain(problem, person.id, free)
    others, open_in = _closed_to(problem, person.id, free)
    unlocking = rules.unlocking(problem, person.id, free, why=others)
    blocked = tuple(
        BlockedView(common.meetings[one.meeting], one.blocks, unlocking.get(one.meeting, ()))
        for one in others
    )
    used = {m.series_id for plan in views for m in plan.meetings} | {b.meeting.series_id for b in blocked}
    return replace(
        common,
        plans=views,
        nothing_fits=why_nothing_fits(why, common.meetings, common.from_day) if why else None,
        blocked=tuple(sorted(blocked, key=lambda b: (b.meeting.group_name, b.meeting.weekday))),
        also_fit=tuple(
            replace(view, week=open_in.get(meeting, WeekParity.EVERY))
            for meeting, view in common.meetings.items()
            if view.series_id not in used
        ),
    )


def _closed_to(
    problem: rules.Problem, client_id: str, free: rules.Openings
) -> tuple[list[rules.WhyNot], dict[str, WeekParity]]:
    """Return the meetings that cannot be had, with why; and those that can in one of two weeks."""
    never = rules.why_not(problem, client_id, free)
    if not problem.alternating:
        return never, {}
    closed = {
        week: {one.meeting for one in rules.why_not(problem, client_id, free, week)} for week in BOTH_WEEKS
    }
    a, b = closed[WeekParity.A], closed[WeekParity.B]
    open_in = dict.fromkeys(b - a, WeekParity.A) | dict.fromkeys(a - b, WeekParity.B)
    return [one for one in never if one.meeting in a & b], open_in


def _places(choice: rules.Choice) -> dict[int, WeekParity]:
    return {int(meeting): week for meeting, week in rules.weeks_by_meeting(choice).items()}


def _spares_seats(
    problem: rules.Problem,
    plans: Sequence[rules.WeekPlan],
    free: rules.Openings,
    prices: Mapping[str, float],
) -> bool:
    """Return True when the first plan is first because it leaves scarce seats to others."""
    if not prices or not plans:
        return False
    (own_best,) = rules.best_weeks(problem, problem.clients[0].id, free, count=1)
    own, first = (
        sum(prices.get(meeting, 0.0) for week in plan.weeks for meeting in week.meetings) / len(plan.weeks)
        for plan in (own_best, plans[0])
    )
    return own - first > SCARCE_POINTS


def why_nothing_fits(why: rules.Explanation, meetings: Mapping[str, MeetingView], day: date) -> NothingFits:
    """Return an explanation with its ways out, from `day` on, as they are shown."""
    ways = tuple(WayOut(one.changes, plan_view(one.plan, meetings, day)) for one in why.proposals)
    return NothingFits(why.clash, why.reachable_minutes, ways)


def groups_that_fit(actor: Actor, client_id: int, *, now: datetime) -> tuple[int, int]:
    """Return how many groups of the client's level of care have a session that fits, and of how many.

    Seats do not matter here: the answer is about the week, and must not tell how full a group is.
    """
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    client = access_client(actor, client_id, permission, now=now)
    day = civil_time.local_day(now, civil_time.zone(client.site.zone)) + timedelta(days=1)
    groups = offered_groups(weekly_meetings(client.site_id, day), client.site.code)
    dose = Dose(from_day=day, minutes=0, minimum_days=0, over_minutes=600, most_minutes_a_day=720)
    commitments = weekly_commitments(client, commitments_of([client.id])[client.id], day)
    stay = enrollments_on([client.id], day).get(client.id)
    levels = [stay.program.level_of_care] if stay else []
    person = asked_person(str(client.id), client, dose, held={}, commitments=commitments, levels=levels)
    open_to = tuple(group for group in groups if fit.level_suits(person, group))
    problem = rules.Problem(groups=open_to, clients=(person,))
    return len(rules.fitting_groups(problem, person.id)), len(open_to)


def meeting_views(
    weekly: Iterable[WeeklyMeeting],
    taken: TakenSeats,
    current: Collection[str],
    prices: Mapping[str, float] | None = None,
) -> dict[str, MeetingView]:
    """Return weekly meetings as they are shown, by the name the rules give them.

    Args:
        weekly: the meetings.
        taken: seats that are not free.
        current: the meetings the person attends.
        prices: points that a seat is worth to others.
    """
    return {str(one.series_id): _meeting_view(one, taken, current, prices or {}) for one in weekly}


def _meeting_view(
    one: WeeklyMeeting, taken: TakenSeats, current: Collection[str], prices: Mapping[str, float]
) -> MeetingView:
    key = str(one.series_id)
    return MeetingView(
        series_id=one.series_id,
        group_id=one.group_id,
        group_name=one.group_name,
        program_name=one.program_name,
        weekday=Weekday(one.weekday),
        start_minute=one.start_minute,
        end_minute=one.end_minute,
        room=one.room or place_words(None, one.modality),
        leader=one.leader,
        seats_left=one.seats - taken.most(key),
        is_current=key in current,
        is_scarce=prices.get(key, 0.0) > SCARCE_POINTS,
    )


def _own_times(commitments: Sequence[Commitment], day: date) -> dict[WeekParity, OwnTimes]:
    weeks = typical_weeks(commitments, day)
    return {week: _in_weeks([weeks[one] for one in weeks_within(week)]) for week in WeekParity}


def _in_weeks(weeks: Iterable[Mapping[Weekday, Sequence[Busy]]]) -> OwnTimes:
    merged: dict[Weekday, dict[tuple[str, Interval[int]], None]] = {weekday: {} for weekday in Weekday}
    for days in weeks:
        for weekday, stretches in days.items():
            for busy in stretches:
                title = busy.commitment.label or KIND_WORDS[busy.commitment.kind]
                merged[weekday][title, busy.interval] = None
    return {weekday: tuple(found) for weekday, found in merged.items()}


def plan_view(
    plan: rules.WeekPlan, meetings: Mapping[str, MeetingView], day: date, *, spares_seats: bool = False
) -> PlanView:
    """Return a plan with its meetings in the order of the week; of two weeks, the one from `day` on first."""
    weeks = [
        PlanWeek(one.week, _in_order(meetings[m] for m in one.meetings), one.facts) for one in plan.weeks
    ]
    weeks.sort(key=lambda one: first_week(one.week, day))
    return PlanView(tuple(weeks), _places(plan.choice), spares_seats)


def _in_order(meetings: Iterable[MeetingView]) -> tuple[MeetingView, ...]:
    return tuple(sorted(meetings, key=lambda m: (m.weekday, m.start_minute)))
