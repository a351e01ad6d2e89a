"""Everything an import knows: what is stored and what the files add, by table and key."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from iop_schedule.adapters.clinic_files import as_domain
from iop_schedule.adapters.clinic_files.rows import Row
from iop_schedule.adapters.clinic_files.tables import BY_NAME, TABLES
from iop_schedule.domain import civil_time
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.occurrences import Closed, closure_on
from iop_schedule.domain.prescription import Pause
from iop_schedule.domain.series import Place, Span, WeeklyRule
from iop_schedule.queries.clinic_rows import rows_of
from iop_schedule.queries.exporting import Scope, led_elsewhere
from iop_schedule.vocabulary import EnrollmentStatus

#: Tables that are held whole; attendance is read in passing.
HELD = tuple(table.name for table in TABLES if not table.is_streamed)
SERIES = ("meetings", "individual_sessions")
#: Answers about closed days kept at hand; attendance asks about the same day many times.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Booking:
    """A weekly session that takes someone's or a room's time on some days."""

    #: Code of the session, or None when it belongs to a site that is not this person's to see.
    session: str | None
    rule: WeeklyRule
    within: Span


@dataclass(slots=True)
class Clinic:
    """Rows by table and key, and the indexes that the rules ask for."""

    scope: Scope
    now: datetime
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: defaultdict(dict))
    #: What the files add, in their order.
    new: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    #: Keys of rows that were refused, so that what refers to them is not refused a second time.
    refused: dict[str, set[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(set))
    rules: dict[str, WeeklyRule] = field(default_factory=dict)
    by_leader: dict[tuple[str, int], list[Booking]] = field(default_factory=lambda: defaultdict(list))
    by_room: dict[tuple[str, str, int], list[Booking]] = field(default_factory=lambda: defaultdict(list))
    by_client: dict[tuple[str, int], list[Booking]] = field(default_factory=lambda: defaultdict(list))
    commitments: dict[str, list[Commitment]] = field(default_factory=lambda: defaultdict(list))
    members: dict[tuple[str, str], list[Place]] = field(default_factory=lambda: defaultdict(list))
    closures: dict[str, list[tuple[str | None, Closed]]] = field(default_factory=lambda: defaultdict(list))
    enrolled: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    _closed_days: dict[tuple[str, date], Closed | None] = field(default_factory=dict)
    pauses: dict[str, list[Pause]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def stored(cls, scope: Scope, now: datetime) -> "Clinic":
        """Return the clinic as it is in the database, within `scope`."""
        clinic = cls(scope, now)
        for name in HELD:
            for values in rows_of(name, scope, now=now):
                clinic.add(Row(BY_NAME[name], 0, values))
        if scope is not None:
            for staff, rule in led_elsewhere(scope):
                booking = Booking(None, rule, Span(rule.from_day, rule.until_day))
                clinic.by_leader[staff, int(rule.weekday)].append(booking)
        return clinic

    def add(self, row: Row) -> None:
        """Take in a row that is stored or was found good."""
        name = row.table.name
        self.rows[name][row.key] = row
        if row.line:
            self.new[name].append(row)
        if name in SERIES:
            self._book(row)
        elif name == "commitments":
            self.commitments[row["client"]].append(as_domain.commitment(row.values))
        elif name == "memberships":
            self._join(row)
        elif name == "closures":
            closed = Closed(row["from"], row["until"], row["name"])
            self.closures[row["site"]].append((row["program"], closed))
        elif name == "enrollments" and row["status"] != EnrollmentStatus.CANCELLED:
            self.enrolled[row["client"]].append(as_domain.span(row.values))
        elif name == "pauses":
            self.pauses[row["enrollment"]].append(as_domain.pause(row.values))

    def _book(self, row: Row) -> None:
        code, rule = row["code"], as_domain.weekly_rule(row.values, self.zone_of(row))
        self.rules[code] = rule
        booking = Booking(code, rule, as_domain.span(row.values))
        self.by_leader[row["staff"], row["weekday"]].append(booking)
        if row["room"]:
            self.by_room[self.site_of(row), row["room"], row["weekday"]].append(booking)
        if row.table.name == "individual_sessions":
            self.by_client[row["client"], row["weekday"]].append(booking)

    def _join(self, row: Row) -> None:
        place, meeting = as_domain.place(row.values), row["meeting"]
        self.members[meeting, row["client"]].append(place)
        rule = self.rules.get(meeting)
        if rule is not None:
            theirs = replace(rule, week=place.week)
            self.by_client[row["client"], int(rule.weekday)].append(Booking(meeting, theirs, place.days))

    def find(self, table: str, *key: Any) -> Row | None:
        """Return the row of `table` with this key; None when there is none."""
        return self.rows[table].get(key)

    def values(self, tables: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of these tables, stored and new."""
        return {name: [row.values for row in self.rows[name].values()] for name in tables}

    def series(self, code: str) -> Row | None:
        """Return the weekly session called `code`, of either kind."""
        return self.find("meetings", code) or self.find("individual_sessions", code)

    def program_of(self, row: Row) -> Row:
        """Return the program of a weekly session."""
        if row.table.name == "individual_sessions":
            return self.rows["programs"][row["program"],]
        return self.rows["programs"][self.rows["groups"][row["group"],]["program"],]

    def site_of(self, row: Row) -> str:
        """Return the code of the site of a weekly session."""
        code: str = self.program_of(row)["site"]
        return code

    def zone_of(self, row: Row) -> str:
        """Return the time zone of a weekly session."""
        name: str = self.rows["sites"][self.site_of(row),]["time_zone"]
        return name

    def modality_of(self, row: Row) -> str:
        """Return how a weekly session is attended."""
        source = row if row.table.name == "individual_sessions" else self.rows["groups"][row["group"],]
        modality: str = source["modality"]
        return modality

    def today(self, site: str) -> date:
        """Return the calendar day at a site."""
        zone = civil_time.zone(self.rows["sites"][site,]["time_zone"])
        return civil_time.local_day(self.now, zone)

    def closed_on(self, row: Row, day: date) -> Closed | None:
        """Return the closure that keeps a weekly session from being held on `day`."""
        program = self.program_of(row)
        key = program["code"], day
        if key not in self._closed_days:
            if len(self._closed_days) >= _REMEMBERED:
                self._closed_days.clear()
            own = [
                closed
                for only, closed in self.closures.get(program["site"], ())
                if only in {None, program["code"]}
            ]
            self._closed_days[key] = closure_on(own, day)
        return self._closed_days[key]
