"""A person's weekly places as they stand after a change, answering to the same rules as the solver.

Changes by hand write their rows, ask here, and are taken back when the answer is no.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import first_week, letter_of, monday_of, weeks_in_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement import by_hand
from iop_schedule.domain.prescription import Dose
from iop_schedule.domain.series import Span
from iop_schedule.models import Client, Group, Program, Series, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import Actor, access_client, in_force
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.keep_apart import apart_from, shared_places
from iop_schedule.queries.prescription import doses_on, enrollments_on
from iop_schedule.queries.series import OwnSeries, own_series
from iop_schedule.vocabulary import Attend, LevelOfCare, Modality, SeriesKind, WeekParity


def check_places(client: Client, touched: Collection[int], days: Span) -> None:
    """Refuse the places of a client as they stand now, when those `touched` break a hard rule.

    The caller has written the rows, and takes them back after a refusal. Seats, commitments and sessions
    at the same time are looked at by their dates elsewhere.

    Args:
        client: whose places.
        touched: the weekly sessions, groups' or their own, in which a place has just begun.
        days: of these places.

    Raises:
        NotLegal: names the rule, and never another person.
    """
    held, chosen = _held(client.id, days), frozenset(str(one) for one in touched)
    for day in _days_to_judge(held, touched, days) if touched else ():
        week = _Week(client, [own for own in held if _covers(own.days, day)], day)
        here = chosen & week.groups.keys()
        refused = by_hand.first_refusal(week.judged(days, touched), here, week.groups)
        if refused is not None:
            words = by_hand.refusal_words(refused, client.called, week.names, week.groups)
            raise by_hand.NotLegal(words, field="series", rule=refused.rule)


def left_open(actor: Actor, client_id: int, day: date, *, now: datetime) -> tuple[str, ...]:
    """Return what a client's places on `day` leave open of the dose, or have beyond it, in words for staff.

    Raises:
        NotFound: not this person's to place.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    days = Span(day, day)
    groups = [own for own in _held(client.id, days) if own.series.kind == SeriesKind.GROUP]
    broken = _Week(client, groups, day).judged(days)
    return tuple(dict.fromkeys(_said(one, broken, day) for one in broken if one.rule in by_hand.PRESCRIBED))


def _said(broken: rules.BrokenRule, among: Sequence[rules.BrokenRule], day: date) -> str:
    """Return what is open, with the weeks it is about unless it is so in each."""
    weeks_so = {one.week for one in among if one.message == broken.message}
    if broken.week is WeekParity.EVERY or len(weeks_so) > 1:
        return broken.message
    return f"{weeks_in_words(broken.week, day).replace('weeks', 'Weeks', 1)}: {broken.message}"


def no_longer_legal(
    client: Client,
    touched: Collection[int],
    days: Span,
    *,
    becoming: Callable[[rules.Group], rules.Group] = lambda group: group,
    levels: Mapping[int, LevelOfCare] | None = None,
) -> tuple[str, ...]:
    """Return what a change of groups would let a client's week break that it does not break today, in words.

    Seats, commitments and sessions at the same time are looked at by their dates elsewhere; people kept apart
    are nobody's to hear of.

    Args:
        client: whose week.
        touched: the weekly sessions that change.
        days: on which they do.
        becoming: what each group of theirs is after the change.
        levels: levels of care that change, by program.
    """
    held = _held(client.id, days)
    found: dict[str, None] = {}
    for day in _days_to_judge(held, touched, days):
        there = [own for own in held if _covers(own.days, day)]
        now, then = _Week(client, there, day), _Week(client, there, day, becoming, levels or {})
        known = {(one.rule, one.meetings) for one in now.judged(days)}
        for one in then.judged(days):
            said = one.rule in by_hand.ABOUT_GROUPS | by_hand.PRESCRIBED
            if said and (one.rule, one.meetings) not in known:
                found[by_hand.reason_words(one, client.called, then.names, then.groups)] = None
    return tuple(found)


class _Week:
    """The week of one person on some day, as the rules take it, today or after a change of groups."""

    def __init__(
        self,
        client: Client,
        held: Sequence[OwnSeries],
        day: date,
        becoming: Callable[[rules.Group], rules.Group] = lambda group: group,
        levels: Mapping[int, LevelOfCare] | None = None,
    ) -> None:
        self.name = client.called
        self._client, self._held, self._day, self._levels = client, held, day, levels or {}
        attended = [own.series for own in held]
        ids = {one.group_id for one in attended if one.group_id is not None}
        found = [becoming(group) for group in groups_on(ids, day, self._levels)]
        self._groups = tuple(found) + tuple(_alone(one, client) for one in attended if one.group_id is None)
        self.groups = {m.id: group for group in self._groups for m in group.meetings}

    @property
    def names(self) -> dict[str, str]:
        """Return what staff call each meeting."""
        by_group = {self.groups[str(own.series.id)].id: session_name(own.series) for own in self._held}
        return {meeting: by_group[group.id] for meeting, group in self.groups.items()}

    def judged(self, days: Span, touched: Collection[int] = ()) -> list[rules.BrokenRule]:
        """Return the rules that the person's own week breaks, and those about whom they share it with."""
        apart = apart_from([self._client.id]).get(self._client.id, ())
        shared = shared_places(apart, touched, days.first, days.last)
        others = {f"#{other}": _as_choice(there) for other, there in shared.items()}
        enrolled = enrollments_on([self._client.id], self._day).get(self._client.id)
        person = placement_problem.person(
            self.name,
            self._client,
            doses_on([self._client.id], self._day).get(self._client.id) or nothing_prescribed(self._day),
            held={},
            commitments=(),
            keep_apart=others,
            levels=[_level(enrolled.program, self._levels)] if enrolled else (),
        )
        strangers = [replace(person, id=other, keep_apart=()) for other in others]
        problem = rules.Problem(groups=self._groups, clients=(person, *strangers), alternating=True)
        broken = rules.broken_rules(problem, rules.Plan({self.name: self._choice(), **others}))
        return [one for one in broken if one.client == self.name]

    def _choice(self) -> rules.Choice:
        """Return what the person attends; sessions of every second week in the weeks they are held."""
        a, b = (
            tuple(str(own.series.id) for own in self._held if _is_attended(own, first_week(week, self._day)))
            for week in (WeekParity.A, WeekParity.B)
        )
        return a if a == b else rules.Alternating(a, b)


def _as_choice(places: Mapping[int, WeekParity]) -> rules.Choice:
    """Return what is attended in weeks A and B, by series with its weeks."""
    return rules.choice_of({str(one): week for one, week in sorted(places.items())})


def _is_attended(own: OwnSeries, monday: date) -> bool:
    weeks = (monday - monday_of(own.series.from_day)).days // 7
    return weeks % own.series.every_weeks == 0 and own.week in {WeekParity.EVERY, letter_of(monday)}


def _level(program: Program, changed: Mapping[int, LevelOfCare]) -> LevelOfCare:
    return changed.get(program.id, LevelOfCare(program.level_of_care))


def nothing_prescribed(day: date) -> Dose:
    """Return a dose that any week reaches, for somebody to whom nothing is prescribed."""
    return Dose(from_day=day, minutes=0, minimum_days=0, over_minutes=600, most_minutes_a_day=720)


def groups_on(
    ids: Collection[int], day: date, levels: Mapping[int, LevelOfCare] | None = None
) -> list[rules.Group]:
    """Return these groups with the meetings they have on `day`; `levels` of care that change by program."""
    on_that_day = in_force(Series, day)
    statement = (
        select(Group)
        .where(Group.id.in_(ids), Group.meetings.any(on_that_day))
        .order_by(Group.id)
        .options(
            selectinload(Group.meetings.and_(on_that_day)),
            joinedload(Group.program).joinedload(Program.site),
        )
        .execution_options(populate_existing=True)
    )
    return [
        replace(
            placement_problem.group(row, row.program.site.code, {m.id: row.seats for m in row.meetings}),
            level=_level(row.program, levels or {}),
        )
        for row in db.session.scalars(statement).unique()
    ]


def _alone(series: Series, client: Client) -> rules.Group:
    """Return a session of the person's own as a group of one."""
    held = placement_problem.session(series)
    return rules.Group(
        id=f"own {series.id}",
        service_type=series.service_type,
        modality=Modality(series.modality),
        language=client.languages[0],
        meetings=(rules.Meeting(str(series.id), held.weekday, held.start, held.end, seats=1),),
        site=held.site,
    )


def _held(client_id: int, days: Span) -> list[OwnSeries]:
    """Return the weekly sessions a client attends on some of these days, with the days on which they do."""
    found = []
    for own in own_series(client_id, days):
        both = own.days.shared_with(Span(own.series.from_day, own.series.until_day))
        if both is not None:
            found.append(replace(own, days=both))
    return found


def _days_to_judge(held: Sequence[OwnSeries], touched: Collection[int], days: Span) -> list[date]:
    """Return the days within `days` on which the week of a person begins to be another one."""
    whole = {
        own.series.group_id
        for own in held
        if own.series.id in touched and own.series.group and own.series.group.attend == Attend.ALL
    }
    later = select(Series.from_day).where(Series.group_id.in_(whole)) if whole else None
    begins = {own.days.first for own in held}
    if later is not None:
        begins |= set(db.session.scalars(later))
    wanted = {max(day, days.first) for day in begins}
    return sorted(day for day in wanted if days.last is None or day <= days.last)


def _covers(span: Span, day: date) -> bool:
    return span.first <= day and (span.last is None or day <= span.last)
