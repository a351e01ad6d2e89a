"""The clinic as rows of its own files: what an export writes and an import compares with."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.places import NEEDED, Places
from iop_schedule.domain import civil_time
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.placement import Valuation
from iop_schedule.domain.series import Place, Span, WeeklyRule
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    Client,
    ClientConstraint,
    ClientWishes,
    Closure,
    Enrollment,
    EnrollmentPause,
    Group,
    KeepApart,
    Occurrence,
    PrescribedDose,
    Program,
    RoleRow,
    Room,
    RosterEntry,
    Series,
    SeriesMember,
    Site,
    User,
    db,
)
from iop_schedule.queries.contacts import Agreement, agreements
from iop_schedule.queries.series import rule_of
from iop_schedule.vocabulary import (
    AttendanceStatus,
    CancelCause,
    Channel,
    OccurrenceStatus,
    Role,
    RosterSource,
    SeriesKind,
    WeekParity,
)

Values = dict[str, Any]
#: Sites whose rows are meant; None for all.
Scope = frozenset[int] | None
AnySelect = Select[*tuple[Any, ...]]

#: In session_changes: held without a room, although the weekly session has one.
NO_ROOM = "-"

_GUESTS = frozenset({RosterSource.MAKE_UP, RosterSource.WALK_IN})


def rows_of(table: str, scope: Scope, *, now: datetime) -> Iterator[Values]:
    """Yield the rows of the file called `table`, in the order an export writes them.

    The order follows the codes, so that two databases holding the same clinic give the same bytes.
    Attendance is read a weekly session at a time and never held whole.

    Args:
        table: name of the file without `.csv`.
        scope: the sites whose rows are meant; None for all.
        now: decides which sessions have begun.
    """
    if table == "attendance":
        yield from _attendance(scope, now)
        return
    yield from _READERS[table](scope)


def in_scope(site_id: InstrumentedAttribute[int], scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a row belongs to one of the sites of `scope`."""
    return true() if scope is None else site_id.in_(scope)


def _rows(statement: AnySelect) -> list[Any]:
    return list(db.session.execute(statement))


def in_order(rows: list[Values], *columns: str) -> Iterator[Values]:
    """Yield `rows` ordered by these columns; empty comes first."""
    yield from sorted(rows, key=lambda row: tuple((row[c] is not None, _sortable(row[c])) for c in columns))


def _sortable(value: Any) -> Any:
    return "" if value is None else value


def _sites(scope: Scope) -> Iterator[Values]:
    columns = (Site.code, Site.name, Site.zone.label("time_zone"), Site.address, Site.phone)
    return in_order(_dicts(select(*columns).where(in_scope(Site.id, scope))), "code")


def _dicts(statement: AnySelect) -> list[Values]:
    return [dict(row._mapping) for row in db.session.execute(statement)]


def _programs(scope: Scope) -> Iterator[Values]:
    statement = select(
        Program.code, Site.code.label("site"), Program.name, Program.level_of_care, Program.minimum_minutes,
        Program.minimum_days, Program.minimum_source, Program.horizon_weeks,
        Program.make_up_days, Program.late_entry_hours, Program.cancel_notice_hours, Program.self_check_in,
        Program.check_in_before_minutes, Program.check_in_after_minutes, Program.alternating_weeks,
        Program.spares_scarce_seats, Program.placement_numbers,
    ).join(Program.site)  # fmt: skip
    rows = _dicts(statement.where(in_scope(Program.site_id, scope)))
    for row in rows:
        row.update(Valuation.of(row.pop("placement_numbers")).numbers())
    return in_order(rows, "code")


def _rooms(scope: Scope) -> Iterator[Values]:
    statement = select(Site.code.label("site"), Room.code, Room.name, Room.seats).join(Room.site)
    return in_order(_dicts(statement.where(in_scope(Room.site_id, scope))), "site", "code")


def staff_code(user: type[User] = User) -> ColumnElement[str]:
    """Return how files name a staff member: the code, or the e-mail address when there is none."""
    return func.coalesce(user.code, user.email)


def _works_here(scope: Scope) -> ColumnElement[bool]:
    """Return the condition on `User`: works at one of the sites, or is named by one of their rows."""
    if scope is None:
        return true()
    series, occurrence = aliased(Series), aliased(Occurrence)
    return or_(
        User.sites.any(Site.id.in_(scope)),
        exists().where(series.leader_id == User.id, series.site_id.in_(scope)),
        exists().where(occurrence.leader_id == User.id, occurrence.site_id.in_(scope)),
        exists().where(
            Assignment.user_id == User.id, Client.id == Assignment.client_id, Client.site_id.in_(scope)
        ),
        exists().where(
            ClientWishes.counselor_id == User.id,
            Client.id == ClientWishes.client_id,
            Client.site_id.in_(scope),
        ),
    )


def _staff(scope: Scope) -> Iterator[Values]:
    statement = select(User).where(User.roles.any(RoleRow.name != Role.CLIENT), _works_here(scope))
    rows = [
        {
            "code": user.code or user.email,
            "email": user.email,
            "given_name": user.given_name,
            "family_name": user.family_name,
            "role": user.role.value,
            "sites": sorted(site.code for site in user.sites if scope is None or site.id in scope),
            "active": user.active,
        }
        for user in db.session.scalars(statement).unique()
    ]
    return in_order(rows, "code")


def _clients(scope: Scope) -> Iterator[Values]:
    statement = select(Client, Site.code, Site.zone).join(Client.site).where(in_scope(Client.site_id, scope))
    by_mail, by_text = agreements(Channel.EMAIL), agreements(Channel.SMS)
    rows = [
        {
            "code": client.code,
            "site": site,
            "given_name": client.given_name,
            "family_name": client.family_name,
            "preferred_name": client.preferred_name,
            "languages": list(client.languages),
            "gender": client.gender,
            "modality": client.modality,
            "travel_minutes": client.travel_minutes,
            "email": client.email,
            "phone": client.phone,
            "email_consent_since": _since(by_mail.get(client.id), zone),
            "may_leave_message": client.may_leave_message,
            **_texts(by_text.get(client.id), zone),
        }
        for client, site, zone in _rows(statement)
    ]
    return in_order(rows, "code")


def _texts(agreed: Agreement | None, zone: str) -> Values:
    return {
        "text_number": agreed.address if agreed else "",
        "text_consent_since": _since(agreed, zone),
        "text_consent_evidence": agreed.evidence if agreed else None,
    }


def _since(agreed: Agreement | None, zone: str) -> date | None:
    return civil_time.local_day(agreed.since, civil_time.zone(zone)) if agreed else None


def _assignments(scope: Scope) -> Iterator[Values]:
    statement = (
        select(
            Client.code.label("client"), staff_code().label("staff"), Assignment.role,
            Assignment.from_day.label("from"), Assignment.until_day.label("until"),
        )
        .join(Assignment.client)
        .join(Assignment.user)
        .where(in_scope(Client.site_id, scope))
    )  # fmt: skip
    return in_order(_dicts(statement), "client", "role", "from", "staff")


def _keep_apart(scope: Scope) -> Iterator[Values]:
    one, other = aliased(Client), aliased(Client)
    statement = (
        select(one.code, other.code)
        .join(KeepApart, KeepApart.client_id == one.id)
        .join(other, other.id == KeepApart.other_id)
        .where(KeepApart.lifted_at.is_(None), in_scope(one.site_id, scope), in_scope(other.site_id, scope))
    )
    pairs = [sorted(codes) for codes in db.session.execute(statement)]
    return in_order([{"client": first, "other": second} for first, second in pairs], "client", "other")


def _enrollments(scope: Scope) -> Iterator[Values]:
    statement = (
        select(
            Enrollment.code, Client.code.label("client"), Program.code.label("program"), Enrollment.status,
            Enrollment.from_day.label("from"), Enrollment.until_day.label("until"),
            Enrollment.first_contact_on.label("first_contact"),
        )
        .join(Enrollment.client)
        .join(Enrollment.program)
        .where(in_scope(Client.site_id, scope), in_scope(Program.site_id, scope))
    )  # fmt: skip
    return in_order(_dicts(statement), "code")


def _doses(scope: Scope) -> Iterator[Values]:
    statement = (
        select(PrescribedDose, Enrollment.code)
        .join(PrescribedDose.enrollment)
        .join(Enrollment.client)
        .where(in_scope(Client.site_id, scope))
    )
    rows = [
        {
            "enrollment": enrollment,
            "from": dose.from_day,
            "minutes": dose.minutes,
            "over_minutes": dose.over_minutes,
            "minimum_days": dose.minimum_days,
            "most_minutes_a_day": dose.most_minutes_a_day,
            "required_services": sorted(dose.required_services),
            "step_down": dose.step_down,
            "ordered_by": dose.ordered_by,
        }
        for dose, enrollment in _rows(statement)
    ]
    return in_order(rows, "enrollment", "from")


def _pauses(scope: Scope) -> Iterator[Values]:
    statement = (
        select(
            Enrollment.code.label("enrollment"), EnrollmentPause.from_day.label("from"),
            EnrollmentPause.until_day.label("until"), EnrollmentPause.reason,
        )
        .join(EnrollmentPause.enrollment)
        .join(Enrollment.client)
        .where(in_scope(Client.site_id, scope))
    )  # fmt: skip
    return in_order(_dicts(statement), "enrollment", "from")


def _closures(scope: Scope) -> Iterator[Values]:
    statement = (
        select(
            Site.code.label("site"), Program.code.label("program"), Closure.from_day.label("from"),
            Closure.until_day.label("until"), Closure.name,
        )
        .join(Closure.site)
        .outerjoin(Closure.program)
        .where(in_scope(Closure.site_id, scope))
    )  # fmt: skip
    return in_order(_dicts(statement), "site", "from", "until", "program")


def _groups(scope: Scope) -> Iterator[Values]:
    statement = select(
        Group.code, Program.code.label("program"), Group.name, Group.public_name, Group.service_type,
        Group.seats, Group.modality, Group.gender, Group.language, Group.attend,
    ).join(Group.program)  # fmt: skip
    return in_order(_dicts(statement.where(in_scope(Program.site_id, scope))), "code")


def _series(scope: Scope, *first: Any) -> AnySelect:
    """Return the statement for weekly sessions; `first` are the columns that differ by kind."""
    before = aliased(Series)
    return (
        select(
            Series.code, *first, Series.weekday, Series.local_start.label("start"),
            Series.duration_minutes.label("minutes"), Series.break_minutes, Series.every_weeks,
            staff_code().label("staff"), Room.code.label("room"), Series.from_day.label("from"),
            Series.until_day.label("until"), before.code.label("continues"),
        )
        .join(Series.leader)
        .outerjoin(Series.room)
        .outerjoin(before, before.id == Series.predecessor_id)
        .where(in_scope(Series.site_id, scope))
    )  # fmt: skip


def _meetings(scope: Scope) -> Iterator[Values]:
    statement = _series(scope, Group.code.label("group")).join(Series.group)
    return in_order(_dicts(statement), "code")


def _individual_sessions(scope: Scope) -> Iterator[Values]:
    statement = (
        _series(
            scope, Client.code.label("client"), Program.code.label("program"), Series.service_type,
            Series.modality,
        )
        .join(Series.client)
        .join(Program, Program.id == Series.program_id)
        .where(Series.kind == SeriesKind.INDIVIDUAL, in_scope(Client.site_id, scope))
    ).add_columns(Site.zone, Client.travel_minutes)  # fmt: skip
    rows = _dicts(statement.join(Series.site))
    commitments = _hard_commitments(scope)
    for row in rows:
        minutes = as_domain.trip({"travel_minutes": row.pop("travel_minutes")}, row["modality"])
        rule, held = as_domain.weekly_rule(row, row.pop("zone")), commitments.get(row["client"], [])
        clash = as_domain.first_clash(rule, as_domain.span(row), held, trip_minutes=minutes)
        row["despite_commitments"] = clash is not None
    return in_order(rows, "code")


def _commitments(scope: Scope) -> Iterator[Values]:
    statement = (
        select(ClientConstraint, Client.code)
        .join(ClientConstraint.client)
        .where(in_scope(Client.site_id, scope), ClientConstraint.withdrawn_at.is_(None))
    )
    rows = [
        {
            "client": client,
            "kind": held.kind,
            "label": held.label,
            "weekday": held.weekday,
            "date": held.day,
            "start": held.local_start,
            "end": held.local_end,
            "overnight": held.ends_next_day,
            "week": held.week,
            "anchor": held.anchor_day,
            "from": held.from_day,
            "until": held.until_day,
            "hard": held.hard,
            "negotiable": held.negotiable,
            "travel_before": held.travel_before,
            "travel_after": held.travel_after,
            "exceptions": sorted(exception.day for exception in held.exceptions),
        }
        for held, client in _rows(statement)
    ]
    columns = tuple(rows[0]) if rows else ()
    previous: Values | None = None
    for row in in_order(rows, *columns):
        if row != previous:  # the same commitment entered twice is one commitment
            yield row
        previous = row


def _memberships(scope: Scope) -> Iterator[Values]:
    statement = (
        select(SeriesMember, Series, Client)
        .join(SeriesMember.series)
        .join(SeriesMember.client)
        .join(Series.site)
        .where(in_scope(Series.site_id, scope), in_scope(Client.site_id, scope))
    )
    commitments = _hard_commitments(scope)
    rows = [
        {
            "client": client.code,
            "meeting": series.code,
            "from": member.from_day,
            "until": member.until_day,
            "every_other_from": _weeks(member),
            "despite_commitments": _clashes(member, series, client, commitments),
        }
        for member, series, client in _rows(statement)
    ]
    return in_order(rows, "client", "meeting", "from")


def _weeks(member: SeriesMember) -> date | None:
    """Return the Monday of the first week in which a place of every other week is attended."""
    week = WeekParity(member.week)
    return None if week is WeekParity.EVERY else civil_time.first_week(week, member.from_day)


def _judged_memberships(scope: Scope) -> Iterator[Values]:
    return _judged(_memberships(scope), "meeting", scope)


def _judged_sessions(scope: Scope) -> Iterator[Values]:
    return _judged(_individual_sessions(scope), "code", scope)


def _judged(rows: Iterable[Values], session: str, scope: Scope) -> Iterator[Values]:
    """Yield `rows` with the rules each place breaks: what is stored was agreed somehow."""
    plain = {"individual_sessions": _individual_sessions, "memberships": _memberships}
    places = Places({name: list(plain.get(name, _READERS[name])(scope)) for name in NEEDED})
    for row in rows:
        yield {**row, "despite_rules": sorted(rule.value for rule in places.broken(row[session], row))}


def _hard_commitments(scope: Scope) -> dict[str, list[Commitment]]:
    found: dict[str, list[Commitment]] = {}
    for row in _commitments(scope):
        if row["hard"]:
            found.setdefault(row["client"], []).append(as_domain.commitment(row))
    return found


def _clashes(
    member: SeriesMember, series: Series, client: Client, commitments: dict[str, list[Commitment]]
) -> bool:
    held = commitments.get(client.code)
    if not held:
        return False
    minutes = as_domain.trip({"travel_minutes": client.travel_minutes}, series.modality)
    within = Span(member.from_day, member.until_day)
    theirs = replace(rule_of(series), week=WeekParity(member.week))
    return as_domain.first_clash(theirs, within, held, trip_minutes=minutes) is not None


def led_elsewhere(scope: frozenset[int]) -> Iterator[tuple[str, WeeklyRule]]:
    """Yield what staff of these sites lead at others: the code of who, and when; nothing else of it."""
    statement = (
        select(Series, staff_code())
        .join(Series.leader)
        .where(Series.site_id.not_in(scope), _works_here(scope))
    )
    for series, staff in _rows(statement):
        yield staff, rule_of(series)


def rule_day(rule: WeeklyRule, day: date) -> date:
    """Return the day the rule gives in the week of `day`: how files name a dated session."""
    monday = civil_time.monday_of(day)
    return next(rule.days(monday, monday + timedelta(days=6)), day)


def _session_changes(scope: Scope) -> Iterator[Values]:
    by_hand = and_(
        Occurrence.status == OccurrenceStatus.CANCELLED, Occurrence.cancel_cause == CancelCause.BY_HAND
    )
    statement = (
        select(Occurrence, Series, Site.zone, staff_code(), Room.code)
        .join(Occurrence.series)
        .join(Occurrence.site)
        .join(Occurrence.leader)
        .outerjoin(Occurrence.room)
        .where(
            in_scope(Occurrence.site_id, scope),
            or_(Occurrence.edited, by_hand, Occurrence.status == OccurrenceStatus.NOT_HELD),
        )
    )
    rows = [_change(*row) for row in _rows(statement)]
    return in_order(rows, "session", "date")


def _change(occurrence: Occurrence, series: Series, zone: str, leader: str, room: str | None) -> Values:
    rule, tz = rule_of(series), civil_time.zone(zone)
    day = rule_day(rule, occurrence.original_day)
    start = civil_time.local(occurrence.starts_at, tz).time()
    minutes = int((occurrence.ends_at - occurrence.starts_at).total_seconds()) // 60
    moved_room = occurrence.room_id != series.room_id
    own_break = occurrence.break_minutes != series.break_minutes
    return {
        "session": series.code,
        "date": day,
        "moved_to": None if occurrence.local_day == day else occurrence.local_day,
        "start": None if start == series.local_start else start,
        "minutes": None if minutes == series.duration_minutes else minutes,
        "break_minutes": occurrence.break_minutes if own_break else None,
        "staff": None if occurrence.leader_id == series.leader_id else leader,
        "room": (room or NO_ROOM) if moved_room else None,
        "status": occurrence.status,
        "reason": occurrence.status_reason,
    }


_READERS: dict[str, Callable[[Scope], Iterator[Values]]] = {
    "sites": _sites,
    "programs": _programs,
    "rooms": _rooms,
    "staff": _staff,
    "clients": _clients,
    "assignments": _assignments,
    "keep_apart": _keep_apart,
    "enrollments": _enrollments,
    "doses": _doses,
    "pauses": _pauses,
    "closures": _closures,
    "groups": _groups,
    "meetings": _meetings,
    "individual_sessions": _judged_sessions,
    "commitments": _commitments,
    "memberships": _judged_memberships,
    "session_changes": _session_changes,
}


def _attendance(scope: Scope, now: datetime) -> Iterator[Values]:
    statement = select(Series, Site.zone).join(Series.site).where(in_scope(Series.site_id, scope))
    listed = sorted(_rows(statement), key=lambda row: row[0].code)
    for series, zone in listed:
        rows = _attendance_of(series, zone, scope, now)
        yield from in_order(rows, "date", "client")


def _attendance_of(series: Series, zone: str, scope: Scope, now: datetime) -> list[Values]:
    """Return who was expected at the sessions of one series that have begun, and what happened.

    Guests of later sessions are in it too: no membership says that they come.
    """
    statement = (
        select(
            Client.code, Client.id, Occurrence.original_day, RosterEntry.source, AttendanceRecord.status,
            AttendanceRecord.minutes, AttendanceRecord.arrived_at, AttendanceRecord.left_at,
            AttendanceRecord.reason,
        )
        .join(RosterEntry.client)
        .join(RosterEntry.occurrence)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            Occurrence.series_id == series.id,
            in_scope(Client.site_id, scope),
            Occurrence.status == OccurrenceStatus.PLANNED,
            RosterEntry.released_at.is_(None),
            or_(Occurrence.starts_at <= now, RosterEntry.source.in_(_GUESTS)),
        )
    )  # fmt: skip
    rule, tz = rule_of(series), civil_time.zone(zone)
    members = _member_places(series)
    return [_mark(row, series, rule=rule, tz=tz, members=members) for row in db.session.execute(statement)]


def _member_places(series: Series) -> dict[int, list[Place]]:
    found: dict[int, list[Place]] = {}
    columns = SeriesMember.client_id, SeriesMember.from_day, SeriesMember.until_day, SeriesMember.week
    for client_id, first, last, week in _rows(select(*columns).where(SeriesMember.series_id == series.id)):
        found.setdefault(client_id, []).append(Place(Span(first, last), WeekParity(week)))
    return found


def _mark(
    row: Any, series: Series, *, rule: WeeklyRule, tz: ZoneInfo, members: dict[int, list[Place]]
) -> Values:
    client, client_id, original_day, source, status, minutes, arrived, left, reason = row
    day = rule_day(rule, original_day)
    known = status is not None and status != AttendanceStatus.ENTERED_IN_ERROR
    if source == RosterSource.MEMBER and not any(one.covers(day) for one in members.get(client_id, ())):
        # The membership was corrected afterwards; what happened stands, as a visit.
        source = RosterSource.WALK_IN.value
    return {
        "client": client,
        "session": series.code,
        "date": day,
        "status": status if known else None,
        "minutes": minutes if known else None,
        "arrived": civil_time.local(arrived, tz).time() if known and arrived else None,
        "left": civil_time.local(left, tz).time() if known and left else None,
        "reason": reason if known else "",
        "expected_as": source,
    }
