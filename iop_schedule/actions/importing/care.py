"""What clients want, ask for, told and made up: judged like every row, stored after their sessions."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import insert, select

from iop_schedule.actions.importing.clinic import SERIES, Clinic
from iop_schedule.actions.importing.rules import Rules, not_held
from iop_schedule.actions.importing.writing import Writer
from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.rows import Row
from iop_schedule.domain.care_requests import Asking
from iop_schedule.domain.civil_time import instant, zone
from iop_schedule.domain.goals import MOST
from iop_schedule.errors import DomainError
from iop_schedule.models import (
    CareReply,
    CareRequest,
    ClientGoal,
    ClientWishes,
    MakeUp,
    Occurrence,
    RosterEntry,
    SessionNotice,
    db,
)
from iop_schedule.vocabulary import NoticeKind, RequestAnswer, RequestKind

#: Files that name people only; and those about places on rosters, stored after the sessions are written out.
ABOUT_PEOPLE = ("wishes", "goals", "requests", "answers")
ABOUT_PLACES = ("notices", "make_ups")

_REQUEST = ("client", "kind", "asked", "asked_at")


class CareRules:
    """Judges these rows; what it refuses, `rules` notes."""

    def __init__(self, rules: Rules, clinic: Clinic) -> None:
        self._rules, self._clinic = rules, clinic
        self.checks: dict[str, Callable[[Row], None]] = {
            "wishes": self._wishes,
            "goals": self._goal,
            "requests": self._request,
            "answers": self._answer,
            "notices": self._notice,
            "make_ups": self._make_up,
        }

    def _wrong(self, row: Row, column: str, advice: str) -> None:
        self._rules.wrong(row, column, advice)

    def _not_to_come(self, row: Row, column: str) -> None:
        """Refuse a day after today at the client's site: what happened cannot lie ahead."""
        client = self._rules.find(row, "client", "clients")
        if client is not None and row[column] > self._clinic.today(client["site"]):
            self._wrong(row, column, "This day is still to come. Correct it.")

    def _ended(self, row: Row, began: str) -> None:
        if row["ended"] is not None and row["ended"] < row[began]:
            self._wrong(row, "ended", "This is before it began. Correct one of them.")

    def _wishes(self, row: Row) -> None:
        self._rules.find(row, "client", "clients")
        self._rules.find(row, "counselor", "staff")
        try:
            as_domain.wishes(row.values)
        except DomainError as refused:
            self._wrong(row, refused.field or "client", refused.message)

    def _goal(self, row: Row) -> None:
        self._not_to_come(row, "added")
        self._ended(row, "added")
        standing = [
            other
            for other in self._clinic.rows["goals"].values()
            if other["client"] == row["client"] and other["ended"] is None
        ]
        if row["ended"] is None and len(standing) >= MOST:
            self._wrong(row, "client", f"A client has at most {MOST} goals. End one of them.")

    def _request(self, row: Row) -> None:
        self._not_to_come(row, "asked")
        self._ended(row, "asked")
        if (row["ended"] is None) != (row["ended_by"] is None):
            self._wrong(row, "ended_by", "Write both how and when it ended, or neither.")
        try:
            Asking(RequestKind(row["kind"]), row["words"])
        except DomainError as refused:
            self._wrong(row, "words", refused.message)
        is_open = row["ended"] is None
        if is_open and any(
            (other["client"], other["kind"], other["ended"]) == (row["client"], row["kind"], None)
            for other in self._clinic.rows["requests"].values()
        ):
            self._wrong(row, "kind", "One request of this kind is open already. End one of them.")

    def _answer(self, row: Row) -> None:
        self._not_to_come(row, "answered")
        self._rules.find(row, "staff", "staff")
        if self._clinic.find("requests", *(row[name] for name in _REQUEST)) is None:
            self._wrong(
                row, "asked", "There is no such request in requests.csv. Check client, kind and time."
            )
        if (row["answer"] == RequestAnswer.NOT_NOW) != (row["day"] is None):
            self._wrong(row, "day", "An agreement or a talk has a day; “not now” has none.")

    def _notice(self, row: Row) -> None:
        self._not_to_come(row, "told")
        self._held(row, "session", "date")
        if (row["kind"] == NoticeKind.ABSENT) != (row["reason"] is not None):
            self._wrong(row, "reason", "Only an absence has a reason, and it has one.")
        if (row["kind"] == NoticeKind.LATE) != (row["late_minutes"] is not None):
            self._wrong(row, "late_minutes", "Only running late has minutes, and it has them.")
        if row["wants_call"] and row["kind"] != NoticeKind.ABSENT:
            self._wrong(row, "wants_call", "Only about an absence can somebody want a call.")

    def _make_up(self, row: Row) -> None:
        self._not_to_come(row, "booked")
        self._held(row, "missed_session", "missed_date")
        self._held(row, "session", "date")
        if (row["missed_session"], row["missed_date"]) == (row["session"], row["date"]):
            self._wrong(row, "session", "A session does not make up for itself.")
        if any(
            (other["client"], other["session"], other["date"]) == (row["client"], row["session"], row["date"])
            for other in self._clinic.rows["make_ups"].values()
        ):
            self._wrong(row, "session", "This session makes up for another one already.")

    def _held(self, row: Row, session: str, day: str) -> None:
        found = self._rules.find(row, session, *SERIES)
        if found is not None:
            rule = self._clinic.rules[found["code"]]
            if not rule.holds_on(row[day]):
                self._wrong(row, day, not_held(found, rule, row[day]))


class NoPlace(Exception):
    """Somebody is not on the roster of a session that a row names."""

    def __init__(self, row: Row, column: str) -> None:
        """Keep which row it is, and which of its columns names the session."""
        super().__init__()
        self.row, self.column = row, column


class CareWriter:
    """Stores these rows; those about places after the sessions to come have been written out."""

    def __init__(self, clinic: Clinic, writer: Writer) -> None:
        self._clinic, self._writer = clinic, writer
        self._requests: dict[tuple[Any, ...], int] = {}

    def write_people(self) -> None:
        """Store wishes, goals, requests and answers."""
        self._put(ClientWishes, [self._wish(row) for row in self._clinic.new["wishes"]])
        self._put(ClientGoal, [self._goal(row) for row in self._clinic.new["goals"]])
        self._write_requests(self._clinic.new["requests"])
        self._put(CareReply, [self._answer(row) for row in self._clinic.new["answers"]])
        self._note(ABOUT_PEOPLE)

    def write_places(self) -> None:
        """Store notices and make-ups.

        Raises:
            NoPlace: somebody is not on the roster that a row names.
        """
        self._put(SessionNotice, [self._notice(row) for row in self._clinic.new["notices"]])
        self._put(MakeUp, [self._make_up(row) for row in self._clinic.new["make_ups"]])
        self._note(ABOUT_PLACES)

    @staticmethod
    def _put(model: Any, values: Sequence[dict[str, Any]]) -> None:
        if values:
            db.session.execute(insert(model), list(values))

    def _note(self, tables: Sequence[str]) -> None:
        for table in tables:
            for row in self._clinic.new[table]:
                self._writer.about[row["client"]][table] += 1

    def _at(self, row: Row, day: date, clock: time = time(0)) -> datetime:
        site = self._clinic.rows["clients"][row["client"],]["site"]
        return instant(day, clock, zone(self._clinic.rows["sites"][site,]["time_zone"]))

    def _wish(self, row: Row) -> dict[str, Any]:
        counselor = row["counselor"]
        return {
            "client_id": self._writer.ids.clients[row["client"]],
            "time": row["time"],
            "liked_days": list(row["liked_days"]),
            "disliked_days": list(row["disliked_days"]),
            "counselor_id": None if counselor is None else self._writer.ids.staff[counselor],
            "modality": row["modality"],
            "said_at": self._clinic.now,
            "said_by_id": self._writer.recorder_id,
        }

    def _goal(self, row: Row) -> dict[str, Any]:
        return {
            "client_id": self._writer.ids.clients[row["client"]],
            "words": row["words"],
            "time_name": row["time_name"],
            "added_at": self._at(row, row["added"]),
            "ended_at": row["ended"] and self._at(row, row["ended"]),
        }

    def _write_requests(self, rows: Sequence[Row]) -> None:
        values = [
            {
                "client_id": self._writer.ids.clients[row["client"]],
                "kind": row["kind"],
                "words": row["words"],
                "asked_at": self._at(row, row["asked"], row["asked_at"]),
                "asked_by_id": self._writer.recorder_id,
                "ended_at": row["ended"] and self._at(row, row["ended"]),
                "ended_by": row["ended_by"],
            }
            for row in rows
        ]
        if values:
            made = insert(CareRequest).returning(CareRequest.id, sort_by_parameter_order=True)
            keys = [tuple(row[name] for name in _REQUEST) for row in rows]
            self._requests = dict(zip(keys, db.session.scalars(made, values), strict=True))

    def _answer(self, row: Row) -> dict[str, Any]:
        return {
            "request_id": self._request_id(row),
            "answer": row["answer"],
            "words": row["words"],
            "day": row["day"],
            "at": self._at(row, row["answered"], row["answered_at"]),
            "by_id": self._writer.ids.staff[row["staff"]],
        }

    def _request_id(self, row: Row) -> int:
        """Return the id of the request a row answers: one of this import, or one stored before it."""
        known = self._requests.get(tuple(row[name] for name in _REQUEST))
        if known is not None:
            return known
        asked = self._at(row, row["asked"], row["asked_at"])
        stored = select(CareRequest.id, CareRequest.asked_at).where(
            CareRequest.client_id == self._writer.ids.clients[row["client"]],
            CareRequest.kind == row["kind"],
        )
        return next(
            id_ for id_, at in db.session.execute(stored) if at.replace(second=0, microsecond=0) == asked
        )

    def _notice(self, row: Row) -> dict[str, Any]:
        return {
            "roster_entry_id": self._entry(row, "session", "date"),
            "kind": row["kind"],
            "reason": row["reason"],
            "late_minutes": row["late_minutes"],
            "wants_call": row["wants_call"],
            "told_at": self._at(row, row["told"], row["told_at"]),
            "told_by_id": self._writer.recorder_id,
        }

    def _make_up(self, row: Row) -> dict[str, Any]:
        return {
            "missed_entry_id": self._entry(row, "missed_session", "missed_date"),
            "entry_id": self._entry(row, "session", "date"),
            "booked_at": self._at(row, row["booked"], row["booked_at"]),
            "booked_by_id": self._writer.recorder_id,
        }

    def _entry(self, row: Row, session: str, day: str) -> int:
        statement = (
            select(RosterEntry.id)
            .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
            .where(
                Occurrence.series_id == self._writer.ids.series[row[session]],
                Occurrence.original_day == row[day],
                RosterEntry.client_id == self._writer.ids.clients[row["client"]],
                RosterEntry.released_at.is_(None),
            )
        )
        found = db.session.scalar(statement)
        if found is None:
            raise NoPlace(row, session)
        return found
