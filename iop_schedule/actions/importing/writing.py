"""Storing what was found good: table by table, in batches, inside the caller's transaction."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, insert, select, update

from iop_schedule.actions.importing.clinic import SERIES, Clinic
from iop_schedule.actions.importing.marks import ToWrite
from iop_schedule.actions.importing.rules import changed_rule
from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.rows import Row
from iop_schedule.adapters.clinic_files.tables import VALUED
from iop_schedule.domain import civil_time
from iop_schedule.domain.placement import Valuation
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    AttendanceRevision,
    Base,
    Client,
    ClientConstraint,
    Closure,
    ConstraintException,
    ContactConsent,
    ContactPoint,
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
    SignOff,
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_role, user_site
from iop_schedule.queries.exporting import NO_ROOM, Scope, staff_code
from iop_schedule.queries.sign_off import complete_sheets
from iop_schedule.vocabulary import (
    CancelCause,
    Channel,
    ConsentPurpose,
    Evidence,
    OccurrenceStatus,
    Role,
    SeriesKind,
    SignOffKind,
)

_BATCH = 500


class NobodyToRecord(Exception):
    """No administrator is there to be written down as who entered the rows."""


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


def _put(model: type[Base] | Any, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows without reading them back."""
    table = getattr(model, "__table__", model)
    for batch in _batches(rows):
        db.session.execute(insert(table), list(batch))


class Ids:
    """Database ids by the codes of the files."""

    def __init__(self, scope: Scope) -> None:
        self.sites = self._read(Site, Site.id, scope)
        self.programs = self._read(Program, Program.site_id, scope)
        self.clients = self._read(Client, Client.site_id, scope)
        self.series = self._read(Series, Series.site_id, scope)
        self.staff = self._staff()
        self.groups: dict[str, int] = self._codes(select(Group.code, Group.id))
        self.enrollments: dict[str, int] = self._codes(select(Enrollment.code, Enrollment.id))
        self.rooms: dict[tuple[str, str], int] = {}
        self.learn_rooms()

    @staticmethod
    def _codes(statement: Any) -> dict[Any, int]:
        return {code: id_ for code, id_ in db.session.execute(statement)}  # noqa: C416 - typed rows

    def _read(self, model: Any, site_id: Any, scope: Scope) -> dict[str, int]:
        statement = select(model.code, model.id)
        return self._codes(statement if scope is None else statement.where(site_id.in_(scope)))

    def _staff(self) -> dict[str, int]:
        return self._codes(select(staff_code(), User.id).where(User.roles.any(RoleRow.name != Role.CLIENT)))

    def learn_rooms(self) -> None:
        """Read the ids of all rooms, by site and code."""
        statement = select(Site.code, Room.code, Room.id).join(Room.site)
        self.rooms = {(site, code): id_ for site, code, id_ in db.session.execute(statement)}

    def learn(self, known: dict[str, int], model: Any, rows: Sequence[Row]) -> None:
        """Add the ids of rows that were just inserted to `known`."""
        for batch in _batches([row["code"] for row in rows]):
            known.update(self._codes(select(model.code, model.id).where(model.code.in_(batch))))


class Writer:
    """Puts the new rows of a clinic into the database; flushes nothing away and never commits."""

    def __init__(self, clinic: Clinic, ids: Ids, *, recorder_id: int | None, now: datetime) -> None:
        self._clinic, self.ids, self._now = clinic, ids, now
        self._recorder_id = recorder_id
        #: How many rows of which file were written about each client, for the audit trail.
        self.about: dict[str, Counter[str]] = defaultdict(Counter)
        #: Dated sessions that got marks.
        self._touched: set[int] = set()
        self._steps: dict[str, Callable[[list[Row]], None]] = {
            "sites": self._sites,
            "programs": self._programs,
            "rooms": self._rooms,
            "staff": self._staff,
            "clients": self._clients,
            "assignments": self._assignments,
            "enrollments": self._enrollments,
            "doses": self._doses,
            "pauses": self._pauses,
            "closures": self._closures,
            "keep_apart": self._pairs,
            "commitments": self._commitments,
            "groups": self._groups,
            "meetings": self._meetings,
            "individual_sessions": self._individuals,
            "memberships": self._memberships,
            "session_changes": self._changes,
        }

    def write(self, table: str) -> None:
        """Store the new rows of `table`; those it refers to are stored already."""
        rows = self._clinic.new[table]
        if rows:
            self._steps[table](rows)
        for row in rows:
            client = row["code"] if table == "clients" else row["client"]
            for one in (client, row["other"] if table == "keep_apart" else None):
                if one is not None:
                    self.about[one][table] += 1

    @property
    def recorder_id(self) -> int:
        """Return who is written down as having entered the rows: the actor, else an administrator.

        Raises:
            NobodyToRecord: there is none.
        """
        if self._recorder_id is None:
            is_administrator = User.roles.any(RoleRow.name == Role.ADMINISTRATOR)
            statement = select(User.id).where(User.active, is_administrator).order_by(User.id).limit(1)
            self._recorder_id = db.session.scalar(statement)
        if self._recorder_id is None:
            raise NobodyToRecord
        return self._recorder_id

    def _sites(self, rows: list[Row]) -> None:
        _put(Site, [
            {"code": r["code"], "name": r["name"], "zone": r["time_zone"], "address": r["address"],
             "phone": r["phone"]}
            for r in rows
        ])  # fmt: skip
        self.ids.learn(self.ids.sites, Site, rows)

    def _programs(self, rows: list[Row]) -> None:
        same = ("code", "name", "level_of_care", "minimum_minutes", "minimum_days", "minimum_source",
                "horizon_weeks", "make_up_days", "late_entry_hours", "cancel_notice_hours", "self_check_in",
                "check_in_before_minutes", "check_in_after_minutes", "alternating_weeks",
                "spares_scarce_seats")  # fmt: skip
        _put(Program, [
            {**_same(r, *same), "site_id": self.ids.sites[r["site"]],
             "placement_numbers": Valuation.of(_same(r, *VALUED)).set_numbers()}
            for r in rows
        ])  # fmt: skip
        self.ids.learn(self.ids.programs, Program, rows)

    def _rooms(self, rows: list[Row]) -> None:
        _put(
            Room, [{**_same(r, "code", "name", "seats"), "site_id": self.ids.sites[r["site"]]} for r in rows]
        )
        self.ids.learn_rooms()

    def _staff(self, rows: list[Row]) -> None:
        _put(User, [
            {**_same(r, "code", "email", "given_name", "family_name", "active"), "password": None,
             "fs_uniquifier": uuid4().hex, "created_at": self._now}
            for r in rows
        ])  # fmt: skip
        self.ids.learn(self.ids.staff, User, rows)
        roles = {row.name: row.id for row in db.session.execute(select(RoleRow.name, RoleRow.id))}
        missing = sorted({r["role"] for r in rows} - set(roles))
        if missing:
            _put(RoleRow, [{"name": name} for name in missing])
            roles = {row.name: row.id for row in db.session.execute(select(RoleRow.name, RoleRow.id))}
        ids = self.ids
        _put(user_role, [{"user_id": ids.staff[r["code"]], "role_id": roles[r["role"]]} for r in rows])
        _put(user_site, [
            {"user_id": ids.staff[r["code"]], "site_id": ids.sites[site]} for r in rows for site in r["sites"]
        ])  # fmt: skip

    def _clients(self, rows: list[Row]) -> None:
        same = ("code", "given_name", "family_name", "preferred_name", "gender", "modality", "travel_minutes",
                "email", "phone", "may_leave_message")  # fmt: skip
        _put(Client, [
            {**_same(r, *same), "site_id": self.ids.sites[r["site"]], "languages": list(r["languages"]),
             "created_at": self._now}
            for r in rows
        ])  # fmt: skip
        self.ids.learn(self.ids.clients, Client, rows)
        self._agreements(Channel.EMAIL, [
            (r, r["email_consent_since"], r["email"].lower(), Evidence.RECORDS) for r in rows
        ])  # fmt: skip
        self._agreements(Channel.SMS, [
            (r, r["text_consent_since"], r["text_number"], r["text_consent_evidence"] or Evidence.RECORDS)
            for r in rows
        ])  # fmt: skip

    def _agreements(self, channel: Channel, said: Sequence[tuple[Row, date | None, str, str]]) -> None:
        """Store where clients agreed to be reminded over one channel, since when, and how we know."""
        agreed = [
            (self.ids.clients[r["code"]], self._start_of_day(r["site"], since), address, evidence)
            for r, since, address, evidence in said
            if since
        ]
        _put(ContactPoint, [
            {"client_id": id_, "channel": channel, "address": address, "added_at": self._now,
             "confirmed_at": at, "confirmed_by": Evidence.RECORDS, "code_salt": "", "code_tries": 0}
            for id_, at, address, _ in agreed
        ])  # fmt: skip
        _put(ContactConsent, [
            {"client_id": id_, "channel": channel, "purpose": ConsentPurpose.REMINDERS, "given_at": at,
             "evidence": evidence}
            for id_, at, _, evidence in agreed
        ])  # fmt: skip

    def _start_of_day(self, site: str, day: date) -> datetime:
        zone = civil_time.zone(self._clinic.rows["sites"][site,]["time_zone"])
        return civil_time.instant(day, time(0), zone)

    def _pairs(self, rows: list[Row]) -> None:
        ids = self.ids.clients
        both = [sorted((ids[r["client"]], ids[r["other"]])) for r in rows]
        _put(KeepApart, [
            {"client_id": one, "other_id": other, "made_at": self._now, "made_by_id": self.recorder_id}
            for one, other in both
        ])  # fmt: skip

    def _assignments(self, rows: list[Row]) -> None:
        _put(Assignment, [
            {"client_id": self.ids.clients[r["client"]], "user_id": self.ids.staff[r["staff"]],
             "role": r["role"], **_days(r)}
            for r in rows
        ])  # fmt: skip

    def _enrollments(self, rows: list[Row]) -> None:
        _put(Enrollment, [
            {**_same(r, "code", "status"), "client_id": self.ids.clients[r["client"]],
             "program_id": self.ids.programs[r["program"]], **_days(r),
             "first_contact_on": r["first_contact"]}
            for r in rows
        ])  # fmt: skip
        self.ids.learn(self.ids.enrollments, Enrollment, rows)

    def _doses(self, rows: list[Row]) -> None:
        same = ("minutes", "over_minutes", "minimum_days", "most_minutes_a_day", "ordered_by", "step_down")
        _put(PrescribedDose, [
            {**_same(r, *same), "enrollment_id": self.ids.enrollments[r["enrollment"]], "from_day": r["from"],
             "required_services": list(r["required_services"])}
            for r in rows
        ])  # fmt: skip
        self._about_enrolled(rows)

    def _pauses(self, rows: list[Row]) -> None:
        _put(EnrollmentPause, [
            {"enrollment_id": self.ids.enrollments[r["enrollment"]], "reason": r["reason"], **_days(r)}
            for r in rows
        ])  # fmt: skip
        self._about_enrolled(rows)

    def _about_enrolled(self, rows: list[Row]) -> None:
        for row in rows:
            client = self._clinic.rows["enrollments"][row["enrollment"],]["client"]
            self.about[client][row.table.name] += 1

    def _closures(self, rows: list[Row]) -> None:
        _put(Closure, [
            {"site_id": self.ids.sites[r["site"]], "name": r["name"], **_days(r),
             "program_id": r["program"] and self.ids.programs[r["program"]]}
            for r in rows
        ])  # fmt: skip

    def _commitments(self, rows: list[Row]) -> None:
        for batch in _batches(rows):
            values = [self._commitment(row) for row in batch]
            statement = insert(ClientConstraint).returning(ClientConstraint.id, sort_by_parameter_order=True)
            ids = db.session.scalars(statement, values).all()
            _put(ConstraintException, [
                {"constraint_id": id_, "day": day}
                for id_, row in zip(ids, batch, strict=True)
                for day in row["exceptions"]
            ])  # fmt: skip

    def _commitment(self, row: Row) -> dict[str, Any]:
        return {
            **_same(
                row, "kind", "label", "weekday", "week", "hard", "negotiable", "travel_before", "travel_after"
            ),
            **_days(row),
            "client_id": self.ids.clients[row["client"]],
            "day": row["date"],
            "local_start": row["start"],
            "local_end": row["end"],
            "ends_next_day": row["overnight"],
            "anchor_day": row["anchor"],
            "created_at": self._now,
            "created_by_id": self.recorder_id,
        }

    def _groups(self, rows: list[Row]) -> None:
        same = ("code", "name", "public_name", "service_type", "seats", "modality", "gender", "language",
                "attend")  # fmt: skip
        _put(Group, [{**_same(r, *same), "program_id": self.ids.programs[r["program"]]} for r in rows])
        self.ids.learn(self.ids.groups, Group, rows)

    def _meetings(self, rows: list[Row]) -> None:
        values = []
        for row in rows:
            group = self._clinic.rows["groups"][row["group"],]
            own = {"kind": SeriesKind.GROUP, "group_id": self.ids.groups[row["group"]], "client_id": None}
            values.append({**self._series(row), **_same(group, "service_type", "modality"), **own})
        self._weekly(rows, values)

    def _individuals(self, rows: list[Row]) -> None:
        values = []
        for row in rows:
            own = {
                "kind": SeriesKind.INDIVIDUAL,
                "client_id": self.ids.clients[row["client"]],
                "group_id": None,
            }
            values.append({**self._series(row), **_same(row, "service_type", "modality"), **own})
        self._weekly(rows, values)

    def _series(self, row: Row) -> dict[str, Any]:
        site = self._clinic.site_of(row)
        return {
            **_same(row, "code", "weekday", "break_minutes", "every_weeks"),
            **_days(row),
            "site_id": self.ids.sites[site],
            "program_id": self.ids.programs[self._clinic.program_of(row)["code"]],
            "local_start": row["start"],
            "duration_minutes": row["minutes"],
            "leader_id": self.ids.staff[row["staff"]],
            "room_id": row["room"] and self.ids.rooms[site, row["room"]],
            "created_at": self._now,
        }

    def _weekly(self, rows: list[Row], values: list[dict[str, Any]]) -> None:
        _put(Series, values)
        self.ids.learn(self.ids.series, Series, rows)
        follows = [
            {"of": self.ids.series[r["code"]], "before": self.ids.series[r["continues"]]}
            for r in rows
            if r["continues"]
        ]
        if follows:
            table = Series.__table__
            statement = update(table).where(table.c.id == bindparam("of"))  # type: ignore[arg-type]
            db.session.connection().execute(statement.values(predecessor_id=bindparam("before")), follows)

    def _memberships(self, rows: list[Row]) -> None:
        _put(SeriesMember, [
            {**_days(r), "series_id": self.ids.series[r["meeting"]],
             "client_id": self.ids.clients[r["client"]], "week": as_domain.place(r.values).week}
            for r in rows
        ])  # fmt: skip

    def _changes(self, rows: list[Row]) -> None:
        _put(Occurrence, [self._change(row) for row in rows])

    def _change(self, row: Row) -> dict[str, Any]:
        session = self._clinic.series(row["session"])
        assert session is not None  # noqa: S101 - judged
        plain = self._occurrence(row["session"], row["date"])
        rule = changed_rule(self._clinic.rules[row["session"]], row)
        when = rule.instants_on(rule.from_day)
        if row["staff"]:
            plain["leader_id"] = self.ids.staff[row["staff"]]
        if row["room"]:
            own = (self._clinic.site_of(session), row["room"])
            plain["room_id"] = None if row["room"] == NO_ROOM else self.ids.rooms[own]
        cancelled = row["status"] == OccurrenceStatus.CANCELLED
        return {
            **plain,
            "local_day": rule.from_day,
            "starts_at": when.start,
            "ends_at": when.end,
            "break_minutes": rule.break_minutes,
            "status": row["status"],
            "cancel_cause": CancelCause.BY_HAND if cancelled else None,
            "status_reason": row["reason"],
            "edited": True,
        }

    def _occurrence(self, code: str, day: date) -> dict[str, Any]:
        session = self._clinic.series(code)
        assert session is not None  # noqa: S101 - judged
        site = self._clinic.site_of(session)
        rule = self._clinic.rules[code]
        when = rule.instants_on(day)
        return {
            "series_id": self.ids.series[code],
            "original_day": day,
            "site_id": self.ids.sites[site],
            "local_day": day,
            "starts_at": when.start,
            "ends_at": when.end,
            "break_minutes": rule.break_minutes,
            "leader_id": self.ids.staff[session["staff"]],
            "room_id": session["room"] and self.ids.rooms[site, session["room"]],
            "status": OccurrenceStatus.PLANNED,
            # History is told, not planned: two sessions of one counselor at one time may have been.
            "double_booked": True,
            "updated_at": self._now,
        }

    def write_marks(self, marks: Sequence[ToWrite]) -> None:
        """Store one batch of attendance: sessions, roster entries, marks and their first revisions."""
        if not marks:
            return
        sessions = self._sessions(marks)
        self._touched.update(sessions.values())
        entries = self._entries(marks, sessions)
        settled = [(mark, entry) for mark, entry in zip(marks, entries, strict=True) if mark.settled]
        values = [self._mark(mark, entry) for mark, entry in settled]
        if values:
            db.session.execute(insert(AttendanceRecord.__table__), values)  # type: ignore[arg-type]
            db.session.execute(insert(AttendanceRevision.__table__), values)  # type: ignore[arg-type]
        for mark in marks:
            self.about[mark.client]["attendance"] += 1

    def close_complete_sheets(self) -> None:
        """Close the past sheets this import has completed: they were kept and signed elsewhere."""
        for batch in _batches(sorted(self._touched)):
            values = [
                {**sheet, "version": 1, "kind": SignOffKind.IMPORTED, "at": self._now,
                 "by_id": self.recorder_id, "reason": ""}
                for sheet in complete_sheets(list(batch), now=self._now)
            ]  # fmt: skip
            if values:
                db.session.execute(insert(SignOff), values)

    def _sessions(self, marks: Sequence[ToWrite]) -> dict[tuple[str, date], int]:
        found = {(m.session, m.day): m.occurrence_id for m in marks if m.occurrence_id is not None}
        missing = dict.fromkeys((m.session, m.day) for m in marks if m.occurrence_id is None)
        if missing:
            values = [self._occurrence(code, day) for code, day in missing]
            statement = insert(Occurrence).returning(Occurrence.id, sort_by_parameter_order=True)
            found.update(zip(missing, db.session.scalars(statement, values), strict=True))
        return found

    def _entries(self, marks: Sequence[ToWrite], sessions: dict[tuple[str, date], int]) -> list[int]:
        missing = [mark for mark in marks if mark.entry_id is None]
        made: Iterator[int] = iter(())
        if missing:
            values = [
                {"occurrence_id": sessions[m.session, m.day], "client_id": self.ids.clients[m.client],
                 "source": m.source}
                for m in missing
            ]  # fmt: skip
            statement = insert(RosterEntry).returning(RosterEntry.id, sort_by_parameter_order=True)
            made = iter(db.session.scalars(statement, values).all())
        stored = [mark.entry_id for mark in marks if mark.entry_id is not None]
        if stored:  # someone no longer expected who came after all is expected again
            again = update(RosterEntry).where(RosterEntry.id.in_(stored)).values(released_at=None)
            db.session.execute(again, execution_options={"synchronize_session": False})
        return [next(made) if mark.entry_id is None else mark.entry_id for mark in marks]

    def _mark(self, mark: ToWrite, entry_id: int) -> dict[str, Any]:
        assert mark.settled is not None  # noqa: S101 - chosen so
        return {
            "roster_entry_id": entry_id,
            "version": 1,
            "status": mark.settled.status,
            "minutes": mark.settled.minutes,
            "arrived_at": mark.arrived_at,
            "left_at": mark.left_at,
            "reason": mark.reason,
            "marked_at": self._now,
            "marked_by_id": self.recorder_id,
        }


def _same(row: Row, *columns: str) -> dict[str, Any]:
    return {column: row[column] for column in columns}


def _days(row: Row) -> dict[str, Any]:
    return {"from_day": row["from"], "until_day": row["until"]}


__all__ = ["SERIES", "Ids", "NobodyToRecord", "Writer"]
