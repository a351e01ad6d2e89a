"""The weekly places of some people as the rules take them; what is stored is read once for everybody."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import first_week, letter_of, monday_of
from iop_schedule.domain.prescription import Dose, dose_on
from iop_schedule.domain.series import Span
from iop_schedule.models import Client, Enrollment, Group, Program, Series, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import holds_on
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.prescription import dose_of, stays_within
from iop_schedule.queries.series import OwnSeries, own_series_of
from iop_schedule.vocabulary import Attend, LevelOfCare, Modality, WeekParity

Becoming = Callable[[rules.Group], rules.Group]
Levels = Mapping[int, LevelOfCare]

_NO_LEVELS: Levels = {}


class PersonWeeks:
    """The weekly sessions of some people on some days, with their groups and what is prescribed to them."""

    def __init__(self, client_ids: Collection[int], days: Span) -> None:
        self._held = {
            client_id: [own for one in attended if (own := _while_it_meets(one))]
            for client_id, attended in own_series_of(client_ids, days).items()
        }
        everything = [own.series for held in self._held.values() for own in held]
        self._meetings = _meetings_of({one.group_id for one in everything if one.group_id is not None})
        self._stays = stays_within(client_ids, days)

    def held(self, client_id: int, days: Span) -> list[OwnSeries]:
        """Return the weekly sessions a client attends on some of these days."""
        return [own for own in self._held[client_id] if own.days.shared_with(days)]

    def days_to_judge(self, client_id: int, touched: Collection[int], days: Span) -> list[date]:
        """Return the days within `days` on which the week of a person begins to be another one.

        Of a group among those `touched` that is taken whole, a new meeting is one.
        """
        held = self.held(client_id, days)
        whole = {
            own.series.group_id
            for own in held
            if own.series.id in touched and own.series.group and own.series.group.attend == Attend.ALL
        }
        begins = {own.days.first for own in held}
        begins |= {one.from_day for group_id in whole if group_id for one in self._meetings[group_id]}
        wanted = {max(day, days.first) for day in begins}
        return sorted(day for day in wanted if days.last is None or day <= days.last)

    def week(
        self,
        client: Client,
        day: date,
        *,
        becoming: Becoming = lambda group: group,
        levels: Levels = _NO_LEVELS,
        groups_only: bool = False,
    ) -> "PersonWeek":
        """Return the week of a client on `day`, today or after a change of groups or levels of care.

        `groups_only` leaves out sessions of their own.
        """
        held = [own for own in self.held(client.id, Span(day, day)) if own.series.group_id or not groups_only]
        ids = {own.series.group_id for own in held}
        meetings = [one for group_id in ids if group_id for one in self._meetings[group_id]]
        alone = [_alone(own.series, client) for own in held if own.series.group_id is None]
        stay = next((one for one in reversed(self._stays[client.id]) if holds_on(one, day)), None)
        return PersonWeek(
            client=client,
            day=day,
            held=tuple(held),
            groups=(*map(becoming, _groups_then(meetings, day, levels)), *alone),
            dose=_dose_in(stay, day),
            level=_level(stay.program, levels) if stay else None,
        )


@dataclass(frozen=True, slots=True)
class PersonWeek:
    """The week of one person on some day."""

    client: Client
    day: date
    held: tuple[OwnSeries, ...]
    groups: tuple[rules.Group, ...]
    dose: Dose
    level: LevelOfCare | None

    @property
    def by_meeting(self) -> dict[str, rules.Group]:
        """Return the group of each meeting."""
        return {meeting.id: group for group in self.groups for meeting in group.meetings}

    @property
    def names(self) -> dict[str, str]:
        """Return what staff call each meeting."""
        groups = self.by_meeting
        by_group = {groups[str(own.series.id)].id: session_name(own.series) for own in self.held}
        return {meeting: by_group[group.id] for meeting, group in groups.items()}

    def judged(self, shared: Mapping[int, Mapping[int, WeekParity]] | None = None) -> list[rules.BrokenRule]:
        """Return the rules that the person's own week breaks.

        Args:
            shared: of those they are kept apart from, in which meetings each has a place and in which weeks.
        """
        others = {f"#{other}": _as_choice(there) for other, there in (shared or {}).items()}
        name = self.client.called
        person = placement_problem.person(
            name,
            self.client,
            self.dose,
            held={},
            commitments=(),
            keep_apart=others,
            levels=[self.level] if self.level else (),
        )
        strangers = [replace(person, id=other, keep_apart=()) for other in others]
        problem = rules.Problem(groups=self.groups, clients=(person, *strangers), alternating=True)
        broken = rules.broken_rules(problem, rules.Plan({name: self._choice(), **others}))
        return [one for one in broken if one.client == name]

    def _choice(self) -> rules.Choice:
        """Return what the person attends; sessions of every second week in the weeks they are held."""
        a, b = (
            tuple(str(own.series.id) for own in self.held if _is_attended(own, first_week(week, self.day)))
            for week in (WeekParity.A, WeekParity.B)
        )
        return a if a == b else rules.Alternating(a, b)


def groups_on(ids: Collection[int], day: date) -> list[rules.Group]:
    """Return these groups with the meetings they have on `day`."""
    return _groups_then([one for meetings in _meetings_of(ids).values() for one in meetings], day, _NO_LEVELS)


def nothing_prescribed(day: date) -> Dose:
    """Return a dose that any week reaches, for somebody to whom nothing is prescribed."""
    return Dose(from_day=day, minutes=0, minimum_days=0, over_minutes=600, most_minutes_a_day=720)


def _meetings_of(group_ids: Collection[int]) -> dict[int, list[Series]]:
    """Return every meeting these groups have or had, those of each in the order of the week."""
    statement = (
        select(Series)
        .where(Series.group_id.in_(group_ids))
        .order_by(Series.weekday, Series.local_start, Series.id)
        .options(joinedload(Series.group).joinedload(Group.program).joinedload(Program.site))
    )
    found: dict[int, list[Series]] = defaultdict(list)
    for series in db.session.scalars(statement):
        if series.group_id is not None:
            found[series.group_id].append(series)
    return found


def _groups_then(meetings: Iterable[Series], day: date, levels: Levels) -> list[rules.Group]:
    """Return the groups of these meetings with those they have on `day`, in the order of their ids."""
    there: dict[Group, list[Series]] = defaultdict(list)
    for one in meetings:
        if one.group is not None and holds_on(one, day):
            there[one.group].append(one)
    return [
        replace(
            placement_problem.group(row, row.program.site.code, {one.id: row.seats for one in met}, met),
            level=_level(row.program, levels),
        )
        for row, met in sorted(there.items(), key=lambda pair: pair[0].id)
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


def _while_it_meets(own: OwnSeries) -> OwnSeries | None:
    """Return a weekly session with the days on which it is both held and attended; None without any."""
    both = own.days.shared_with(Span(own.series.from_day, own.series.until_day))
    return replace(own, days=both) if both else None


def _as_choice(places: Mapping[int, WeekParity]) -> rules.Choice:
    """Return what is attended in weeks A and B, by series with its weeks."""
    return rules.choice_of({str(one): week for one, week in sorted(places.items())})


def _is_attended(own: OwnSeries, monday: date) -> bool:
    weeks = (monday - monday_of(own.series.from_day)).days // 7
    return weeks % own.series.every_weeks == 0 and own.week in {WeekParity.EVERY, letter_of(monday)}


def _dose_in(stay: Enrollment | None, day: date) -> Dose:
    dose = dose_on(map(dose_of, stay.doses), day) if stay else None
    return dose or nothing_prescribed(day)


def _level(program: Program, changed: Levels) -> LevelOfCare:
    return changed.get(program.id, LevelOfCare(program.level_of_care))
