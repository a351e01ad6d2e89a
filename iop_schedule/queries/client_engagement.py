"""One client's engagement: where they stand, half a year of days, and everything that happened."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek, end_of_day, local_day, zone
from iop_schedule.domain.frequency import SessionFact, WeeklyFrequency, dose_on
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.case_snapshots import cases_of
from iop_schedule.queries.cases import Case, derive
from iop_schedule.queries.client_timeline import Happened, Kind, happened
from iop_schedule.queries.frequency import CareRecord, care_records, session_titles
from iop_schedule.queries.risk import policy_named
from iop_schedule.vocabulary import Role

#: Weeks on the heat map and the chart, the current one included.
WEEKS_SHOWN = 26
PAGE_SIZE = 20

#: What a day with several sessions shows: the first of these that any of them has.
_TELLING = (
    SessionState.NO_SHOW,
    SessionState.LATE_CANCEL,
    SessionState.NOT_RECORDED,
    SessionState.ATTENDED_PART,
    SessionState.ATTENDED,
    SessionState.EXCUSED,
    SessionState.UPCOMING,
    SessionState.PROGRAM_CANCELLED,
    SessionState.CLOSED,
    SessionState.PAUSED,
    SessionState.OUTSIDE,
)


@dataclass(frozen=True, slots=True)
class DayCell:
    """One weekday of one week on the heat map."""

    day: date
    #: None on a day without sessions.
    state: SessionState | None
    attended_minutes: int
    scheduled_minutes: int
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeekLine:
    """One program week: its days, its hours, and the dose where it changed."""

    week: ProgramWeek
    frequency: WeeklyFrequency
    days: tuple[DayCell, ...]
    #: Weekly minutes prescribed from this week on, where they differ from the week before.
    new_dose: int | None


@dataclass(frozen=True, slots=True)
class ClientEngagement:
    """Everything on the page about one client's engagement."""

    client_id: int
    name: str
    first_name: str
    phone: str
    program_name: str
    case: Case
    #: The settings behind the case.
    policy: MonitorPolicy
    #: Tier, reasons and the numbers behind them may be shown to this person.
    is_shown: bool
    in_care: bool
    pause_until: date | None
    on_pause: bool
    weeks: tuple[WeekLine, ...]
    events: tuple[Happened, ...]
    #: How many events there are in all, for “show more”.
    event_count: int
    #: The day it is about, and whether that is how it looked then rather than now.
    as_of: date
    is_past: bool
    as_recorded: bool
    today: date


def client_engagement(
    actor: Actor,
    client_id: int,
    *,
    now: datetime,
    kind: Kind | None = None,
    shown: int = PAGE_SIZE,
    as_of: date | None = None,
    as_recorded: bool = False,
) -> ClientEngagement:
    """Return one client's engagement; `kind` narrows the timeline, `shown` is how far back it goes.

    With a past day `as_of`, everything is as of the end of that day under the settings in force then: with
    every correction made since, or with `as_recorded` as it had been recorded by then.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.OUTREACH_LOG, now=now)
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    day = min(as_of or today, today)
    is_past = day < today
    at = end_of_day(day, tz) if is_past else now
    known_at = at if is_past and as_recorded else None
    this_week = ProgramWeek.containing(day)
    first = this_week.shifted(1 - WEEKS_SHOWN)
    care = care_records(
        [client.id], first_day=first.monday, last_day=this_week.sunday, now=at, known_at=known_at
    )[client.id]
    found = derive([client.id], now=at, known_at=known_at) if is_past else cases_of([client.id], now=at)
    case = found[client.id]
    titles = session_titles(fact.occurrence_id for fact in care.facts)
    events = happened(client, care, titles, actor=actor, tz=tz, now=at, kind=kind, known_at=known_at)
    pause = next((p for p in care.dates.pauses if p.contains(day)), None)
    return ClientEngagement(
        client_id=client.id,
        name=client.short_name,
        first_name=client.called,
        phone=client.phone,
        program_name=care.program_name,
        case=case,
        policy=policy_named(case.version_id),
        is_shown=not case.is_silent or actor.role is Role.ADMINISTRATOR,
        in_care=care.dates.is_enrolled(day),
        on_pause=pause is not None,
        pause_until=pause.until_day if pause else None,
        weeks=tuple(_weeks(care, first, titles, tz)),
        events=tuple(events[:shown]),
        event_count=len(events),
        as_of=day,
        is_past=is_past,
        as_recorded=known_at is not None,
        today=today,
    )


def _weeks(care: CareRecord, first: ProgramWeek, titles: dict[int, str], tz: ZoneInfo) -> Iterable[WeekLine]:
    by_day: dict[date, list[SessionFact]] = defaultdict(list)
    for fact in care.facts:
        by_day[fact.local_day].append(fact)
    before = dose_on(first.monday - timedelta(days=1), care.doses)
    minutes = before.minutes if before else None
    for week in care.weeks(first, WEEKS_SHOWN):
        dose = dose_on(week.first_week.friday, care.doses)
        now_minutes = dose.minutes if dose else None
        yield WeekLine(
            week=week.first_week,
            frequency=week,
            days=tuple(_cell(day, by_day.get(day, ()), titles, tz) for day in week.first_week.treatment_days),
            new_dose=now_minutes if now_minutes != minutes else None,
        )
        minutes = now_minutes


def _cell(day: date, facts: Collection[SessionFact], titles: dict[int, str], tz: ZoneInfo) -> DayCell:
    states = {fact.state for fact in facts}
    return DayCell(
        day=day,
        state=next((state for state in _TELLING if state in states), None),
        attended_minutes=sum(fact.attended_minutes for fact in facts),
        scheduled_minutes=sum(fact.scheduled_minutes for fact in facts),
        sessions=tuple(
            f"{fact.starts_at.astimezone(tz):%H:%M} {titles[fact.occurrence_id]}" for fact in facts
        ),
    )
