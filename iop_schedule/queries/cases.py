"""What the monitor says about clients, derived from their events when it is asked for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import DAY_NAMES, ProgramWeek
from iop_schedule.domain.frequency import SessionFact, WeeklyFrequency
from iop_schedule.domain.risk.level import LevelReading
from iop_schedule.domain.risk.reasons import Reason, ReasonKind, Review, Tier
from iop_schedule.domain.risk.tiers import Assessment, ChangeReading, assess
from iop_schedule.models import Client, Enrollment, Group, Series, SeriesMember, Site, db
from iop_schedule.queries.availability import OpenClash, clashes_of_all
from iop_schedule.queries.frequency import CareRecord, care_records
from iop_schedule.queries.risk import (
    PolicyInForce,
    commitments_changed,
    last_contacts,
    policies_in_force,
    self_reports,
)
from iop_schedule.vocabulary import EnrollmentStatus

#: Weeks in the strip and the line, the current one included.
WEEKS_SHOWN = 8
#: How far back the monitor reads.
LOOKS_BACK = timedelta(weeks=52)
#: Clients derived together; more would make a statement too long.
AT_ONCE = 400

_NOT_ON_STRIP = frozenset(
    {
        SessionState.UPCOMING,
        SessionState.OUTSIDE,
        SessionState.CLOSED,
        SessionState.PAUSED,
        SessionState.PROGRAM_CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """What a caseload shows about one client, as of `day` at their site."""

    client_id: int
    program_id: int | None
    #: The stored settings behind the tier, and their name.
    version_id: int | None
    policy: str
    #: Through this day the tier is for administrators only.
    silent_until: date | None
    tier: Tier
    reasons: tuple[Reason, ...]
    reviews: tuple[Review, ...]
    #: One paragraph with every reason, excused days and the last contact.
    summary: str
    #: What both channels say, with how much is known.
    level: LevelReading
    change: ChangeReading
    #: Sessions that do not fit a commitment any more, one sentence for each group.
    clashes: tuple[str, ...]
    groups: tuple[str, ...]
    #: Enrolled but without a place yet.
    waiting: bool
    #: In the first two weeks, and until when that lasts.
    early: bool
    done_minutes: int
    goal_minutes: int
    #: Missing to the goal even when everything still planned is attended.
    short_minutes: int
    #: States per week, oldest first, as the heat strip takes them.
    strip: tuple[tuple[str, ...], ...]
    hours: tuple[float, ...]
    goal_hours: float
    not_recorded: int
    #: Days since the last contact, pauses left out.
    quiet_days: int
    last_attended: date | None
    last_contact: date | None
    #: Start of the latest miss among the reasons.
    missed_at: datetime | None
    day: date
    #: First instant at which time alone may change any of this.
    good_until: datetime

    @property
    def is_silent(self) -> bool:
        """Return True while the tier is for administrators only."""
        return self.silent_until is not None and self.day <= self.silent_until

    @property
    def review(self) -> bool:
        """Return True when a line waits for a clinician's look; it never changes the tier."""
        return bool(self.reviews)

    @property
    def needs_a_time(self) -> bool:
        """Return True when looking for a time helps more than a call."""
        return bool(self.clashes) or any(r.kind in _FIND_A_TIME for r in self.reasons)


_FIND_A_TIME = frozenset({ReasonKind.MISFIT, ReasonKind.DOSE})


@dataclass(frozen=True, slots=True)
class _Around:
    """What is read about clients beside their sessions, by client."""

    tz: ZoneInfo
    groups: Mapping[int, tuple[str, ...]]
    waiting: Collection[int]
    changed: Mapping[int, Sequence[date]]
    clashes: Mapping[int, Sequence[OpenClash]]
    contacts: Mapping[int, date]


def derive(
    client_ids: Collection[int],
    *,
    now: datetime,
    known_at: datetime | None = None,
    tried: PolicyInForce | None = None,
) -> dict[int, Case]:
    """Return what the monitor says about each client at `now`: the same few statements for each time zone.

    `now` may be any past instant: the settings are those in force then. With `known_at`, attendance,
    contacts and self-reports are what had been recorded by that instant, as it then stood; with `tried`,
    those settings instead.
    """
    found: dict[int, Case] = {}
    ids = sorted(client_ids)
    for start in range(0, len(ids), AT_ONCE):
        for tz, there in _by_zone(ids[start : start + AT_ONCE]).items():
            found |= _derive(there, tz, now=now, known_at=known_at, tried=tried)
    return found


def _derive(
    ids: Sequence[int],
    tz: ZoneInfo,
    *,
    now: datetime,
    known_at: datetime | None,
    tried: PolicyInForce | None,
) -> dict[int, Case]:
    """Return the cases of clients whose sites share a calendar."""
    today = civil_time.local_day(now, tz)
    this_week = ProgramWeek.containing(today)
    records = care_records(
        ids, first_day=today - LOOKS_BACK, last_day=this_week.sunday, now=now, known_at=known_at
    )
    groups = _group_names(ids, today)
    enrolled = _enrolled(ids)
    around = _Around(
        tz=tz,
        groups=groups,
        waiting={one for one in enrolled if not groups[one]},
        changed=commitments_changed(ids, today=today),
        clashes=_by_client(clashes_of_all(ids, now=now)),
        contacts=last_contacts(dict.fromkeys(ids, tz), now=now, known_at=known_at),
    )
    reports = self_reports(ids, today=today, known_at=known_at)
    policies = policies_in_force({r.program_id for r in records.values() if r.program_id}, at=now)
    cases = {}
    for client_id in ids:
        care = records[client_id]
        weeks = care.weeks(this_week.shifted(1 - WEEKS_SHOWN), WEEKS_SHOWN)
        policy = tried or policies[care.program_id]
        result = assess(
            care.facts,
            policy=policy.settings,
            now=now,
            today=today,
            tz=tz,
            dates=care.dates,
            weeks=weeks,
            last_contact_on=around.contacts.get(client_id),
            commitments_changed_on=around.changed[client_id],
            self_report=reports.get(client_id),
        )
        cases[client_id] = _case(care, weeks, result, policy=policy, around=around, now=now)
    return cases


def _case(
    care: CareRecord,
    weeks: Sequence[WeeklyFrequency],
    result: Assessment,
    *,
    policy: PolicyInForce,
    around: _Around,
    now: datetime,
) -> Case:
    client_id, today, this = care.client_id, result.as_of, weeks[-1]
    attended = [fact.local_day for fact in care.facts if fact.state.is_attended]
    seen = [day for day in (max(attended, default=None), around.contacts.get(client_id)) if day]
    behind = {one for reason in result.reasons for one in reason.occurrence_ids}
    missed = [f.starts_at for f in care.facts if f.state.is_miss and f.occurrence_id in behind]
    planned = this.delivered_minutes + this.upcoming_minutes + this.not_recorded_minutes
    early_days = policy.policy.early_days
    return Case(
        client_id=client_id,
        program_id=care.program_id,
        version_id=policy.version_id,
        policy=policy.policy.version,
        silent_until=care.silent_until,
        tier=result.tier,
        reasons=result.reasons,
        reviews=result.reviews,
        summary=result.summary,
        level=result.level,
        change=result.change,
        clashes=tuple(_clash_words(around.clashes.get(client_id, ()))),
        groups=around.groups[client_id],
        waiting=client_id in around.waiting,
        early=care.dates.in_care(today) and today <= care.dates.nth_day_in_care(early_days),
        done_minutes=this.delivered_minutes,
        goal_minutes=this.prescribed_minutes,
        short_minutes=max(0, this.prescribed_minutes - planned),
        strip=_strip(care.facts, [week.first_week for week in weeks]),
        hours=tuple(round(week.delivered_minutes / 60, 2) for week in weeks[:-1]),
        goal_hours=max((week.prescribed_minutes for week in weeks), default=0) / 60,
        not_recorded=sum(fact.state is SessionState.NOT_RECORDED for fact in care.facts),
        quiet_days=result.days_without_contact,
        last_attended=max(attended, default=None),
        last_contact=max(seen, default=None),
        missed_at=max(missed, default=None),
        day=today,
        good_until=_good_until(care.facts, today=today, tz=around.tz, now=now),
    )


def _good_until(facts: Iterable[SessionFact], *, today: date, tz: ZoneInfo, now: datetime) -> datetime:
    """Return when time alone may change a case: the next session begins or ends, or the day does."""
    moments = [civil_time.instant(today + timedelta(days=1), time(0), tz)]
    for fact in facts:
        moments += [at for at in (fact.starts_at, fact.ends_at) if at is not None and at > now]
    return min(moments)


def _clash_words(clashes: Sequence[OpenClash]) -> list[str]:
    """Return one sentence for each group or one-to-one, however many of its days are affected."""
    by_name: dict[str, list[OpenClash]] = defaultdict(list)
    for clash in clashes:
        by_name[clash.session_name].append(clash)
    return [f"{name} on {_when(found)} does not fit their week any more." for name, found in by_name.items()]


def _when(clashes: Sequence[OpenClash]) -> str:
    first = clashes[0].first_day
    if sum(clash.times for clash in clashes) == 1:
        return f"{first:%a}, {first:%b} {first.day}"
    return _listed(f"{DAY_NAMES[day]}s" for day in sorted({clash.first_day.weekday() for clash in clashes}))


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _strip(facts: Sequence[SessionFact], weeks: Sequence[ProgramWeek]) -> tuple[tuple[str, ...], ...]:
    states: dict[date, list[str]] = {week.monday: [] for week in weeks}
    first, last = weeks[0].monday, weeks[-1].sunday
    for fact in facts:
        if first <= fact.local_day <= last and fact.state not in _NOT_ON_STRIP:
            word = "to_mark" if fact.state is SessionState.NOT_RECORDED else fact.state.value
            states[civil_time.monday_of(fact.local_day)].append(word)
    return tuple(tuple(states[week.monday]) for week in weeks)


def _by_zone(ids: Collection[int]) -> dict[ZoneInfo, list[int]]:
    statement = (
        select(Client.id, Site.zone)
        .join(Site, Site.id == Client.site_id)
        .where(Client.id.in_(ids))
        .order_by(Client.id)
    )
    found: dict[ZoneInfo, list[int]] = defaultdict(list)
    for client_id, name in db.session.execute(statement):
        found[civil_time.zone(name)].append(client_id)
    return found


def _group_names(ids: Collection[int], today: date) -> dict[int, tuple[str, ...]]:
    """Return the groups in which each client has a place, now or from a coming day on."""
    statement = (
        select(SeriesMember.client_id, Group.name)
        .join(Series, Series.id == SeriesMember.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(
            SeriesMember.client_id.in_(ids),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= today),
            or_(Series.until_day.is_(None), Series.until_day >= today),
        )
        .distinct()
        .order_by(Group.name)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for client_id, name in db.session.execute(statement):
        names[client_id].append(name)
    return {client_id: tuple(names[client_id]) for client_id in ids}


def _enrolled(ids: Collection[int]) -> set[int]:
    statement = select(Enrollment.client_id).where(
        Enrollment.client_id.in_(ids),
        Enrollment.status.in_(
            (EnrollmentStatus.WAITLISTED, EnrollmentStatus.PLANNED, EnrollmentStatus.ACTIVE)
        ),
    )
    return set(db.session.scalars(statement))


def _by_client(clashes: Sequence[OpenClash]) -> dict[int, list[OpenClash]]:
    found: dict[int, list[OpenClash]] = defaultdict(list)
    for clash in clashes:
        found[clash.client_id].append(clash)
    return found
