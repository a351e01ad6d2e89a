"""Going through the files in order: judged row by row, counted, and (when asked) written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from iop_schedule.actions.importing.care import (
    ABOUT_PEOPLE,
    ABOUT_PLACES,
    CareRules,
    CareWriter,
    NoPlace,
)
from iop_schedule.actions.importing.clinic import HELD, SERIES, Clinic
from iop_schedule.actions.importing.marks import Attendance
from iop_schedule.actions.importing.rules import Rules
from iop_schedule.actions.importing.writing import Ids, NobodyToRecord, Writer
from iop_schedule.adapters.clinic_files.problems import Problems
from iop_schedule.adapters.clinic_files.rows import Row, read_rows
from iop_schedule.adapters.clinic_files.staging import FOREIGN_FILES
from iop_schedule.adapters.clinic_files.tables import BY_NAME, TABLES, Table
from iop_schedule.domain import civil_time
from iop_schedule.models import Client, Enrollment, Group, Occurrence, Program, Series, Site, User, db
from iop_schedule.queries.exporting import Scope, staff_code

#: Bytes read so far, bytes in all.
Progress = Callable[[int, int], None]

#: Agreed to when it was stored; what a file says about it afterwards changes nothing.
_NOT_COMPARED = frozenset({"despite_commitments", "despite_rules"})


@dataclass(slots=True)
class Count:
    """What became of the rows of one file."""

    rows: int = 0
    new: int = 0
    already: int = 0


@dataclass(slots=True)
class Outcome:
    """What a check or an import came to."""

    counts: dict[str, Count] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    #: Everything is in the database now.
    applied: bool = False
    #: How many rows of which file were written about each client.
    about: dict[str, dict[str, int]] = field(default_factory=dict)
    site_ids: set[int] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        """Return True when nothing has to be corrected."""
        return self.problems.total == 0


class Reading:
    """One passage through a folder of files."""

    def __init__(
        self, folder: Path, *, scope: Scope, now: datetime, progress: Progress, writes: bool,
        recorder_id: int | None = None,
    ) -> None:  # fmt: skip
        self._folder, self._scope, self._progress = folder, scope, progress
        self.outcome = Outcome()
        self._problems = self.outcome.problems
        self._files = self._found_files()
        self._total = sum(path.stat().st_size for path in self._files.values())
        self._done = 0
        self._clinic = Clinic.stored(scope, now)
        self._rules = Rules(self._clinic, self._problems, _used_emails())
        self._foreign = {} if scope is None else _codes_elsewhere(self._clinic)
        self._ids = Ids(scope)
        self._writer = Writer(self._clinic, self._ids, recorder_id=recorder_id, now=now) if writes else None
        self._rules.also(CareRules(self._rules, self._clinic).checks)
        self._care = CareWriter(self._clinic, self._writer) if self._writer else None
        if not writes:
            db.session.rollback()

    def _found_files(self) -> dict[str, Path]:
        found = {}
        for path in sorted(self._folder.iterdir()):
            name = path.name.casefold().removesuffix(".csv")
            if path.name in FOREIGN_FILES:
                continue
            if (
                path.is_symlink()
                or not path.is_file()
                or name not in BY_NAME
                or path.suffix.casefold() != ".csv"
            ):
                known = ", ".join(table.file for table in TABLES)
                self._problems.add(
                    path.name, 0, "", "", f"This is not one of the files: {known}. Take it out."
                )
            else:
                found[name] = path
        if not found and not self._problems.total:
            self._problems.add("", 0, "", "", "There is no file to import. docs/import.md lists them.")
        return found

    def run(self) -> Outcome:
        """Judge every row; with a writer store them too, as long as nothing was refused."""
        for name in HELD:
            if name in self._files:
                self._read(BY_NAME[name])
        self._rules.judge_places()
        if self._writer and self.outcome.is_clean:
            self._store()
        if "attendance" in self._files:
            self._read_attendance()
        self._settle()
        return self.outcome

    def _store(self) -> None:
        assert self._writer is not None and self._care is not None  # noqa: PT018, S101 - it writes
        try:
            for name in HELD:
                if name not in (*ABOUT_PEOPLE, *ABOUT_PLACES):
                    self._writer.write(name)
            self._care.write_people()
        except NobodyToRecord:
            self._nobody_to_record()

    def _nobody_to_record(self) -> None:
        advice = "Add an administrator: someone has to be recorded as having entered these rows."
        self._problems.add("staff.csv", 0, "role", "", advice)

    def write_places(self) -> None:
        """Store what is about places on rosters, once the sessions to come are written out."""
        if self._care is None:
            return
        try:
            self._care.write_places()
        except NobodyToRecord:
            self._nobody_to_record()
        except NoPlace as missing:
            self._rules.wrong(missing.row, missing.column, "The client is not expected at this session.")
        self._settle()

    def _settle(self) -> None:
        if self._writer and self.outcome.is_clean:
            self.outcome.about = {code: dict(counts) for code, counts in self._writer.about.items()}
            if any(count.new for count in self.outcome.counts.values()):
                self.outcome.site_ids = set(self._ids.sites.values())

    def ids(self) -> Ids:
        """Return the database ids by code, new ones included after writing."""
        return self._ids

    def _rows(self, table: Table) -> Iterator[Row]:
        path, before = self._files[table.name], self._done
        count = self.outcome.counts.setdefault(table.name, Count())

        def progress(read: int) -> None:
            self._progress(min(before + read, self._total), self._total)
            if self._writer:
                db.session.execute(select(1))  # PostgreSQL ends transactions that stand idle

        for row in read_rows(path, table, self._problems, progress=progress):
            count.rows += 1
            yield row
        self._done = before + path.stat().st_size
        self._progress(self._done, self._total)

    def _read(self, table: Table) -> None:
        count = self.outcome.counts.setdefault(table.name, Count())
        lines: dict[tuple[Any, ...], int] = {}
        for row in self._rows(table):
            if self._is_new(row, lines, count):
                self._rules.judge(row)
                if table.name == "session_changes" and not row.bad:
                    self._check_not_written_out(row)
                if not row.bad:
                    self._clinic.add(row)
                    count.new += 1
            if row.bad:
                self._clinic.refused[table.name].add(row.key)
        self._rules.finish(table.name)

    def _check_not_written_out(self, row: Row) -> None:
        """Refuse to change a session that is on the calendar already: on screen people are told."""
        series_id = self._ids.series.get(row["session"])
        if series_id is None:
            return
        monday = civil_time.monday_of(row["date"])
        statement = select(Occurrence.id).where(
            Occurrence.series_id == series_id,
            Occurrence.original_day.between(monday, monday + timedelta(days=6)),
        )
        if db.session.scalar(statement.limit(1)) is not None:
            self._rules.wrong(row, "date", "This session is on the calendar already. Change it on screen.")

    def _is_new(self, row: Row, lines: dict[tuple[Any, ...], int], count: Count) -> bool:
        """Return True for a row to be judged; others are bad, or there already."""
        if row.bad:
            return False
        table, key = row.table, row.key
        first = lines.setdefault(key, row.line)
        if first != row.line:
            named = table.key[0] if len(table.key) == 1 else ""
            self._rules.wrong(row, named, f"Line {first} says the same. Delete one of them.")
            return False
        stored = self._clinic.find(table.name, *key)
        if stored is None:
            codes = self._foreign.get("series" if table.name in SERIES else table.name, ())
            if row["code"] in codes:
                self._rules.wrong(row, "code", "This code is in use already. Choose another one.")
                row.bad = True
            return not row.bad
        column = _first_difference(stored, row)
        if column is None:
            count.already += 1
        else:
            self._rules.wrong(row, column, "Stored with another value. Change it on screen, not here.")
            row.bad = False  # it is there all the same: what refers to it is fine
        return False

    def _read_attendance(self) -> None:
        table = BY_NAME["attendance"]
        count = self.outcome.counts.setdefault(table.name, Count())
        judge = Attendance(
            self._clinic,
            self._rules,
            series_ids=self._ids.series,
            client_ids=self._ids.clients,
            writes=self._writer is not None,
        )
        for ready in judge.batches(self._rows(table)):
            count.new += len(ready)
            count.already = judge.already
            if self._writer is None:
                db.session.rollback()  # nothing is held while the next rows are read
            elif self.outcome.is_clean:
                self._writer.write_marks(ready)
        if self._writer is not None and self.outcome.is_clean:
            self._writer.close_complete_sheets()


def _first_difference(stored: Row, row: Row) -> str | None:
    for column in row.table.columns:
        compared = column.name in row.given and column.name not in _NOT_COMPARED
        if compared and _plain(stored[column.name]) != _plain(row[column.name]):
            return column.name
    return None


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _used_emails() -> set[str]:
    return {email.casefold() for email in db.session.scalars(select(User.email))}


def _codes_elsewhere(clinic: Clinic) -> dict[str, set[str]]:
    """Return the codes that are taken at other sites, which these rows may not use."""
    everything: dict[str, Any] = {
        "sites": Site.code, "programs": Program.code, "clients": Client.code, "staff": staff_code(),
        "enrollments": Enrollment.code, "groups": Group.code, "series": Series.code,
    }  # fmt: skip
    own = {name: {key[0] for key in clinic.rows[name]} for name in everything}
    own["series"] = {key[0] for name in SERIES for key in clinic.rows[name]}
    return {name: set(db.session.scalars(select(code))) - own[name] for name, code in everything.items()}
