"""Past attendance, a batch at a time: judged like a mark taken on screen, never overwriting one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select, tuple_

from iop_schedule.actions.importing.clinic import SERIES, Clinic
from iop_schedule.actions.importing.rules import Rules, changed_rule, not_held
from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.rows import Row
from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import Mark, Settled, check_markable, scheduled_minutes, settle
from iop_schedule.errors import DomainError
from iop_schedule.models import AttendanceRecord, Occurrence, RosterEntry, db
from iop_schedule.queries.sign_off import sheet_closed
from iop_schedule.vocabulary import AttendanceStatus, OccurrenceStatus, RosterSource

BATCH = 1000
_GUESTS = frozenset({RosterSource.MAKE_UP.value, RosterSource.WALK_IN.value})
_THERE = frozenset({AttendanceStatus.ATTENDED.value, AttendanceStatus.ATTENDED_PART.value})


@dataclass(frozen=True, slots=True)
class Held:
    """A dated session as attendance sees it."""

    #: None while it has no row yet.
    id: int | None
    starts_at: datetime
    ends_at: datetime
    break_minutes: int
    cancelled: bool
    #: Signed, imported whole, or recorded as not held.
    closed: bool = False

    @property
    def times(self) -> dict[str, Any]:
        """Return what the rules of attendance ask for."""
        return {"starts_at": self.starts_at, "ends_at": self.ends_at, "break_minutes": self.break_minutes}

    @property
    def minutes(self) -> int:
        """Return the minutes that count."""
        return scheduled_minutes(**self.times)


@dataclass(frozen=True, slots=True)
class ToWrite:
    """One client at one dated session, ready to be stored."""

    session: str
    day: date
    client: str
    source: str
    #: None: still to mark.
    settled: Settled | None
    arrived_at: datetime | None
    left_at: datetime | None
    reason: str
    occurrence_id: int | None
    #: The roster entry that is there already and still to mark.
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """A roster entry that is there, and its mark."""

    entry_id: int
    status: str | None
    minutes: int
    arrived_at: datetime | None
    left_at: datetime | None
    reason: str


class Attendance:
    """Judges rows of attendance.csv in order; keeps one bit for each, to notice what comes twice."""

    def __init__(
        self,
        clinic: Clinic,
        rules: Rules,
        *,
        series_ids: dict[str, int],
        client_ids: dict[str, int],
        writes: bool,
    ) -> None:
        """`writes`: nobody else marks or signs the sheets of a batch until the transaction ends."""
        self._clinic, self._rules = clinic, rules
        self._series_ids, self._client_ids = series_ids, client_ids
        self._writes = writes
        self._seen: dict[tuple[str, str], int] = {}
        self.already = 0

    def batches(self, rows: Iterable[Row]) -> Iterator[list[ToWrite]]:
        """Yield what is to be written, up to a thousand rows of the file at a time."""
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            good = [row for row in batch if not row.bad and self._is_possible(row)]
            yield self._judged(good)

    def _is_possible(self, row: Row) -> bool:
        """Return True unless the row cannot be, whatever is stored; notes why."""
        session = self._rules.find(row, "session", *SERIES)
        client = self._rules.find(row, "client", "clients")
        if session is None or client is None:
            return False
        if not self._clinic.rules[session["code"]].holds_on(row["date"]):
            sentence = not_held(session, self._clinic.rules[session["code"]], row["date"])
            self._rules.wrong(row, "date", sentence)
        elif self._is_repeated(row):
            self._rules.wrong(row, "client", "This client is listed twice for this session. Delete one row.")
        else:
            self._settle_source(row, session)
            self._check_closed(row, session)
        return not row.bad

    def _is_repeated(self, row: Row) -> bool:
        # A session is held once a week, so one bit a week says whether a client was listed: a history of
        # ten years takes seventy bytes for each client and session.
        bit = 1 << (row["date"] - date(1950, 1, 2)).days // 7
        bits = self._seen.get((row["session"], row["client"]), 0)
        self._seen[row["session"], row["client"]] = bits | bit
        return bool(bits & bit)

    def _settle_source(self, row: Row, session: Row) -> None:
        source = row["expected_as"]
        if source in _GUESTS:
            return
        if session.table.name == "individual_sessions":
            belongs, own = session["client"] == row["client"], RosterSource.INDIVIDUAL
        else:
            places = self._clinic.members.get((row["session"], row["client"]), ())
            belongs, own = any(place.covers(row["date"]) for place in places), RosterSource.MEMBER
        if not belongs:
            advice = (
                "This client had no place in this session on that day. Correct memberships.csv, or write "
                "make_up or walk_in under expected_as."
            )
            self._rules.wrong(row, "client", advice)
        elif source is not None and source != own:
            self._rules.wrong(row, "expected_as", f"Write {own.value}, make_up or walk_in, or nothing.")
        row.values["expected_as"] = own.value

    def _check_closed(self, row: Row, session: Row) -> None:
        change = self._clinic.find("session_changes", row["session"], row["date"])
        day = (change and change["moved_to"]) or row["date"]
        closed = self._clinic.closed_on(session, day)
        if closed and row["status"] != AttendanceStatus.PROGRAM_CANCELLED:
            self._rules.wrong(row, "date", f"The site was closed that day ({closed.name}). Check the date.")

    def _judged(self, rows: list[Row]) -> list[ToWrite]:
        held = self._stored_sessions(rows)
        entries = self._stored_entries(rows, held)
        found = []
        for row in rows:
            key = row["session"], civil_time.monday_of(row["date"])
            session = held.get(key) or self._planned(row)
            stored = entries.get((session.id or 0, self._client_ids.get(row["client"], 0)))
            ready = self._judge(row, session, stored)
            if ready is not None:
                found.append(ready)
        return found

    def _planned(self, row: Row) -> Held:
        """Return the session as its weekly rule, or the change in the files, gives it."""
        rule = self._clinic.rules[row["session"]]
        change = self._clinic.find("session_changes", row["session"], row["date"])
        if change is not None:
            rule = changed_rule(rule, change)
        when = rule.instants_on(rule.from_day if change is not None else row["date"])
        cancelled = change is not None and change["status"] != OccurrenceStatus.PLANNED
        return Held(None, when.start, when.end, rule.break_minutes, cancelled)

    def _stored_sessions(self, rows: list[Row]) -> dict[tuple[str, date], Held]:
        """Return the dated sessions that have rows, by weekly session and week."""
        codes = {self._series_ids[code]: code for row in rows if (code := row["session"]) in self._series_ids}
        wanted = {
            (self._series_ids[row["session"]], civil_time.monday_of(row["date"]) + timedelta(days=n))
            for row in rows
            if row["session"] in self._series_ids
            for n in range(5)
        }
        if not wanted:
            return {}
        among = tuple_(Occurrence.series_id, Occurrence.original_day).in_(sorted(wanted))
        if self._writes:
            # By itself and first: a statement that waits for a row still sees other tables as they were.
            lock = select(Occurrence.id).where(among).order_by(Occurrence.id).with_for_update()
            db.session.execute(lock)
        statement = select(
            Occurrence.series_id, Occurrence.original_day, Occurrence.id, Occurrence.starts_at,
            Occurrence.ends_at, Occurrence.break_minutes, Occurrence.status, sheet_closed(),
        ).where(among)  # fmt: skip
        return {
            (codes[series_id], civil_time.monday_of(day)): Held(
                id_, starts_at, ends_at, break_minutes, status != OccurrenceStatus.PLANNED, bool(closed)
            )
            for series_id, day, id_, starts_at, ends_at, break_minutes, status, closed in db.session.execute(
                statement
            )
        }

    def _stored_entries(
        self, rows: list[Row], held: dict[tuple[str, date], Held]
    ) -> dict[tuple[int, int], _Stored]:
        clients = {self._client_ids[row["client"]] for row in rows if row["client"] in self._client_ids}
        sessions = {session.id for session in held.values() if session.id is not None}
        if not sessions or not clients:
            return {}
        statement = (
            select(
                RosterEntry.occurrence_id, RosterEntry.client_id, RosterEntry.id, AttendanceRecord.status,
                AttendanceRecord.minutes, AttendanceRecord.arrived_at, AttendanceRecord.left_at,
                AttendanceRecord.reason,
            )
            .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
            .where(RosterEntry.occurrence_id.in_(sessions), RosterEntry.client_id.in_(clients))
        )  # fmt: skip
        return {
            (occurrence, client): _Stored(entry, status, minutes or 0, arrived, left, reason or "")
            for occurrence, client, entry, status, minutes, arrived, left, reason in db.session.execute(
                statement
            )
        }

    def _judge(self, row: Row, session: Held, stored: _Stored | None) -> ToWrite | None:
        arrived, left = self._instant(row, session, "arrived"), self._instant(row, session, "left")
        settled = self._settled(row, session, arrived, left)
        if row.bad or (stored is not None and self._is_there(row, stored, settled, arrived, left)):
            return None
        if session.closed:
            self._rules.wrong(row, "date", "This sheet is signed already. Amend it on screen.")
            return None
        return ToWrite(
            row["session"], row["date"], row["client"], row["expected_as"], settled, arrived, left,
            row["reason"], session.id, stored.entry_id if stored else None,
        )  # fmt: skip

    def _is_there(
        self,
        row: Row,
        stored: _Stored,
        settled: Settled | None,
        arrived: datetime | None,
        left: datetime | None,
    ) -> bool:
        """Return True when nothing is to be written: the mark is there, the same or (noted) another."""
        if stored.status is None or stored.status == AttendanceStatus.ENTERED_IN_ERROR:
            if settled is None:
                self.already += 1
            # A mark taken back has a history that only the screen shows.
            elif stored.status is not None:
                self._rules.wrong(row, "status", "This mark was taken back on screen. Mark it there again.")
            return settled is None or row.bad
        same = settled is not None and (
            stored.status, stored.minutes, stored.arrived_at, stored.left_at, stored.reason,
        ) == (settled.status, settled.minutes, arrived, left, row["reason"])  # fmt: skip
        if same:
            self.already += 1
        else:
            advice = (
                f"This is already marked as {stored.status}, {stored.minutes} minutes. Correct it on screen."
            )
            self._rules.wrong(row, "status", advice)
        return True

    def _instant(self, row: Row, session: Held, column: str) -> datetime | None:
        wall: time | None = row[column]
        if wall is None:
            return None
        zone = civil_time.zone(self._clinic.rules[row["session"]].zone)
        return civil_time.instant(civil_time.local_day(session.starts_at, zone), wall, zone)

    def _settled(
        self, row: Row, session: Held, arrived: datetime | None, left: datetime | None
    ) -> Settled | None:
        if row["status"] is None:
            self._check_unmarked(row)
            return None
        if row["status"] == AttendanceStatus.ENTERED_IN_ERROR:
            self._rules.wrong(row, "status", "Write what happened, or leave it empty while it is to mark.")
            return None
        status = AttendanceStatus(row["status"])
        try:
            check_markable(starts_at=session.starts_at, cancelled=session.cancelled, now=self._clinic.now)
            if arrived is None and left is None and row["minutes"] is not None:
                return self._by_minutes(row, status, session)
            settled = settle(Mark(status, arrived, left), **session.times)
            if row["minutes"] is not None and settled.minutes != row["minutes"]:
                present = settle(Mark(status, arrived, left), **{**session.times, "break_minutes": 0})
                return self._as_credited(row, settled, most=min(present.minutes, session.minutes))
        except DomainError as error:
            column = as_domain.COLUMN_OF.get(error.field or "", "date" if not error.field else "status")
            self._rules.wrong(row, column, error.message)
            return None
        return settled

    def _as_credited(self, row: Row, settled: Settled, *, most: int) -> Settled:
        """Return the mark with the minutes credited at the time; never more than they were there."""
        if row["minutes"] > most:
            advice = f"By these times at most {most} minutes can be credited. Correct them, or clear it."
            self._rules.wrong(row, "minutes", advice)
        return Settled(settled.status, row["minutes"])

    def _check_unmarked(self, row: Row) -> None:
        for column in ("minutes", "arrived", "left"):
            if row[column] is not None:
                self._rules.wrong(row, "status", "Fill in what happened, or clear minutes and times too.")
                return

    def _by_minutes(self, row: Row, status: AttendanceStatus, session: Held) -> Settled:
        """Return the mark of a sheet that says minutes only."""
        minutes, whole = row["minutes"], session.minutes
        if minutes > whole:
            advice = f"This session has {whole} minutes without its break. Write {whole} or fewer."
            self._rules.wrong(row, "minutes", advice)
        elif status.value not in _THERE and minutes:
            self._rules.wrong(row, "minutes", "Only someone who came has minutes. Write 0 or clear it.")
        elif status is AttendanceStatus.ATTENDED and minutes < whole:
            advice = f"Attended means all {whole} minutes. Write attended_in_part under status."
            self._rules.wrong(row, "status", advice)
        elif status is AttendanceStatus.ATTENDED_PART and not 0 < minutes < whole:
            self._rules.wrong(row, "minutes", f"Attended in part means 1 to {whole - 1} minutes.")
        return Settled(status, minutes)
