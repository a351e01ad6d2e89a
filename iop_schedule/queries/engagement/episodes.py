"""Every episode of care in one program over some time, with its sessions; read a few people at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.engagement.leaving import departure
from iop_schedule.domain.engagement.trying import PastCare
from iop_schedule.domain.frequency import SessionFact
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.watch import rows_of
from iop_schedule.models import Client, ClientConstraint, Enrollment, Program, db
from iop_schedule.queries.frequency import LIVED, CareRecord, care_records
from iop_schedule.vocabulary import ConstraintKind, Gender

#: People read together; more would only take memory.
AT_ONCE = 200

#: Told the percentage done.
Progress = Callable[[int], None]

_GENDERS = {
    Gender.FEMALE: "Women",
    Gender.MALE: "Men",
    Gender.NONBINARY: "Nonbinary people",
    Gender.UNSPECIFIED: "Not given",
}
_WORKS = {True: "Has working hours", False: "No working hours"}
_LANGUAGES = {"en": "English", "es": "Spanish"}


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """One person's time in the program: their sessions that had begun, and words for comparing subgroups."""

    client_id: int
    care: CareRecord
    facts: tuple[SessionFact, ...]
    from_day: date
    #: The day they first asked for the program; admission where it is not known.
    first_contact_on: date
    #: Kind of difference and word, such as ("Language", "Spanish").
    subgroups: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One enrollment, with the last day on which it is the client's latest."""

    enrollment_id: int
    client_id: int
    from_day: date
    first_contact_on: date | None
    until: date


def episodes(
    program: Program, *, first_day: date, now: datetime, progress: Progress = lambda _: None
) -> Iterator[list[EpisodeRecord]]:
    """Yield the episodes that touch the days from `first_day` on, some people at a time, as known at `now`.

    Sessions before `first_day` are left out. The statements grow with the number of people, not sessions.
    """
    today = local_day(now, zone(program.site.zone))
    wanted = _wanted(program.id, first_day, today)
    done = 0
    for until in sorted({one.until for one in wanted}):
        there = [one for one in wanted if one.until == until]
        for start in range(0, len(there), AT_ONCE):
            some = there[start : start + AT_ONCE]
            yield _read(some, first_day=first_day, until=until, now=now)
            done += len(some)
            progress(100 * done // len(wanted))


def past_care(episode: EpisodeRecord, program: Program, *, policy: MonitorPolicy, now: datetime) -> PastCare:
    """Return an episode as the monitor sees it."""
    tz = zone(program.site.zone)
    return PastCare(
        person=episode.client_id,
        rows=tuple(rows_of(episode.facts, policy=policy, now=now, tz=tz)),
        tz=tz,
        departure=departure(episode.facts, dates=episode.care.dates, today=local_day(now, tz)),
        subgroups=tuple(word for _, word in episode.subgroups),
    )


def _wanted(program_id: int, first_day: date, today: date) -> list[_Wanted]:
    """Return the enrollments that touch the days, each as long as no later one of the same client began."""
    here = select(Enrollment.client_id).where(
        Enrollment.program_id == program_id,
        Enrollment.status.in_(LIVED),
        Enrollment.from_day <= today,
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= first_day),
    )
    statement = (
        select(
            Enrollment.id,
            Enrollment.client_id,
            Enrollment.program_id,
            Enrollment.from_day,
            Enrollment.first_contact_on,
            Enrollment.until_day,
        )
        .where(Enrollment.client_id.in_(here), Enrollment.status.in_(LIVED), Enrollment.from_day <= today)
        .order_by(Enrollment.client_id, Enrollment.from_day, Enrollment.id)
    )
    rows = list(db.session.execute(statement))
    found = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        is_last = following is None or following.client_id != row.client_id
        until = today if is_last or following is None else following.from_day - timedelta(days=1)
        touches = row.until_day is None or row.until_day >= first_day
        if row.program_id == program_id and touches and row.from_day <= until:
            found.append(_Wanted(row.id, row.client_id, row.from_day, row.first_contact_on, until))
    return found


def _read(some: Sequence[_Wanted], *, first_day: date, until: date, now: datetime) -> list[EpisodeRecord]:
    ids = [one.client_id for one in some]
    enrollments = [one.enrollment_id for one in some]
    care = care_records(ids, first_day=first_day, last_day=until, now=now, only=enrollments)
    subgroups = _subgroups(ids)
    return [
        EpisodeRecord(
            client_id=one.client_id,
            care=care[one.client_id],
            facts=tuple(f for f in care[one.client_id].facts if f.starts_at <= now),
            from_day=one.from_day,
            first_contact_on=one.first_contact_on or one.from_day,
            subgroups=subgroups[one.client_id],
        )
        for one in some
    ]


def _subgroups(ids: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    people = select(Client.id, Client.gender, Client.languages).where(Client.id.in_(ids))
    work = select(ClientConstraint.client_id).where(
        ClientConstraint.client_id.in_(ids),
        ClientConstraint.withdrawn_at.is_(None),
        ClientConstraint.kind == ConstraintKind.WORK,
    )
    working = set(db.session.scalars(work))
    found: dict[int, tuple[tuple[str, str], ...]] = defaultdict(tuple)
    for client_id, gender, languages in db.session.execute(people):
        language = languages[0] if languages else "en"
        found[client_id] = (
            ("Gender", _GENDERS[Gender(gender)]),
            ("First language", _LANGUAGES.get(language, language)),
            ("Work", _WORKS[client_id in working]),
        )
    return found
